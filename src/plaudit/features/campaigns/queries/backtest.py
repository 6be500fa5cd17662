"""What a revision would have done: a period of the journal, judged in memory.

Nothing is written. The journal is read in pages, each on a connection of its own for as long as it takes, so
that no transaction lasts and the loop gets its turn between pages. Facts never change: what is read later is
the same.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol, TypeAlias

import msgspec

from plaudit.core.commands.references import References
from plaudit.core.commands.tenants import ZONE
from plaudit.core.handles import Connection, Database
from plaudit.core.journal import read
from plaudit.features.campaigns.model import triggers
from plaudit.features.campaigns.model.backtest.figures import Backtest
from plaudit.features.campaigns.model.backtest.trial import (
    REWARDS,
    STEPS,
    Candidate,
    Told,
    Trial,
    happenings_of,
    items_of,
    running_in,
    undone_by,
)
from plaudit.features.campaigns.model.checking import terms_of
from plaudit.features.campaigns.model.happenings import Happening
from plaudit.features.campaigns.model.life import check_campaign, terms_in
from plaudit.features.campaigns.queries.life import known, revision_in
from plaudit.features.campaigns.store import backtest as store
from plaudit.features.campaigns.store import courses, viewers
from plaudit.features.campaigns.store import facts as fact_store
from plaudit.features.campaigns.store import life as operators
from plaudit.features.campaigns.store import people as people_store
from plaudit.kernel.money import MAX_MINOR
from plaudit.kernel.refusal import busy, invalid, refused
from plaudit.vocabulary.facts.campaigns import CampaignApproved

Progress: TypeAlias = Callable[[int, int], None]
"""Is told (how much is done, of how much)."""

SPAN: Final = 5_000
"""Positions read at once."""
FACTS: Final = 250
"""Facts judged without a pause: a few milliseconds."""
POSITIONS_MAX: Final = 200_000
"""How many facts of the journal one request reads at most: some seconds of one core."""

_UNDER_WAY: Final[set[int]] = set()
"""The tenants for whom this process is at a backtest."""

_LATE: Final = timedelta(days=1)
"""How long after a period facts of it may be recorded and still be read where not all can be."""
_MOMENT: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What happened from `since` on and before `until`. With `alone` no other campaign takes part."""

    since: datetime
    until: datetime
    alone: bool = False

    def __post_init__(self) -> None:
        """Raise Refusal `period.invalid` (INVALID) for one that holds nothing."""
        if self.since >= self.until:
            raise invalid("period.invalid", "Let the period end after it begins.")


class Means(Protocol):
    """What these questions need of the assembled house."""

    @property
    def database(self) -> Database:
        """The database, for reading."""

    @property
    def references(self) -> References:
        """Reference rows."""


Opened: TypeAlias = Callable[[str, bytes], bytes]
"""Opens the sealed seed of a campaign."""


async def candidate(
    house: Means,
    *,
    tenant_id: int,
    campaign: str,
    revision: int | None,
    sent: dict[str, Any] | None,
    budget_minor: int | None,
) -> Candidate:
    """Return what is to be tested: a revision of a campaign, its newest when none is named, or terms as sent.

    Raises Refusal `campaign.unknown`, `revision.unknown` (NOT_FOUND), `body.invalid` (INVALID) for a budget
    below zero or both a revision and terms, and what is wrong with terms, with its place.
    """
    if budget_minor is not None and not 0 <= budget_minor <= MAX_MINOR:
        raise invalid("body.invalid", f"Give a budget from 0 to {MAX_MINOR}.", field="budget_minor")
    if sent is not None:
        if revision is not None:
            raise invalid("body.invalid", "Name a revision or send terms, not both.", field="terms")
        zone = await house.references.get(tenant_id=tenant_id, topic=ZONE, key="*")
        async with house.database.connection() as conn:
            calendars = await people_store.select_days(conn, tenant_id=tenant_id)
        terms = terms_of(sent, zone=zone.key, calendars=calendars)
        return Candidate(campaign=check_campaign(campaign), terms=terms, budget_minor=budget_minor)
    async with house.database.connection() as conn:
        found = await known(conn, tenant_id=tenant_id, campaign=campaign)
        number = found.newest if revision is None else revision
        one = await revision_in(conn, tenant_id=tenant_id, campaign=campaign, number=number)
    return Candidate(campaign=campaign, terms=terms_in(one), revision=one.revision, budget_minor=budget_minor)


