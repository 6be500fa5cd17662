"""The gate: places taken and given up, all that ask at once in a few statements.

A batch reads the shows, the places of those who ask and the rights that they hold on the ledger, decides one
after the other in memory, and takes what was free in one statement. Where somebody else was quicker, in
another process or with another client, it is decided anew.
"""

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias
from weakref import WeakKeyDictionary, ref

import msgspec

from plaudit.core.handles import Connection, Database
from plaudit.core.ledger import balances
from plaudit.features.admission.actions.kicks import enqueue_kicks
from plaudit.features.admission.model.places import SEEN_AGAIN, Ask, Place, Verdict, decide
from plaudit.features.admission.model.shows import Show
from plaudit.features.admission.store import places as store
from plaudit.features.admission.store import shows as show_store
from plaudit.kernel.refusal import Refusal, busy
from plaudit.platform.failures import is_duplicate
from plaudit.platform.gather import Gatherer
from plaudit.vocabulary import chart

_PAUSE_MS: Final = 2
"""A batch costs both sides as much as a dozen questions in it."""
_BATCH_MAX_MS: Final = 2_000
"""Media servers wait no longer than some seconds, and hold up their viewers meanwhile."""
_TRIES: Final = 5
_KNOWN_MAX: Final = 1_000


class Let(msgspec.Struct, frozen=True):
    """Let in: the number of the place, which is that of the session; 0 where none is needed."""

    number: int


Answer: TypeAlias = Let | Refusal
_Who: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Scene:
    """What a batch decides by."""

    shows: dict[str, Show]
    places: dict[_Who, list[Place]]
    held: dict[_Who, set[str]]


class Gate:
    """The gate of one tenant, in one process."""

    def __init__(self, *, database: Database, tenant_id: int) -> None:
        """Read and write on `database`, which it does not keep alive."""
        self._held = ref(database)
        self._tenant_id = tenant_id
        self._known: dict[str, Show] = {}
        self._asks: Gatherer[Ask, Answer] = Gatherer(
            self._serve, name="gate", pause_ms=_PAUSE_MS, timeout_ms=_BATCH_MAX_MS
        )
        self._ends: Gatherer[tuple[int, str, str | None], None] = Gatherer(
            self._end, name="gate-ends", pause_ms=_PAUSE_MS, timeout_ms=_BATCH_MAX_MS
        )

    @property
    def _database(self) -> Database:
        database = self._held()
        assert database is not None, "nobody asks without a database"
        return database

    def ask(self, ask: Ask) -> Awaitable[Answer]:
        """Return, awaited, whether a client is let in, or why not: as `places.decide`, or `gate.busy`."""
        return self._asks.ask(ask)

    async def end(self, *, server: int, client: str, name: str | None = None) -> None:
        """Give up the place of a client that has left: whatever it is at, or only the stream of this name."""
        await self._ends.ask((server, client, name))

    async def _end(self, clients: Sequence[tuple[int, str, str | None]]) -> Sequence[None]:
        async with self._database.connection() as conn:
            await store.end_clients(conn, tenant_id=self._tenant_id, clients=list(set(clients)))
        return [None] * len(clients)

    async def _serve(self, asks: Sequence[Ask]) -> Sequence[Answer]:
        answers: dict[int, Answer] = {}
        waiting = list(range(len(asks)))
        for _ in range(_TRIES):
            lost = await self._try([(number, asks[number]) for number in waiting], answers)
            if not lost:
                break
            waiting = lost
        return [answers.get(number) or _too_busy() for number in range(len(asks))]

    async def _try(self, asks: Sequence[tuple[int, Ask]], answers: dict[int, Answer]) -> list[int]:
        """Decide and do what can be done; return those who have to be decided anew."""
        async with self._database.connection() as conn:
            scene = await self._look(conn, [ask for _, ask in asks])
            taking, replacing, again = _decided(asks, scene, answers)
            if taking:
                again += await self._take(conn, taking, answers)
            await self._see(conn, asks, scene, answers)
        for number, ask, before in replacing:
            if not await self._replace(number, ask, before, answers):
                again.append(number)
        return again

    async def _look(self, conn: Connection, asks: Sequence[Ask]) -> _Scene:
        """Read what is decided by, in one round trip as long as shows are as they were the last time."""
        tenant_id = self._tenant_id
        who = list(dict.fromkeys((ask.viewer, ask.show) for ask in asks))
        names = list({show for _, show in who})
        owners = _owners(asks, self._known)
        async with conn.pipeline():
            asked_shows = await show_store.ask_shows(conn, tenant_id=tenant_id, shows=names)
            asked_places = await store.ask_places(conn, tenant_id=tenant_id, viewers=who)
            asked_rights = await balances.ask_balances(conn, tenant_id=tenant_id, addresses=list(owners))
        shows = await show_store.shows_in(asked_shows)
        places = await store.places_in(asked_places)
        found = await balances.balances_in(asked_rights)
        if any(shows.get(name) != self._known.get(name) for name in names):
            self._learn(names, shows)
            owners = _owners(asks, shows)
            found = await balances.balances(conn, tenant_id=tenant_id, addresses=list(owners))
        held: dict[_Who, set[str]] = {}
        for address, balance in found.items():
            if balance > 0:
                one, right = owners[address]
                held.setdefault(one, set()).add(right)
        return _Scene(shows, places, held)

    def _learn(self, names: Sequence[str], shows: Mapping[str, Show]) -> None:
        """Keep what shows were like, to know what to ask for next time; nothing is decided by it."""
        if len(self._known) > _KNOWN_MAX:
            self._known.clear()
        for name in names:
            self._known.pop(name, None)
        self._known.update(shows)

    async def _take(
        self, conn: Connection, taking: Sequence[tuple[int, Ask, int]], answers: dict[int, Answer]
    ) -> list[int]:
        taken = [(ask, slot) for _, ask, slot in taking]
        had = await store.take_places(conn, tenant_id=self._tenant_id, taken=taken)
        lost: list[int] = []
        for number, ask, slot in taking:
            place = had.get((ask.viewer, ask.show, slot))
            if place is None:
                await store.clear_client(conn, tenant_id=self._tenant_id, ask=ask)
                lost.append(number)
            else:
                answers[number] = Let(place)
        return lost

    async def _replace(self, number: int, ask: Ask, before: Place, answers: dict[int, Answer]) -> bool:
        """Give a place to another client, and have the one before kicked; False when others were quicker."""
        try:
            place = await self._replaced(ask, before)
        except Exception as error:
            if not is_duplicate(error):
                raise
            place = None
        if place is None:
            return False
        answers[number] = Let(place)
        return True

    async def _replaced(self, ask: Ask, before: Place) -> int | None:
        async with self._database.transaction() as tx:
            await store.clear_client(tx, tenant_id=self._tenant_id, ask=ask)
            place = await store.replace_place(tx, tenant_id=self._tenant_id, ask=ask, before=before)
            gone = before.is_left_by(ask) or not before.is_of(ask)
            if place is not None and gone and not before.over(ask.at):
                await enqueue_kicks(tx, tenant_id=self._tenant_id, places=[before])
        return place

    async def _see(
        self, conn: Connection, asks: Sequence[tuple[int, Ask]], scene: _Scene, answers: dict[int, Answer]
    ) -> None:
        """Note who was seen again, where that was last noted a while ago."""
        seen: dict[int, set[str]] = {}
        for number, ask in asks:
            if isinstance(answers.get(number), Let):
                for place in scene.places.get((ask.viewer, ask.show), ()):
                    if place.is_of(ask) and ask.at - place.seen_at >= SEEN_AGAIN:
                        seen.setdefault(ask.server, set()).add(ask.client)
        for server, clients in seen.items():
            await store.see_places(
                conn, tenant_id=self._tenant_id, server=server, clients=clients, now=asks[0][1].at
            )


