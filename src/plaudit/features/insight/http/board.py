"""The board of a show over HTTP: once, as a sheet, and live."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.core.commands.references import References
from plaudit.core.handles import Database
from plaudit.features.insight import queries
from plaudit.features.insight.actions import Means
from plaudit.features.insight.http.board_view import BoardView, board_view, price_of, sum_view
from plaudit.features.insight.http.fields import READ, TAGS, Since, Until, Zone, sheet, time_of, zone_of
from plaudit.features.insight.model import Hours, hours_of
from plaudit.kernel.refusal import Refusal, busy
from plaudit.kernel.time import Clock
from plaudit.platform.web import Response, Stream, get

_BACK: Final = timedelta(days=7)
_LIVE_BACK: Final = timedelta(days=1)
_EVERY_S: Final = 1.0
_HEARTBEAT_S: Final = 15.0
_HEAD: Final = (
    *("zone", "offer", "step", "price_minor", "asset", "ordered", "held", "pledged", "sold", "back"),
    *("paid_minor", "takings_minor", "deposits_minor", "forfeited_minor", "refunded_minor"),
    *("balance_due_minor", "balances_due"),
)


class _Wake(Protocol):
    @property
    def closed(self) -> bool:
        """Whether the process is about to stop."""

    async def wait(self, tenant_id: int, *, beyond: int, timeout_s: float) -> bool:
        """Wait until the journal is past a position; False when time ran out."""


@get("/v1/shows/{show:str}/board", opt=READ, summary="The board of a show", tags=TAGS)
async def show_board(
    *,
    show: str,
    grant: Grant,
    database: Database,
    references: References,
    clock: Clock,
    since: Since = None,
    until: Until = None,
    zone: Zone = "utc",
) -> BoardView:
    """Return seats and money by zone, offer and step, and by hour; how payments go, and why money goes back.

    The hours are those of the last seven days unless a span is given, of at most 92 days.
    """
    hours = _hours(clock, time_of(since, "from"), time_of(until, "until"), _BACK)
    found = await queries.board(database=database, tenant_id=grant.tenant_id, show=show, hours=hours)
    return board_view(found, show=show, zone=await zone_of(zone, references=references, grant=grant))


@get("/v1/shows/{show:str}/board.csv", opt=READ, summary="The board of a show as a sheet", tags=TAGS)
async def show_board_sheet(*, show: str, grant: Grant, database: Database, clock: Clock) -> Response[bytes]:
    """Return a line for each price step as comma-separated values."""
    hours = _hours(clock, None, None, _BACK)
    found = await queries.board(database=database, tenant_id=grant.tenant_id, show=show, hours=hours)
    offers = {offer.offer: offer for offer in found.offers}
    rows = []
    for one in found.steps:
        offer, money = offers.get(one.offer), sum_view(one.asset, [one])
        seats = (one.ordered, one.held, one.pledged, one.sold, one.back)
        sums = (
            *(money.paid_minor, money.takings_minor, money.deposits_minor, money.forfeited_minor),
            *(money.refunded_minor, money.balance_due_minor, money.balances_due),
        )
        price = None if offer is None else price_of(offer, one.step)
        zone = None if offer is None else offer.zone
        rows.append((zone, one.offer, one.step, price, one.asset, *seats, *sums))
    return sheet(f"board-{show}", head=_HEAD, rows=rows)


@get(
    "/v1/shows/{show:str}/board/stream",
    opt=READ,
    summary="Follow the board of a show",
    tags=TAGS,
    media_type="text/event-stream",
)
async def follow_board(
    *,
    show: str,
    grant: Grant,
    house: Any,  # noqa: ANN401 - the assembled house
    references: References,
    readmit: Callable[[], Awaitable[None]],
    zone: Zone = "utc",
) -> Stream:
    """Stream the board as server-sent events of the name `board`: at once, and when something was sold.

    It is read at most once a second, and only when the journal has moved; views and clicks come along. The
    hours are those of the last day. A comment is sent every 15 seconds when there is nothing else.
    """
    if house.wake.closed:
        raise busy("server.stopping", "This process is about to stop; connect again.", retry_after_s=1)
    shown_in = await zone_of(zone, references=references, grant=grant)
    first = await _read(house, grant, show, shown_in)
    return Stream(
        events(house, grant=grant, show=show, zone=shown_in, first=first, readmit=readmit),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def events(
    means: Means,
    *,
    grant: Grant,
    show: str,
    zone: ZoneInfo | None,
    first: BoardView,
    readmit: Callable[[], Awaitable[None]],
) -> AsyncIterator[bytes]:
    """Yield boards as events until the process stops or the credential ends; `first` at once."""
    wake: _Wake = means.wake  # type: ignore[attr-defined]
    loop = asyncio.get_running_loop()
    board = first
    yield _event(board)
    beat_at = loop.time() + _HEARTBEAT_S
    while not wake.closed:
        moved = await wake.wait(grant.tenant_id, beyond=board.position, timeout_s=_EVERY_S)
        try:
            await readmit()
        except Refusal as refusal:
            yield b"event: refused\ndata: %s\n\n" % refusal.code.encode()
            return
        if moved and not wake.closed:
            before, board = board, await _read(means, grant, show, zone)
            if msgspec.structs.replace(board, position=before.position) != before:
                yield _event(board)
                beat_at = loop.time() + _HEARTBEAT_S
            await asyncio.sleep(_EVERY_S)
        if loop.time() >= beat_at:
            yield b": %d\n\n" % board.position
            beat_at = loop.time() + _HEARTBEAT_S


async def _read(means: Means, grant: Grant, show: str, zone: ZoneInfo | None) -> BoardView:
    hours = _hours(means.clock, None, None, _LIVE_BACK)
    found = await queries.board(database=means.database, tenant_id=grant.tenant_id, show=show, hours=hours)
    return board_view(found, show=show, zone=zone)


def _event(board: BoardView) -> bytes:
    return b"id: %d\nevent: board\ndata: %s\n\n" % (board.position, msgspec.json.encode(board))


def _hours(clock: Clock, since: Any, until: Any, back: timedelta) -> Hours:  # noqa: ANN401 - a time or None
    """Return the hours asked for, or those of the time before now."""
    now = clock.now()
    found = hours_of(since=since, until=until, now=now)
    if found is None:
        found = hours_of(since=now - back, until=None, now=now)
        assert found is not None, back
    return found


ROUTES: Final[tuple[Any, ...]] = (show_board, show_board_sheet, follow_board)
