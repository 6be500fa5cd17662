"""Every reward of six campaigns over real payments is that of the reference, however they are judged."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

import psycopg
import pytest

from plaudit.core.journal.facts import Recorded
from plaudit.core.journal.subscriptions import catch_up
from plaudit.vocabulary.facts.campaigns import (
    CampaignGranted,
    CampaignPaused,
    CampaignReversed,
    CampaignWithheld,
)
from tests.features.campaigns.season import six
from tests.features.campaigns.season.journal import (
    EVALUATE,
    Journal,
    assert_sound,
    copied,
    evaluation,
    house_on,
    said,
    write,
)
from tests.features.campaigns.season.payments import SMALL_SHOW, Payment, needs_samples, payments
from tests.features.campaigns.season.reference import Given, Grant, given
from tests.kit.figures import tell
from tests.kit.scale import PROOF, by_scale
from tests.kit.servers import TestServer, fresh_database

pytestmark = [pytest.mark.anyio, needs_samples, pytest.mark.timeout(by_scale(small=300, proof=5_400))]

LADDER: Final = by_scale(small=six.LADDER_SMALL, proof=six.LADDER_WHOLE)
BATCHES: Final = by_scale(small=(41, 4_000), proof=(1_000, 4_000))
KILLS: Final = by_scale(small=3, proof=10)
LATE_H: Final = 12


@dataclass(frozen=True, slots=True)
class Season:
    """A journal that nobody has judged, and what its payments earn."""

    journal: Journal
    paid: Sequence[Payment]
    expected: Given


@pytest.fixture(scope="module")
def paid() -> Sequence[Payment]:
    """Return the payments of one show, or of the whole file."""
    return payments(None if PROOF else SMALL_SHOW)


@pytest.fixture(scope="module")
async def season(postgres: TestServer, paid: Sequence[Payment]) -> AsyncIterator[Season]:
    """Lend the season in the order in which it happened, the ladder's budget too small."""
    with fresh_database(postgres) as urls:
        journal = await write(urls, paid=paid, campaigns=six.SIX, budgets=six.budgets(ladder=LADDER))
        yield Season(journal, paid, given(paid, ladder_budget=LADDER))


async def granted(journal: Journal) -> Given:
    """Return what was granted, as the reference has it, with the books looked at."""
    numbers = {position: number for number, position in journal.positions.items()}
    async with house_on(journal.urls.url) as house:
        await assert_sound(house)
        facts = await said(house, journal.tenant_id, CampaignGranted, CampaignReversed, CampaignPaused)
    dry = [numbers[one.data["fact"]] for one in facts if one.kind == CampaignPaused.KIND]
    assert len(dry) <= 1, dry
    assert not [one for one in facts if one.kind == CampaignReversed.KIND]
    grants = [
        Grant(one.data["campaign"], numbers[one.data["fact"]], one.data["viewer"], one.data["amount_minor"])
        for one in facts
        if one.kind == CampaignGranted.KIND
    ]
    assert len(set(grants)) == len(grants)
    return Given(frozenset(grants), dry[0] if dry else None)


def assert_equal(found: Given, expected: Given) -> None:
    """Check that all is the same, and show a few of what is not."""
    missing, false = expected.grants - found.grants, found.grants - expected.grants
    assert not missing | false, (sorted(missing)[:5], sorted(false)[:5], len(missing), len(false))
    assert found.dry_at == expected.dry_at


@pytest.mark.parametrize("batch_max", BATCHES)
async def test_every_reward_is_that_of_the_reference(
    postgres: TestServer, season: Season, batch_max: int
) -> None:
    with copied(postgres, season.journal) as journal:
        began = time.perf_counter()
        async with house_on(journal.urls.url) as house:
            await catch_up(
                database=house.database,
                subscriptions=[evaluation(house)],
                clock=house.clock,
                batch_max=batch_max,
            )
        seconds = time.perf_counter() - began
        assert_equal(await granted(journal), season.expected)
    tell(
        name=f"season_{batch_max}",
        payments=len(season.paid),
        grants=len(season.expected.grants),
        seconds=round(seconds, 1),
    )


