"""A tenant that invites: rules, and a link for its viewer, who holds a right in its show."""

from __future__ import annotations

from plaudit.core.commands.command import Command, Grant, Plan
from plaudit.core.commands.tenants import tenants
from plaudit.core.journal.facts import Fact
from plaudit.core.ledger.book import Decision, Transfer
from plaudit.kernel.actor import Actor
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.tickets import TicketTransferred
from tests.app.edge import Caller, UnderTest


async def give_link(edge: UnderTest, a: Caller, ids: dict[str, str], *, mark: str) -> None:
    """Have the tenant `acme` save rules, and its viewer have a link: `ids` gets the `invitation`."""
    viewer, show = ids["viewer"], ids["show"]
    rule = {"landing_url": f"https://{mark}.example/{{invitation}}", "inviter": [], "friend": []}
    await a.do("PUT", "/v1/invitation-rule", rule)
    await a.do("PUT", f"/v1/invitation-rules/{show}", rule)
    async with edge.house.database.connection() as conn:
        (tenant_id,) = [one.tenant_id for one in await tenants(conn) if one.slug == "acme"]
    await _give_right(edge, tenant_id, viewer=viewer, show=show)
    made = await a.do("POST", "/v1/invitations", {"viewer": viewer, "show": show})
    ids["invitation"] = made["invitation"]


async def _give_right(edge: UnderTest, tenant_id: int, *, viewer: str, show: str) -> None:
    """Play presale: somebody hands a ticket on to the viewer."""
    handed_on = TicketTransferred(
        ticket="tkt_1",
        order=1,
        show=show,
        offer="vip",
        holder="somebody",
        recipient=viewer,
        rights=("main",),
    )
    right = Transfer(
        chart.show_right(show=show, right="main"),
        chart.viewer_right(viewer=viewer, show=show, right="main"),
        1,
    )
    decision = Decision(Fact(f"viewer/{viewer}", handed_on), (right,))
    await edge.house.corridor.submit(
        Command(
            action="test.give",
            permission="test",
            grant=Grant(tenant_id, Actor("system", "test"), frozenset({"test"})),
            key="give",
            content=b"",
            plan=lambda _: Plan(lambda _book: decision, (right.source, right.destination)),
        )
    )