def _owners(asks: Sequence[Ask], shows: Mapping[str, Show]) -> dict[str, tuple[_Who, str]]:
    """Return whose the accounts are that hold the rights which matter, and for which right."""
    owners: dict[str, tuple[_Who, str]] = {}
    for ask in asks:
        show = shows.get(ask.show)
        if show is not None:
            for right in show.rights_for(ask.stream, publish=ask.publish):
                address = chart.viewer_right(viewer=ask.viewer, show=ask.show, right=right)
                owners[address] = ((ask.viewer, ask.show), right)
    return owners


def _decided(
    asks: Sequence[tuple[int, Ask]], scene: _Scene, answers: dict[int, Answer]
) -> tuple[list[tuple[int, Ask, int]], list[tuple[int, Ask, Place]], list[int]]:
    """Return who takes a free place, who replaces somebody, and who comes again after a change."""
    taking: list[tuple[int, Ask, int]] = []
    replacing: list[tuple[int, Ask, Place]] = []
    again: list[int] = []
    changed: set[_Who] = set()
    for number, ask in asks:
        who = (ask.viewer, ask.show)
        if who in changed:
            again.append(number)
            continue
        verdict = decide(
            ask,
            show=scene.shows.get(ask.show),
            held=scene.held.get(who, frozenset()),
            places=scene.places.get(who, ()),
        )
        if isinstance(verdict, Refusal):
            answers[number] = verdict
        elif verdict.act == "keep":
            answers[number] = Let(_before(verdict).number)
        else:
            changed.add(who)
            if verdict.act == "take":
                taking.append((number, ask, verdict.slot))
            else:
                replacing.append((number, ask, _before(verdict)))
    return taking, replacing, again


def _before(verdict: Verdict) -> Place:
    assert verdict.before is not None, verdict
    return verdict.before


def _too_busy() -> Refusal:
    return busy("gate.busy", "Others take the same places; ask again.", retry_after_s=1)


_GATES: Final[WeakKeyDictionary[Database, dict[int, Gate]]] = WeakKeyDictionary()


def gate_of(*, database: Database, tenant_id: int) -> Gate:
    """Return the one gate of a tenant in this process."""
    gates = _GATES.setdefault(database, {})
    gate = gates.get(tenant_id)
    if gate is None:
        gate = gates[tenant_id] = Gate(database=database, tenant_id=tenant_id)
    return gate
