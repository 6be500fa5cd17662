"""What the page of campaigns tells by example is what happens."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import pytest

from plaudit.features.campaigns.model.catalogue import Match
from plaudit.features.campaigns.model.checking import terms_of
from plaudit.features.campaigns.model.happenings import Happening
from plaudit.features.campaigns.model.resolution import resolved
from plaudit.features.campaigns.model.strategies import worker_of
from plaudit.features.campaigns.model.strategies.base import Portion, Tally
from plaudit.features.campaigns.model.terms import Terms
from plaudit.vocabulary.facts.campaigns import CampaignGranted, CampaignReversed
from tests.features.campaigns.live import Live
from tests.features.campaigns.stage import NOON, PATH, TERMS, Stage
from tests.features.examples import FOLDER, table

pytestmark = pytest.mark.anyio

PAGE: Final = "campaigns.md"
TIPS: Final[dict[str, Any]] = TERMS | {"trigger": "tip", "base": {"amount": "paid", "asset": "coin"}}
WEEK: Final[dict[str, Any]] = TIPS | {
    "strategy": {
        "kind": "cumulative",
        "counted": "week",
        "tiers": [{"from_minor": 500, "reward_minor": 30}, {"from_minor": 1_000, "reward_minor": 80}],
    },
    "reward": {"kind": "points"},
}


def _terms(**fields: Any) -> Terms:  # noqa: ANN401 - JSON
    return terms_of(TIPS | fields, zone="UTC", calendars={})


def _portion(at: datetime, before_minor: int, after_minor: int) -> Portion:
    return Portion(at, at.date(), b"", before_minor, after_minor, 1)


@pytest.mark.parametrize("row", table(PAGE, "a fifth back, rounded down"))
def test_a_ratio_is_worth_what_the_page_says(row: dict[str, str]) -> None:
    worker = worker_of({1: _terms(strategy={"kind": "ratio", "ratio": "1/5"})})
    paid, tally = int(row["paid"]), Tally()
    worker.count(tally, _portion(NOON, 0, paid))
    worker.count(tally, _portion(NOON, paid, paid - int(row["undone"])))
    assert worker.worth(tally) == int(row["reward"])


async def test_a_week_goes_as_the_page_says(stage: Stage) -> None:
    await stage.approved(WEEK)
    stage.clock.time = NOON + timedelta(days=1)
    live = Live(stage)
    tips: dict[int, int] = {}
    granted = taken = 0
    for row in table(PAGE, "a week of ann's"):
        verb, amount = row["ann"].split()
        if verb == "tips":
            tips[int(amount)] = await live.tip(int(amount), viewer="ann")
        else:
            await live.undo(tips[int(amount)], int(amount), viewer="ann")
        await stage.caught_up()
        gave = sum(one.amount_minor for one in await stage.said(CampaignGranted))
        took = sum(one.taken_minor for one in await stage.said(CampaignReversed))
        assert (gave - granted, took - taken) == (int(row["granted"]), int(row["taken back"])), row
        granted, taken = gave, took
        assert await stage.balance("viewer/ann/points") == int(row["ann's reward"]), row
        shown = await stage.ada.get(f"{PATH}/progress", viewer="ann")
        assert shown["counted_minor"] == int(row["week's sum"]), row


def test_of_several_that_match_those_count_that_the_page_says() -> None:
    rows = table(PAGE, "of several that match")
    matches = []
    for row in rows:
        terms = _terms(
            strategy={"kind": "ratio", "ratio": row["ratio"]},
            priority=int(row["priority"]),
            group=row["group"] or None,
            pick=row["pick"],
            exclusive=row["exclusive"] == "yes",
        )
        matches.append(Match(row["campaign"], 1, terms, worker_of({1: terms}), 100))
    happening = Happening(
        trigger="tip", position=1, at=NOON, viewer="ann", amounts={"paid": ("coin", 100)}, values={}
    )
    told = {
        one.match.campaign: one.reason if one.by is None else f"{one.reason} by {one.by}"
        for one in resolved(matches, happening)
    }
    assert told == {row["campaign"]: row["outcome"] for row in rows}


def test_every_code_of_a_withheld_reward_is_on_the_page() -> None:
    text = (FOLDER / PAGE).read_text()
    for code in ("campaign.budget", "campaign.paused", "campaign.cap", "switch.off", "account.frozen"):
        assert f"`{code}`" in text
