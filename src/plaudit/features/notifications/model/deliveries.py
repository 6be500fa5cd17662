"""Deliveries: what follows from each attempt, and when the next one is due."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final, Literal, TypeAlias, get_args

from plaudit.features.notifications.model.contacts import Channel
from plaudit.kernel.refusal import Refusal, not_found

State: TypeAlias = Literal["queued", "waiting", "failed", "sent", "dead", "dropped"]
"""`waiting` for the end of quiet hours; `failed` and tried again; `dropped`: overtaken, no use any more."""
STATES: Final[tuple[State, ...]] = get_args(State)
Failure: TypeAlias = Literal["retryable", "unknown", "final"]

DELIVERY: Final = "dlv"
"""The prefix of a delivery's id."""

PAUSES_S: Final = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""The pauses after each failed attempt; after the tenth the delivery is dead."""
LEASE: Final = timedelta(minutes=3)
"""How long a sender has for what it took; after that another one takes it."""
FAILING_MAX: Final = timedelta(days=5)
"""After so long without a success a webhook is switched off."""

_RETRY_AFTER_MAX_S: Final = 86_400
_GONE: Final = 410
_LATER: Final = frozenset({429, 503})
_TRANSIENT: Final = range(400, 500)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message or fact on its way by one channel; `endpoint` is the webhook, 0 in other channels."""

    number: int
    channel: Channel
    endpoint: int
    message: int | None
    fact: int | None
    kind: str
    viewer: str | None
    state: State
    attempts: int
    next_at: datetime | None
    problem: str | None
    receipt: str | None
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """It arrived; `receipt` is who took it, in a word."""

    receipt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """It did not arrive, or nobody knows: what may be done is `failure`.

    `problem` is a code, without any address. `gone` says that the endpoint wants nothing any more.
    """

    failure: Failure
    problem: str
    retry_after_s: int | None = None
    gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """It is of no use any more; `problem` says why."""

    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Postponed:
    """It may be heard only later."""

    until: datetime


Result: TypeAlias = Sent | Failed | Dropped | Postponed


@dataclass(frozen=True, slots=True, kw_only=True)
class After:
    """What a delivery is after an attempt."""

    state: State
    attempts: int
    next_at: datetime | None
    problem: str | None = None
    receipt: str | None = None


def after(result: Result, *, attempts: int, now: datetime) -> After:
    """Return what follows from a result; `attempts` counts the attempt itself.

    An unknown end is tried again as a retryable one is: each message carries an id by which a receiver can
    tell that it has it already.
    """
    match result:
        case Sent():
            return After(state="sent", attempts=attempts, next_at=None, receipt=result.receipt)
        case Dropped():
            return After(state="dropped", attempts=attempts - 1, next_at=None, problem=result.problem)
        case Postponed():
            return After(state="waiting", attempts=attempts - 1, next_at=result.until)
        case Failed():
            if result.failure == "final" or attempts > len(PAUSES_S):
                return After(state="dead", attempts=attempts, next_at=None, problem=result.problem)
            pause_s = max(PAUSES_S[attempts - 1], result.retry_after_s or 0)
            return After(
                state="failed",
                attempts=attempts,
                next_at=now + timedelta(seconds=pause_s),
                problem=result.problem,
            )


def of_answer(*, status: int, headers: Mapping[str, str], now: datetime) -> Sent | Failed:
    """Return the result of a webhook that answered: 2xx is done, 410 gone, everything else comes again."""
    if status // 100 == 2:  # noqa: PLR2004 - 2xx
        return Sent(receipt=f"http.{status}")
    retry_after_s = retry_after_of(headers.get("retry-after"), now=now) if status in _LATER else None
    gone = status == _GONE
    return Failed(
        failure="final" if gone else "retryable",
        problem=f"http.{status}",
        retry_after_s=retry_after_s,
        gone=gone,
    )


def of_reply(code: int) -> Failed:
    """Return the result of a mail server's refusal: 4xx passes, 5xx does not."""
    return Failed(failure="retryable" if code in _TRANSIENT else "final", problem=f"smtp.{code}")


def retry_after_of(text: str | None, *, now: datetime) -> int | None:
    """Return the seconds of a header Retry-After, given in seconds or as a date; at most a day."""
    if text is None:
        return None
    if text.isascii() and text.isdigit() and len(text) < _DIGITS_MAX:
        return min(int(text), _RETRY_AFTER_MAX_S)
    try:
        at = parsedate_to_datetime(text)
        gap = at - now
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(gap.days * 86_400 + gap.seconds, 0), _RETRY_AFTER_MAX_S)


_DIGITS_MAX: Final = 10


def has_failed_for_days(*, failing_since: datetime, now: datetime) -> bool:
    """Tell whether a webhook has failed for so long that it is switched off."""
    return now - failing_since >= FAILING_MAX


def unknown_delivery() -> Refusal:
    """Return the refusal of a delivery that there is not."""
    return not_found("delivery.unknown", "There is no delivery of this id; list them to see those there are.")
