"""The purse: what budgets and caps leave to give, and what can be had back from a viewer.

Live it is filled from the ledger; in a backtest it starts with given budgets, and viewers keep what they got.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Final, NamedTuple

from msgspec import Struct, field

from plaudit.features.campaigns.model.engine.verdicts import Counter, Move
from plaudit.features.campaigns.model.strategies.base import Given
from plaudit.features.campaigns.model.terms import Caps, Reward, Terms
from plaudit.vocabulary import chart

OWING: Final = frozenset({"coin", "points"})
"""The kinds of rewards whose wallets can owe something, and pay that off first."""


class Places(NamedTuple):
    """The accounts of one viewer's reward; `pending` and `debt` are None where its kind has none."""

    wallet: str
    pending: str | None
    debt: str | None


def places_of(reward: Reward, *, campaign: str, viewer: str) -> Places:
    """Return where a reward goes. Coupons stay with the campaign, for others hand them out."""
    match reward.kind:
        case "voucher":
            return Places(chart.viewer_voucher(viewer=viewer, asset=reward.asset), None, None)
        case "chance":
            assert reward.item is not None, reward
            return Places(chart.viewer_chances(viewer=viewer, pool=reward.item), None, None)
        case "coupon":
            return Places(chart.campaign_coupons(campaign=campaign), None, None)
        case "coin" | "points":
            return Places(
                chart.viewer_wallet(viewer=viewer, asset=reward.asset),
                chart.viewer_pending(viewer=viewer, asset=reward.asset),
                chart.viewer_debt(viewer=viewer, asset=reward.asset),
            )


class Room(NamedTuple):
    """What caps leave of a reward: how much of it, by which moves."""

    amount_minor: int
    moves: tuple[Move, ...]


class WalletsUnknown(Exception):
    """Something is to be taken back, and what viewers hold was not looked at: look, and judge again."""


class Purse(Struct):
    """What there is. `budgets` by campaign, counters by cap, `balances` by address, minor units all.

    Without `balances` (None) every viewer still has all that was given. They are right if they were `looked`
    at, which is not done before something is to be taken back.
    Accounts that are `frozen` give and take nothing.
    """

    budgets: dict[str, int] = field(default_factory=dict)
    counters: dict[Counter, int] = field(default_factory=dict)
    balances: dict[str, int] | None = None
    looked: bool = False
    frozen: Collection[str] = ()

    def room(self, *, terms: Terms, campaign: str, viewer: str, day: date, amount_minor: int) -> Room:
        """Return what the caps leave of an amount. Those on amounts cut it; a count used up refuses."""
        used = self.counters
        moves: list[Move] = []
        for counter, limit, counts in caps_of(terms, campaign=campaign, viewer=viewer, day=day):
            left = limit - used.get(counter, 0)
            if counts:
                if left <= 0:
                    return Room(0, ())
                moves.append(Move(counter, 1, limit))
            else:
                amount_minor = min(amount_minor, left)
                moves.append(Move(counter, 0, limit))
        if amount_minor <= 0:
            return Room(0, ())
        return Room(
            amount_minor,
            tuple(Move(m.counter, m.amount_minor or amount_minor, m.limit_minor) for m in moves),
        )

    def give(self, *, campaign: str, amount_minor: int, moves: Sequence[Move]) -> None:
        """Take a grant out of its budget, and count it."""
        self.budgets[campaign] = self.budgets.get(campaign, 0) - amount_minor
        if moves:
            self.count(moves)

    def pay_in(self, *, places: Places, amount_minor: int) -> None:
        """Let a wallet that is looked at have a grant: what it owes is paid off first."""
        if self.balances is None:
            return
        if places.debt is not None and places.debt in self.balances:
            repaid_minor = min(amount_minor, max(0, -self.balances[places.debt]))
            self.balances[places.debt] += repaid_minor
            amount_minor -= repaid_minor
        if places.wallet in self.balances:
            self.balances[places.wallet] += amount_minor

    def recover(self, *, places: Places, amount_minor: int, debt_limit_minor: int) -> tuple[int, int]:
        """Take an amount out of a wallet: what it holds, then debt up to the limit. Return both parts."""
        assert self.balances is not None, "there is nothing to look at"
        wallet, debt = places.wallet, places.debt
        held_minor = 0 if wallet in self.frozen else max(0, self.balances.get(wallet, 0))
        taken_minor = min(held_minor, amount_minor)
        if taken_minor:
            self.balances[wallet] -= taken_minor
        if debt is None or not debt_limit_minor or debt in self.frozen:
            return taken_minor, 0
        room_minor = max(0, debt_limit_minor + self.balances.get(debt, 0))
        debt_minor = min(room_minor, amount_minor - taken_minor)
        self.balances[debt] = self.balances.get(debt, 0) - debt_minor
        return taken_minor, debt_minor

    def put_back(self, *, campaign: str, amount_minor: int, moves: Sequence[Move]) -> None:
        """Put into a budget what was taken back."""
        self.budgets[campaign] = self.budgets.get(campaign, 0) + amount_minor
        self.count(moves)

    def count(self, moves: Sequence[Move]) -> None:
        """Move counters, as the ledger does: none goes below zero."""
        for counter, amount_minor, _ in moves:
            self.counters[counter] = max(0, self.counters.get(counter, 0) + amount_minor)


