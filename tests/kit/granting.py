"""How the real ledger is asked for what a client wishes: the commands behind tests/kit/wishes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from plaudit.core.commands.command import Command, Grant, Outcome, Plan, Work
from plaudit.core.commands.references import Lookup
from plaudit.core.journal.facts import Fact, canonical
from plaudit.core.ledger import holds, reversals
from plaudit.core.ledger.accounts import freeze_account
from plaudit.core.ledger.book import Book, Decision, Transfer, Use, Window
from plaudit.kernel.actor import Actor
from plaudit.kernel.refusal import not_found
from plaudit.platform.db import Connection
from plaudit.vocabulary.facts.risk import AccountFrozen
from plaudit.vocabulary.facts.risk import Freeze as FreezeWord
from plaudit.vocabulary.facts.tipping import TipReversed, TipSent
from plaudit.vocabulary.facts.wallets import WalletCredited
from tests.kit.house import BEGINNING, House
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
    range_of,
    wallet,
)

__all__ = ["ask", "command_of", "plan_of"]

_LEVELS: Final[tuple[FreezeWord, ...]] = ("none", "debits", "all")


async def ask(house: House, *, key: str, wish: Wish) -> Outcome:
    """Ask a house for a wish under a key. Raises Refusal."""
    command = command_of(house.tenant_id, key=key, wish=wish)
    if isinstance(wish, Freeze):
        return await house.corridor.run(command, _freezing(house.tenant_id, wish))
    return await house.corridor.submit(command)


def command_of(tenant_id: int, *, key: str, wish: Wish) -> Command:
    """Return the command for a wish."""
    grant = Grant(tenant_id, Actor("app", "test"), frozenset({"test"}))
    content = canonical([type(wish).__name__, repr(wish)])

    def plan(_: Lookup) -> Plan:
        return plan_of(wish)

    return Command("test.wish", "test", grant, key, content, plan)


def plan_of(wish: Wish) -> Plan:
    """Return what to lock for a wish, and the decision."""
    match wish:
        case Credit():
            return _credit(wish)
        case Tip():
            return _tip(wish)
        case Reverse():
            return _reverse(wish)
        case Open():
            address = wallet(wish.viewer)
            return Plan(
                lambda _: holds.open_hold(address=address, amount_minor=wish.amount, deadline=wish.deadline),
                accounts=holds.accounts_of(address),
            )
        case Capture() | Release() | Expire():
            return _draw(wish)
        case Freeze():
            return Plan(lambda _: Decision(_freeze_fact(wish)))


def _credit(wish: Credit) -> Plan:
    data = WalletCredited(viewer=wish.viewer, asset="coin", amount_minor=wish.amount)
    transfer = Transfer(ISSUANCE, wallet(wish.viewer), wish.amount)
    decision = Decision(Fact(f"viewer/{wish.viewer}", data), (transfer,))
    return Plan(lambda _: decision, accounts=(transfer.source, transfer.destination))


def _tip(wish: Tip) -> Plan:
    starts = BEGINNING + wish.day * timedelta(days=1)
    day = Window(f"viewer/{wish.viewer}/day", starts, starts + timedelta(days=1))
    shares = wish.shares()
    data = TipSent(
        viewer=wish.viewer,
        creator=wish.creator,
        asset="coin",
        amount_minor=wish.amount,
        creator_minor=shares[0][1],
        guild_minor=shares[1][1],
        platform_minor=shares[2][1],
        terms="standard",
        terms_revision=1,
        guild="g1",
    )
    home = wallet(wish.viewer)
    transfers = tuple(Transfer(home, address, share) for address, share in shares if share)
    decision = Decision(Fact(f"viewer/{wish.viewer}", data), transfers, (Use(day, wish.amount, DAY_LIMIT),))
    return Plan(lambda _: decision, accounts=(home, *(address for address, _ in shares)), windows=(day,))


def _reverse(wish: Reverse) -> Plan:
    tip, position, home = wish.tip, wish.position, wallet(wish.tip.viewer)

    def decide(book: Book) -> Decision:
        before = reversals.reversed_before(book, position)
        use = reversals.reversal_use(
            book, position=position, original_minor=tip.amount, amount_minor=wish.amount
        )
        data = TipReversed(
            tip=position,
            viewer=tip.viewer,
            creator=tip.creator,
            asset="coin",
            amount_minor=wish.amount,
            creator_minor=0,
            guild_minor=0,
            platform_minor=0,
            reversed_minor=before + wish.amount,
        )
        parts = range_of(tip, before=before, amount=wish.amount)
        transfers = tuple(Transfer(address, home, part) for address, part in parts)
        return Decision(Fact(f"viewer/{tip.viewer}", data), transfers, (use,))

    accounts = (home, *(address for address, _ in tip.shares()))
    return Plan(decide, accounts=accounts, windows=(reversals.reversal_window(position),))


def _draw(wish: Capture | Release | Expire) -> Plan:
    accounts: tuple[str, ...] = holds.accounts_of(wallet(wish.viewer))
    if isinstance(wish, Capture):
        shares = wish.shares()
        accounts = (*accounts, *(address for address, _ in shares))
        return Plan(
            lambda book: holds.capture(book, hold_id=wish.hold, shares=shares),
            accounts=accounts,
            holds=(wish.hold,),
        )
    if isinstance(wish, Release):
        return Plan(
            lambda book: holds.release(book, hold_id=wish.hold, amount_minor=wish.amount),
            accounts=accounts,
            holds=(wish.hold,),
        )
    return Plan(lambda book: holds.expire(book, hold_id=wish.hold), accounts=accounts, holds=(wish.hold,))


def _freeze_fact(wish: Freeze) -> Fact:
    return Fact("test", AccountFrozen(address=wish.address, freeze=_LEVELS[wish.level]))


def _freezing(tenant_id: int, wish: Freeze) -> Callable[[Connection], Awaitable[Work]]:
    async def work(conn: Connection) -> Work:
        if not await freeze_account(conn, tenant_id=tenant_id, address=wish.address, frozen=wish.level):
            raise not_found("account.unopened", "Open the account first.")
        return Work(plan_of(wish))

    return work
