"""An oracle of the ledger: the same rules in the plainest form, in memory, sharing no code with the real one.

It keeps every account, hold and counter in dictionaries and tries a wish out on copies of them. Where the
real ledger refuses with the first reason that it meets, the oracle lists all reasons there are: a refusal is
right when its code is among them, and nothing may be done unless there is none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from tests.kit.wishes import (
    DAY_LIMIT,
    ISSUANCE,
    Capture,
    Credit,
    Expire,
    Freeze,
    Open,
    Release,
    Reverse,
    Tip,
    Wish,
    escrow,
    range_of,
    wallet,
)

__all__ = ["HeldAmount", "Oracle"]

_MAX: Final = 2**53 - 1


@dataclass(slots=True)
class HeldAmount:
    """A hold as the oracle knows it."""

    viewer: str
    amount: int
    left: int
    deadline: datetime


@dataclass(slots=True)
class _Trial:
    """What a wish would do, and what speaks against it."""

    legs: list[tuple[str, str, int]] = field(default_factory=list)
    spent: dict[tuple[str, int], int] = field(default_factory=dict)
    reversed: dict[int, int] = field(default_factory=dict)
    drawn: dict[int, int] = field(default_factory=dict)
    opened: HeldAmount | None = None
    reasons: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Oracle:
    """The whole ledger of one tenant. ``spent`` counts by (viewer, day), ``reversed`` by position."""

    balances: Counter[str] = field(default_factory=Counter)
    frozen: dict[str, int] = field(default_factory=dict)
    holds: dict[int, HeldAmount] = field(default_factory=dict)
    spent: Counter[tuple[str, int]] = field(default_factory=Counter)
    reversed: Counter[int] = field(default_factory=Counter)
    position: int = 0
    entries: int = 0

    def reasons(self, wish: Wish, *, now: datetime) -> set[str]:
        """Return the codes of everything that speaks against a wish; nothing when it may be done."""
        trial = self._try(wish, now=now)
        after = self._after(trial)
        for address, balance in after.items():
            change = balance - self.balances[address]
            frozen = self.frozen.get(address, 0)
            if (change < 0 and frozen > 0) or (change > 0 and frozen > 1):
                trial.reasons.add("account.frozen")
            if change < 0 and balance < 0 and not address.startswith("issuance/"):
                trial.reasons.add("ledger.insufficient")
            if change and abs(balance) > _MAX:
                trial.reasons.add("ledger.range")
        return trial.reasons

    def do(self, wish: Wish, *, now: datetime) -> Mapping[str, tuple[int, int]]:
        """Record a wish as the next fact and return its entries: address → (amount, balance after)."""
        trial = self._try(wish, now=now)
        self.position += 1
        entries = {
            address: (balance - self.balances[address], balance)
            for address, balance in self._after(trial).items()
            if balance != self.balances[address]
        }
        self.balances.update({address: amount for address, (amount, _) in entries.items()})
        self.spent.update(trial.spent)
        self.reversed.update(trial.reversed)
        for hold, amount in trial.drawn.items():
            self.holds[hold].left -= amount
        if trial.opened is not None:
            self.holds[self.position] = trial.opened
        if isinstance(wish, Freeze):
            self.frozen[wish.address] = wish.level
        self.entries += len(entries)
        return entries

    def _after(self, trial: _Trial) -> dict[str, int]:
        after: dict[str, int] = {}
        for source, destination, amount in trial.legs:
            after[source] = after.get(source, self.balances[source]) - amount
            after[destination] = after.get(destination, self.balances[destination]) + amount
        return after

    def _try(self, wish: Wish, *, now: datetime) -> _Trial:
        match wish:
            case Credit():
                return _Trial(legs=[(ISSUANCE, wallet(wish.viewer), wish.amount)])
            case Tip():
                return self._try_tip(wish)
            case Reverse():
                return self._try_reverse(wish)
            case Open():
                return self._try_open(wish, now)
            case Capture() | Release() | Expire():
                return self._try_draw(wish, now)
            case Freeze():
                return _Trial()

    def _try_tip(self, wish: Tip) -> _Trial:
        count = (wish.viewer, wish.day)
        legs = [(wallet(wish.viewer), address, share) for address, share in wish.shares()]
        trial = _Trial(legs=legs, spent={count: wish.amount})
        if self.spent[count] + wish.amount > DAY_LIMIT:
            trial.reasons.add("limit.exceeded")
        return trial

    def _try_reverse(self, wish: Reverse) -> _Trial:
        before = self.reversed[wish.position]
        if before + wish.amount > wish.tip.amount:
            return _Trial(reasons={"reversal.exceeded"})
        home = wallet(wish.tip.viewer)
        legs = [
            (address, home, part) for address, part in range_of(wish.tip, before=before, amount=wish.amount)
        ]
        return _Trial(legs=legs, reversed={wish.position: wish.amount})

    def _try_open(self, wish: Open, now: datetime) -> _Trial:
        trial = _Trial(
            legs=[(wallet(wish.viewer), escrow(wish.viewer), wish.amount)],
            opened=HeldAmount(wish.viewer, wish.amount, wish.amount, wish.deadline),
        )
        if wish.deadline <= now:
            trial.reasons.add("hold.deadline")
        return trial

    def _try_draw(self, wish: Capture | Release | Expire, now: datetime) -> _Trial:
        hold = self.holds.get(wish.hold)
        if hold is None:
            return _Trial(reasons={"hold.unknown"})
        over = now >= hold.deadline
        trial = _Trial()
        if isinstance(wish, Capture) and over:
            trial.reasons.add("hold.expired")
        if isinstance(wish, Expire) and not over:
            trial.reasons.add("hold.not_due")
        amount = hold.left if isinstance(wish, Expire) or wish.amount is None else wish.amount
        if hold.left == 0 or amount > hold.left:
            trial.reasons.add("hold.exhausted")
            return trial
        source = escrow(hold.viewer)
        if isinstance(wish, Capture):
            trial.legs = [(source, address, share) for address, share in wish.shares()]
        else:
            trial.legs = [(source, wallet(hold.viewer), amount)]
        trial.drawn = {wish.hold: amount}
        return trial
