"""How much a cashier's link may ask of this process at once: whoever has it may look, and not without end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, TypeAlias

from plaudit.kernel.refusal import Refusal, limited

Link: TypeAlias = tuple[int, int]
"""The tenant and the number of the payment that a link is for."""

_RETRY_AFTER_S: Final = 2


class Turnstile:
    """Counts requests by link: those that are open, and those of the running second."""

    def __init__(self, *, open_max: int, per_second_max: int) -> None:
        """Let so many requests of a link in at a time, and so many in a second."""
        self._open_max = open_max
        self._per_second_max = per_second_max
        self._open: Counter[Link] = Counter()
        self._second = 0
        self._asked: Counter[Link] = Counter()

    @contextmanager
    def passed(self, link: Link, *, now_s: float) -> Iterator[None]:
        """Count a request for the time of the block; `now_s` is of any clock that does not go back.

        Raises Refusal `cashier.limited` (LIMITED).
        """
        if int(now_s) != self._second:
            self._second, self._asked = int(now_s), Counter()
        self._asked[link] += 1
        if self._asked[link] > self._per_second_max or self._open[link] >= self._open_max:
            raise _too_often()
        self._open[link] += 1
        try:
            yield
        finally:
            self._open[link] -= 1
            if not self._open[link]:
                del self._open[link]


def _too_often() -> Refusal:
    return limited(
        "cashier.limited",
        "This page is open too often, or asks too much; close some of them, and wait two seconds.",
        retry_after_s=_RETRY_AFTER_S,
    )
