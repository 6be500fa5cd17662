"""Every "no" and every fault as a problem document (RFC 9457), here and nowhere else."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final

import msgspec
from litestar.exceptions import HTTPException, ValidationException

from plaudit.kernel.refusal import Json, Refusal, RefusalKind
from plaudit.platform.failures import Final as FinalFailure
from plaudit.platform.failures import Retryable, Unknown, classify

MEDIA_TYPE: Final = "application/problem+json"

STATUS: Final[Mapping[RefusalKind, int]] = {
    RefusalKind.INVALID: 400,
    RefusalKind.UNAUTHENTICATED: 401,
    RefusalKind.FORBIDDEN: 403,
    RefusalKind.NOT_FOUND: 404,
    RefusalKind.CONFLICT: 409,
    RefusalKind.REFUSED: 422,
    RefusalKind.LIMITED: 429,
    RefusalKind.BUSY: 503,
}

_BODY_TOO_LARGE: Final = 413
_UNSUPPORTED: Final = 415
_SERVER_FAULT: Final = 500
_SHOWN_MAX: Final = 200
_RESERVED: Final = frozenset({"type", "title", "status", "code", "detail", "instance"})


class TransportRefusal(Refusal):
    """A refusal by a rule of HTTP itself, with the status that HTTP has for it."""

    __slots__ = ("status",)

    def __init__(self, status: int, code: str, message: str, **details: Json) -> None:
        """Refuse with `status` (413, 415 …) instead of the one of INVALID."""
        super().__init__(RefusalKind.INVALID, code, message, retry_after_s=None, **details)
        self.status = status


@dataclass(frozen=True, slots=True)
class Problem:
    """An answer that says no: status, stable code, headers beyond the usual, and the document."""

    status: int
    code: str
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


def too_large(*, limit_bytes: int) -> TransportRefusal:
    """Return the refusal of a body above the limit."""
    return TransportRefusal(
        _BODY_TOO_LARGE, "body.too_large", f"Send at most {limit_bytes} bytes.", limit_bytes=limit_bytes
    )


def wrong_content_type() -> TransportRefusal:
    """Return the refusal of a body that does not claim to be JSON."""
    return TransportRefusal(
        _UNSUPPORTED,
        "content_type.unsupported",
        "Send the body as JSON, with Content-Type: application/json.",
    )


def problem_of(
    *, error: BaseException, path: str, sent_as: Callable[[str], str] = lambda name: name
) -> Problem:
    """Return the answer to whatever was raised while a request to `path` was handled.

    `sent_as` tells by what name callers know a parameter of the handler.
    """
    if isinstance(error, Refusal):
        return _of_refusal(error, path)
    if isinstance(error, ValidationException):
        return _of_validation(error, path, sent_as)
    if isinstance(error, HTTPException):
        return _of_framework(error, path)
    failure = classify(error)
    if failure is Retryable:
        retry = Refusal(
            RefusalKind.BUSY,
            "database.unavailable",
            "The database is not there right now; send the same request again.",
            retry_after_s=1,
        )
        return _of_refusal(retry, path)
    if failure is Unknown:
        unknown = Refusal(
            RefusalKind.BUSY,
            "outcome.unknown",
            "It may have been done; send the same request with the same key again to find out.",
            retry_after_s=1,
        )
        return _of_refusal(unknown, path)
    assert failure is FinalFailure
    return _document(
        _SERVER_FAULT,
        "server.fault",
        "The server failed; nothing more is known. Send the same request again, and tell the platform.",
        path=path,
    )


def as_forbidden(problem: Problem) -> Problem:
    """Return the same "no" with the status 403, for callers to whom no other means it."""
    document = msgspec.json.decode(problem.body)
    document |= {"status": HTTPStatus.FORBIDDEN, "title": HTTPStatus.FORBIDDEN.phrase}
    return Problem(HTTPStatus.FORBIDDEN, problem.code, (), msgspec.json.encode(document))


def is_fault(error: BaseException) -> bool:
    """Tell whether the error is the server's own and belongs into the log."""
    if isinstance(error, Refusal):
        return False
    return not (isinstance(error, HTTPException) and error.status_code < _SERVER_FAULT)


def _of_refusal(refusal: Refusal, path: str) -> Problem:
    status = refusal.status if isinstance(refusal, TransportRefusal) else STATUS[refusal.kind]
    headers: tuple[tuple[bytes, bytes], ...] = ()
    if refusal.retry_after_s is not None:
        headers = ((b"retry-after", str(refusal.retry_after_s).encode()),)
    elif refusal.kind is RefusalKind.UNAUTHENTICATED:
        challenge = b"Bearer" if refusal.code == "auth.missing" else b'Bearer error="invalid_token"'
        headers = ((b"www-authenticate", challenge),)
    return _document(
        status, refusal.code, refusal.message, path=path, details=refusal.details, headers=headers
    )


def _of_framework(error: HTTPException, path: str) -> Problem:
    status = error.status_code
    code, detail = {
        400: ("request.invalid", "This request cannot be read; compare it with the description of the API."),
        404: ("route.unknown", "There is nothing at this path; see /docs."),
        405: ("method.not_allowed", "This path does not take this method; see /docs."),
        413: ("body.too_large", "Send a smaller body."),
        415: ("content_type.unsupported", "Send the body as JSON, with Content-Type: application/json."),
    }.get(status, ("server.fault", "The server failed; send the same request again, and tell the platform."))
    headers = tuple(
        (name.lower().encode(), value.encode())
        for name, value in (error.headers or {}).items()
        if name.lower() in {"allow", "retry-after"}
    )
    return _document(status, code, detail, path=path, headers=headers)


def _of_validation(error: ValidationException, path: str, sent_as: Callable[[str], str]) -> Problem:
    """Name the parameter that the framework could not read (bodies are read by us, and never come here)."""
    entries = error.extra if isinstance(error.extra, list) else ()
    parameters: list[Json] = [
        {
            "parameter": sent_as(str(entry.get("key", "")))[:_SHOWN_MAX],
            "problem": str(entry.get("message", ""))[:_SHOWN_MAX],
        }
        for entry in entries
        if isinstance(entry, dict)
    ]
    named = ", ".join(str(one["parameter"]) for one in parameters if isinstance(one, dict))
    detail = f"Correct {named or 'the parameters'}; see /docs."
    return _document(400, "query.invalid", detail, path=path, details={"parameters": parameters})


def _document(
    status: int,
    code: str,
    detail: str,
    *,
    path: str,
    details: Mapping[str, Json] = MappingProxyType({}),
    headers: tuple[tuple[bytes, bytes], ...] = (),
) -> Problem:
    members: dict[str, Any] = {
        "type": f"urn:plaudit:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "instance": path,
    }
    members.update((name, value) for name, value in details.items() if name not in _RESERVED)
    return Problem(status, code, headers, msgspec.json.encode(members))
