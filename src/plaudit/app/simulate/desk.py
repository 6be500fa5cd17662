"""What a channel's protocol works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from plaudit.app.simulate.books import Books, Refund
from plaudit.app.simulate.till import Till
from plaudit.app.simulate.timepiece import Timepiece


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Books, time and till; `settle` is told of a new refund; `address` is where the simulator answers."""

    books: Books
    time: Timepiece
    till: Till
    settle: Callable[[Refund], None]
    address: str
