"""What a payer does at the sandbox: pay, fail, pay late, twice, or another amount."""

from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.core.handles import Connection
from plaudit.features.payments.actions.base import Means, merchant_of
from plaudit.features.payments.actions.books import SandboxNotice, enqueue_notice
from plaudit.features.payments.actions.intents import close_payment
from plaudit.features.payments.model.intents import (
    OPEN_INTENTS,
    PAYMENT,
    Attempt,
    check_payer,
    unknown_payment,
)
from plaudit.features.payments.model.sandbox import Act, Trade, TradePayment
from plaudit.features.payments.providers.sandbox import SandboxSettings
from plaudit.features.payments.store import attempts as attempts_store
from plaudit.features.payments.store import intents as intents_store
from plaudit.features.payments.store import sandbox as store
from plaudit.kernel.ids import decode_id, new_token
from plaudit.kernel.rate import Rate
from plaudit.kernel.refusal import Refusal, refused

_TRANSACTION_BYTES: Final = 16


async def act(means: Means, *, grant: Grant, key: str, payment: str, act: Act) -> Trade:
    """Do at the sandbox what a payer does, for the latest attempt there; a callback follows.

    Each act says how the trade ends, so doing it again has no further effect: "pay_twice" ends with two
    payments. "pay_late" closes the payment first where it is open, under `key`. Raises Refusal
    `payment.unknown` (NOT_FOUND), `payment.not_sandbox` and `sandbox.ended` (REFUSED).
    """
    number = decode_id(PAYMENT, payment)
    async with means.database.connection() as conn:
        intent = await intents_store.select_intent(conn, tenant_id=grant.tenant_id, number=number)
        rows = await attempts_store.select_attempts(conn, tenant_id=grant.tenant_id, intent=number)
    if intent is None:
        raise unknown_payment()
    check_payer(actor=grant.actor, payer=intent.payer, unknown=unknown_payment())
    attempt = next((one for one in reversed(rows) if one.channel == "sandbox"), None)
    if attempt is None:
        raise _not_sandbox()
    if act == "pay_late" and intent.state in OPEN_INTENTS:
        await close_payment(means, grant=grant, key=key, payment=payment)
    merchant = await merchant_of(means, tenant_id=grant.tenant_id, number=attempt.account)
    assert merchant is not None, attempt
    settings = msgspec.convert(merchant.settings, SandboxSettings)
    fee = Rate.basis_points(settings.fee_basis_points)
    async with means.database.transaction() as tx:
        trade = await store.lock_trade(
            tx, tenant_id=grant.tenant_id, account=attempt.account, number=attempt.number
        )
        if trade is None:
            raise _not_sandbox()
        scene = _Scene(grant.tenant_id, attempt, intent.payer)
        await _done(means, tx, scene=scene, trade=trade, act=act, fee=fee)
        after = await store.lock_trade(
            tx, tenant_id=grant.tenant_id, account=attempt.account, number=attempt.number
        )
    assert after is not None, attempt
    return after


@dataclass(frozen=True, slots=True)
class _Scene:
    """Who acts, and on which attempt."""

    tenant_id: int
    place: Attempt
    payer: str


async def _done(
    means: Means,
    tx: Connection,
    *,
    scene: _Scene,
    trade: Trade,
    act: Act,
    fee: Rate,
) -> None:
    """Change a locked trade as the payer wants, and have the callbacks sent."""
    tenant_id, place = scene.tenant_id, scene.place
    if act == "fail":
        if trade.state == "failed":
            return
        if trade.state != "pending":
            raise _ended()
        await store.set_trade_state(
            tx, tenant_id=tenant_id, account=place.account, number=place.number, state="failed"
        )
        notice = _notice(scene, event="failed", transaction=_transaction(means))
        await enqueue_notice(tx, notice)
        return
    if trade.state not in {"pending", "paid"} and act != "pay_late":
        raise _ended()
    for payment in range(len(trade.payments) + 1, (2 if act == "pay_twice" else 1) + 1):
        amount = trade.amount_minor + (1 if act == "pay_other_amount" else 0)
        paid = TradePayment(
            payment=payment,
            transaction=_transaction(means),
            amount_minor=amount,
            fee_minor=fee.of(amount),
            paid_at=means.clock.now(),
        )
        await store.insert_payment(
            tx, tenant_id=tenant_id, account=place.account, number=place.number, payment=paid
        )
        await store.set_trade_state(
            tx, tenant_id=tenant_id, account=place.account, number=place.number, state="paid"
        )
        notice = _notice(scene, event="paid", transaction=paid.transaction)
        await enqueue_notice(tx, notice)


def _notice(scene: _Scene, *, event: Literal["paid", "failed"], transaction: str) -> SandboxNotice:
    return SandboxNotice(
        tenant_id=scene.tenant_id,
        account=scene.place.account,
        number=scene.place.number,
        event=event,
        transaction=transaction,
        payer=scene.payer,
    )


def _transaction(means: Means) -> str:
    return new_token(random_bytes=means.randomness, size_bytes=_TRANSACTION_BYTES)


def _not_sandbox() -> Refusal:
    return refused("payment.not_sandbox", "This payment has no attempt at the sandbox; make one there first.")


def _ended() -> Refusal:
    return refused("sandbox.ended", "The sandbox has ended this order; only pay_late changes it now.")
