"""A backtest over the period in which a campaign really ran finds what it really did, to the coin."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from plaudit.app.assembly import House
from plaudit.core.journal.facts import Recorded
from plaudit.core.journal.subscriptions import catch_up
from plaudit.features.campaigns.model.backtest.figures import Backtest
from plaudit.features.campaigns.model.backtest.trial import Candidate
from plaudit.features.campaigns.model.checking import terms_of
from plaudit.features.campaigns.queries import backtest
from plaudit.features.campaigns.queries.backtest import Period
from plaudit.features.campaigns.queries.backtest_payments import Paid, over_payments
from plaudit.kernel.refusal import Refusal
from plaudit.vocabulary.facts.base import FactData
from plaudit.vocabulary.facts.campaigns import CampaignGranted, CampaignPaused, CampaignWithheld
from tests.features.campaigns.season import six
from tests.features.campaigns.season.journal import BEGINNING, Journal, evaluation, house_on, said, write
from tests.features.campaigns.season.payments import SMALL_SHOW, Payment, needs_samples, payments
from tests.features.campaigns.season.reference import given
from tests.kit.servers import TestServer, fresh_database

pytestmark = [pytest.mark.anyio, needs_samples, pytest.mark.timeout(300)]

ENDLESS = datetime(2030, 1, 1, tzinfo=UTC)
WHOLE = Period(since=BEGINNING, until=ENDLESS)


@dataclass(frozen=True, slots=True)
class Judged:
    """One show that was judged live, and what was recorded of it."""

    house: House
    journal: Journal
    paid: Sequence[Payment]
    facts: Sequence[Recorded]
    numbers: Mapping[int, int]

    async def backtest(self, name: str, period: Period = WHOLE, *, ample: bool = False) -> Backtest:
        """Test a campaign of the season, with the budget that it had or as much as it takes."""
        tested = Candidate(
            campaign=name,
            terms=terms_of(six.SIX[name], zone="UTC", calendars={}),
            revision=1,
            budget_minor=None if ample else six.budgets(ladder=six.LADDER_SMALL)[name],
        )
        return await backtest.over_journal(
            database=self.house.database, tenant_id=self.journal.tenant_id, tested=tested, period=period
        )

    def day_of(self, granted: Recorded) -> date:
        """Return the day, in New York, of the payment that a reward is for."""
        return self.paid[self.numbers[granted.data["fact"]]].at.astimezone(ZoneInfo(six.ZONE)).date()

    def live(self, name: str, kind: type[FactData]) -> list[Recorded]:
        """Return what was recorded of one campaign, of one kind."""
        return [one for one in self.facts if one.kind == kind.KIND and one.data["campaign"] == name]


@pytest.fixture(scope="module")
async def judged(postgres: TestServer) -> AsyncIterator[Judged]:
    """Lend a show that was judged."""
    paid = payments(SMALL_SHOW)
    with fresh_database(postgres) as urls:
        journal = await write(
            urls, paid=paid, campaigns=six.SIX, budgets=six.budgets(ladder=six.LADDER_SMALL)
        )
        async with house_on(urls.url) as house:
            await catch_up(database=house.database, subscriptions=[evaluation(house)], clock=house.clock)
            facts = await said(house, journal.tenant_id, CampaignGranted, CampaignPaused, CampaignWithheld)
            numbers = {position: number for number, position in journal.positions.items()}
            yield Judged(house, journal, paid, facts, numbers)


@pytest.mark.parametrize("name", six.SIX)
async def test_live_is_backtest(judged: Judged, name: str) -> None:
    found = await judged.backtest(name)
    grants = judged.live(name, CampaignGranted)
    coins = [one.data["amount_minor"] for one in grants]
    assert (found.rewards, found.cost_minor, found.granted_minor) == (len(grants), sum(coins), sum(coins))
    assert found.by_reward is not None
    assert (found.by_reward.least_minor, found.by_reward.most_minor) == (min(coins), max(coins))
    days: Counter[date] = Counter()
    viewers: Counter[str] = Counter()
    for one in grants:
        days[judged.day_of(one)] += one.data["amount_minor"]
        viewers[one.data["viewer"]] += one.data["amount_minor"]
    assert {one.day: one.cost_minor for one in found.days} == days
    assert found.viewers == len(viewers)
    assert [one.amount_minor for one in found.winners] == [minor for _, minor in viewers.most_common(20)]
    assert found.facts == len(judged.paid)
    withheld = Counter(one.data["code"] for one in judged.live(name, CampaignWithheld))
    assert found.withheld == withheld


@pytest.mark.parametrize("name", six.SIX)
async def test_what_ran_beside_it_costs_what_it_did(judged: Judged, name: str) -> None:
    found = await judged.backtest(name)
    assert {one.campaign for one in found.beside} == six.SIX.keys() - {name}
    for one in found.beside:
        assert (one.cost_minor, one.rewards) == (one.cost_without_minor, one.rewards_without), one


async def test_the_budget_runs_dry_at_the_fact_at_which_it_did(judged: Judged) -> None:
    found = await judged.backtest("ladder")
    (paused,) = judged.live("ladder", CampaignPaused)
    assert found.dry is not None
    assert found.dry.fact == paused.data["fact"]
    assert found.cost_minor + found.dry.left_minor == six.LADDER_SMALL
    ample = await judged.backtest("ladder", ample=True)
    expected = given(judged.paid)
    assert ample.dry is None
    assert ample.cost_minor == sum(one.coins for one in expected.grants if one.campaign == "ladder")


async def test_a_draft_that_wins_its_group_costs_the_others(judged: Judged) -> None:
    """With the weekend before the evening the evening loses what the weekend now has."""
    first = terms_of({**six.SIX["weekend"], "priority": 30}, zone="UTC", calendars={})
    tested = Candidate(campaign="weekend", terms=first, revision=2)
    found = await backtest.over_journal(
        database=judged.house.database, tenant_id=judged.journal.tenant_id, tested=tested, period=WHOLE
    )
    (evening,) = [one for one in found.beside if one.campaign == "evening"]
    assert evening.cost_minor < evening.cost_without_minor
    assert found.cost_minor > sum(one.data["amount_minor"] for one in judged.live("weekend", CampaignGranted))
    assert found.kept_out == {}
    former = await judged.backtest("weekend")
    assert former.kept_out == {"outranked": former.matched - former.counted}
    assert former.matched > former.counted > 0


async def test_it_is_told_how_often_each_condition_failed(judged: Judged) -> None:
    found = await judged.backtest("evening")
    dollars = [one for one in judged.paid if one.currency == "USD"]
    small = [one for one in dollars if one.minor < 500]
    by_place = {one.place: one for one in found.failed}
    assert (by_place["base"].count, found.heard) == (len(judged.paid) - len(dollars), len(judged.paid))
    amount = by_place["conditions.all[0]"]
    assert (amount.attribute, amount.operator, amount.count) == ("amount", "at_least", len(small))
    clock = by_place["conditions.all[1]"]
    local = [one.at.astimezone(ZoneInfo(six.ZONE)) for one in dollars]
    assert clock.count == sum(not 18 <= at.hour < 23 for at in local)


async def test_a_part_of_the_period_begins_with_nothing_and_knows_who_was_there(judged: Judged) -> None:
    """On the third day nobody has a week's sum yet, but who tipped before is not new."""
    since = datetime(2012, 5, 26, 4, tzinfo=UTC)
    until = datetime(2012, 5, 27, 4, tzinfo=UTC)
    part = [one for one in judged.paid if since <= one.at < until]
    known = {one.viewer for one in judged.paid if one.at < since}
    found = await judged.backtest("welcome", Period(since=since, until=until))
    assert found.facts == len(part)
    firsts = {one.viewer: one for one in reversed(part) if one.viewer not in known}
    assert found.cost_minor == sum(one.minor // 5 for one in firsts.values() if one.minor >= 1_000)
    week = await judged.backtest("faithful", Period(since=since, until=until, alone=True))
    expected = given(part)
    assert week.cost_minor == sum(one.coins for one in expected.grants if one.campaign == "faithful")
    assert week.beside == ()


async def test_payments_of_a_file_are_judged_alike(judged: Judged) -> None:
    for name in six.SIX:
        tested = Candidate(campaign=name, terms=terms_of(six.SIX[name], zone="UTC", calendars={}))
        paid = [
            Paid(one.at, one.viewer, one.creator, one.show, one.currency, one.minor)
            for one in reversed(judged.paid)
        ]
        found = over_payments(tested=tested, paid=paid)
        alone = await judged.backtest(name, Period(since=BEGINNING, until=ENDLESS, alone=True), ample=True)
        assert found.cost_minor == alone.cost_minor > 0
        assert (found.days, found.failed, found.by_viewer) == (alone.days, alone.failed, alone.by_viewer)


async def test_what_is_too_long_is_refused_with_its_length(judged: Judged) -> None:
    tested = Candidate(campaign="streak", terms=terms_of(six.SIX["streak"], zone="UTC", calendars={}))
    with pytest.raises(Refusal) as refusal:
        await backtest.over_journal(
            database=judged.house.database,
            tenant_id=judged.journal.tenant_id,
            tested=tested,
            period=WHOLE,
            positions_max=2_000,
        )
    assert refusal.value.code == "backtest.too_long"
    assert refusal.value.details["facts_max"] == 2_000


def test_a_period_that_holds_nothing_is_refused() -> None:
    with pytest.raises(Refusal, match=r"period\.invalid"):
        Period(since=ENDLESS, until=ENDLESS)
