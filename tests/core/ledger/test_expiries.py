"""A feature's holds are given back past their deadline by its own fact, all others by the ledger's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import msgspec
import psycopg
import pytest

from plaudit.core.commands.command import Command, Outcome, Plan
from plaudit.core.commands.references import Lookup
from plaudit.core.commands.sweeps import Expiry, Opened, Swept, expire_holds, expiry_command
from plaudit.core.journal import read
from plaudit.core.journal.facts import Fact, canonical
from plaudit.core.ledger import balances, holds
from plaudit.core.ledger.accounts import freeze_account
from plaudit.core.ledger.book import FREEZE_ALL, FREEZE_NONE, Book, Decision, Transfer, Use, Window
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.tickets import OrderEnded, OrderLine, TicketOrdered
from tests.kit.house import BEGINNING, House, credit, grant

DEADLINE = BEGINNING + timedelta(minutes=15)
ISSUED, STOCK = chart.offer_issued(offer="vip"), chart.offer_stock(offer="vip")
WAITING, HELD = chart.offer_waiting(offer="vip"), chart.held(STOCK)
ACCOUNTS = (ISSUED, STOCK, WAITING, HELD)
BOUGHT = Window("order/vip/v1", BEGINNING - timedelta(days=1), BEGINNING + timedelta(days=30))


def _command(house: House, key: str, decision: Decision) -> Command:
    plan = Plan(lambda _: decision, accounts=ACCOUNTS, windows=(BOUGHT,))
    return Command("test.order", "test", grant(house.tenant_id), key, canonical(key), lambda _: plan)


async def ordered(house: House, quantity: int, *, key: str = "order") -> Outcome:
    """Order seats: those of the stock that are held are new ones, for a test need not stock them before."""
    data = TicketOrdered(
        payer="v1",
        asset="CNY",
        amount_minor=100 * quantity,
        due_until=DEADLINE,
        title_en="VIP",
        title_zh="贵宾席",
        show="gala",
        offer="vip",
        offer_revision=1,
        mode="full",
        quantity=quantity,
        lines=(OrderLine(step=0, quantity=quantity, price_minor=100),),
        held_until=DEADLINE,
        total_minor=100 * quantity,
    )
    decision = holds.open_hold(
        address=STOCK,
        amount_minor=quantity,
        deadline=DEADLINE,
        fact=Fact("offer/vip", data),
        uses=(Use(BOUGHT, quantity),),
        transfers=(Transfer(ISSUED, STOCK, quantity),),
    )
    return await house.corridor.submit(_command(house, key, decision))


def seats_come_back(opened: Opened) -> Command:
    """Give seats back as presale would: to the stock, one of them to the waiting list, limits with them."""
    order = msgspec.convert(opened.fact.data, TicketOrdered)
    ended = OrderEnded(
        order=opened.hold.hold_id,
        viewer=order.payer,
        show=order.show,
        offer=order.offer,
        quantity=order.quantity,
        cause="expired",
    )

    def decide(book: Book) -> Decision:
        return holds.expire(
            book,
            hold_id=opened.hold.hold_id,
            fact=Fact("offer/vip", ended),
            uses=(Use(BOUGHT, -order.quantity),),
            transfers=(Transfer(STOCK, WAITING, 1),),
        )

    def plan(_: Lookup) -> Plan:
        return Plan(
            decide,
            accounts=(*holds.accounts_of(opened.hold.address), WAITING),
            windows=(BOUGHT,),
            holds=(opened.hold.hold_id,),
        )

    return expiry_command(opened, action="presale.expire", plan=plan)


EXPIRIES: Mapping[str, Expiry] = {TicketOrdered.KIND: seats_come_back}


async def swept(house: House, expiries: Mapping[str, Expiry] = EXPIRIES) -> Swept:
    return await expire_holds(
        database=house.database, corridor=house.corridor, clock=house.clock, expiries=expiries
    )


async def ended(house: House) -> list[tuple[str, int]]:
    """Return the kind and the hold of each fact that gave one back."""
    kinds = ("hold.expired", OrderEnded.KIND)
    async with house.database.connection() as conn:
        page = await read.page(conn, tenant_id=house.tenant_id, after=0, limit=1_000, kinds=kinds)
    return [(fact.kind, int(fact.data["hold" if "hold" in fact.data else "order"])) for fact in page.facts]


async def seats(house: House) -> dict[str, int]:
    async with house.database.connection() as conn:
        return await balances.balances(
            conn, tenant_id=house.tenant_id, addresses=[ISSUED, STOCK, WAITING, HELD]
        )


async def test_the_features_fact_gives_the_hold_back_with_all_that_moves_with_it(house: House) -> None:
    order = await ordered(house, 3)
    assert await swept(house) == Swept(0, 0)
    house.clock.at = DEADLINE
    assert await swept(house) == Swept(1, 0)
    assert await ended(house) == [(OrderEnded.KIND, order.position)]
    assert await seats(house) == {ISSUED: -3, STOCK: 2, WAITING: 1, HELD: 0}
    used = await house.corridor.submit(
        _command(house, "look", Decision(Fact("offer/vip", order.data), uses=(Use(BOUGHT, 5, 5),)))
    )
    assert used.position > order.position, "the limit was given back"


async def test_others_are_given_back_by_the_ledgers_own_fact_in_the_same_sweep(house: House) -> None:
    order = await ordered(house, 3)
    await house.corridor.submit(credit(house.tenant_id, viewer="v1", amount_minor=100, key="credit"))
    wallet = chart.viewer_wallet(viewer="v1", asset="coin")
    decision = holds.open_hold(address=wallet, amount_minor=60, deadline=DEADLINE)
    plan = Plan(lambda _: decision, accounts=holds.accounts_of(wallet))
    held = await house.corridor.submit(
        Command("test.hold", "test", grant(house.tenant_id), "hold", b"", lambda _: plan)
    )
    house.clock.at = DEADLINE
    assert await swept(house) == Swept(2, 0)
    assert sorted(await ended(house)) == [("hold.expired", held.position), (OrderEnded.KIND, order.position)]


async def test_without_an_expiry_a_features_hold_is_given_back_as_any_other(house: House) -> None:
    order = await ordered(house, 3)
    house.clock.at = DEADLINE
    assert await swept(house, {}) == Swept(1, 0)
    assert await ended(house) == [("hold.expired", order.position)]
    assert (await seats(house))[STOCK] == 3


async def test_a_hold_ends_once_however_often_and_by_whomever_it_is_swept(house: House) -> None:
    orders = [(await ordered(house, 1, key=f"order {n}")).position for n in range(3)]
    async with house.database.connection() as conn:
        await freeze_account(conn, tenant_id=house.tenant_id, address=HELD, frozen=FREEZE_ALL)
    house.clock.at = DEADLINE
    assert await swept(house) == Swept(0, 3)
    async with house.database.connection() as conn:
        await freeze_account(conn, tenant_id=house.tenant_id, address=HELD, frozen=FREEZE_NONE)
        due = await holds.due(conn, tenant_id=house.tenant_id, now=house.clock.now(), after=None, limit=10)
        facts = await read.facts_at(conn, tenant_id=house.tenant_id, positions=[one.hold_id for one in due])
    assert await swept(house) == Swept(3, 0)
    assert await swept(house) == Swept(0, 0)
    # Another process had picked the same holds: it is given the first answer.
    for fact, hold in zip(facts, due, strict=True):
        again = await house.corridor.submit(seats_come_back(Opened(house.tenant_id, fact, hold)))
        assert again.replayed
    assert sorted(hold for _, hold in await ended(house)) == orders


async def test_a_feature_that_expires_under_another_key_is_at_fault(house: House) -> None:
    await ordered(house, 1)
    house.clock.at = DEADLINE

    def careless(opened: Opened) -> Command:
        return msgspec.structs.replace(seats_come_back(opened), key="expire")

    with pytest.raises(AssertionError, match="does not expire hold"):
        await swept(house, {TicketOrdered.KIND: careless})


async def test_an_idle_sweep_is_one_statement_and_reads_by_the_index(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ordered(house, 1)
    asked: list[str] = []
    execute = psycopg.AsyncConnection.execute

    async def noting(conn: object, query: str, *given: object, **named: object) -> object:
        asked.append(query)
        return await execute(conn, query, *given, **named)  # type: ignore[call-overload]

    monkeypatch.setattr(psycopg.AsyncConnection, "execute", noting)
    assert await swept(house) == Swept(0, 0)
    (idle,) = asked
    async with house.database.transaction() as tx:
        await execute(tx, "SET LOCAL enable_seqscan = off")
        rows = await execute(tx, f"EXPLAIN {idle}", (DEADLINE,))
        plan = "\n".join(row[0] for row in await rows.fetchall())
    assert "hold_due" in plan, plan
