"""The journal over HTTP: pages with a long poll, a stream of events, the state of the subscriptions."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any, Final, TypeAlias

import msgspec

from plaudit.app.assembly import House
from plaudit.core.commands.command import Grant
from plaudit.core.journal import read
from plaudit.core.journal.facts import Recorded
from plaudit.core.journal.read import FactPage
from plaudit.core.journal.subscriptions import dead_letters, lag
from plaudit.kernel.ids import MAX_NUMBER
from plaudit.kernel.refusal import Refusal, busy, invalid
from plaudit.kernel.time import format_time
from plaudit.platform.web import HeaderParameter, Parameter, Stream, get
from plaudit.vocabulary.facts import FACTS

LIMIT_DEFAULT: Final = 100
LIMIT_MAX: Final = 1_000
WAIT_MAX_MS: Final = 30_000

_PERMISSION: Final = {"permission": "facts.read"}
_HEARTBEAT_S: Final = 15.0
_STREAM_PAGE: Final = 500
_READMIT_S: Final = 0.5
# A busy journal moves with every batch; whoever follows it reads a few times a second, not after each.
_PAUSE_S: Final = 0.02
_LETTERS_MAX: Final = 100

Readmit: TypeAlias = Callable[[], Awaitable[None]]

After = Annotated[int, Parameter(description="Position of the last fact you have seen.")]
Kinds = Annotated[
    str | None,
    Parameter(description="Kinds of facts, separated by commas; all when not given."),
]
Limit = Annotated[int, Parameter(description="Facts a page, 1 to 1000.")]
Wait = Annotated[int, Parameter(description="How long to wait for a fact when there is none, 0 to 30000.")]
LastEventId = Annotated[
    str | None, HeaderParameter(name="Last-Event-ID", description="Sent by a browser that connects again.")
]


class FactView(msgspec.Struct, kw_only=True):
    """One fact. `data` is by kind and version; `hash` (hex SHA-256) seals it."""

    position: int
    kind: str
    version: int
    subject: str
    actor: str
    at: str
    recorded_at: str
    data: dict[str, Any]
    hash: str


class FactsView(msgspec.Struct, kw_only=True):
    """Some facts, the position to go on after, and the newest position of the journal."""

    facts: list[FactView]
    next_after: int
    head: int


class DeadLetterView(msgspec.Struct, kw_only=True):
    """A fact that a reaction could not apply, and why."""

    position: int
    problem: str
    recorded_at: str


class SubscriptionView(msgspec.Struct, kw_only=True):
    """How far a subscription has got with the tenant's journal; `lag` is in facts."""

    name: str
    kind: str
    position: int
    lag: int
    state: str
    problem: str | None
    waiting_since: str | None
    dead_letters: list[DeadLetterView]


class SubscriptionsView(msgspec.Struct, kw_only=True):
    """All subscriptions."""

    items: list[SubscriptionView]


@get("/v1/facts", opt=_PERMISSION, summary="Read the journal", tags=["facts"])
async def facts(
    *,
    grant: Grant,
    house: House,
    after: After = 0,
    kinds: Kinds = None,
    readmit: Readmit,
    limit: Limit = LIMIT_DEFAULT,
    wait_ms: Wait = 0,
) -> FactsView:
    """Return the facts after a position, in order; nothing can appear behind a position once seen.

    With `wait_ms` the answer waits for a fact of the given kinds. Go on with `after` = `next_after`.
    """
    wanted = _kinds(kinds)
    _check_position(after)
    if not 1 <= limit <= LIMIT_MAX:
        raise invalid("limit.invalid", f"Ask for 1 to {LIMIT_MAX} facts a page.", limit=limit)
    if not 0 <= wait_ms <= WAIT_MAX_MS:
        raise invalid("wait.invalid", f"Wait at most {WAIT_MAX_MS} milliseconds.", wait_ms=wait_ms)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait_ms / 1000
    while True:
        page = await _page(house, grant, after=after, limit=limit, kinds=wanted)
        left_s = deadline - loop.time()
        if page.facts or left_s <= 0 or house.wake.closed:
            await readmit()
            return FactsView(
                facts=[_view(fact) for fact in page.facts], next_after=page.next_after, head=page.head
            )
        after = page.next_after
        if after >= page.head:
            await house.wake.wait(grant.tenant_id, beyond=page.head, timeout_s=left_s)
            await asyncio.sleep(_PAUSE_S)


