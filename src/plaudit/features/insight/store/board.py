"""Reading what was rolled up: a few rows of small tables by their keys, never facts or events."""

# ruff: noqa: S608 - only constants of this file are put into statements

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from plaudit.features.insight.model import By, Hours
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4

_PACE_MAX: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An offer, and how many of its seats are held for people on its waiting list."""

    offer: str
    zone: str | None
    asset: str | None
    prices_minor: tuple[int, ...]
    on_sale: bool
    seats: int
    offered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What stands at a price step of an offer; amounts in minor units of `asset`."""

    offer: str
    step: int
    asset: str
    ordered: int
    held: int
    pledged: int
    sold: int
    back: int
    deposits_minor: int
    paid_minor: int
    forfeited_minor: int
    refunded_minor: int
    takings_minor: int
    balance_minor: int
    balances: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What was ordered and paid in one hour."""

    hour: datetime
    offer: str
    asset: str
    orders: int
    paid_orders: int
    seats: int
    money_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How often attempts by a method of a channel ended so."""

    channel: str
    method: str
    asset: str
    outcome: str
    code: str
    count: int
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """How often money went that far on its way back, for this reason."""

    asset: str
    stage: str
    reason: str
    count: int
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Views, visitors and clicks of one key."""

    views: int
    visitors: int
    clicks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What was ordered and paid under one key, in one currency."""

    asset: str
    orders: int
    paid_orders: int
    seats: int
    money_minor: int


async def has_show(conn: Connection, *, tenant_id: int, show: str) -> bool:
    """Tell whether a show was announced."""
    cursor = await conn.execute(
        "SELECT 1 FROM insight.show WHERE tenant_id = %s AND show = %s", (Int4(tenant_id), show)
    )
    return await cursor.fetchone() is not None


async def select_offers(conn: Connection, *, tenant_id: int, show: str) -> list[Offer]:
    """Return the offers of a show, by name."""
    cursor = await conn.execute(
        "SELECT o.offer, o.zone, o.asset, o.prices, o.on_sale, o.seats,"
        " coalesce((SELECT sum(w.quantity) FROM insight.offered w WHERE w.tenant_id = o.tenant_id"
        " AND w.offer = o.offer AND w.open), 0)::bigint"
        " FROM insight.offer o WHERE o.tenant_id = %s AND o.show = %s ORDER BY o.offer",
        (Int4(tenant_id), show),
    )
    return [
        Offer(
            offer=offer,
            zone=zone,
            asset=asset,
            prices_minor=tuple(prices),
            on_sale=on_sale,
            seats=seats,
            offered=offered,
        )
        for offer, zone, asset, prices, on_sale, seats, offered in await cursor.fetchall()
    ]


async def select_steps(conn: Connection, *, tenant_id: int, show: str) -> list[Step]:
    """Return what stands at the steps of a show's offers."""
    cursor = await conn.execute(
        "SELECT offer, step, asset, ordered, held, pledged, sold, back, deposits, paid, forfeited, refunded,"
        " takings, balance, balances FROM insight.step WHERE tenant_id = %s AND show = %s"
        " ORDER BY offer, step, asset",
        (Int4(tenant_id), show),
    )
    return [_step(*row) for row in await cursor.fetchall()]


async def select_paces(conn: Connection, *, tenant_id: int, show: str, hours: Hours) -> list[Pace]:
    """Return what was ordered and paid in some hours, by hour and offer; the latest 10,000 rows at most."""
    cursor = await conn.execute(
        "SELECT hour, offer, asset, orders, paid_orders, seats, money FROM insight.pace"
        " WHERE tenant_id = %s AND show = %s AND hour >= %s AND hour < %s"
        " ORDER BY hour DESC, offer DESC, asset DESC LIMIT %s",
        (Int4(tenant_id), show, hours.since, hours.until, _PACE_MAX),
    )
    return [
        Pace(
            hour=hour,
            offer=offer,
            asset=asset,
            orders=orders,
            paid_orders=paid_orders,
            seats=seats,
            money_minor=money,
        )
        for hour, offer, asset, orders, paid_orders, seats, money in reversed(await cursor.fetchall())
    ]


async def select_parties(conn: Connection, *, tenant_id: int, show: str) -> dict[str, int]:
    """Return how many groups of a show are open, filled and failed."""
    cursor = await conn.execute(
        "SELECT state, count(*) FROM insight.party WHERE tenant_id = %s AND show = %s GROUP BY state",
        (Int4(tenant_id), show),
    )
    return dict(await cursor.fetchall())


