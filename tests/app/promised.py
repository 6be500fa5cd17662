"""A tenant with a campaign that one person wrote and another approved, and what it goes by."""

from __future__ import annotations

from tests.app.edge import Caller, UnderTest


async def promise(edge: UnderTest, a: Caller, ids: dict[str, str], *, mark: str) -> None:
    """Have A say what its viewer is, save a calendar, and fund and approve a campaign.

    `ids` gets the `transfer` of its budget.
    """
    await a.do("PUT", f"/v1/viewers/{ids['viewer']}/attributes", {"level": 1, "tags": [f"tag-{mark}"]})
    await a.do("PUT", f"/v1/calendars/{ids['calendar']}", {"days": ["2036-10-01"]})
    path = f"/v1/campaigns/{ids['campaign']}"
    terms = {
        "trigger": "tip",
        "base": {"amount": "paid", "asset": "coin"},
        "strategy": {"kind": "fixed", "reward_minor": 1},
        "reward": {"kind": "points"},
        "starts_at": "2026-01-01T00:00:00Z",
        "ends_at": "2029-01-01T00:00:00Z",
        "texts": {"title_en": f"Title {mark}", "title_zh": f"标题 {mark}"},
    }
    await a.do("PUT", path, {"terms": terms})
    asked = await a.do("POST", f"{path}/budget-transfers", {"amount_minor": 3})
    await a.do("POST", f"{path}/submit", {"revision": 1})
    checker = await a.do("POST", "/v1/staff", {"name": f"Cy {mark}", "scopes": ["campaign.check"]})
    staff = edge.caller(checker["key"])
    await staff.do("POST", f"{path}/budget-transfers/{asked['transfer']}/approve")
    await staff.do("POST", f"{path}/approve", {"revision": 1})
    ids["transfer"] = asked["transfer"]
