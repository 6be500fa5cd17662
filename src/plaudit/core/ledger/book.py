"""The locked accounts, counters and holds of one batch, and what may be done to them. Pure, in memory.

A batch locks what its commands need, opens a book on it, and decides one command after the other: each sees
the effects of those before it, and a refused one leaves no trace. What is left in the book at the end is
what gets written.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

from msgspec import Struct

from plaudit.core.journal.facts import Fact
from plaudit.kernel.money import MAX_MINOR
from plaudit.kernel.refusal import Refusal, RefusalKind
from plaudit.vocabulary import chart

FREEZE_NONE, FREEZE_DEBITS, FREEZE_ALL = 0, 1, 2


class Transfer(Struct, frozen=True, gc=False):
    """Move ``amount_minor`` (positive) between two accounts of one asset, named by address."""

    source: str
    destination: str
    amount_minor: int


class Window(NamedTuple):
    """A counter: its name (whose, of what) and the half-open window it counts in."""

    name: str
    starts: datetime
    ends: datetime


class Use(Struct, frozen=True, gc=False):
    """Move a counter by ``amount_minor`` (negative gives back); with a limit, refuse to pass it."""

    window: Window
    amount_minor: int
    limit_minor: int | None = None


class Opening(Struct, frozen=True):
    """Open a hold on ``address``: the same decision transfers the amount into its escrow account."""

    address: str
    amount_minor: int
    deadline: datetime


class Draw(Struct, frozen=True, gc=False):
    """Take from a hold: the same decision transfers the amount out of its escrow account."""

    hold_id: int
    amount_minor: int
    how: Literal["capture", "release", "expire"]


class Decision(Struct, frozen=True, gc=False):
    """What a command does: one fact, and everything that moves because of it."""

    fact: Fact
    transfers: tuple[Transfer, ...] = ()
    uses: tuple[Use, ...] = ()
    opening: Opening | None = None
    draws: tuple[Draw, ...] = ()


class Account(Struct, gc=False):
    """A locked account."""

    id: int
    address: str
    asset: str
    floor: int | None
    freeze: int
    balance: int


class Counter(Struct):
    """A locked counter; ``new`` when it has no row yet."""

    window: Window
    used: int
    new: bool


class Hold(Struct, gc=False):
    """A locked hold."""

    id: int
    address: str
    asset: str
    amount: int
    remaining: int
    deadline: datetime


# One entry to be: the account, the signed amount_minor, and its balance after. A bare tuple: there are
# thousands a second.
Movement: TypeAlias = tuple[Account, int, int]


class Book:
    """The locked values of a batch. ``now`` is the batch's one reading of the clock."""

    __slots__ = (
        "_accounts",
        "_counters",
        "_holds",
        "now",
        "touched_accounts",
        "touched_counters",
        "touched_holds",
    )

    def __init__(
        self,
        *,
        accounts: Mapping[str, Account],
        counters: Mapping[Window, Counter],
        holds: Mapping[int, Hold],
        now: datetime,
    ) -> None:
        self._accounts = accounts
        self._counters = counters
        self._holds = holds
        self.now = now
        self.touched_accounts: dict[int, Account] = {}
        self.touched_counters: dict[Window, Counter] = {}
        self.touched_holds: dict[int, Hold] = {}

    def balance(self, address: str) -> int:
        """Return the balance of an account named in the plan."""
        return self._accounts[address].balance

    def freeze(self, address: str) -> int:
        """Return FREEZE_NONE, FREEZE_DEBITS or FREEZE_ALL."""
        return self._accounts[address].freeze

    def used(self, window: Window) -> int:
        """Return how much of a counter named in the plan is used."""
        return self._counters[window].used

    def hold(self, hold_id: int) -> Hold:
        """Return a hold named in the plan. Raises Refusal hold.unknown."""
        try:
            return self._holds[hold_id]
        except KeyError:
            raise Refusal(
                RefusalKind.NOT_FOUND, "hold.unknown", "There is no such hold; check its id."
            ) from None

    def post(self, decision: Decision) -> Sequence[Movement]:
        """Apply a decision whole, or raise Refusal and change nothing.

        Returns a movement per account, netted. Costs a few dictionary look-ups an account.
        """
        movements = self._movements(decision.transfers)
        if decision.uses:
            self._check_uses(decision.uses)
        if decision.draws or decision.opening:
            self._check_holds(decision, movements)
        else:
            for account, _, _ in movements:
                assert not account.address.startswith("held/"), (account.address, "moves with its holds only")
        # Nothing is refused below this line.
        touched = self.touched_accounts
        for account, _, balance in movements:
            account.balance = balance
            touched[account.id] = account
        for use in decision.uses:
            counter = self._counters[use.window]
            counter.used = max(0, counter.used + use.amount_minor)
            self.touched_counters[use.window] = counter
        for draw in decision.draws:
            hold = self._holds[draw.hold_id]
            hold.remaining -= draw.amount_minor
            self.touched_holds[hold.id] = hold
        return movements

    def _movements(self, transfers: tuple[Transfer, ...]) -> Sequence[Movement]:
        accounts = self._accounts
        net: dict[str, int] = {}
        for transfer in transfers:
            source, destination, amount = transfer.source, transfer.destination, transfer.amount_minor
            assert 0 < amount <= MAX_MINOR, (source, destination, amount)
            assert accounts[source].asset == accounts[destination].asset, (source, destination)
            net[source] = net.get(source, 0) - amount
            net[destination] = net.get(destination, 0) + amount
        movements = []
        for address, amount in net.items():
            if amount == 0:
                continue
            account = accounts[address]
            balance = account.balance + amount
            if amount < 0:
                if account.freeze:
                    raise _frozen(account)
                if account.floor is not None and balance < account.floor:
                    raise _short(account, amount)
            elif account.freeze == FREEZE_ALL:
                raise _frozen(account)
            if not -MAX_MINOR <= balance <= MAX_MINOR:
                raise Refusal(
                    RefusalKind.REFUSED,
                    "ledger.range",
                    "The balance would pass what the ledger counts exactly; use a smaller amount.",
                    account=address,
                )
            movements.append((account, amount, balance))
        return movements

    def _check_uses(self, uses: tuple[Use, ...]) -> None:
        pending: dict[Window, int] = {}
        for use in uses:
            window, amount, limit = use.window, use.amount_minor, use.limit_minor
            used = max(0, pending.get(window, self._counters[window].used) + amount)
            pending[window] = used
            if limit is not None and amount > 0 and used > limit:
                raise Refusal(
                    RefusalKind.REFUSED,
                    "limit.exceeded",
                    "This would pass a limit; use a smaller amount or wait until the window ends.",
                    limit_minor=limit,
                    used_minor=used - amount,
                    window_ends=window.ends.isoformat() if window.ends.year < 9999 else None,  # noqa: PLR2004 - "for ever"
                )

    def _check_holds(self, decision: Decision, movements: Sequence[Movement]) -> None:
        escrow: dict[str, int] = {}
        drawn: dict[int, int] = {}
        if decision.opening is not None:
            if decision.opening.deadline <= self.now:
                raise Refusal(RefusalKind.INVALID, "hold.deadline", "The deadline must lie ahead.")
            escrow[chart.held(decision.opening.address)] = decision.opening.amount_minor
        for draw in decision.draws:
            hold_id, amount, how = draw.hold_id, draw.amount_minor, draw.how
            hold = self.hold(hold_id)
            assert amount > 0, decision
            left = hold.remaining - drawn.get(hold_id, 0)
            if how == "capture" and self.now >= hold.deadline:
                raise Refusal(
                    RefusalKind.REFUSED,
                    "hold.expired",
                    "The hold's deadline has passed; make a new one.",
                    hold=hold_id,
                )
            if how == "expire" and self.now < hold.deadline:
                raise Refusal(
                    RefusalKind.REFUSED, "hold.not_due", "The hold's deadline lies ahead.", hold=hold_id
                )
            if amount > left:
                raise Refusal(
                    RefusalKind.REFUSED,
                    "hold.exhausted",
                    "The hold has less left than that; take at most what remains.",
                    hold=hold_id,
                    remaining_minor=left,
                )
            drawn[hold_id] = drawn.get(hold_id, 0) + amount
            address = chart.held(hold.address)
            escrow[address] = escrow.get(address, 0) - amount
        moved = {
            account.address: amount for account, amount, _ in movements if account.address.startswith("held/")
        }
        assert moved == {a: n for a, n in escrow.items() if n}, (moved, escrow)


def _frozen(account: Account) -> Refusal:
    return Refusal(
        RefusalKind.REFUSED,
        "account.frozen",
        "The account is frozen; ask the platform's support.",
        account=account.address,
    )


def _short(account: Account, amount: int) -> Refusal:
    assert account.floor is not None
    return Refusal(
        RefusalKind.REFUSED,
        "ledger.insufficient",
        "The account holds less than that; use a smaller amount or add to it first.",
        account=account.address,
        available_minor=account.balance - account.floor,
        asked_minor=-amount,
    )
