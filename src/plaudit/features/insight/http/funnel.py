"""The funnel of a show over HTTP: from view to paid, by campaign, inviter or hour."""

from datetime import datetime
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.features.insight import queries
from plaudit.features.insight.actions import Means
from plaudit.features.insight.http.fields import (
    READ,
    TAGS,
    MoneyView,
    Since,
    Until,
    Zone,
    hour_texts,
    money_of,
    sheet,
    time_of,
    zone_of,
)
from plaudit.features.insight.model import DIRECT, By, basis_points, hours_of
from plaudit.features.insight.queries import LINES_MAX, Funnel, FunnelLine
from plaudit.platform.web import Parameter, Response, get

_HEAD: Final = ("key", "local_hour", "views", "visitors", "clicks", "orders", "paid_orders")
_HEAD_MONEY: Final = ("asset", "seats", "money_minor")

Key = Annotated[By, Parameter(description="By `campaign`, by `inviter` (the invitation's id), or by `hour`.")]
Lines = Annotated[int | None, Parameter(description="Lines, 1 to 5000; 200 when not given.")]


class FunnelLineView(msgspec.Struct, kw_only=True):
    """One campaign, invitation or hour (`key`; null for who came by none) from view to paid.

    `visitors` are counted once a show, where they were first seen. `paid_basis_points` are the paid orders
    of 10,000 visitors. `money` has orders, seats and amounts by currency.
    """

    key: str | None
    local_hour: str | None
    views: int
    visitors: int
    clicks: int
    orders: int
    paid_orders: int
    paid_basis_points: int
    money: list[MoneyView]


class FunnelView(msgspec.Struct, kw_only=True):
    """Lines of a funnel; `total` sums all, those `left_out` as well."""

    show: str
    by: str
    items: list[FunnelLineView]
    total: FunnelLineView
    left_out: int


@get("/v1/shows/{show:str}/funnel", opt=READ, summary="The funnel of a show", tags=TAGS)
async def show_funnel(
    *,
    show: str,
    grant: Grant,
    house: Any,  # noqa: ANN401 - the assembled house
    by: Key = "campaign",
    since: Since = None,
    until: Until = None,
    limit: Lines = None,
    zone: Zone = "utc",
) -> FunnelView:
    """Return views, visitors, clicks, orders, paid orders, seats and money, from the show's first day on.

    With a span, of at most 92 days, what happened in its hours. What was paid most often comes first; hours
    come in order, the latest ones where there are more than asked for.
    """
    found = await _funnel(house, grant, show=show, by=by, since=since, until=until, limit=limit)
    shown_in = await zone_of(zone, references=house.references, grant=grant)
    return FunnelView(
        show=show,
        by=by,
        items=[_line(one, shown_in) for one in found.lines],
        total=_line(found.total, None),
        left_out=found.left_out,
    )


@get("/v1/shows/{show:str}/funnel.csv", opt=READ, summary="The funnel of a show as a sheet", tags=TAGS)
async def show_funnel_sheet(
    *,
    show: str,
    grant: Grant,
    house: Any,  # noqa: ANN401 - the assembled house
    by: Key = "campaign",
    since: Since = None,
    until: Until = None,
    zone: Zone = "utc",
) -> Response[bytes]:
    """Return the same as comma-separated values: a row a line and currency, 5000 lines at most."""
    found = await _funnel(house, grant, show=show, by=by, since=since, until=until, limit=LINES_MAX)
    shown_in = await zone_of(zone, references=house.references, grant=grant)
    rows: list[tuple[str | int | None, ...]] = []
    for one in (_line(line, shown_in) for line in found.lines):
        counts = (one.views, one.visitors, one.clicks, one.orders, one.paid_orders)
        head = (DIRECT if one.key is None else one.key, one.local_hour, *counts)
        rows += [(*head, money.asset, money.seats, money.money_minor) for money in one.money] or [
            (*head, None, 0, 0)
        ]
    return sheet(f"funnel-{show}", head=(*_HEAD, *_HEAD_MONEY), rows=rows)


async def _funnel(
    means: Means,
    grant: Grant,
    *,
    show: str,
    by: By,
    since: str | None,
    until: str | None,
    limit: int | None,
) -> Funnel:
    hours = hours_of(since=time_of(since, "from"), until=time_of(until, "until"), now=means.clock.now())
    return await queries.funnel(
        database=means.database, tenant_id=grant.tenant_id, show=show, by=by, hours=hours, limit=limit
    )


def _line(one: FunnelLine, zone: ZoneInfo | None) -> FunnelLineView:
    key: str | None
    local_hour: str | None = None
    if isinstance(one.key, datetime):
        key, local_hour = hour_texts(one.key, zone)
    else:
        key = one.key or None
    return FunnelLineView(
        key=key,
        local_hour=local_hour,
        views=one.traffic.views,
        visitors=one.traffic.visitors,
        clicks=one.traffic.clicks,
        orders=one.orders,
        paid_orders=one.paid_orders,
        paid_basis_points=basis_points(part=one.paid_orders, whole=one.traffic.visitors),
        money=money_of(one.flows),
    )


ROUTES: Final[tuple[Any, ...]] = (show_funnel, show_funnel_sheet)
