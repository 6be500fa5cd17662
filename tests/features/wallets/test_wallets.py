"""Money comes in, is seen, and is corrected by two people."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from plaudit.core.journal import private
from plaudit.core.journal.subscriptions import catch_up
from plaudit.features.identity import actions as identity
from plaudit.features.wallets import actions, queries
from plaudit.features.wallets.model import Credit, State
from plaudit.features.wallets.reactions import ERASURE
from plaudit.kernel.money import MAX_MINOR
from plaudit.kernel.refusal import Refusal, RefusalKind
from plaudit.vocabulary.facts.wallets import AdjustmentApproved, AdjustmentRejected, WalletCredited
from tests.features.floor import EVENING, SALT, Floor

pytestmark = pytest.mark.anyio


async def credit(
    floor: Floor, request: Credit, *, key: str | None = None, at: datetime | None = None
) -> WalletCredited:
    command = actions.credit(
        grant=floor.grant(), key=key or floor.key(), request=request, at=at, now=floor.clock.now()
    )
    outcome = await floor.corridor.submit(command)
    assert isinstance(outcome.data, WalletCredited)
    return outcome.data


async def wallet(floor: Floor, viewer: str, as_of: datetime | None = None) -> dict[str, tuple[int, int]]:
    found = await queries.wallet(
        database=floor.database, tenant_id=floor.tenant_id, viewer=viewer, as_of=as_of
    )
    return {one.asset: (one.balance_minor, one.held_minor) for one in found}


async def pending(floor: Floor, state: State | None = "pending") -> list[tuple[str, str | None]]:
    page = await queries.adjustments(
        database=floor.database, tenant_id=floor.tenant_id, state=state, limit=None, cursor=None
    )
    return [(one.state, one.reason) for one in page.items]


async def reject(floor: Floor, adjustment: str, *, person: str = "bob") -> AdjustmentRejected:
    outcome = await actions.reject_adjustment(
        corridor=floor.corridor,
        grant=floor.grant("staff", person),
        key=floor.key(),
        adjustment=adjustment,
        reason="not our mistake",
        now=floor.clock.now(),
        salt=SALT,
    )
    assert isinstance(outcome.data, AdjustmentRejected)
    return outcome.data


async def test_what_was_issued_can_be_seen(floor: Floor) -> None:
    await credit(floor, Credit(viewer="v1", asset="coin", amount_minor=300, reference="order-17"))
    fact = await credit(floor, Credit(viewer="v2", asset="USD", amount_minor=5, reference="order-18"))
    assert (fact.viewer, fact.asset, fact.amount_minor, fact.reference) == ("v2", "USD", 5, "order-18")
    assert await floor.everything() == {
        "issuance/coin": -300,
        "issuance/USD": -5,
        "viewer/v1/coin": 300,
        "viewer/v2/USD": 5,
    }


async def test_the_same_key_credits_once(floor: Floor) -> None:
    request = Credit(viewer="v1", asset="coin", amount_minor=300)
    await asyncio.gather(*(credit(floor, request, key="k1") for _ in range(20)))
    assert await floor.balance("viewer/v1/coin") == 300
    with pytest.raises(Refusal, match=r"key\.conflict"):
        await credit(floor, Credit(viewer="v1", asset="coin", amount_minor=301), key="k1")


async def test_bad_credits_are_refused(floor: Floor) -> None:
    table: list[tuple[dict[str, Any], str, RefusalKind]] = [
        ({"amount_minor": 0}, "credit.amount", RefusalKind.INVALID),
        ({"amount_minor": -1}, "credit.amount", RefusalKind.INVALID),
        ({"amount_minor": MAX_MINOR + 1}, "credit.amount", RefusalKind.INVALID),
        ({"asset": "XXX"}, "asset.unknown", RefusalKind.NOT_FOUND),
        ({"viewer": "a/b"}, "body.invalid", RefusalKind.INVALID),
        ({"viewer": ""}, "body.invalid", RefusalKind.INVALID),
        ({"reference": "two words"}, "body.invalid", RefusalKind.INVALID),
        ({"reference": "x" * 129}, "body.invalid", RefusalKind.INVALID),
    ]
    for fields, code, kind in table:
        with pytest.raises(Refusal) as refusal:
            await credit(floor, Credit(**{"viewer": "v1", "asset": "coin", "amount_minor": 1, **fields}))
        assert (refusal.value.code, refusal.value.kind) == (code, kind), fields
    assert await floor.head() == 0


async def test_a_balance_stays_within_what_json_holds_exactly(floor: Floor) -> None:
    await credit(floor, Credit(viewer="v1", asset="coin", amount_minor=MAX_MINOR))
    with pytest.raises(Refusal, match=r"ledger\.range"):
        await credit(floor, Credit(viewer="v1", asset="coin", amount_minor=1))


async def test_a_credit_of_the_past_needs_the_scope_import(floor: Floor) -> None:
    request = Credit(viewer="v1", asset="coin", amount_minor=1)
    await credit(floor, request, at=EVENING - timedelta(days=400))
    with pytest.raises(Refusal, match=r"body\.invalid"):
        await credit(floor, request, at=EVENING + timedelta(microseconds=1))
    command = actions.credit(
        grant=floor.grant(permissions=frozenset({"wallet.credit"})),
        key=floor.key(),
        request=request,
        at=EVENING,
        now=EVENING,
    )
    with pytest.raises(Refusal, match=r"scope\.missing"):
        await floor.corridor.submit(command)


async def test_balances_now_and_as_recorded_then(floor: Floor) -> None:
    await floor.credit("v1", 100)
    await floor.credit("v1", 7, asset="USD")
    await floor.register("c1")
    floor.clock.advance(timedelta(hours=1))
    await floor.tip("v1", "c1", 30)
    assert await wallet(floor, "v1") == {"coin": (70, 0), "USD": (7, 0)}
    assert await wallet(floor, "v1", EVENING) == {"coin": (100, 0), "USD": (7, 0)}
    assert await wallet(floor, "v1", EVENING - timedelta(seconds=1)) == {"coin": (0, 0), "USD": (0, 0)}
    assert await wallet(floor, "v") == {}


async def test_a_statement_tells_balance_before_and_after_and_why(floor: Floor) -> None:
    await floor.credit("v1", 100)
    await floor.register("c1")
    for amount_minor in (10, 20, 30):
        await floor.tip("v1", "c1", amount_minor)
    lines = []
    cursor: str | None = None
    while True:
        page = await queries.entries(
            database=floor.database,
            tenant_id=floor.tenant_id,
            address="viewer/v1/coin",
            limit=3,
            cursor=cursor,
        )
        lines += [(one.kind, one.before_minor, one.amount_minor, one.after_minor) for one in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert lines == [
        ("tip.sent", 70, -30, 40),
        ("tip.sent", 90, -20, 70),
        ("tip.sent", 100, -10, 90),
        ("wallet.credited", 0, 100, 100),
    ]


async def test_any_account_can_be_looked_at(floor: Floor) -> None:
    await floor.credit("v1", 100)

    async def balance(address: str, as_of: datetime | None = None) -> int:
        return await queries.account(
            database=floor.database, tenant_id=floor.tenant_id, address=address, as_of=as_of
        )

    assert await balance("issuance/coin") == -100
    assert await balance("issuance/coin", EVENING - timedelta(days=1)) == 0
    for address, code in (
        ("issuance/USD", "account.unknown"),
        ("treasure/coin", "account.unknown"),
        ("viewer/v1/XXX", "asset.unknown"),
    ):
        with pytest.raises(Refusal) as refusal:
            await balance(address)
        assert (refusal.value.code, refusal.value.kind) == (code, RefusalKind.NOT_FOUND)


async def test_a_correction_moves_when_a_second_person_approves(floor: Floor) -> None:
    await floor.credit("v1", 100)
    adjustment = await floor.request("viewer/v1/coin", -30)
    assert await floor.balance("viewer/v1/coin") == 100
    assert await pending(floor) == [("pending", "counted twice")]
    outcome = await floor.approve(adjustment)
    assert isinstance(outcome.data, AdjustmentApproved)
    assert (outcome.data.maker, outcome.data.checker) == ("staff/ann", "staff/bob")
    assert await floor.everything() == {"issuance/coin": -100, "viewer/v1/coin": 70, "adjustment/coin": 30}
    assert await pending(floor) == []
    await floor.adjust("viewer/v1/coin", 30)
    assert await floor.balance("adjustment/coin") == 0


async def test_the_maker_cannot_be_the_checker(floor: Floor) -> None:
    adjustment = await floor.request("viewer/v1/coin", 30)
    for grant in (floor.grant("staff", "ann"), floor.grant("app", "plk_2"), floor.grant("app", "plk_1")):
        with pytest.raises(Refusal) as refusal:
            await floor.approve(adjustment, grant=grant)
        assert (refusal.value.code, refusal.value.kind) == ("checker.invalid", RefusalKind.FORBIDDEN)
    with pytest.raises(Refusal, match=r"checker\.invalid"):
        await reject(floor, adjustment, person="ann")
    assert await floor.balance("viewer/v1/coin") == 0
    assert await pending(floor) == [("pending", "counted twice")]


async def test_an_application_may_ask_and_a_person_decides(floor: Floor) -> None:
    adjustment = await floor.request("viewer/v1/coin", 30, grant=floor.grant("app", "plk_1"))
    await floor.approve(adjustment)
    assert await floor.balance("viewer/v1/coin") == 30


async def test_an_approval_that_the_account_cannot_bear_changes_nothing(floor: Floor) -> None:
    await floor.credit("v1", 20)
    adjustment = await floor.request("viewer/v1/coin", -30)
    before, head = await floor.everything(), await floor.head()
    with pytest.raises(Refusal) as refusal:
        await floor.approve(adjustment, key="a1")
    assert refusal.value.code == "ledger.insufficient"
    assert refusal.value.details["available_minor"] == 20
    assert (await floor.everything(), await floor.head()) == (before, head)
    assert await pending(floor) == [("pending", "counted twice")]
    await floor.credit("v1", 10)
    await floor.approve(adjustment, key="a1")
    assert await floor.balance("viewer/v1/coin") == 0


async def test_a_settled_correction_stays_settled(floor: Floor) -> None:
    rejected = await floor.request("viewer/v1/coin", 30)
    fact = await reject(floor, rejected)
    assert (fact.maker, fact.checker, fact.amount_minor) == ("staff/ann", "staff/bob", 30)
    approved = await floor.request("viewer/v1/coin", 5)
    first = await floor.approve(approved, key="a1")
    again = await floor.approve(approved, key="a1")
    assert (again.replayed, again.position) == (True, first.position)
    for adjustment in (rejected, approved):
        with pytest.raises(Refusal) as refusal:
            await floor.approve(adjustment)
        assert (refusal.value.code, refusal.value.kind) == ("adjustment.settled", RefusalKind.CONFLICT)
    assert await floor.balance("viewer/v1/coin") == 5
    assert [state for state, _ in await pending(floor, None)] == ["rejected", "approved"]


async def test_two_checkers_at_once_approve_once(floor: Floor) -> None:
    adjustment = await floor.request("viewer/v1/coin", 30)
    results = await asyncio.gather(
        *(floor.approve(adjustment, grant=floor.grant("staff", f"s{n}")) for n in range(6)),
        return_exceptions=True,
    )
    assert sum(isinstance(result, Refusal) for result in results) == 5
    assert await floor.balance("viewer/v1/coin") == 30


async def test_what_cannot_be_corrected_is_not_even_asked_for(floor: Floor) -> None:
    for address, amount_minor, code in (
        ("viewer/v1/coin", 0, "adjustment.amount"),
        ("viewer/v1/coin", MAX_MINOR + 1, "adjustment.amount"),
        ("viewer/v1/XXX", 1, "asset.unknown"),
        ("viewer/v1", 1, "account.unknown"),
        ("issuance/coin", 1, "adjustment.account"),
        ("adjustment/coin", 1, "adjustment.account"),
        ("held/viewer/v1/coin", 1, "adjustment.account"),
    ):
        with pytest.raises(Refusal) as refusal:
            await floor.request(address, amount_minor)
        assert refusal.value.code == code, address
    assert await floor.head() == 0


async def test_another_tenants_correction_is_unknown(floor: Floor) -> None:
    for adjustment, code in (("adj_0000000000001", "adjustment.unknown"), ("adj_1", "invalid.id")):
        with pytest.raises(Refusal) as refusal:
            await floor.approve(adjustment)
        assert refusal.value.code == code


async def test_erasing_a_viewer_erases_what_was_written_about_them(floor: Floor) -> None:
    await floor.adjust("viewer/v1/coin", 30)
    await floor.adjust("viewer/v2/coin", 30)
    erasing = identity.erase_viewer(
        grant=floor.grant("staff", "ann"),
        idempotency_key=floor.key(),
        viewer="v1",
        reason="asked for it",
        randomness=bytes,
    )
    await floor.corridor.run(erasing.command, erasing.work)
    await catch_up(
        database=floor.database, clock=floor.clock, subscriptions=[ERASURE], tenant_id=floor.tenant_id
    )
    assert await pending(floor, "approved") == [("approved", None), ("approved", "counted twice")]
    async with floor.database.connection() as conn:
        texts = await private.read(conn, tenant_id=floor.tenant_id, positions=list(range(1, 6)))
    assert [text.part.owner for text in texts if text.part.body == "counted twice"] == ["viewer/v2"]
    assert await floor.balance("viewer/v1/coin") == 30