@get(
    "/v1/facts/stream",
    opt=_PERMISSION,
    summary="Follow the journal",
    tags=["facts"],
    media_type="text/event-stream",
)
async def stream(
    *,
    grant: Grant,
    house: House,
    after: After = 0,
    kinds: Kinds = None,
    readmit: Readmit,
    last_event_id: LastEventId = None,
) -> Stream:
    """Stream the facts after a position as server-sent events: `id` is the position, `event` the kind.

    A comment is sent every 15 seconds when there is nothing else. `Last-Event-ID` wins over `after`.
    """
    wanted = _kinds(kinds)
    if last_event_id is not None:
        if not (last_event_id.isascii() and last_event_id.isdigit()):
            raise invalid("position.invalid", "Let Last-Event-ID be the position of the last fact seen.")
        after = int(last_event_id)
    _check_position(after)
    if house.wake.closed:
        raise busy("server.stopping", "This process is about to stop; connect again.", retry_after_s=1)
    return Stream(
        events(house=house, grant=grant, after=after, kinds=wanted, readmit=readmit),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


@get("/v1/subscriptions", opt=_PERMISSION, summary="How far the subscriptions are", tags=["facts"])
async def subscriptions(*, grant: Grant, house: House) -> SubscriptionsView:
    """Return every subscription's position, lag, state and its first dead letters."""
    items: list[SubscriptionView] = []
    kind_of = {one.name: one.kind for one in house.subscriptions}
    async with house.database.connection() as conn:
        for one in await lag(conn, names=list(kind_of), tenant_id=grant.tenant_id):
            letters = []
            if one.dead_letters:
                letters = await dead_letters(
                    conn, tenant_id=grant.tenant_id, subscription=one.name, limit=_LETTERS_MAX
                )
            items.append(
                SubscriptionView(
                    name=one.name,
                    kind=kind_of[one.name],
                    position=one.position,
                    lag=one.head - one.position,
                    state=one.state,
                    problem=one.problem,
                    waiting_since=format_time(one.waiting_since) if one.waiting_since else None,
                    dead_letters=[
                        DeadLetterView(
                            position=letter.position,
                            problem=letter.problem,
                            recorded_at=format_time(letter.recorded_at),
                        )
                        for letter in letters
                    ],
                )
            )
    return SubscriptionsView(items=items)


ROUTES: Final[tuple[Any, ...]] = (facts, stream, subscriptions)


async def events(
    *, house: House, grant: Grant, after: int, kinds: tuple[str, ...] | None, readmit: Readmit
) -> AsyncIterator[bytes]:
    """Yield facts as events until the process stops or the credential ends; the first bytes at once."""
    yield b": connected\n\n"
    loop = asyncio.get_running_loop()
    beat_at = loop.time() + _HEARTBEAT_S
    while not house.wake.closed:
        page = await _page(house, grant, after=after, limit=_STREAM_PAGE, kinds=kinds)
        try:
            await readmit()
        except Refusal as refusal:
            yield b"event: refused\ndata: %s\n\n" % refusal.code.encode()
            return
        after = page.next_after
        if page.facts:
            yield b"".join(_event(fact) for fact in page.facts)
            beat_at = loop.time() + _HEARTBEAT_S
        moved = after < page.head
        while not moved:
            moved = await house.wake.wait(grant.tenant_id, beyond=page.head, timeout_s=_READMIT_S)
            if loop.time() >= beat_at:
                yield b": %d\n\n" % after
                beat_at = loop.time() + _HEARTBEAT_S
            if not moved and not await _still_admitted(readmit):
                moved = True
        await asyncio.sleep(_PAUSE_S)


async def _still_admitted(readmit: Readmit) -> bool:
    try:
        await readmit()
    except Refusal:
        return False
    return True


async def _page(
    house: House, grant: Grant, *, after: int, limit: int, kinds: tuple[str, ...] | None
) -> FactPage:
    async with house.database.connection() as conn:
        return await read.page(conn, tenant_id=grant.tenant_id, after=after, limit=limit, kinds=kinds)


def _kinds(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    kinds = tuple(dict.fromkeys(text.split(",")))
    for kind in kinds:
        if kind not in FACTS:
            raise invalid(
                "kind.unknown", "Name kinds of facts that exist, separated by commas.", unknown=kind[:64]
            )
    return kinds


def _check_position(after: int) -> None:
    if not 0 <= after <= MAX_NUMBER:
        raise invalid("position.invalid", "Let after be the position of a fact, or 0.", after=str(after)[:32])


def _event(fact: Recorded) -> bytes:
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (
        fact.position,
        fact.kind.encode(),
        msgspec.json.encode(_view(fact)),
    )


def _view(fact: Recorded) -> FactView:
    return FactView(
        position=fact.position,
        kind=fact.kind,
        version=fact.version,
        subject=fact.subject,
        actor=fact.actor,
        at=format_time(fact.at),
        recorded_at=format_time(fact.recorded_at),
        data=fact.data,
        hash=fact.hash.hex(),
    )