async def select_outcomes(conn: Connection, *, tenant_id: int, show: str) -> list[Outcome]:
    """Return what became of attempts to pay for a show."""
    cursor = await conn.execute(
        "SELECT channel, method, asset, outcome, code, count, amount FROM insight.method"
        " WHERE tenant_id = %s AND show = %s ORDER BY channel, method, asset, outcome, code",
        (Int4(tenant_id), show),
    )
    return [
        Outcome(
            channel=channel,
            method=method,
            asset=asset,
            outcome=outcome,
            code=code,
            count=count,
            amount_minor=amount,
        )
        for channel, method, asset, outcome, code, count, amount in await cursor.fetchall()
    ]


async def select_refunds(conn: Connection, *, tenant_id: int, show: str) -> list[Refund]:
    """Return why money of a show goes back."""
    cursor = await conn.execute(
        "SELECT asset, stage, reason, count, amount FROM insight.refund"
        " WHERE tenant_id = %s AND show = %s ORDER BY asset, stage, reason",
        (Int4(tenant_id), show),
    )
    return [
        Refund(asset=asset, stage=stage, reason=reason, count=count, amount_minor=amount)
        for asset, stage, reason, count, amount in await cursor.fetchall()
    ]


async def select_traffic(
    conn: Connection, *, tenant_id: int, show: str, by: By, hours: Hours | None
) -> dict[Any, Traffic]:
    """Return views, visitors and clicks by campaign, invitation (both text) or hour."""
    chosen, parameters = _chosen(tenant_id, show, by, hours)
    cursor = await conn.execute(
        f"SELECT {_KEY[by]}, sum(views)::bigint, sum(visitors)::bigint, sum(clicks)::bigint"
        f" FROM insight.traffic WHERE tenant_id = %s AND show = %s AND grain = %s{chosen} GROUP BY 1",
        parameters,
    )
    return {
        key: Traffic(views=views, visitors=visitors, clicks=clicks)
        for key, views, visitors, clicks in await cursor.fetchall()
    }


async def select_flows(
    conn: Connection, *, tenant_id: int, show: str, by: By, hours: Hours | None
) -> dict[Any, list[Flow]]:
    """Return what was ordered and paid by campaign, invitation (both text) or hour, in each currency."""
    chosen, parameters = _chosen(tenant_id, show, by, hours)
    cursor = await conn.execute(
        f"SELECT {_KEY[by]}, asset, sum(orders)::bigint, sum(paid_orders)::bigint, sum(seats)::bigint,"
        " sum(money)::bigint FROM insight.funnel"
        f" WHERE tenant_id = %s AND show = %s AND grain = %s{chosen} GROUP BY 1, 2 ORDER BY 2",
        parameters,
    )
    found: dict[Any, list[Flow]] = {}
    for key, asset, orders, paid_orders, seats, money in await cursor.fetchall():
        found.setdefault(key, []).append(
            Flow(asset=asset, orders=orders, paid_orders=paid_orders, seats=seats, money_minor=money)
        )
    return found


_KEY: Final[dict[By, str]] = {"campaign": "campaign", "inviter": "invitation", "hour": "hour"}


def _chosen(tenant_id: int, show: str, by: By, hours: Hours | None) -> tuple[str, tuple[Any, ...]]:
    """Return which rows to read: sums over all hours or all channels where those will do."""
    if hours is None:
        return "", (Int4(tenant_id), show, "hour" if by == "hour" else "channel")
    grain = "hour" if by == "hour" else "both"
    return " AND hour >= %s AND hour < %s", (Int4(tenant_id), show, grain, hours.since, hours.until)


def _step(*row: Any) -> Step:  # noqa: ANN401 - the columns of insight.step
    offer, step, asset, ordered, held, pledged, sold, back, *money = row
    deposits, paid, forfeited, refunded, takings, balance, balances = money
    return Step(
        offer=offer,
        step=step,
        asset=asset,
        ordered=ordered,
        held=held,
        pledged=pledged,
        sold=sold,
        back=back,
        deposits_minor=deposits,
        paid_minor=paid,
        forfeited_minor=forfeited,
        refunded_minor=refunded,
        takings_minor=takings,
        balance_minor=balance,
        balances=balances,
    )
