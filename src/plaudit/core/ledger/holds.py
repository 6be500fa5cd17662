"""Holds: an amount set aside in an escrow until it is captured, released, or past its deadline.

A hold is known by the position of the fact that opened it. These builders make the decisions that every
feature shares: the transfers, and the opening or the draw that goes with them. A feature gives its own fact;
without one, the hold's own is recorded. What a plan must lock: the accounts named by ``accounts_of``, every
destination, and the hold.

Past its deadline a hold cannot be captured, swept or not: the book refuses it by the batch's clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from plaudit.core.journal.facts import Fact
from plaudit.core.ledger import store
from plaudit.core.ledger.book import Book, Decision, Draw, Hold, Opening, Transfer, Use
from plaudit.kernel.refusal import not_found, refused
from plaudit.platform.db import Connection
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts import ledger as facts


@dataclass(frozen=True, slots=True)
class Due:
    """A hold past its deadline that still holds something."""

    hold_id: int
    address: str
    deadline: datetime


def accounts_of(address: str) -> tuple[str, str]:
    """Return what a hold on ``address`` moves: the account and its escrow."""
    return address, chart.held(address)


def open_hold(
    *,
    address: str,
    amount_minor: int,
    deadline: datetime,
    fact: Fact | None = None,
    uses: tuple[Use, ...] = (),
    transfers: tuple[Transfer, ...] = (),
) -> Decision:
    """Return the decision that sets an amount aside; ``transfers`` may move more in the same fact.

    The book refuses a deadline that does not lie ahead (hold.deadline) and an account that holds too little.
    """
    own = fact or Fact(
        _subject(address),
        facts.HoldOpened(
            address=address,
            asset=_asset(address),
            amount_minor=amount_minor,
            remaining_minor=amount_minor,
            deadline=deadline,
        ),
    )
    return Decision(
        own,
        (Transfer(address, chart.held(address), amount_minor), *transfers),
        uses,
        Opening(address, amount_minor, deadline),
    )


def capture(
    book: Book,
    *,
    hold_id: int,
    shares: Sequence[tuple[str, int]],
    fact: Fact | None = None,
    uses: tuple[Use, ...] = (),
) -> Decision:
    """Return the decision that pays ``shares`` (address, amount_minor) out of a hold, all of it or part.

    Raises Refusal hold.unknown, hold.exhausted; the book refuses it past the deadline (hold.expired).
    """
    hold = book.hold(hold_id)
    amount = sum(share for _, share in shares)
    _check_left(hold, amount)
    own = fact or Fact(_subject(hold.address), _drawn(facts.HoldCaptured, hold, amount))
    escrow = chart.held(hold.address)
    transfers = tuple(Transfer(escrow, address, share) for address, share in shares)
    return Decision(own, transfers, uses, draws=(Draw(hold_id, amount, "capture"),))


def release(
    book: Book,
    *,
    hold_id: int,
    amount_minor: int | None = None,
    fact: Fact | None = None,
    uses: tuple[Use, ...] = (),
) -> Decision:
    """Return the decision that gives a held amount, or all that is left, back to its account.

    Raises Refusal hold.unknown, hold.exhausted. May be done past the deadline too: it is what expiry does.
    """
    hold = book.hold(hold_id)
    amount = hold.remaining if amount_minor is None else amount_minor
    _check_left(hold, amount)
    own = fact or Fact(_subject(hold.address), _drawn(facts.HoldReleased, hold, amount))
    return Decision(own, _home(hold, amount), uses, draws=(Draw(hold_id, amount, "release"),))


def expire(
    book: Book,
    *,
    hold_id: int,
    fact: Fact | None = None,
    uses: tuple[Use, ...] = (),
    transfers: tuple[Transfer, ...] = (),
) -> Decision:
    """Return the decision that gives back what a hold past its deadline still holds.

    ``transfers`` may move more in the same fact.

    Raises Refusal hold.unknown, hold.exhausted; the book refuses it before the deadline (hold.not_due).
    """
    hold = book.hold(hold_id)
    amount = hold.remaining
    _check_left(hold, amount)
    own = fact or Fact(_subject(hold.address), _drawn(facts.HoldExpired, hold, amount))
    home = (*_home(hold, amount), *transfers)
    return Decision(own, home, uses, draws=(Draw(hold_id, amount, "expire"),))


async def find(conn: Connection, *, tenant_id: int, hold_id: int) -> Hold:
    """Return a hold as it is now; its address, which never changes, tells what to lock.

    Raises Refusal hold.unknown.
    """
    found = await store.select_hold(conn, tenant_id=tenant_id, hold_id=hold_id)
    if found is None:
        raise not_found("hold.unknown", "There is no such hold; check its id.")
    return found


async def tenants_due(conn: Connection, *, now: datetime) -> list[int]:
    """Return the tenants that have holds past their deadline. One probe of an index for each tenant."""
    return await store.select_tenants_due(conn, now=now)


async def due(conn: Connection, *, tenant_id: int, now: datetime, after: Due | None, limit: int) -> list[Due]:
    """Return the next holds past their deadline, oldest deadline first, passing over those in use just now.

    ``after`` is the last one of the page before. One index range, set-based; nothing stays locked.
    """
    rows = await store.pick_due_holds(
        conn,
        tenant_id=tenant_id,
        now=now,
        after=None if after is None else (after.deadline, after.hold_id),
        limit=limit,
    )
    return [Due(*row) for row in rows]


def _home(hold: Hold, amount: int) -> tuple[Transfer, ...]:
    return (Transfer(chart.held(hold.address), hold.address, amount),)


def _check_left(hold: Hold, amount: int) -> None:
    if hold.remaining == 0 or amount > hold.remaining:
        raise refused(
            "hold.exhausted",
            "The hold has less left than that; take at most what remains."
            if hold.remaining
            else "Nothing is left of this hold.",
            hold=hold.id,
            remaining_minor=hold.remaining,
        )


def _drawn(kind: type[facts.HoldDrawn], hold: Hold, amount: int) -> facts.HoldDrawn:
    return kind(
        hold=hold.id,
        address=hold.address,
        asset=hold.asset,
        amount_minor=amount,
        remaining_minor=hold.remaining - amount,
        deadline=hold.deadline,
    )


def _subject(address: str) -> str:
    return address.rsplit("/", 1)[0]


def _asset(address: str) -> str:
    return address.rsplit("/", 1)[1]
