"""How payments go, over HTTP: by hour or day, account and method, with the reasons of what failed."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.core.commands.references import References
from plaudit.core.commands.tenants import ZONE
from plaudit.core.handles import Database
from plaudit.features.payments.model.figures import Counted
from plaudit.features.payments.store import figures as store
from plaudit.kernel.refusal import invalid
from plaudit.kernel.time import Clock, format_time, parse_time
from plaudit.platform.web import Parameter, get

_SPANS_MAX: Final = {"hour": timedelta(days=31), "day": timedelta(days=400)}
_BACK: Final = {"hour": timedelta(days=1), "day": timedelta(days=30)}

Since = Annotated[
    str | None,
    Parameter(description="From when on; a day back (by hour) or 30 days (by day) when not given."),
]
Until = Annotated[str | None, Parameter(description="Until when, not included; now when not given.")]
By = Annotated[store.Step, Parameter(description="By hours, or by days of the tenant's time zone.")]


class FigureView(msgspec.Struct, kw_only=True):
    """What one account's method came to.

    `reasons` counts failures by code; `success_basis_points` is of 10,000 attempts.
    """

    starts_at: str
    channel: str
    account: str
    method: str
    asset: str
    attempted: int
    succeeded: int
    failed: int
    success_basis_points: int
    succeeded_minor: int
    reasons: dict[str, int]


class FiguresView(msgspec.Struct, kw_only=True):
    """Figures of a half-open span, oldest first."""

    since: str
    until: str
    items: list[FigureView]


@get(
    "/v1/payment-figures",
    opt={"permission": "channel.read"},
    summary="Read how payments go",
    tags=["payments"],
)
async def payment_figures(
    *,
    grant: Grant,
    database: Database,
    references: References,
    clock: Clock,
    since: Since = None,
    until: Until = None,
    by: By = "hour",
) -> FiguresView:
    """Return success by channel, account and method. What succeeds counts when the money came.

    So a span's successes may belong to attempts of the span before.
    """
    ends_at = _time(until, "until") or clock.now()
    starts_at = _time(since, "since") or ends_at - _BACK[by]
    if not timedelta() < ends_at - starts_at <= _SPANS_MAX[by]:
        raise invalid(
            "span.invalid",
            f"Ask for a span of at most {_SPANS_MAX[by].days} days that ends after it begins.",
            field="since",
        )
    zone: ZoneInfo = await references.get(tenant_id=grant.tenant_id, topic=ZONE, key="*")
    async with database.connection() as conn:
        lines = await store.select_lines(
            conn, tenant_id=grant.tenant_id, starts_at=starts_at, ends_at=ends_at, step=by, zone=zone.key
        )
    return FiguresView(
        since=format_time(starts_at), until=format_time(ends_at), items=[_shown(line) for line in lines]
    )


def _shown(line: store.Line) -> FigureView:
    counted = Counted(attempted=line.attempted, succeeded=line.succeeded)
    return FigureView(
        starts_at=format_time(line.starts_at),
        channel=line.channel,
        account=line.account,
        method=line.method,
        asset=line.asset,
        attempted=line.attempted,
        succeeded=line.succeeded,
        failed=line.failed,
        success_basis_points=counted.rate_basis_points,
        succeeded_minor=line.succeeded_minor,
        reasons=line.reasons,
    )


def _time(text: str | None, field: str) -> datetime | None:
    if text is None:
        return None
    try:
        return parse_time(text)
    except ValueError as error:
        raise invalid("query.invalid", str(error), field=field) from error


ROUTES: Final[tuple[Any, ...]] = (payment_figures,)