async def at_once(
    *, database: Database, tenant_id: int, tested: Candidate, period: Period, opened: Opened
) -> Backtest:
    """Return what `over_journal` does, for as much as one request may read, one at a time for each tenant.

    Raises Refusal `backtest.too_long` (REFUSED) and `backtest.busy` (BUSY).
    """
    if tenant_id in _UNDER_WAY:
        raise busy("backtest.busy", "Another backtest is under way; wait for it.", retry_after_s=2)
    _UNDER_WAY.add(tenant_id)
    try:
        return await over_journal(
            database=database,
            tenant_id=tenant_id,
            tested=tested,
            period=period,
            opened=opened,
            positions_max=POSITIONS_MAX,
        )
    finally:
        _UNDER_WAY.discard(tenant_id)


async def over_journal(
    *,
    database: Database,
    tenant_id: int,
    tested: Candidate,
    period: Period,
    opened: Opened | None = None,
    positions_max: int | None = None,
    progress: Progress | None = None,
) -> Backtest:
    """Return what a revision would have done with the facts of a period, late ones too.

    What never ran in the period is judged as if it did. Campaigns that ran then run beside it as they did,
    each from its own beginning; with `opened` random rewards are drawn by the secrets that they were drawn
    by. Where the journal goes on for more than `positions_max`, it is read to a day after the period, and the
    answer says so. Raises Refusal `backtest.too_long` (REFUSED) when that is more, too.
    """
    tested = running_in(tested, since=period.since, until=period.until)
    reading = _Reading(database, tenant_id, msgspec.structs.replace(tested, since=period.since), period)
    await reading.begin(opened=opened, positions_max=positions_max)
    await reading.run(progress)
    return msgspec.structs.replace(reading.trial.result(), recorded_until=reading.recorded_until)


