"""What a job is: its name, its arguments, what it does, and how often it is tried."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

import msgspec

from plaudit.kernel.refusal import Refusal, RefusalKind
from plaudit.platform.failures import Failure, Final, Retryable, Unknown, classify

A = TypeVar("A", bound=msgspec.Struct)


class Ending(StrEnum):
    """How one attempt of a job ended."""

    DONE = "done"
    AGAIN = "again"
    """It failed in a way that may pass; it is tried again later."""
    DEAD = "dead"
    """It failed finally, or for the last time; it is kept until somebody revives it or it is too old."""
    CUT = "cut"
    """The process stops; the job is tried again at once, by another one."""


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a job is tried in all, and the pauses between: from `first_s`, doubled up to `most_s`."""

    tries: int = 12
    first_s: float = 2.0
    most_s: float = 3_600.0

    def pause_s(self, *, error: BaseException, tried: int) -> float | None:
        """Return the pause after the `tried`-th attempt failed with `error`; None when it was the last."""
        if tried >= self.tries or failure_of(error) is Final:
            return None
        pause_s: float = min(self.first_s * 2 ** min(tried - 1, 32), self.most_s)
        return pause_s * random.uniform(0.8, 1.0)  # noqa: S311 - spreads retries, guards nothing


@dataclass(frozen=True, slots=True)
class Attempt(Generic[A]):
    """One run of a job: `number` counts from 1; `last` says that a failure will not be tried again."""

    arguments: A
    number: int
    last: bool

    @property
    def again(self) -> bool:
        """Tell whether an attempt before this one may have taken effect outside: ask there first."""
        return self.number > 1


@dataclass(frozen=True, slots=True)
class Job(Generic[A]):
    """A kind of job, declared once by a feature and put on its label.

    `name` ("payouts.send") must never change while such jobs wait. `arguments` is a struct of ids; personal
    text does not belong there. `work` is handed the assembled house and the attempt, outside of any
    transaction, and may be cut off after `timeout_s`, which counts as unknown. It fails by raising: Retryable
    and Unknown (platform.failures) and a refusal for being busy are tried again, everything else is final.
    """

    name: str
    arguments: type[A]
    work: Callable[[Any, Attempt[A]], Awaitable[None]]
    retry: Retry = Retry()
    queue: str = "default"
    timeout_s: float = 60.0


def failure_of(error: BaseException) -> type[Failure]:
    """Return the class of what a job has raised."""
    if isinstance(error, TimeoutError):
        return Unknown
    if isinstance(error, Refusal):
        return Retryable if error.kind in {RefusalKind.BUSY, RefusalKind.LIMITED} else Final
    return classify(error)
