"""Answers of WeChat Pay that are a "no", classed by what may be done next.

Error answers are classed by their code whether signed or not: nothing is credited for one. What does
carry a signature must carry the right one; that is the gateway's to see.
"""

from typing import Final as Constant

import msgspec

from plaudit.platform.failures import Failure, Final, Retryable, Unknown
from plaudit.platform.outbound import Answer

__all__ = ["Declined", "failure_of"]

# Nothing was done: it asks for patience, or the merchant's balance has to be filled first.
_AGAIN: Constant = frozenset(
    {"FREQUENCY_LIMITED", "FREQUENCY_LIMIT_EXCEED", "RATELIMIT_EXCEED", "RATELIMIT_EXCEEDED", "NOT_ENOUGH"}
)
# It does not know itself what it did.
_UNSURE: Constant = frozenset({"SYSTEM_ERROR", "SYSTEMERROR", "BANK_ERROR", "BANKERROR"})
_TOO_MANY: Constant = 429
_CLIENT_ERRORS: Constant = range(400, 500)
_SAID_MAX: Constant = 200


class Declined(Final):
    """The channel said no. `code` is its own word."""

    def __init__(self, code: str, message: str) -> None:
        """Keep the channel's code and sentence."""
        super().__init__(f"{code}: {message[:_SAID_MAX]}")
        self.code = code


class _Error(msgspec.Struct):
    code: str = ""
    message: str = ""


def failure_of(answer: Answer) -> Failure:
    """Return what an answer other than 2xx means."""
    try:
        error = msgspec.json.decode(answer.body, type=_Error)
    except msgspec.DecodeError:
        error = _Error()
    said = f"{answer.status} {error.code}: {error.message[:_SAID_MAX]}"
    if answer.status == _TOO_MANY or error.code in _AGAIN:
        return Retryable(said)
    if answer.status not in _CLIENT_ERRORS or error.code in _UNSURE or not error.code:
        return Unknown(said)
    return Declined(error.code, error.message)
