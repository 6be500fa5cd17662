"""What the handlers of insight share: parameters of spans, money by currency, sheets."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.core.commands.references import References
from plaudit.core.commands.tenants import ZONE
from plaudit.features.insight.model import local_text, sheet_cell
from plaudit.features.insight.store.board import Flow
from plaudit.kernel.refusal import invalid
from plaudit.kernel.time import format_time, parse_time
from plaudit.platform.web import Parameter, Response

TAGS: Final = ("insight",)
CREATED: Final = 201
READ: Final = {"permission": "insight.read"}

Limit = Annotated[int | None, Parameter(description="Items a page, 1 to 200; 50 when not given.")]
Cursor = Annotated[str | None, Parameter(description="next_cursor of the page before.")]
Since = Annotated[str | None, Parameter(name="from", description="From the hour on that holds this time.")]
Until = Annotated[
    str | None,
    Parameter(name="until", description="Until this time, its hour included where it lies within one."),
]
Zone = Annotated[
    Literal["utc", "tenant"],
    Parameter(description="`tenant`: hours are told by the clocks of the tenant's zone as well."),
]


class MoneyView(msgspec.Struct, kw_only=True):
    """What was ordered and paid in one currency; `money_minor` counts in the hour in which it came."""

    asset: str
    orders: int
    paid_orders: int
    seats: int
    money_minor: int


def money_of(flows: Iterable[Flow]) -> list[MoneyView]:
    """Return sums as they are shown."""
    return [
        MoneyView(
            asset=flow.asset,
            orders=flow.orders,
            paid_orders=flow.paid_orders,
            seats=flow.seats,
            money_minor=flow.money_minor,
        )
        for flow in flows
    ]


def time_of(text: str | None, field: str) -> datetime | None:
    """Return a time of the query. Raises Refusal `query.invalid` (INVALID)."""
    if text is None:
        return None
    try:
        return parse_time(text)
    except ValueError as error:
        raise invalid("query.invalid", str(error), field=field) from error


async def zone_of(zone: str, *, references: References, grant: Grant) -> ZoneInfo | None:
    """Return the tenant's zone where it was asked for."""
    if zone == "utc":
        return None
    found: ZoneInfo = await references.get(tenant_id=grant.tenant_id, topic=ZONE, key="*")
    return found


def hour_texts(hour: datetime, zone: ZoneInfo | None) -> tuple[str, str | None]:
    """Return an hour in UTC, and as the clocks of a zone show it."""
    return format_time(hour), None if zone is None else local_text(hour, zone)


def sheet(name: str, *, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response[bytes]:
    """Return rows as a file of comma-separated values with a head (RFC 4180, UTF-8)."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(head)
    writer.writerows([sheet_cell(cell) for cell in row] for row in rows)
    return Response(
        text.getvalue().encode(),
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store"},
    )
