"""What the handlers of the catalogue share: page parameters, amounts, times, and who asks."""

from datetime import datetime
from typing import Annotated, Final, TypeVar

import msgspec

from plaudit.core.commands.command import Grant, Outcome
from plaudit.features.presale.queries.catalogue import Asking
from plaudit.kernel.refusal import invalid
from plaudit.kernel.time import format_time, parse_time
from plaudit.platform.web import Parameter
from plaudit.vocabulary.facts.base import FactData

F = TypeVar("F", bound=FactData)

TAGS: Final = ("presale",)
CREATED: Final = 201
READ: Final = {"permission": "catalogue.read"}
READ_ALL: Final = {"permission": "show.read"}
WRITE: Final = {"permission": "show.write"}

Limit = Annotated[int | None, Parameter(description="Items a page, 1 to 200; 50 when not given.")]
Cursor = Annotated[str | None, Parameter(description="next_cursor of the page before.")]
CodeGiven = Annotated[
    str | None, Parameter(description="A code: hidden offers that it opens are shown as well.")
]
Amount = Annotated[
    int, msgspec.Meta(description="Minor units of the asset.", extra_json_schema={"maximum": 2**53 - 1})
]
Ratio = Annotated[str, msgspec.Meta(description='A ratio such as "10%", "0.1" or "1/10".', examples=["10%"])]


def asking_of(grant: Grant, *, code: str | None = None) -> Asking:
    """Return what a caller may be shown."""
    return Asking(everything="show.read" in grant.permissions, code=code)


def fact_of(outcome: Outcome, kind: type[F]) -> F:
    """Return the data of an outcome's fact, which must be of this type."""
    assert isinstance(outcome.data, kind), outcome
    return outcome.data


def time_of(text: str, field: str) -> datetime:
    """Return the time in a body. Raises Refusal `body.invalid` (INVALID)."""
    try:
        return parse_time(text)
    except ValueError as error:
        raise invalid("body.invalid", str(error), field=field) from error


def maybe_time_of(text: str | None, field: str) -> datetime | None:
    """Return the time in a body, None where there is none. Raises Refusal `body.invalid` (INVALID)."""
    return None if text is None else time_of(text, field)


def text_of(at: datetime | None) -> str | None:
    """Return a time as RFC 3339, None where there is none."""
    return None if at is None else format_time(at)
