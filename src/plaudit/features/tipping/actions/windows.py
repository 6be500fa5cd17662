"""The windows that tips count in: a creator's month, a viewer's day. By ``at``, in the tenant's time zone.

A command without a time of its own happens when its batch is decided, a little after it was planned. Near
the end of a window its plan therefore names the next one too, and the decision takes the one that runs.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from plaudit.core.ledger.book import Window
from plaudit.kernel.refusal import busy
from plaudit.kernel.time import Period, day_of, month_of

_NEAR = timedelta(minutes=10)


def month_volume(*, creator: str, asset: str) -> str:
    """Return the name of the counter of what a creator was tipped in a month."""
    return f"tipping/month/{creator}/{asset}"


def day_given(*, viewer: str, asset: str) -> str:
    """Return the name of the counter of what a viewer gave in a day."""
    return f"tipping/day/{viewer}/{asset}"


def months(*, name: str, zone: ZoneInfo, at: datetime | None, now: datetime) -> tuple[Window, ...]:
    """Return the month windows that a command may count in, one of them unless the month is about to end."""
    return _windows(name=name, holding=month_of, zone=zone, at=at, now=now)


def days(*, name: str, zone: ZoneInfo, at: datetime | None, now: datetime) -> tuple[Window, ...]:
    """Return the day windows that a command may count in, one of them unless the day is about to end."""
    return _windows(name=name, holding=day_of, zone=zone, at=at, now=now)


def running(windows: Sequence[Window], at: datetime) -> Window:
    """Return the window that holds `at`.

    Raises Refusal `queue.full` (BUSY) when the command waited past them all.
    """
    for window in windows:
        if window.starts <= at < window.ends:
            return window
    raise busy("queue.full", "This request waited too long; send the same request again.", retry_after_s=1)


def _windows(
    *,
    name: str,
    holding: Callable[[datetime, ZoneInfo], Period],
    zone: ZoneInfo,
    at: datetime | None,
    now: datetime,
) -> tuple[Window, ...]:
    period = holding(at or now, zone)
    first = Window(name, period.start, period.end)
    if at is not None or period.end - now > _NEAR:
        return (first,)
    after = holding(period.end, zone)
    return first, Window(name, after.start, after.end)
