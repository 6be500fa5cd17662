"""What an account owes beside what it holds: taking back what was spent makes debts, credits pay them off.

A debt account's balance is at most zero; minus its balance is owed. Pure: all functions return transfers for
a decision on the same book, whose accounts the plan has named.
"""

from typing import Literal, TypeAlias

from msgspec import Struct

from plaudit.core.ledger.book import Book, Transfer
from plaudit.kernel.refusal import refused
from plaudit.vocabulary import chart

Shortfall: TypeAlias = Literal["refuse", "debt", "available"]


class Policy(Struct, frozen=True):
    """What happens when a wallet holds less than is taken back.

    "refuse": nothing is taken; "debt": the rest is owed, up to ``debt_limit_minor`` in all; "available": the
    rest is lost.
    """

    shortfall: Shortfall
    debt_limit_minor: int = 0


class PaidIn(Struct, frozen=True):
    """Transfers of a credit, and how much of it paid off a debt."""

    transfers: tuple[Transfer, ...]
    repaid_minor: int


class TakenBack(Struct, frozen=True):
    """Transfers of a taking back, and its parts: out of the wallet, owed from now on, lost."""

    transfers: tuple[Transfer, ...]
    taken_minor: int
    owed_minor: int
    lost_minor: int


def owed(book: Book, debt: str) -> int:
    """Return what a debt account named in the plan owes, in minor units."""
    return max(0, -book.balance(debt))


def pay_in(book: Book, *, source: str, wallet: str, debt: str | None, amount_minor: int) -> PaidIn:
    """Return the transfers of a positive amount that pay off the debt first and then credit the wallet.

    ``debt`` is None where the wallet cannot owe anything, and the plan need not lock what never moves.
    """
    assert amount_minor > 0, amount_minor
    repaid_minor = 0 if debt is None else min(owed(book, debt), amount_minor)
    transfers = []
    if debt is not None and repaid_minor:
        transfers.append(Transfer(source, debt, repaid_minor))
    if repaid_minor < amount_minor:
        transfers.append(Transfer(source, wallet, amount_minor - repaid_minor))
    return PaidIn(tuple(transfers), repaid_minor)


def take_back(
    book: Book, *, wallet: str, debt: str, destination: str, amount_minor: int, policy: Policy
) -> TakenBack:
    """Return the transfers that bring an amount (zero or more) to ``destination``: first what is there.

    The plan must name ``losses_of(wallet)`` as well where the policy says "available". Raises Refusal
    ``clawback.insufficient`` when the policy refuses, and ``clawback.limit`` when the wallet would owe more
    than its limit.
    """
    assert amount_minor >= 0, amount_minor
    balance_minor = book.balance(wallet)
    taken_minor = min(balance_minor, amount_minor)
    rest_minor = amount_minor - taken_minor
    owed_minor = lost_minor = 0
    if rest_minor:
        if policy.shortfall == "refuse":
            raise refused(
                "clawback.insufficient",
                f"The wallet holds {balance_minor} and would give back {amount_minor}; take back less.",
                available_minor=balance_minor,
                asked_minor=amount_minor,
            )
        if policy.shortfall == "debt":
            _check_limit(owed(book, debt), rest_minor, policy.debt_limit_minor)
            owed_minor = rest_minor
        else:
            lost_minor = rest_minor
    parts = ((wallet, taken_minor), (debt, owed_minor), (losses_of(wallet), lost_minor))
    return _taken(parts, destination)


def take_what_is_there(
    book: Book, *, wallet: str, debt: str | None, destination: str, amount_minor: int, debt_limit_minor: int
) -> TakenBack:
    """Return the transfers that bring an amount to ``destination`` whatever the wallet holds.

    What is there is taken, the rest owed up to the limit in all, and what is left lost: for what must be
    undone and cannot be refused. A frozen wallet gives nothing. The plan must name ``losses_of(wallet)``;
    without ``debt`` nothing is owed.
    """
    assert amount_minor >= 0, amount_minor
    held_minor = 0 if book.freeze(wallet) else max(0, book.balance(wallet))
    room_minor = 0 if debt is None or book.freeze(debt) else max(0, debt_limit_minor - owed(book, debt))
    taken_minor = min(held_minor, amount_minor)
    owed_minor = min(room_minor, amount_minor - taken_minor)
    lost_minor = amount_minor - taken_minor - owed_minor
    parts = ((wallet, taken_minor), (debt or wallet, owed_minor), (losses_of(wallet), lost_minor))
    return _taken(parts, destination)


def losses_of(wallet: str) -> str:
    """Return the account that bears what a wallet does not give back."""
    return chart.losses(asset=wallet.rpartition("/")[2])


def _taken(parts: tuple[tuple[str, int], tuple[str, int], tuple[str, int]], destination: str) -> TakenBack:
    transfers = tuple(Transfer(source, destination, minor) for source, minor in parts if minor)
    return TakenBack(transfers, *(minor for _, minor in parts))


def _check_limit(owed_minor: int, rest_minor: int, limit_minor: int) -> None:
    if owed_minor + rest_minor > limit_minor:
        raise refused(
            "clawback.limit",
            f"The wallet would owe {owed_minor + rest_minor}, more than the policy's {limit_minor}; take back"
            " less.",
            owed_minor=owed_minor,
            limit_minor=limit_minor,
        )