async def test_a_worker_that_is_killed_at_any_moment_changes_nothing(
    postgres: TestServer, season: Season
) -> None:
    randomness = Random(2026)  # noqa: S311 - a draw
    batch_max = by_scale(small=60, proof=1_000)
    head = max(season.journal.positions.values())
    # It is killed somewhere within each eleventh of the journal, at whatever it is doing then.
    marks = [
        randomness.randrange(head * n // (KILLS + 1), head * (n + 1) // (KILLS + 1)) for n in range(KILLS)
    ]
    with copied(postgres, season.journal) as journal:
        for mark in marks:
            killed(journal, mark, batch_max=batch_max, pause_s=randomness.random() / 20)
        worker = started(journal, batch_max=batch_max)
        assert worker.wait(by_scale(small=120, proof=1_800)) == 0
        assert_equal(await granted(journal), season.expected)
    tell(name="season_kills", kills=len(marks), payments=len(season.paid))


def started(journal: Journal, *, batch_max: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "tests.features.campaigns.season.worker", journal.urls.url, str(batch_max)],
        cwd=Path(__file__).parents[3],
        stdin=subprocess.DEVNULL,
    )


def killed(journal: Journal, mark: int, *, batch_max: int, pause_s: float) -> None:
    """Let a worker judge until its cursor has passed a mark, and kill it a moment later."""
    worker = started(journal, batch_max=batch_max)
    try:
        with psycopg.connect(journal.urls.superuser_url, autocommit=True) as connection:
            while cursor(connection) < mark:
                assert worker.poll() is None, f"the worker ended by itself before {mark}"
                time.sleep(0.002)
        time.sleep(pause_s)
    finally:
        worker.send_signal(signal.SIGKILL)
    assert worker.wait() == -signal.SIGKILL, "it was not killed at work"


def cursor(connection: psycopg.Connection) -> int:
    row = connection.execute(
        "SELECT position FROM journal.subscription WHERE name = %s", (EVALUATE,)
    ).fetchone()
    return 0 if row is None else int(row[0])


async def test_facts_delivered_late_earn_the_same_where_nothing_binds(
    postgres: TestServer, paid: Sequence[Payment]
) -> None:
    by_number = {one.number: one for one in paid}
    expected: Counter[tuple[str, str, str]] = Counter()
    for grant in given(paid, capped=False).grants:
        expected[grant.campaign, grant.viewer, counted_in(grant.campaign, by_number[grant.payment])] += (
            grant.coins
        )
    with fresh_database(postgres) as urls:
        journal = await write(urls, paid=delivered_late(paid), campaigns=six.unbound(), budgets=six.budgets())
        async with house_on(urls.url) as house:
            await catch_up(
                database=house.database,
                subscriptions=[evaluation(house)],
                clock=house.clock,
                batch_max=BATCHES[0],
            )
            await assert_sound(house)
            facts = await said(house, journal.tenant_id, CampaignGranted, CampaignReversed, CampaignWithheld)
    assert not [one for one in facts if one.kind == CampaignWithheld.KIND]
    found = sums(facts, {position: by_number[number] for number, position in journal.positions.items()})
    assert found == expected
    back = sum(one.kind == CampaignReversed.KIND for one in facts)
    assert back, "no first tip came late: this shows less than it should"
    tell(name="season_late", payments=len(paid), taken_back=back)


def delivered_late(paid: Sequence[Payment]) -> list[Payment]:
    """Return payments in an order in which each arrives up to half a day after it happened."""
    randomness = Random(12)  # noqa: S311 - a draw
    arrived = [(one.at + timedelta(hours=LATE_H) * randomness.random(), one) for one in paid]
    return [one for _, one in sorted(arrived, key=lambda pair: (pair[0], pair[1].number))]


def counted_in(campaign: str, one: Payment) -> str:
    """Return what a payment is counted together with, in words of our own."""
    if campaign in {"evening", "weekend", "ladder"}:
        return f"payment {one.number}"
    if campaign == "faithful":
        year, week, _ = one.at.astimezone(ZoneInfo(six.ZONE)).isocalendar()
        return f"{one.creator} in week {week} of {year}"
    return "all"


def sums(facts: Sequence[Recorded], by_position: Mapping[int, Payment]) -> Counter[tuple[str, str, str]]:
    """Add up what was granted and taken back, by campaign, viewer and what was counted together."""
    words: dict[tuple[str, str], set[str]] = defaultdict(set)
    found: Counter[tuple[str, str, str]] = Counter()
    for one in facts:
        data = one.data
        name = counted_in(data["campaign"], by_position[data["fact"]])
        words[data["campaign"], data["viewer"] + data["window"]].add(name)
        coins = data["amount_minor"] if one.kind == CampaignGranted.KIND else -data["amount_minor"]
        found[data["campaign"], data["viewer"], name] += coins
    assert all(len(names) == 1 for names in words.values()), "a window mixes what is counted apart"
    return +found
