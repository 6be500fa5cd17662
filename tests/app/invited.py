"""A tenant that invites: rules, and a link for its viewer, who holds a ticket of its show."""

from __future__ import annotations

from tests.app.edge import Caller


async def give_link(a: Caller, ids: dict[str, str], *, mark: str) -> None:
    """Have A save rules, and its viewer have a link: `ids` gets the `invitation`."""
    viewer, show = ids["viewer"], ids["show"]
    rule = {"landing_url": f"https://{mark}.example/{{invitation}}", "inviter": [], "friend": []}
    await a.do("PUT", "/v1/invitation-rule", rule)
    await a.do("PUT", f"/v1/invitation-rules/{show}", rule)
    made = await a.do("POST", "/v1/invitations", {"viewer": viewer, "show": show})
    ids["invitation"] = made["invitation"]
