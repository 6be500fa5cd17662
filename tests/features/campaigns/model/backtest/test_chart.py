"""The chart of a backtest: well-formed, in people's units, and what is written on it is text."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest
from msgspec.structs import replace

from plaudit.features.campaigns.model.backtest.chart import HEIGHT, WIDTH, chart
from plaudit.features.campaigns.model.backtest.figures import Backtest, Day, Dry

SVG = "{http://www.w3.org/2000/svg}"
MONDAY = date(2026, 11, 23)


def costing(*costs: int, asset: str = "coin") -> Backtest:
    """Return what a backtest found of which only the cost of its days matters."""
    return Backtest(
        campaign="c",
        revision=1,
        asset=asset,
        zone="UTC",
        first_at=None,
        last_at=None,
        facts=0,
        heard=0,
        matched=0,
        counted=0,
        rewards=0,
        viewers=0,
        budget_minor=0,
        cost_minor=sum(costs),
        granted_minor=sum(costs),
        taken_back_minor=0,
        waived_minor=0,
        dry=None,
        days=tuple(
            Day(day=MONDAY + timedelta(days=n), granted_minor=cost, taken_back_minor=0, rewards=1)
            for n, cost in enumerate(costs)
            if cost
        ),
        by_reward=None,
        by_viewer=None,
        winners=(),
        failed=(),
        withheld={},
        kept_out={},
        beside=(),
    )


def texts(svg: str) -> list[str]:
    """Return what is written on a chart, in order."""
    return [one.text or "" for one in ET.fromstring(svg).iter(f"{SVG}text")]  # noqa: S314 - our own


def bars(svg: str) -> list[ET.Element]:
    """Return the bars of a chart."""
    return [one for one in ET.fromstring(svg).iter(f"{SVG}rect") if one.find(f"{SVG}title") is not None]  # noqa: S314 - our own


def test_money_is_written_in_major_units_and_days_as_dates() -> None:
    svg = chart(costing(100_000, 0, 380_000, asset="CNY"), title="Back on Mondays")
    written = texts(svg)
    assert written[:2] == ["Back on Mondays", "Cost by day, Yuan Renminbi"]
    assert {"0.00", "1,000.00", "2,000.00", "3,000.00", "4,000.00"} <= set(written)
    assert {"2026-11-23", "2026-11-24", "2026-11-25"} <= set(written)
    assert [one.findtext(f"{SVG}title") for one in bars(svg)] == [
        "2026-11-23: 1,000.00 Yuan Renminbi",
        "2026-11-25: 3,800.00 Yuan Renminbi",
    ]


def test_in_chinese_it_is_chinese() -> None:
    assert texts(chart(costing(5), title="返利", language="zh"))[:2] == ["返利", "每日成本（金币）"]


def test_a_title_cannot_be_markup() -> None:
    svg = chart(costing(5), title='<script>alert(1)</script> & "so"')
    assert "<script" not in svg
    assert texts(svg)[0] == '<script>alert(1)</script> & "so"'


def test_the_day_on_which_the_budget_runs_dry_is_marked() -> None:
    found = replace(
        costing(5, 6, 7),
        dry=Dry(at=datetime(2026, 11, 24, tzinfo=UTC), day=date(2026, 11, 24), fact=9, left_minor=1),
    )
    assert "budget runs dry 2026-11-24" in texts(chart(found, title="t"))


@pytest.mark.parametrize("costs", [(), (0, 0), (-5, 3)])
def test_whatever_the_days_it_is_drawn(costs: tuple[int, ...]) -> None:
    svg = chart(costing(*costs), title="t")
    assert ("No reward in this period" in texts(svg)) == (not any(costs))


def test_years_of_days_share_bars_that_stay_on_the_picture() -> None:
    svg = chart(costing(*range(1, 1_001)), title="t")
    drawn = bars(svg)
    assert texts(svg)[1] == "Cost by 10 days, Coin"
    assert len(drawn) == 100
    for one in drawn:
        assert 0 < int(one.attrib["x"]) < int(one.attrib["x"]) + int(one.attrib["width"]) <= WIDTH
        assert 0 < int(one.attrib["y"]) < int(one.attrib["y"]) + int(one.attrib["height"]) <= HEIGHT
    assert 2 <= len([one for one in texts(svg) if one.count("-") == 2]) <= 6
