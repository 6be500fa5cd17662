"""What hosts say of viewers, and the calendars that conditions go by."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from plaudit.kernel.ids import valid_name
from plaudit.kernel.refusal import Refusal, invalid, not_found

LEVEL_MAX: Final = 1_000_000
TAGS_MAX: Final = 50
DAYS_MAX: Final = 2_000
_YEARS: Final = range(1900, 3000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """What a viewer is: a level (None: not said) and tags, each once and sorted; `revision` 0: never said."""

    viewer: str
    revision: int
    level: int | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Days, sorted and each once."""

    id: str
    revision: int
    days: tuple[date, ...]


def tags_of(tags: Sequence[str]) -> tuple[str, ...]:
    """Return tags sorted and each once. Raises Refusal `attributes.invalid` (INVALID)."""
    if len(tags) > TAGS_MAX:
        raise _wrong("tags", f"Give at most {TAGS_MAX} tags.")
    if not all(map(valid_name, tags)):
        raise _wrong("tags", "Write tags with letters, digits and _ . : @ -, at most 64.")
    return tuple(sorted(set(tags)))


def level_of(level: int | None) -> int | None:
    """Return a level from 0 on, or None. Raises Refusal `attributes.invalid` (INVALID)."""
    if level is not None and not 0 <= level <= LEVEL_MAX:
        raise _wrong("level", f"Give a level from 0 to {LEVEL_MAX}.")
    return level


def days_of(days: Sequence[str]) -> tuple[date, ...]:
    """Return the days, written "2026-10-01", sorted and each once. Raises Refusal `calendar.invalid`."""
    if not 1 <= len(days) <= DAYS_MAX:
        raise _bad(f"Give 1 to {DAYS_MAX} days.")
    return tuple(sorted({_day(text) for text in days}))


def check_calendar(calendar: str) -> str:
    """Return the id of a calendar. Raises Refusal `body.invalid` (INVALID) for what is no name."""
    if not valid_name(calendar):
        raise invalid(
            "body.invalid", "Write ids with letters, digits and _ . : @ -, at most 64.", field="calendar"
        )
    return calendar


def unknown_calendar() -> Refusal:
    """Return the refusal of a calendar that there is not."""
    return not_found("calendar.unknown", "There is no such calendar; save it first.")


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if day.isoformat() != text or day.year not in _YEARS:
        raise _bad('Write each day like "2026-10-01".')
    return day


def _wrong(field: str, message: str) -> Refusal:
    return invalid("attributes.invalid", message, field=field)


def _bad(message: str) -> Refusal:
    return invalid("calendar.invalid", message, field="days")