class _Sort(NamedTuple):
    """One of the caps that terms can have: its name, whether it is of a viewer, of a day, and counts."""

    name: str
    of_viewer: bool
    of_day: bool
    counts: bool


_SORTS: Final = (
    _Sort("viewer_day_minor", of_viewer=True, of_day=True, counts=False),
    _Sort("viewer_minor", of_viewer=True, of_day=False, counts=False),
    _Sort("day_minor", of_viewer=False, of_day=True, counts=False),
    _Sort("total_minor", of_viewer=False, of_day=False, counts=False),
    _Sort("viewer_day_count", of_viewer=True, of_day=True, counts=True),
    _Sort("viewer_count", of_viewer=True, of_day=False, counts=True),
    _Sort("total_count", of_viewer=False, of_day=False, counts=True),
)

_COUNTING: Final = frozenset(sort.name for sort in _SORTS if sort.counts)
_NO_CAPS: Final = Caps()


def caps_of(terms: Terms, *, campaign: str, viewer: str, day: date) -> list[tuple[Counter, int, bool]]:
    """Return the counters of the caps that there are, with their limits, and whether they count rewards."""
    found: list[tuple[Counter, int, bool]] = []
    caps, zone = terms.caps, terms.zone
    if caps == _NO_CAPS:
        return found
    for name, of_viewer, of_day, counts in _SORTS:
        limit = getattr(caps, name)
        if limit is not None:
            counter = Counter(campaign, name, viewer if of_viewer else None, day if of_day else None, zone)
            found.append((counter, limit, counts))
    return found


def remember(given: list[Given], *, day: date, amount_minor: int, moves: Sequence[Move]) -> None:
    """Remember what caps have counted of a grant: one sum a day where none counts how often."""
    if not moves:
        return
    name = day.isoformat()
    times = int(any(move.counter.sort in _COUNTING for move in moves))
    if given and given[-1].day == name and not given[-1].times and not times:
        amount_minor += given.pop().amount_minor
    given.append(Given(name, amount_minor, times))


def taken_off(given: list[Given], amount_minor: int) -> list[Given]:
    """Take an amount off what was given, the newest first, and return its parts.

    Of a grant of which something is left nothing is counted less often.
    """
    parts: list[Given] = []
    while amount_minor and given:
        newest = given.pop()
        left_minor = newest.amount_minor - amount_minor
        if left_minor > 0:
            given.append(newest._replace(amount_minor=left_minor))
            newest = newest._replace(amount_minor=amount_minor, times=0)
        amount_minor -= newest.amount_minor
        parts.append(newest)
    return parts


def given_back(terms: Terms, *, campaign: str, viewer: str, parts: Iterable[Given]) -> tuple[Move, ...]:
    """Return what counters get back with parts of grants: those of a day what was given for facts of it."""
    back: dict[Counter, int] = {}
    for one in parts:
        day = date.fromisoformat(one.day)
        for counter, _, counts in caps_of(terms, campaign=campaign, viewer=viewer, day=day):
            back[counter] = back.get(counter, 0) + (one.times if counts else one.amount_minor)
    return tuple(Move(counter, -minor, None) for counter, minor in back.items() if minor)
