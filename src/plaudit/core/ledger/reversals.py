"""Taking back what a fact moved: once, whole or in parts, under any race.

Each fact that is reversed has one counter, named after its position, in one window that never ends, limited
by the amount it moved. The counter is locked by the batch like any other, so two reversals at once are
decided one after the other. A feature whose parts follow a rule of its own (a tip's split) makes the
transfers itself and takes the counter from here; any other fact is taken back whole by ``opposite``.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from plaudit.core.journal.facts import Recorded
from plaudit.core.ledger import store
from plaudit.core.ledger.book import Book, Transfer, Use, Window
from plaudit.kernel.refusal import refused
from plaudit.platform.db import Connection

_BEGINNING: Final = datetime(2000, 1, 1, tzinfo=UTC)
_END: Final = datetime(9999, 12, 31, tzinfo=UTC)


class Moved(NamedTuple):
    """What a fact did to one account: ``amount_minor`` is positive where it gave."""

    address: str
    asset: str
    amount_minor: int


def reversal_window(position: int) -> Window:
    """Return the counter of what was reversed of the fact at ``position``; name it in the plan's windows."""
    return unending(f"reversal/{position}")


def unending(name: str) -> Window:
    """Return the counter of what something moves in its whole life: its one window never ends."""
    return Window(name, _BEGINNING, _END)


def reversed_before(book: Book, position: int) -> int:
    """Return how much of the fact at ``position`` was reversed before, in minor units."""
    return book.used(reversal_window(position))


def reversal_use(book: Book, *, position: int, original_minor: int, amount_minor: int) -> Use:
    """Return the use that a reversal of ``amount_minor`` puts into its decision.

    ``original_minor`` is what the fact moved in all. Raises Refusal reversal.exceeded with what is left (0
    when the fact was reversed whole).
    """
    assert amount_minor > 0, amount_minor
    left = original_minor - reversed_before(book, position)
    if amount_minor > left:
        raise refused(
            "reversal.exceeded",
            "There is less left to reverse than that; reverse at most what is left."
            if left > 0
            else "This was reversed whole before; there is nothing left to reverse.",
            position=position,
            left_minor=left,
            asked_minor=amount_minor,
        )
    return Use(reversal_window(position), amount_minor, original_minor)


def moved_minor(moves: Sequence[Moved]) -> int:
    """Return what a fact moved in all: the sum of what it gave."""
    return sum(move.amount_minor for move in moves if move.amount_minor > 0)


def opposite(moves: Sequence[Moved]) -> tuple[Transfer, ...]:
    """Return the transfers that undo all of ``moves``, asset by asset; each account ends where it began.

    Raises Refusal reversal.held when the fact moved an escrow: a hold is captured, released or left to
    expire.
    """
    if any(move.address.startswith("held/") for move in moves):
        raise refused("reversal.held", "This concerns a hold; release the hold instead of reversing it.")
    transfers: list[Transfer] = []
    for asset in sorted({move.asset for move in moves}):
        transfers += _paired([move for move in moves if move.asset == asset])
    return tuple(transfers)


async def moves_of(conn: Connection, *, fact: Recorded) -> tuple[Moved, ...]:
    """Return a fact's moves with their addresses, which never change: read them before planning."""
    ids = [int(account_id) for account_id, _ in fact.moves]
    known = await store.select_addresses(conn, tenant_id=fact.tenant_id, account_ids=ids)
    return tuple(Moved(*known[int(account_id)], int(amount)) for account_id, amount in fact.moves)


def _paired(moves: Sequence[Moved]) -> list[Transfer]:
    """Return transfers from those that were given to those that were taken from, one less than accounts."""
    given = [(move.address, move.amount_minor) for move in moves if move.amount_minor > 0]
    transfers: list[Transfer] = []
    for address, taken in ((move.address, -move.amount_minor) for move in moves if move.amount_minor < 0):
        owed = taken
        while owed:
            giver, left = given.pop()
            amount = min(left, owed)
            transfers.append(Transfer(giver, address, amount))
            owed -= amount
            if left > amount:
                given.append((giver, left - amount))
    assert not given, given
    return transfers
