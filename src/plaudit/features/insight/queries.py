"""What can be asked of insight: the board of a show, its funnel, site keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from plaudit.core.handles import Connection, Database
from plaudit.core.journal.subscriptions import position_of
from plaudit.features.insight.model import By, Hours, SiteKey
from plaudit.features.insight.store import board as store
from plaudit.features.insight.store import site_keys
from plaudit.features.insight.store.board import Flow, Offer, Outcome, Pace, Refund, Step, Traffic
from plaudit.features.insight.store.sales import PROJECTION
from plaudit.kernel.page import Page, check_limit, decode_cursor, encode_cursor
from plaudit.kernel.refusal import invalid, not_found

LINES_DEFAULT: Final = 200
LINES_MAX: Final = 5_000

_NOTHING: Final = Traffic(views=0, visitors=0, clicks=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """The board of a show as of a position of the journal."""

    position: int
    offers: Sequence[Offer]
    steps: Sequence[Step]
    paces: Sequence[Pace]
    parties: dict[str, int]
    outcomes: Sequence[Outcome]
    refunds: Sequence[Refund]
    traffic: Traffic
    flows: Sequence[Flow]


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelLine:
    """One campaign, invitation or hour from view to paid; `key` is empty for who came by none."""

    key: str | datetime
    traffic: Traffic
    flows: Sequence[Flow]

    @property
    def orders(self) -> int:
        """Orders in all currencies."""
        return sum(flow.orders for flow in self.flows)

    @property
    def paid_orders(self) -> int:
        """Orders that were paid for, at least in part, in all currencies."""
        return sum(flow.paid_orders for flow in self.flows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel:
    """The lines that were asked for, and the sum of all there are."""

    lines: Sequence[FunnelLine]
    total: FunnelLine
    left_out: int


async def board(*, database: Database, tenant_id: int, show: str, hours: Hours) -> Board:
    """Return the board of a show, with these hours. Raises Refusal `show.unknown` (NOT_FOUND)."""
    async with database.connection() as conn:
        await _check_show(conn, tenant_id, show)
        # The position first: what is read after it may only be newer.
        position = await position_of(conn, tenant_id=tenant_id, subscription=PROJECTION)
        traffic = await store.select_traffic(conn, tenant_id=tenant_id, show=show, by="hour", hours=None)
        flows = await store.select_flows(conn, tenant_id=tenant_id, show=show, by="hour", hours=None)
        return Board(
            position=position,
            offers=await store.select_offers(conn, tenant_id=tenant_id, show=show),
            steps=await store.select_steps(conn, tenant_id=tenant_id, show=show),
            paces=await store.select_paces(conn, tenant_id=tenant_id, show=show, hours=hours),
            parties=await store.select_parties(conn, tenant_id=tenant_id, show=show),
            outcomes=await store.select_outcomes(conn, tenant_id=tenant_id, show=show),
            refunds=await store.select_refunds(conn, tenant_id=tenant_id, show=show),
            traffic=_traffic_sum(list(traffic.values())),
            flows=_flow_sums([flow for one in flows.values() for flow in one]),
        )


async def funnel(
    *, database: Database, tenant_id: int, show: str, by: By, hours: Hours | None, limit: int | None
) -> Funnel:
    """Return the funnel of a show; hours in order, else what was paid most often first.

    Raises Refusal `show.unknown` (NOT_FOUND), `limit.invalid` (INVALID).
    """
    size = LINES_DEFAULT if limit is None else limit
    if not 1 <= size <= LINES_MAX:
        raise invalid("limit.invalid", f"Ask for 1 to {LINES_MAX} lines.", limit=size)
    async with database.connection() as conn:
        await _check_show(conn, tenant_id, show)
        traffic = await store.select_traffic(conn, tenant_id=tenant_id, show=show, by=by, hours=hours)
        flows = await store.select_flows(conn, tenant_id=tenant_id, show=show, by=by, hours=hours)
    lines = [
        FunnelLine(key=key, traffic=traffic.get(key, _NOTHING), flows=flows.get(key, ()))
        for key in sorted(traffic.keys() | flows.keys())
    ]
    total = FunnelLine(
        key="",
        traffic=_traffic_sum([line.traffic for line in lines]),
        flows=_flow_sums([flow for line in lines for flow in line.flows]),
    )
    if by == "hour":
        shown = lines[-size:]
    else:
        shown = sorted(lines, key=lambda one: (-one.paid_orders, -one.orders, -one.traffic.views))[:size]
    return Funnel(lines=shown, total=total, left_out=len(lines) - len(shown))


async def site_key_page(
    *, database: Database, tenant_id: int, limit: int | None, cursor: str | None
) -> Page[SiteKey]:
    """Return a page of site keys, oldest first. Raises Refusal `limit.invalid`, `cursor.invalid`."""
    size = check_limit(limit)
    after = 0 if cursor is None else int(decode_cursor(cursor, int)[0])
    async with database.connection() as conn:
        rows = await site_keys.select_site_keys(conn, tenant_id=tenant_id, after=after, limit=size + 1)
    return Page(rows[:size], encode_cursor([rows[size - 1].number]) if len(rows) > size else None)


async def _check_show(conn: Connection, tenant_id: int, show: str) -> None:
    if not await store.has_show(conn, tenant_id=tenant_id, show=show):
        raise not_found("show.unknown", "There is no such show; check its name.")


def _traffic_sum(all_: Sequence[Traffic]) -> Traffic:
    return Traffic(
        views=sum(one.views for one in all_),
        visitors=sum(one.visitors for one in all_),
        clicks=sum(one.clicks for one in all_),
    )


def _flow_sums(flows: Sequence[Flow]) -> list[Flow]:
    """Return one sum a currency."""
    return [
        Flow(
            asset=asset,
            orders=sum(one.orders for one in flows if one.asset == asset),
            paid_orders=sum(one.paid_orders for one in flows if one.asset == asset),
            seats=sum(one.seats for one in flows if one.asset == asset),
            money_minor=sum(one.money_minor for one in flows if one.asset == asset),
        )
        for asset in sorted({one.asset for one in flows})
    ]
