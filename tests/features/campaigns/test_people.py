"""What hosts say of viewers, and calendars that terms go by."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from plaudit.vocabulary.facts.campaigns import CalendarSaved, CampaignApproved, ViewerAttributesSaved
from tests.app.edge import problem
from tests.features.campaigns.stage import PATH, TERMS, Stage

pytestmark = pytest.mark.anyio

VIEWER = "/v1/viewers/v1/attributes"
HOLIDAYS = "/v1/calendars/holidays"
ON_HOLIDAYS: dict[str, Any] = TERMS | {
    "conditions": {"attribute": "day", "operator": "in_calendar", "value": "holidays"}
}


async def test_what_a_viewer_is_replaces_what_was_said_before(stage: Stage) -> None:
    assert await stage.ada.get(VIEWER) == {"viewer": "v1", "level": None, "tags": [], "revision": 0}
    await stage.ada.do("PUT", VIEWER, {"level": 3, "tags": ["vip", "new", "vip"]})
    assert await stage.ada.get(VIEWER) == {
        "viewer": "v1",
        "level": 3,
        "tags": ["new", "vip"],
        "revision": 1,
    }
    await stage.ada.do("PUT", VIEWER, {"tags": ["vip"]})
    assert [(one.revision, one.level, one.tags) for one in await stage.said(ViewerAttributesSaved)] == [
        (1, 3, ("new", "vip")),
        (2, None, ("vip",)),
    ]


async def test_of_who_is_erased_nothing_is_known_any_more(stage: Stage) -> None:
    await stage.ada.do("PUT", VIEWER, {"level": 3, "tags": ["vip"]})
    await stage.ada.do("PUT", "/v1/viewers/v2/attributes", {"level": 4})
    await stage.acme.do("POST", "/v1/viewers/v1/erasure", {"reason": "asked"})
    await stage.caught_up()
    seen = await stage.ada.get(VIEWER)
    assert (seen["level"], seen["tags"]) == (None, [])
    assert (await stage.ada.get("/v1/viewers/v2/attributes"))["level"] == 4


async def test_the_same_key_says_it_once(stage: Stage) -> None:
    for _ in range(2):
        await stage.ada.do("PUT", VIEWER, {"level": 3}, key="k")
    assert len(await stage.said(ViewerAttributesSaved)) == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"level": -1}, "attributes.invalid"),
        ({"level": 10**9}, "attributes.invalid"),
        ({"level": "3"}, "body.invalid"),
        ({"tags": ["a b"]}, "attributes.invalid"),
        ({"tags": [f"t{n}" for n in range(51)]}, "attributes.invalid"),
        ({"tags": "vip"}, "body.invalid"),
        ({"name": "Ann"}, "body.unknown_field"),
    ],
)
async def test_what_cannot_be_is_refused(stage: Stage, body: dict[str, Any], code: str) -> None:
    problem(await stage.ada.send("PUT", VIEWER, body), 400, code)
    assert await stage.said(ViewerAttributesSaved) == []


async def test_a_calendar_is_saved_and_listed(stage: Stage) -> None:
    problem(await stage.ada.send("GET", HOLIDAYS), 404, "calendar.unknown")
    await stage.ada.do("PUT", HOLIDAYS, {"days": ["2026-12-25", "2026-10-01", "2026-10-01"]})
    shown = {"calendar": "holidays", "days": ["2026-10-01", "2026-12-25"], "revision": 1}
    assert await stage.ada.get(HOLIDAYS) == shown
    assert (await stage.ada.get("/v1/calendars"))["items"] == [shown]
    (fact,) = await stage.said(CalendarSaved)
    days = b'["2026-10-01","2026-12-25"]'
    assert (fact.count, fact.days_hash) == (2, hashlib.sha256(days).hexdigest())


@pytest.mark.parametrize(
    "days", [[], ["2026-02-30"], ["20261001"], ["2026-10-01T00:00:00Z"], ["0001-01-01"], ["x"] * 2_001]
)
async def test_days_that_are_none_are_refused(stage: Stage, days: list[str]) -> None:
    problem(await stage.ada.send("PUT", HOLIDAYS, {"days": days}), 400, "calendar.invalid")


async def test_a_revision_keeps_the_days_of_when_it_was_handed_in(stage: Stage) -> None:
    await stage.ada.do("PUT", HOLIDAYS, {"days": ["2026-11-25"]})
    await stage.draft(ON_HOLIDAYS)
    await stage.ada.do("PUT", HOLIDAYS, {"days": ["2026-11-26"]})
    await stage.fund()
    await stage.ada.do("POST", f"{PATH}/submit", {"revision": 1})
    await stage.ada.do("PUT", HOLIDAYS, {"days": ["2026-11-27"]})
    await stage.bob.do("POST", f"{PATH}/approve", {"revision": 1})
    (fact,) = await stage.said(CampaignApproved)
    assert fact.terms["calendars"] == {"holidays": ["2026-11-26"]}


async def test_terms_name_only_calendars_that_there_are(stage: Stage) -> None:
    answer = await stage.ada.send("PUT", PATH, {"terms": ON_HOLIDAYS})
    assert problem(answer, 400, "campaign.calendar")["place"] == "conditions.value"


async def test_the_catalogue_of_triggers_has_what_terms_may_use(stage: Stage) -> None:
    items = {one["trigger"]: one for one in (await stage.ada.get("/v1/campaign-triggers"))["items"]}
    topup = items["topup"]
    assert topup["kind"] == "topup.credited"
    assert "paid" in {one["name"] for one in topup["amounts"]}
    day = next(one for one in topup["attributes"] if one["name"] == "day")
    assert "in_calendar" in day["operators"]
    assert all(one["en"] and one["zh"] for trigger in items.values() for one in trigger["attributes"])
