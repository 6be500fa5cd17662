"""What is recorded when money has moved at a channel, or is about to go back: a command for each effect."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from plaudit.core.commands.command import Command, Plan
from plaudit.core.commands.references import Lookup
from plaudit.core.journal.facts import Fact, PrivatePart
from plaudit.core.ledger.book import Book, Decision, Transfer, Use, Window
from plaudit.features.payments.actions.base import SETTLE, SYSTEM, system_grant
from plaudit.features.payments.model import effects
from plaudit.features.payments.model.accounts import account_id
from plaudit.features.payments.model.effects import Claim, Effect, Return, Try
from plaudit.features.payments.model.intents import PAYMENT
from plaudit.features.payments.model.refunds import REFUND
from plaudit.features.payments.model.settling import Case
from plaudit.kernel.ids import encode_id
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.base import FactData
from plaudit.vocabulary.facts.payments import (
    AttemptFailed,
    PaymentClosed,
    PaymentFailed,
    PaymentRefunded,
    PaymentSucceeded,
    PaymentSurplus,
    RefundApproved,
    RefundCause,
    RefundFailed,
    RefundRejected,
    RefundRequested,
    RefundUndone,
)

_BEGINNING: Final = datetime(2000, 1, 1, tzinfo=UTC)
_END: Final = datetime(9999, 12, 31, tzinfo=UTC)


def refund_window(payment: str) -> Window:
    """Return the counter of what of a payment was refunded or is on its way: never more than was paid."""
    return Window(f"refund/{payment}", _BEGINNING, _END)


def settlement(
    *, tenant_id: int, cause: str, effect: Effect, case: Case, instrument_hash: str | None = None
) -> Command:
    """Return the command that records one effect on a locked case.

    `cause` says which fact, and which of its effects, it is: the key is made of it.
    """
    plan = _PLANS[type(effect)](effect, _Place(tenant_id, case, instrument_hash))
    return _command(tenant_id, cause, plan)


def closing(*, tenant_id: int, claim: Claim) -> Command:
    """Return the command that records that an intent ended unpaid at its deadline."""
    closed = PaymentClosed(**payment_words(claim), cause="deadline")
    return _command(tenant_id, f"close/{closed.payment}", _moving(closed, closed.payment))


def approved(
    *, claim: Claim, refund: int, amount_minor: int, cause: RefundCause, checker: str | None = None
) -> Plan:
    """Return the plan of an approval: it is counted by the ledger, which refuses more than was paid.

    What was refunded or on its way before is read under lock.
    """
    payment = encode_id(PAYMENT, claim.number)
    window = refund_window(payment)

    def decide(book: Book) -> Decision:
        fact = RefundApproved(
            **payment_words(claim) | {"amount_minor": amount_minor},
            refund=encode_id(REFUND, refund),
            cause=cause,
            paid_minor=claim.amount_minor,
            refunded_before_minor=book.used(window),
            checker=checker,
        )
        return Decision(_fact(fact, payment), uses=(Use(window, amount_minor, claim.amount_minor),))

    return Plan(decide, windows=(window,))


def declined(
    *,
    claim: Claim,
    refund: int,
    amount_minor: int,
    cause: RefundCause,
    code: str,
    counted: bool,
    checker: str | None,
    private: PrivatePart | None = None,
) -> Plan:
    """Return the plan of a refund that ends without effect; with `counted` the counter gets it back."""
    payment = encode_id(PAYMENT, claim.number)
    fact = RefundRejected(
        **payment_words(claim) | {"amount_minor": amount_minor},
        refund=encode_id(REFUND, refund),
        cause=cause,
        code=code,
        checker=checker,
        reason_hash=None if private is None else private.digest,
    )
    window = refund_window(payment)
    decision = Decision(
        Fact(f"payment/{payment}", fact, () if private is None else (private,)),
        (),
        (Use(window, -amount_minor),) if counted else (),
    )
    return Plan(lambda _book: decision, windows=(window,) if counted else ())


class _Place:
    """Where an effect happened, and the words that its fact shares with others."""

    __slots__ = ("case", "claim", "instrument_hash", "payment", "tenant_id", "words")

    def __init__(self, tenant_id: int, case: Case, instrument_hash: str | None) -> None:
        self.tenant_id = tenant_id
        self.case = case
        self.claim = case.claim
        self.instrument_hash = instrument_hash
        self.words = payment_words(case.claim)
        self.payment: str = self.words["payment"]

    def account(self, one: Try) -> str:
        return account_id(tenant_id=self.tenant_id, number=one.account)

    def attempt(self, one: Try) -> dict[str, Any]:
        return {"attempt": one.attempt, "channel": one.channel, "account": self.account(one)}

    def refund(self, one: Return) -> dict[str, Any]:
        return self.words | {
            "asset": one.asset,
            "amount_minor": one.amount_minor,
            "refund": encode_id(REFUND, one.number),
            "cause": one.cause,
        }


def _succeeded(effect: effects.Succeeded, place: _Place) -> Plan:
    one, claim = effect.attempt, place.claim
    assert one.transaction is not None, "a paid attempt has its transaction"
    fact = PaymentSucceeded(
        **place.words,
        **place.attempt(one),
        method=one.method,
        transaction=one.transaction,
        instrument_hash=place.instrument_hash,
    )
    source = chart.channel_account(account=fact.account, asset=claim.asset)
    return _moving(
        fact, place.payment, Transfer(source, chart.clearing(asset=claim.asset), claim.amount_minor)
    )


def _surplus(effect: effects.Surplus, place: _Place) -> Plan:
    refund = effect.refund
    assert refund.transaction is not None, "what came in has its transaction"
    words = place.words | {"asset": refund.asset, "amount_minor": refund.amount_minor}
    fact = PaymentSurplus(
        **words,
        **place.attempt(effect.attempt),
        transaction=refund.transaction,
        cause=effect.cause,
        refund=encode_id(REFUND, refund.number),
    )
    source = chart.channel_account(account=fact.account, asset=refund.asset)
    return _moving(
        fact, place.payment, Transfer(source, chart.clearing(asset=refund.asset), refund.amount_minor)
    )


def _failed(effect: effects.Failed, place: _Place) -> Plan:
    one = effect.attempt
    fact = AttemptFailed(**place.words, **place.attempt(one), method=one.method, code=effect.code)
    return _moving(fact, place.payment)


def _exhausted(effect: effects.Exhausted, place: _Place) -> Plan:
    return _moving(PaymentFailed(**place.words, code=effect.code), place.payment)


def _rejected(effect: effects.Rejected, place: _Place) -> Plan:
    return declined(
        claim=place.claim,
        refund=effect.refund.number,
        amount_minor=effect.refund.amount_minor,
        cause=effect.refund.cause,
        code=effect.code,
        counted=effect.counted,
        checker=None,
    )


def _restored(effect: effects.Restored, place: _Place) -> Plan:
    refund = effect.refund
    fact = RefundRequested(**place.refund(refund), maker=SYSTEM.text)
    use = Use(refund_window(place.payment), refund.amount_minor, place.claim.amount_minor)
    return _moving(fact, place.payment, uses=(use,))


def _revoked(effect: effects.Revoked, place: _Place) -> Plan:
    return _moving(RefundRequested(**place.refund(effect.refund), maker=SYSTEM.text), place.payment)


def _approved(effect: effects.Approved, place: _Place) -> Plan:
    refund = effect.refund
    return approved(
        claim=place.claim, refund=refund.number, amount_minor=refund.amount_minor, cause=refund.cause
    )


def _refunded(effect: effects.Refunded, place: _Place) -> Plan:
    refund = effect.refund
    one = place.case.tries[refund.attempt]
    fact = PaymentRefunded(
        **place.refund(refund),
        channel=one.channel,
        account=place.account(one),
        paid_minor=effect.paid_minor,
        refunded_minor=effect.refunded_minor,
    )
    home = chart.channel_account(account=fact.account, asset=refund.asset)
    return _moving(
        fact, place.payment, Transfer(chart.clearing(asset=refund.asset), home, refund.amount_minor)
    )


def _refund_failed(effect: effects.RefundFailed, place: _Place) -> Plan:
    return _moving(RefundFailed(**place.refund(effect.refund), code=effect.code), place.payment)


def _refund_undone(effect: effects.RefundUndone, place: _Place) -> Plan:
    refund = effect.refund
    one = place.case.tries[refund.attempt]
    fact = RefundUndone(
        **place.refund(refund),
        channel=one.channel,
        account=place.account(one),
        code=effect.code,
        refunded_minor=effect.refunded_minor,
    )
    home = chart.channel_account(account=fact.account, asset=refund.asset)
    return _moving(
        fact, place.payment, Transfer(home, chart.clearing(asset=refund.asset), refund.amount_minor)
    )


_PLANS: Final[Mapping[type, Callable[[Any, _Place], Plan]]] = {
    effects.Succeeded: _succeeded,
    effects.Surplus: _surplus,
    effects.Failed: _failed,
    effects.Exhausted: _exhausted,
    effects.Rejected: _rejected,
    effects.Restored: _restored,
    effects.Revoked: _revoked,
    effects.Approved: _approved,
    effects.Refunded: _refunded,
    effects.RefundFailed: _refund_failed,
    effects.RefundUndone: _refund_undone,
}


def payment_words(claim: Claim) -> dict[str, Any]:
    """Return what every fact about a payment says, as its type takes it."""
    return {
        "payment": encode_id(PAYMENT, claim.number),
        "due": claim.due,
        "due_kind": claim.due_kind,
        "payer": claim.payer,
        "asset": claim.asset,
        "amount_minor": claim.amount_minor,
    }


def _fact(data: FactData, payment: str) -> Fact:
    return Fact(f"payment/{payment}", data)


def _moving(data: FactData, payment: str, *transfers: Transfer, uses: tuple[Use, ...] = ()) -> Plan:
    decision = Decision(_fact(data, payment), transfers, uses)
    accounts = [address for one in transfers for address in (one.source, one.destination)]
    return Plan(lambda _book: decision, tuple(accounts), tuple([use.window for use in uses]))


def _command(tenant_id: int, cause: str, plan: Plan) -> Command:
    def planned(_lookup: Lookup) -> Plan:
        return plan

    return Command(
        action="payments.settle",
        permission=SETTLE,
        grant=system_grant(tenant_id),
        key=cause,
        content=cause.encode(),
        plan=planned,
    )
