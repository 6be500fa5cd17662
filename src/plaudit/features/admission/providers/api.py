"""Calls to the APIs of media servers, classed by what may be done next. All may be asked again."""

from base64 import b64encode
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any, Final, TypeAlias

import msgspec

from plaudit.platform.failures import Final as FinalFailure
from plaudit.platform.failures import Retryable
from plaudit.platform.outbound import Answer, Outbound

Word: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"\A[^\0]*\Z")]
"""A text of a server's that is looked up in the database, which can hold no NUL."""
_TIMEOUT_MS: Final = 5_000
_PASSES: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})
_FAULTS: Final = 500
_DONE: Final = range(200, 300)


def basic(user: str | None, password: str | None) -> dict[str, str]:
    """Return the header of basic authentication, none without a user."""
    if user is None:
        return {}
    return {"Authorization": "Basic " + b64encode(f"{user}:{password or ''}".encode()).decode("ascii")}


async def call(
    outbound: Outbound, *, method: str, url: str, headers: Mapping[str, str], body: object = None
) -> Answer:
    """Return the answer of an API: done, or 404.

    Raises Retryable for what may pass (408, 429, 5xx), Final for other refusals, and as `Outbound.send`.
    """
    sent = dict(headers)
    content = b""
    if body is not None:
        sent["Content-Type"] = "application/json"
        content = msgspec.json.encode(body)
    answer = await outbound.send(method=method, url=url, headers=sent, body=content, timeout_ms=_TIMEOUT_MS)
    if answer.status in _PASSES or answer.status >= _FAULTS:
        raise Retryable(f"{method} is answered with {answer.status} now")
    if answer.status not in _DONE and answer.status != HTTPStatus.NOT_FOUND:
        raise FinalFailure(
            f"{method} is refused with {answer.status}; check the server's api_url and secrets"
        )
    return answer


def document(answer: Answer) -> dict[str, Any]:
    """Return the JSON object of an answer. Raises Final when it is none."""
    try:
        return msgspec.json.decode(answer.body, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise FinalFailure("the answer of the media server's API is no JSON object") from error
