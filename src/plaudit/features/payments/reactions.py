"""What payments does when something happened: money told of by channels, amounts due that were answered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeAlias

from plaudit.core.commands.batch import Broken
from plaudit.core.commands.command import Command
from plaudit.core.commands.corridor import Corridor
from plaudit.core.feature import Reaction
from plaudit.core.handles import Connection
from plaudit.core.journal.facts import Heard
from plaudit.core.journal.subscriptions import Span, Subscription
from plaudit.features.payments.actions.base import SYSTEM
from plaudit.features.payments.actions.refunds import ASK_AFTER, SEND_REFUND, SendRefund
from plaudit.features.payments.actions.settling import settlement
from plaudit.features.payments.model.effects import Effect, Return
from plaudit.features.payments.model.intents import OPEN_INTENTS, PAYMENT
from plaudit.features.payments.model.refunds import REFUND
from plaudit.features.payments.model.settling import Case
from plaudit.features.payments.store import figures, reconciliations
from plaudit.features.payments.store import refunds as refund_store
from plaudit.features.payments.store import settling as store
from plaudit.kernel.ids import decode_id
from plaudit.kernel.refusal import Refusal, busy
from plaudit.platform import jobs
from plaudit.vocabulary.facts.dues import DueKept, DueRejected, DueReturned, DueRevoked
from plaudit.vocabulary.facts.identity import ViewerErased
from plaudit.vocabulary.facts.payments import (
    AttemptFailed,
    PaymentAttempted,
    PaymentNotified,
    PaymentSucceeded,
    RefundRequested,
)

_About: TypeAlias = (
    PaymentNotified | AttemptFailed | DueRejected | DueReturned | DueKept | DueRevoked | RefundRequested
)

_SWITCHED_OFF: Final = "switch.off"


@dataclass(slots=True)
class _Said:
    """What one fact led to: effects on its case, in order."""

    position: int
    case: Case
    effects: tuple[Effect, ...]
    instrument_hash: str | None = None


@dataclass(slots=True)
class _Desk:
    """The locked cases of a span, by intent, and what its facts led to."""

    tenant_id: int
    cases: dict[int, Case] = field(default_factory=dict)
    changed_at: dict[int, datetime] = field(default_factory=dict)
    said: list[_Said] = field(default_factory=list)

    def take(self, intent: int, fact: Heard[_About]) -> None:
        """Take one fact about an intent, in the order of the journal."""
        case = self.cases.get(intent)
        assert case is not None, f"fact {fact.position} is about a payment that there is not"
        self.changed_at[intent] = fact.recorded_at
        told = _TAKES[type(fact.data)](case, fact)
        if told is not None:
            self.said.append(told)


async def _settle(corridor: Corridor, conn: Connection, span: Span) -> None:
    """Let a span of facts have its effects: rows locked in order, written as columns, recorded last."""
    heard = await span.heard(conn, _KINDS)
    if not heard:
        return
    facts = [(decode_id(PAYMENT, fact.data.payment), fact) for fact in heard]
    desk = await _opened(conn, span.tenant_id, facts)
    for intent, fact in facts:
        desk.take(intent, fact)
    await _save(conn, desk)
    results = await corridor.record(conn, _commands(desk))
    for result in results:
        if isinstance(result, Refusal):
            raise _later(result) if result.code == _SWITCHED_OFF else result
        if isinstance(result, Broken):
            raise result.cause


def _later(refusal: Refusal) -> Refusal:
    """Return the refusal by a switch as one that passes: money that moved is settled when it is on again."""
    waits = busy("payment.waits", "The tenant is switched off; it goes on when it is on.", retry_after_s=1)
    waits.__cause__ = refusal
    return waits


async def _opened(conn: Connection, tenant_id: int, facts: Sequence[tuple[int, Heard[_About]]]) -> _Desk:
    """Lock what the facts are about: intents first, then attempts, then the refunds that matter."""
    intents = sorted({intent for intent, _ in facts})
    claims = await store.lock_claims(conn, tenant_id=tenant_id, intents=intents)
    tries = await store.lock_tries(conn, tenant_id=tenant_id, intents=intents)
    beside = {intent for intent, fact in facts if _is_of_refunds(fact.data)}
    beside |= {number for number, claim in claims.items() if claim.state not in OPEN_INTENTS}
    beside |= {n for n, some in tries.items() if any(one.state == "surplus" for one in some.values())}
    returns: Mapping[int, dict[int, Return]] = {}
    if beside:
        returns = await store.lock_returns(conn, tenant_id=tenant_id, intents=sorted(beside))
    cases = {
        number: Case(claim, tries.get(number, {}), returns.get(number, {}))
        for number, claim in claims.items()
    }
    return _Desk(tenant_id, cases)


def _is_of_refunds(data: _About) -> bool:
    if isinstance(data, PaymentNotified):
        return data.refund is not None
    return not isinstance(data, AttemptFailed)


def _notified(case: Case, fact: Heard[PaymentNotified]) -> _Said | None:
    told, at = fact.data, fact.recorded_at
    effects: tuple[Effect, ...]
    match told.told:
        case "paid":
            effects = case.paid(
                attempt=told.attempt,
                transaction=told.transaction,
                asset=told.asset,
                amount_minor=told.amount_minor,
                at=at,
            )
        case "failed":
            effects = case.failed(attempt=told.attempt, code=told.code or "channel.failed", at=at)
        case "closed":
            effects = case.closed(attempt=told.attempt, at=at)
        case "refunded":
            effects = case.refunded(refund=_refund(told.refund), at=at)
        case "refund_failed":
            code = told.code or "channel.refund_failed"
            effects = case.refund_failed(refund=_refund(told.refund), code=code, at=at)
        case "refund_undone":
            code = told.code or "channel.refund_failed"
            effects = case.undone(refund=_refund(told.refund), code=code, at=at)
    return _Said(fact.position, case, effects, instrument_hash=told.instrument_hash) if effects else None


def _attempt_failed(case: Case, fact: Heard[AttemptFailed]) -> _Said | None:
    """Take that a channel did not open an attempt; what it told later was taken with its notice."""
    effects = case.exhausted(code=fact.data.code, at=fact.recorded_at)
    return _Said(fact.position, case, effects) if effects else None


def _due_rejected(case: Case, fact: Heard[DueRejected]) -> _Said:
    told = fact.data
    return _Said(fact.position, case, case.restored(code=told.code, at=fact.recorded_at))


def _due_returned(case: Case, fact: Heard[DueReturned]) -> None:
    told = fact.data
    case.returned(refund=_refund(told.refund), amount_minor=told.amount_minor, at=fact.recorded_at)


def _due_kept(case: Case, fact: Heard[DueKept]) -> _Said:
    told = fact.data
    return _Said(
        fact.position, case, case.rejected(refund=_refund(told.refund), code=told.code, at=fact.recorded_at)
    )


def _due_revoked(case: Case, fact: Heard[DueRevoked]) -> _Said:
    told = fact.data
    assert told.asset == case.claim.asset, f"{told.payment} was not paid in {told.asset}"
    effects = case.revoked(amount_minor=told.amount_minor, code=told.code, at=fact.recorded_at)
    return _Said(fact.position, case, effects)


def _requested(case: Case, fact: Heard[RefundRequested]) -> _Said | None:
    told = fact.data
    if told.review or told.cause != "asked":
        return None
    return _Said(fact.position, case, case.requested(refund=_refund(told.refund)))


_TAKES: Final[Mapping[type[_About], Callable[[Case, Any], _Said | None]]] = {
    PaymentNotified: _notified,
    AttemptFailed: _attempt_failed,
    DueRejected: _due_rejected,
    DueReturned: _due_returned,
    DueKept: _due_kept,
    DueRevoked: _due_revoked,
    RefundRequested: _requested,
}
_KINDS: Final[Mapping[str, type[_About]]] = {kind.KIND: kind for kind in _TAKES}


def _refund(refund: str | None) -> int:
    assert refund is not None, "what was told of a refund names it"
    return decode_id(REFUND, refund)


async def _save(conn: Connection, desk: _Desk) -> None:
    tenant_id, cases = desk.tenant_id, desk.cases
    claims = [(case.claim, desk.changed_at[number]) for number, case in cases.items() if case.moved]
    if claims:
        await store.save_claims(conn, tenant_id=tenant_id, claims=claims)
    tries = [(n, one) for n, case in cases.items() for one in case.tries.values() if one.settled_at]
    if tries:
        await store.save_tries(conn, tenant_id=tenant_id, tries=tries)
    hurried = [(number, attempt) for number, case in cases.items() for attempt in sorted(case.hurried)]
    if hurried:
        now = max(desk.changed_at[number] for number, _ in hurried)
        await store.hurry_tries(conn, tenant_id=tenant_id, tries=hurried, now=now)
    returns = [one for case in cases.values() for one in case.returns.values() if one.at]
    opened = [(case.claim, case.tries[one.attempt], one) for case in cases.values() for one in case.opened]
    asks = {at: at + ASK_AFTER for one in (*returns, *(new for _, _, new in opened)) if (at := one.at)}
    if returns:
        await store.save_returns(conn, tenant_id=tenant_id, returns=returns, asks=asks)
    # After the states are written: the success that is doubted may be of this very batch.
    doubted = sorted(number for case in cases.values() for number in case.doubted)
    if doubted:
        now = max(desk.changed_at.values())
        await store.doubt_returns(conn, tenant_id=tenant_id, refunds=doubted, now=now)
    if opened:
        await store.insert_returns(conn, tenant_id=tenant_id, returns=opened, maker=SYSTEM.text, asks=asks)
    sending = [
        SendRefund(tenant_id=tenant_id, refund=one.number)
        for case in cases.values()
        for one in (*case.opened, *case.sent)
        if one.state == "sending"
    ]
    await jobs.enqueue_all(conn, SEND_REFUND, arguments=sending)


def _commands(desk: _Desk) -> list[Command]:
    commands = []
    for said in desk.said:
        position = said.position
        for n, effect in enumerate(said.effects):
            commands.append(
                settlement(
                    tenant_id=desk.tenant_id,
                    cause=f"settle/{position}/{n}",
                    effect=effect,
                    case=said.case,
                    instrument_hash=said.instrument_hash,
                )
            )
    return commands


async def forget(conn: Connection, span: Span) -> None:
    """Erase the reasons of refunds of the viewers that were erased, and notes about their payments."""
    facts = await span.facts(conn)
    owners = [f"viewer/{fact.data['viewer']}" for fact in facts]
    await refund_store.erase_reasons(conn, tenant_id=span.tenant_id, owners=owners)
    await reconciliations.erase_notes(conn, tenant_id=span.tenant_id, owners=owners)


async def count(conn: Connection, span: Span) -> None:
    """Count what became of attempts."""
    await figures.apply_facts(conn, tenant_id=span.tenant_id, after=span.after, upto=span.upto)


SETTLING: Final = Reaction(name="payments.settle", kinds=tuple(_KINDS), react=_settle, by_index=True)
ERASURE: Final = Subscription(
    name="payments.erasure", kinds=(ViewerErased.KIND,), apply=forget, kind="reaction"
)
FIGURES: Final = Subscription(
    name=figures.PROJECTION,
    kinds=(PaymentAttempted.KIND, PaymentSucceeded.KIND, AttemptFailed.KIND),
    apply=count,
    kind="projection",
    tables=figures.TABLES,
)
