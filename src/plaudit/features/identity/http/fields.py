"""What the handlers of identity share: page parameters, the fact of an outcome, what revoking answers."""

from typing import Annotated, Final, TypeVar

import msgspec

from plaudit.core.commands.command import Outcome
from plaudit.kernel.time import format_time
from plaudit.platform.web import Parameter, Response, answer
from plaudit.vocabulary.facts.base import FactData

F = TypeVar("F", bound=FactData)

TAGS: Final = ("identity",)
CREATED: Final = 201

Limit = Annotated[int | None, Parameter(description="Items a page, 1 to 200; 50 when not given.")]
Cursor = Annotated[str | None, Parameter(description="next_cursor of the page before.")]


class Revoked(msgspec.Struct, kw_only=True):
    """A key or person that is refused from now on."""

    id: str
    position: int
    revoked_at: str


def fact_of(outcome: Outcome, kind: type[F]) -> F:
    """Return the data of an outcome's fact, which must be of this type."""
    assert isinstance(outcome.data, kind), outcome
    return outcome.data


def revoked(outcome: Outcome, id_: str) -> Response[Revoked]:
    """Return the answer to a revocation."""
    body = Revoked(id=id_, position=outcome.position, revoked_at=format_time(outcome.recorded_at))
    return answer(body, replayed=outcome.replayed)
