"""What channels tell, made into facts: one for each payment or refund and what was told of it.

By callback or when asked makes no difference: both make the same command under the same key, and so have one
effect. The key is made from the channel's own number of the payment.
"""

from datetime import datetime
from typing import Final, Literal, TypeAlias

from plaudit.core.commands.command import Command, Plan
from plaudit.core.commands.references import Lookup
from plaudit.core.journal.facts import Fact, canonical
from plaudit.core.ledger.book import Decision
from plaudit.features.payments.actions.base import SETTLE, system_grant
from plaudit.features.payments.model.accounts import account_id
from plaudit.features.payments.model.asking import OrderTold
from plaudit.features.payments.model.channel import Notice, OrderReport
from plaudit.features.payments.model.intents import PAYMENT, Attempt, Placed
from plaudit.features.payments.model.refunds import Refund
from plaudit.kernel.ids import encode_id
from plaudit.platform.crypto import Vault
from plaudit.vocabulary.facts.payments import PaymentNotified

Source: TypeAlias = Literal["callback", "query"]
RefundTold: TypeAlias = Literal["refunded", "refund_failed", "refund_undone"]

_MARK_DIGITS: Final = 32


def of_order(
    *,
    tenant_id: int,
    source: Source,
    told: OrderTold,
    attempt: Attempt | Placed,
    report: OrderReport | Notice,
    vault: Vault,
) -> Command:
    """Return the journal command of what a channel told of an attempt, in the channel's own words.

    Where it names no amount, as for an order that was closed, it is the attempt's.
    """
    account = account_id(tenant_id=tenant_id, number=attempt.account)
    transaction = report.transaction or ""
    notified = PaymentNotified(
        source=source,
        told=told,
        channel=attempt.channel,
        account=account,
        number=attempt.number,
        payment=encode_id(PAYMENT, attempt.intent),
        attempt=attempt.attempt,
        transaction=transaction,
        asset=report.asset or attempt.asset,
        amount_minor=attempt.amount_minor if report.amount_minor is None else report.amount_minor,
        happened_at=report.happened_at,
        code=report.code,
        instrument_hash=_instrument(vault, channel=attempt.channel, payer=report.payer),
    )
    return _command(tenant_id, f"notified/{account}/{attempt.number}/{told}/{transaction}", notified)


def of_refund(
    *,
    tenant_id: int,
    source: Source,
    told: RefundTold,
    refund: Refund,
    happened_at: datetime | None = None,
    code: str | None = None,
) -> Command:
    """Return the journal command of what a channel told of a refund.

    A refund that is tried again after the channel's no may be told of again.
    """
    notified = PaymentNotified(
        source=source,
        told=told,
        channel=refund.channel,
        account=account_id(tenant_id=tenant_id, number=refund.account),
        number=refund.order_number,
        payment=encode_id(PAYMENT, refund.intent),
        attempt=refund.attempt,
        transaction=refund.transaction or "",
        asset=refund.asset,
        amount_minor=refund.amount_minor,
        happened_at=happened_at,
        refund=refund.id,
        code=code,
    )
    again = f"/{refund.retries}" if refund.retries or told == "refund_failed" else ""
    return _command(tenant_id, f"notified/{refund.id}/{told}{again}", notified)


def _instrument(vault: Vault, *, channel: str, payer: str | None) -> str | None:
    """Return what stands for a payer at a channel: comparable in this installation, readable nowhere."""
    if not payer:
        return None
    return vault.mark(text=payer.encode(), context=f"payments/instrument/{channel}").hex()[:_MARK_DIGITS]


def _command(tenant_id: int, key: str, notified: PaymentNotified) -> Command:
    decision = Decision(Fact(f"payment/{notified.payment}", notified))
    plan = Plan(lambda _book: decision)

    def planned(_lookup: Lookup) -> Plan:
        return plan

    return Command(
        action="payments.notice",
        permission=SETTLE,
        grant=system_grant(tenant_id),
        key=key,
        # What was told first stands: the same payment told of in other words is the same payment.
        content=canonical(key),
        plan=planned,
    )
