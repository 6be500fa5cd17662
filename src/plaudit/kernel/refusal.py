"""A business "no": raised as `Refusal`, mapped to RFC 9457 problem details once, at the edge."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TypeAlias

Json: TypeAlias = "str | int | bool | Sequence[Json] | Mapping[str, Json] | None"
"""What a detail may hold: JSON without floats."""


class RefusalKind(StrEnum):
    """What sort of "no" it is; the edge maps each kind to one HTTP status."""

    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    REFUSED = "refused"
    LIMITED = "limited"
    BUSY = "busy"


class Refusal(Exception):
    """The caller's wish is refused and nothing was changed.

    `code` is stable and meant for programs ("wallet.insufficient"); `message` is one sentence that tells the
    caller what to do; `details` are JSON-able members added to the problem document. `retry_after_s` is the
    number of seconds to wait before trying again (LIMITED and BUSY).
    """

    __slots__ = ("code", "details", "kind", "message", "retry_after_s")

    def __init__(
        self,
        kind: RefusalKind,
        code: str,
        message: str,
        *,
        retry_after_s: int | None = None,
        **details: Json,
    ) -> None:
        """Keep what is said; nothing is checked or formatted, for refusals occur in hot paths."""
        self.kind = kind
        self.code = code
        self.message = message
        self.retry_after_s = retry_after_s
        self.details = details

    def __str__(self) -> str:
        """Return code and sentence, for logs and terminals."""
        return f"{self.code}: {self.message}"

    def __repr__(self) -> str:
        """Return everything the refusal says, for test output."""
        return f"Refusal({self.kind.name}, {self.code!r}, {self.message!r}, {self.details!r})"

    def __reduce__(self) -> tuple[object, ...]:
        """Rebuild from a pickle: exceptions by default would hand over `args` only."""
        state = (self.kind, self.code, self.message, self.retry_after_s, self.details)
        return _rebuilt, state


def _rebuilt(  # noqa: PLR0917 - pickle hands back by place what `__reduce__` gave
    kind: RefusalKind, code: str, message: str, retry_after_s: int | None, details: Mapping[str, Json]
) -> Refusal:
    return Refusal(kind, code, message, retry_after_s=retry_after_s, **details)


def invalid(code: str, message: str, **details: Json) -> Refusal:
    """Return a refusal of malformed input: the same request can never succeed."""
    return Refusal(RefusalKind.INVALID, code, message, retry_after_s=None, **details)


def unauthenticated(code: str, message: str, **details: Json) -> Refusal:
    """Return a refusal of a missing, unknown, expired or revoked credential."""
    return Refusal(RefusalKind.UNAUTHENTICATED, code, message, retry_after_s=None, **details)


def forbidden(code: str, message: str, **details: Json) -> Refusal:
    """Return a refusal of a known caller who may not do this."""
    return Refusal(RefusalKind.FORBIDDEN, code, message, retry_after_s=None, **details)


def not_found(code: str, message: str, **details: Json) -> Refusal:
    """Return a refusal because the thing asked for does not exist in this tenant."""
    return Refusal(RefusalKind.NOT_FOUND, code, message, retry_after_s=None, **details)


def conflict(code: str, message: str, **details: Json) -> Refusal:
    """Return a refusal because the request contradicts what has already happened."""
    return Refusal(RefusalKind.CONFLICT, code, message, retry_after_s=None, **details)


def refused(code: str, message: str, **details: Json) -> Refusal:
    """Return a refusal by a business rule: well-formed and allowed, yet not now or not so."""
    return Refusal(RefusalKind.REFUSED, code, message, retry_after_s=None, **details)


def limited(code: str, message: str, *, retry_after_s: int, **details: Json) -> Refusal:
    """Return a refusal because the caller asks too often; `retry_after_s` in whole seconds."""
    return Refusal(RefusalKind.LIMITED, code, message, retry_after_s=retry_after_s, **details)


def busy(code: str, message: str, *, retry_after_s: int, **details: Json) -> Refusal:
    """Return a refusal because the server has too much waiting; `retry_after_s` in whole seconds."""
    return Refusal(RefusalKind.BUSY, code, message, retry_after_s=retry_after_s, **details)
