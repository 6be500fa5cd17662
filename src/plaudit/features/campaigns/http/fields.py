"""What the handlers of campaigns share: permissions, page parameters, amounts, times, facts of outcomes."""

from datetime import datetime
from typing import Annotated, Any, Final, TypeVar

import msgspec

from plaudit.core.commands.command import Outcome
from plaudit.features.campaigns.model.sentences import Language
from plaudit.kernel.refusal import invalid
from plaudit.kernel.time import format_time, parse_time
from plaudit.platform.web import Parameter
from plaudit.vocabulary.facts.base import FactData

F = TypeVar("F", bound=FactData)

TAGS: Final = ("campaigns",)
DONE: Final = 200
CREATED: Final = 201
READ: Final[dict[str, Any]] = {"permission": "campaign.read"}
WRITE: Final[dict[str, Any]] = {"permission": "campaign.write"}
CHECK: Final[dict[str, Any]] = {"permission": "campaign.check"}
ANYBODY: Final[dict[str, Any]] = {"permission": None}

Limit = Annotated[int | None, Parameter(description="Items a page, 1 to 200; 50 when not given.")]
Cursor = Annotated[str | None, Parameter(description="next_cursor of the page before.")]
Amount = Annotated[
    int, msgspec.Meta(description="Minor units of the asset.", extra_json_schema={"maximum": 2**53 - 1})
]


class Reason(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Why something is sent back."""

    reason: str


def fact_of(outcome: Outcome, kind: type[F]) -> F:
    """Return the data of an outcome's fact, which must be of this type."""
    assert isinstance(outcome.data, kind), outcome
    return outcome.data


def time_of(text: str | None, field: str) -> datetime | None:
    """Return the time in a body, None where there is none. Raises Refusal `body.invalid` (INVALID)."""
    if text is None:
        return None
    try:
        return parse_time(text)
    except ValueError as error:
        raise invalid("body.invalid", str(error), field=field) from error


def language_of(lang: str) -> Language:
    """Return the language that is asked for. Raises Refusal `body.invalid` (INVALID)."""
    if lang not in {"zh", "en"}:
        raise invalid("body.invalid", 'Choose the language "zh" or "en".', field="lang")
    return "en" if lang == "en" else "zh"


def text_of(at: datetime | None) -> str | None:
    """Return a time as RFC 3339, None where there is none."""
    return format_time(at) if at is not None else None
