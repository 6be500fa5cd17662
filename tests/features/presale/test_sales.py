"""A sale that begins by itself: at its time, once, in every tenant that is on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from plaudit.features.presale import schedule
from plaudit.features.presale.actions.shows import NotDue, open_sale
from tests.features.presale.stage import NOON, Stage, show_body

HOUR = timedelta(hours=1)


async def _state(stage: Stage, show: str = "winter") -> str:
    state: str = (await stage.acme.get(f"/v1/shows/{show}"))["state"]
    return state


async def test_a_presale_becomes_the_sale_at_its_time_and_once(stage: Stage) -> None:
    await stage.announce(sale_at=NOON + HOUR)
    await stage.announce("draft", state="draft", sale_at=NOON + HOUR)
    await stage.announce("later", sale_at=NOON + 2 * HOUR)
    await stage.announce("never")
    stage.clock.advance(minutes=59)
    await schedule.open_sales(stage.edge.house, tenant_id=stage.tenant_id)
    assert await _state(stage) == "presale"
    stage.clock.advance(minutes=1)
    await schedule.open_sales(stage.edge.house, tenant_id=stage.tenant_id)
    await schedule.open_sales(stage.edge.house, tenant_id=stage.tenant_id)
    states = [await _state(stage, show) for show in ("winter", "draft", "later", "never")]
    assert states == ["on_sale", "draft", "presale", "presale"]
    moved = [one for one in await stage.facts("show.state.changed") if one["state"] == "on_sale"]
    assert [(one["show"], one["before"]) for one in moved] == [("winter", "presale")]


async def test_a_sale_that_was_put_off_or_has_begun_does_not_begin(stage: Stage) -> None:
    await stage.announce(sale_at=NOON)
    await stage.acme.do("PUT", "/v1/shows/winter", show_body(sale_at=NOON + HOUR))
    await stage.announce("begun", state="on_sale", sale_at=NOON)
    for show in ("winter", "begun", "unknown"):
        with pytest.raises(NotDue):
            await open_sale(
                corridor=stage.edge.house.corridor, tenant_id=stage.tenant_id, show=show, now=NOON
            )
    assert await _state(stage) == "presale"


async def test_more_sales_than_a_page_begin_though_one_cannot(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "_PAGE", 2)
    shows = [f"s{number}" for number in range(5)]
    for show in shows:
        await stage.announce(show, sale_at=NOON)
    other = await stage.edge.tenant("globex")
    await other.do("PUT", "/v1/shows/theirs", show_body(sale_at=NOON))
    await other.do("POST", "/v1/shows/theirs/state", {"state": "presale"})
    await stage.acme.do("PUT", "/v1/switches/tenant", {"off": True, "reason": "holiday"})
    await schedule._open_sales(stage.edge.house)
    assert {await _state(stage, show) for show in shows} == {"presale"}
    assert (await other.get("/v1/shows/theirs"))["state"] == "on_sale"
    await stage.acme.do("PUT", "/v1/switches/tenant", {"off": False, "reason": "back"})
    await schedule._open_sales(stage.edge.house)
    assert {await _state(stage, show) for show in shows} == {"on_sale"}
