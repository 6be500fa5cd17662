"""The door: authorize → screen → decide under lock → record → commit → wake."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from plaudit.core.commands import replay
from plaudit.core.commands import store as commands_store
from plaudit.core.commands.batch import (
    CONFLICT_TEXT,
    Broken,
    Prepared,
    Replay,
    Result,
    Stale,
    decide_and_record,
)
from plaudit.core.commands.command import Command, Outcome, Plan, Work
from plaudit.core.commands.references import Lookup, NotLoaded, References
from plaudit.core.commands.writer import Writer
from plaudit.core.journal import store as journal_store
from plaudit.core.ledger import posting
from plaudit.core.ledger.accounts import Directory
from plaudit.core.ledger.book import Book, Decision
from plaudit.kernel.refusal import Refusal, busy, conflict
from plaudit.kernel.time import Clock
from plaudit.platform.db import Connection, Database, plan_by_index
from plaudit.platform.failures import Final, classify, is_connection_lost, is_duplicate

_log = structlog.get_logger(__name__)

# A table command has read its rows under lock already; its plan cannot be stale.
_NEVER_STALE = 2**62
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Slots:
    """What features put into the corridor.

    ``authorize`` raises Refusal when the grant does not reach; ``screen`` raises Refusal when the command
    is stopped now. Both are pure; ``screen`` may look up reference rows.
    """

    authorize: Callable[[Command], None]
    screen: Callable[[Command, Lookup], None]


class Corridor:
    """Every change goes through here."""

    def __init__(
        self,
        *,
        database: Database,
        directory: Directory,
        references: References,
        clock: Clock,
        slots: Slots,
        batch_max: int = 512,
        queue_max: int = 8192,
        on_broken: Callable[[AssertionError], None],
    ) -> None:
        self._database = database
        self._directory = directory
        self._references = references
        self._clock = clock
        self._slots = slots
        self.writer = Writer(
            database=database,
            directory=directory,
            prepare=self.prepare,
            references=references,
            clock=clock,
            batch_max=batch_max,
            queue_max=queue_max,
            on_broken=on_broken,
        )

    async def submit(self, command: Command) -> Outcome:
        """Do a journal command and return when it is on disk. Raises Refusal."""
        self._slots.authorize(command)
        return await self.writer.hand_in(await self.prepare(command))

    async def prepare(self, command: Command) -> Prepared:
        """Screen and plan a command, loading the reference rows it looks up.

        What the screener or the plan refuses is raised under lock, after the key was looked up: a request
        that was done before is answered as it was, whatever has been switched off or has ended since.
        """
        tenant_id = command.grant.tenant_id
        while True:
            try:
                lookup = self._references.lookup(tenant_id)
                plan = self._stop(command, lookup) or self._planned(command, lookup)
            except NotLoaded as missing:
                await self._references.load(tenant_id=tenant_id, item=missing.item)
                continue
            key, content = command.digests()
            return Prepared(
                command, plan, lookup.used, lookup.revision, key, content, command.grant.actor.text
            )

    async def run(self, command: Command, work: Callable[[Connection], Awaitable[Work]]) -> Outcome:
        """Do a table command: ``work`` writes the feature's own rows and recording comes last.

        All of it is one transaction. ``command.plan`` is not used: the plan comes from the work.
        Raises Refusal.
        """
        self._slots.authorize(command)
        stopped = await self._stopped(command)
        for _ in range(_ATTEMPTS):
            try:
                outcome = await self._run_once(command, work, stopped)
            except Refusal:
                # Another process may have done this very command while ours waited for its rows, and what we
                # refuse is what it left behind.
                async with self._database.connection() as conn:
                    done = await _bound_outcome(conn, command)
                if done is None:
                    raise
                return done
            except _UnopenedError as unopened:
                await self._directory.ensure(
                    tenant_id=command.grant.tenant_id, addresses=unopened.addresses, now=self._clock.now()
                )
                continue
            except Exception as error:
                if classify(error) is Final and not (
                    is_duplicate(error) or isinstance(error, _BoundMeanwhileError)
                ):
                    raise
                if is_connection_lost(error):
                    await self._database.drop_dead()
                continue
            await self._refresh()
            return outcome
        raise busy(
            "ledger.busy", "Others are changing the same thing; send the same request again.", retry_after_s=1
        )

    async def record(self, conn: Connection, commands: Sequence[Command]) -> list[Result]:
        """Decide and record commands of one tenant in the caller's transaction, as reactions do per batch.

        Returns one result per command, in order; none is Stale. Each command's key makes it happen once,
        however often the reaction runs.
        """
        results: dict[int, Result] = {}
        waiting = list(range(len(commands)))
        while waiting:
            prepared: dict[int, Prepared] = {}
            for index in waiting:
                prepared[index] = await self.prepare(commands[index])
            decided = await self._record(conn, list(prepared.values()))
            waiting = []
            for index, result in zip(prepared, decided, strict=True):
                results[index] = result
                if isinstance(result, Stale):
                    tenant_id = commands[index].grant.tenant_id
                    self._references.learn(tenant_id=tenant_id, changes=result.changes)
                    waiting.append(index)
        return [results[index] for index in range(len(commands))]

    async def lock(self, conn: Connection, commands: Sequence[Command]) -> None:
        """Lock what commands of one tenant will move, before the first of several records in a transaction.

        The first record holds the journal's head to the commit. Whoever locked more after it would wait for
        others who wait for the head. What is known beforehand is therefore locked here, in the order of all.
        """
        batch = [await self.prepare(command) for command in commands]
        addresses = {address for one in batch for address in one.plan.accounts}
        if not batch:
            return
        tenant_id, now = batch[0].command.grant.tenant_id, self._clock.now()
        cards = await self._directory.ensure(tenant_id=tenant_id, addresses=addresses, now=now)
        async with conn.pipeline():
            await plan_by_index(conn)
            await posting.lock(
                conn,
                tenant_id=tenant_id,
                cards={cards[address].id: cards[address] for address in addresses},
                windows=sorted({window for one in batch for window in one.plan.windows}),
                holds={hold for one in batch for hold in one.plan.holds},
            )

    async def _record(self, conn: Connection, batch: Sequence[Prepared]) -> Sequence[Result]:
        if not batch:
            return ()
        tenant_id = batch[0].command.grant.tenant_id
        addresses = {address for one in batch for address in one.plan.accounts}
        now = self._clock.now()
        cards = await self._directory.ensure(tenant_id=tenant_id, addresses=addresses, now=now)
        return await decide_and_record(conn, tenant_id=tenant_id, batch=batch, cards=cards, now=now)

    async def _refresh(self) -> None:
        """Learn the changes just made at once; if that fails the poll does it, for they have been made."""
        try:
            await self._references.refresh()
        except Exception as error:  # noqa: BLE001 - the command was done, and its answer must say so
            _log.warning("reference data not refreshed", error=repr(error))

    def _stop(self, command: Command, lookup: Lookup) -> Plan | None:
        try:
            self._slots.screen(command, lookup)
        except Refusal as refusal:
            return Plan(_refusing(refusal))
        return None

    def _planned(self, command: Command, lookup: Lookup) -> Plan:
        try:
            return command.plan(lookup)
        except Refusal as refusal:
            return Plan(_refusing(refusal))

    async def _stopped(self, command: Command) -> Plan | None:
        tenant_id = command.grant.tenant_id
        while True:
            try:
                return self._stop(command, self._references.lookup(tenant_id))
            except NotLoaded as missing:
                await self._references.load(tenant_id=tenant_id, item=missing.item)

    async def _run_once(
        self, command: Command, work: Callable[[Connection], Awaitable[Work]], stopped: Plan | None
    ) -> Outcome:
        tenant_id = command.grant.tenant_id
        key, content = command.digests()
        async with self._database.transaction() as tx:
            before = await _bound_outcome(tx, command)
            if before is not None:
                return before
            done = Work(stopped) if stopped is not None else await work(tx)
            if done.changed:
                await commands_store.record_changes(tx, tenant_id=tenant_id, items=done.changed)
            known = self._directory.cards(tenant_id)
            if not all(address in known for address in done.plan.accounts):
                # Opening them takes a second connection, which whoever holds one must not wait for.
                raise _UnopenedError(done.plan.accounts)
            now = self._clock.now()
            prepared = Prepared(command, done.plan, (), _NEVER_STALE, key, content, command.grant.actor.text)
            (result,) = await decide_and_record(
                tx, tenant_id=tenant_id, batch=[prepared], cards=known, now=now
            )
            if isinstance(result, Refusal):
                raise result
            if isinstance(result, Broken):
                raise result.cause
            if isinstance(result, Replay):
                # Bound by another process between the two reads: undo our rows and give its answer.
                raise _BoundMeanwhileError
            assert isinstance(result, Outcome)
            return result


async def _bound_outcome(conn: Connection, command: Command) -> Outcome | None:
    """Return the first answer to a command whose key is bound. Raises Refusal key.conflict."""
    tenant_id = command.grant.tenant_id
    key, content = command.digests()
    asked = await journal_store.select_keys(conn, tenant_id=tenant_id, digests=[key])
    bound = await asked.fetchone()
    if bound is None:
        return None
    if bound[1] != content:
        raise conflict("key.conflict", CONFLICT_TEXT)
    outcomes = await replay.load(conn, tenant_id=tenant_id, positions=[bound[2]])
    return outcomes[bound[2]]


class _UnopenedError(Exception):
    """The plan names accounts that this process does not know: undo the work, open them, and do it again."""

    def __init__(self, addresses: tuple[str, ...]) -> None:
        super().__init__(addresses)
        self.addresses = addresses


class _BoundMeanwhileError(Exception):
    """The key was bound by another process after this one had looked."""


def _refusing(refusal: Refusal) -> Callable[[Book], Decision]:
    def decide(_book: Book) -> Decision:
        raise refusal

    return decide