class _Reading:
    """One backtest over the journal."""

    def __init__(self, database: Database, tenant_id: int, tested: Candidate, period: Period) -> None:
        self._database = database
        self._tenant_id = tenant_id
        self._tested = tested
        self._period = period
        self._start = self._after = self._head = 0
        self._inside = bytearray()
        self.trial = Trial(tested)
        self.recorded_until: datetime | None = None

    async def begin(self, *, opened: Opened | None, positions_max: int | None) -> None:
        """Find where to begin, and what of earlier facts will be undone."""
        period, tested = self._period, self._tested
        async with self._database.connection() as conn:
            self._head = (await read.page(conn, tenant_id=self._tenant_id, after=0, limit=1)).head
            self._start = await read.position_at(
                conn, tenant_id=self._tenant_id, as_of=period.since - _MOMENT
            )
            steps = [] if period.alone else await self._steps(conn)
            campaigns = sorted({tested.campaign, *(str(one.data["campaign"]) for one in steps)})
            sealed = await operators.select_seeds(conn, tenant_id=self._tenant_id, campaigns=campaigns)
            began = [one.position - 1 for one in steps if one.kind == CampaignApproved.KIND]
            self._after = min([self._start, *began])
            if positions_max is not None and self._head - self._after > positions_max:
                await self._bound(conn, positions_max)
        self._inside = bytearray(self._head - self._after)
        undone, awaited = await self._undone()
        seeds = {} if opened is None else {name: opened(name, seed) for name, seed in sealed.items()}
        self.trial = Trial(tested, after=self._start, undone=undone, awaited=awaited, seeds=seeds)
        before = [one for one in steps if one.position <= self._after]
        self.trial.hear(list(items_of(before, tested)), originals={})

    async def _bound(self, conn: Connection, positions_max: int) -> None:
        """Leave out what was recorded long after the period, unless nothing would be left."""
        until = self._period.until + _LATE
        end = await read.position_at(conn, tenant_id=self._tenant_id, as_of=until)
        if self._start < end < self._head:
            self._head, self.recorded_until = end, until
        if self._head - self._after > positions_max:
            raise refused(
                "backtest.too_long",
                "So much of the journal takes too long here; choose a shorter period, leave the other"
                " campaigns out, or use `plaudit backtest` on the server.",
                facts=self._head - self._after,
                facts_max=positions_max,
            )

    async def _steps(self, conn: Connection) -> list[Told]:
        """Return the steps of the other campaigns that had not ended when the period began."""
        positions = await courses.select_steps(conn, tenant_id=self._tenant_id, ended_after=self._start)
        found = await fact_store.select_at(
            conn, tenant_id=self._tenant_id, positions=positions, kinds=STEPS.keys()
        )
        return [Told(*one) for one in found if one.data["campaign"] != self._tested.campaign]

    async def _undone(self) -> tuple[set[int], set[str]]:
        kinds = frozenset(kind for one in triggers.TRIGGERS.values() for kind in one.undone_by)
        positions: set[int] = set()
        references: set[str] = set()
        for after in range(self._after, self._head, SPAN):
            some, others = undone_by(await self._page(after, kinds))
            positions |= some
            references |= others
        return positions, references

    async def _page(self, after: int, kinds: frozenset[str]) -> list[Told]:
        async with self._database.connection() as conn:
            return await store.select_page(
                conn,
                tenant_id=self._tenant_id,
                kinds=kinds - REWARDS,
                rewards=kinds & REWARDS,
                after=after,
                upto=min(after + SPAN, self._head),
                until=self._period.until,
            )

    async def run(self, progress: Progress | None) -> None:
        """Judge everything from the beginning to the head."""
        trial, total = self.trial, self._head - self._after
        for after in range(self._after, self._head, SPAN):
            kinds = trial.kinds - STEPS.keys() - REWARDS if self._period.alone else trial.kinds
            told = await self._page(after, kinds)
            for first in range(0, len(told), FACTS):
                await self._judge(told[first : first + FACTS])
                await asyncio.sleep(0)
            if progress is not None:
                progress(min(after + SPAN, self._head) - self._after, total)

    async def _judge(self, told: Sequence[Told]) -> None:
        trial = self.trial
        for one in told:
            if one.kind not in REWARDS:
                self._inside[one.position - self._after - 1] = one.at >= self._period.since
            elif self._is_inside(one.data["fact"]):
                trial.really(one)
        items = list(items_of(told, self._tested))
        needed = trial.needs(items)
        if needed.firsts or needed.viewers:
            async with self._database.connection() as conn:
                await self._look_up(conn, needed.firsts, needed.viewers)
        here = {one.position for one in told}
        reached = trial.reaches(items) - here
        originals: dict[int, Happening] = {}
        if reached:
            async with self._database.connection() as conn:
                said = await fact_store.select_at(
                    conn, tenant_id=self._tenant_id, positions=reached, kinds=trial.kinds
                )
            originals = happenings_of(Told(*one) for one in said)
        trial.hear(items, originals=originals)

    def _is_inside(self, position: int) -> bool:
        return position > self._after and bool(self._inside[position - self._after - 1])

    async def _look_up(self, conn: Connection, firsts: set[tuple[str, str]], who: set[str]) -> None:
        """Let the trial know what viewers had done and been before it."""
        tenant_id, after = self._tenant_id, self._after
        found = await viewers.firsts_in(await viewers.ask_firsts(conn, tenant_id=tenant_id, wanted=firsts))
        said = {}
        if who:
            said = await viewers.described_in(
                await viewers.ask_described(conn, tenant_id=tenant_id, viewers=who)
            )
        self.trial.know(
            firsts={place: one for place, one in found.items() if one.position <= after},
            described={
                viewer: [one for one in some if one.position <= after] for viewer, some in said.items()
            },
        )
