"""One intent with its attempts as they are locked, and what follows from what channels told. Pure, in memory.

A batch of facts locks the intents it is about, opens a case for each, and takes one telling after the other:
each sees the effects of those before it. What is left in the cases at the end is what gets written. Channels
tell things late, twice and out of order; whatever the order, an intent is credited once, and every other
payment for it goes back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from plaudit.features.payments.model.effects import (
    Approved,
    Claim,
    Effect,
    Exhausted,
    Failed,
    Refunded,
    RefundFailed,
    RefundUndone,
    Rejected,
    Restored,
    Return,
    Revoked,
    Succeeded,
    Surplus,
    Try,
)
from plaudit.features.payments.model.intents import OPEN_ATTEMPTS
from plaudit.features.payments.model.refunds import COUNTED
from plaudit.features.payments.model.states import (
    AttemptEvent,
    RefundEvent,
    after_attempt,
    after_intent,
    after_refund,
)
from plaudit.vocabulary.facts.payments import SurplusCause


@dataclass(slots=True)
class Case:
    """An intent with its attempts and the refunds that matter.

    `moved` says that the intent changed; attempts that changed have `settled_at`, refunds `at`. `hurried` are
    attempts to be closed at their channel soon, `sent` the refunds to be sent, `doubted` those that succeeded
    and about which their channel is to be asked once more.
    """

    claim: Claim
    tries: Mapping[int, Try]
    returns: dict[int, Return] = field(default_factory=dict)
    moved: bool = False
    hurried: set[int] = field(default_factory=set)
    opened: list[Return] = field(default_factory=list)
    sent: list[Return] = field(default_factory=list)
    doubted: set[int] = field(default_factory=set)

    def paid(
        self, *, attempt: int, transaction: str, asset: str, amount_minor: int, at: datetime
    ) -> tuple[Effect, ...]:
        """Take that an attempt was paid, with the amount and currency as told."""
        one = self.tries[attempt]
        if self._known(one, transaction):
            return ()
        claim = self.claim
        right = (asset, amount_minor) == (one.asset, one.amount_minor)
        state = after_intent(claim.state, "pay") if right else None
        if state is None:
            cause: SurplusCause = (
                "amount" if not right else "late" if claim.paid_attempt is None else "double"
            )
            return self._surplus(one, transaction, asset=asset, amount_minor=amount_minor, cause=cause, at=at)
        self._settle(one, "pay", at)
        one.transaction, one.code = transaction, None
        claim.state, claim.paid_attempt, self.moved = state, attempt, True
        self.hurried |= self._open_tries()
        return (Succeeded(attempt=one),)

    def failed(self, *, attempt: int, code: str, at: datetime) -> tuple[Effect, ...]:
        """Take that an attempt came to nothing."""
        one = self.tries[attempt]
        if not self._settle(one, "fail", at):
            return ()
        one.code = code
        return (Failed(attempt=one, code=code), *self.exhausted(code=code, at=at))

    def closed(self, *, attempt: int, at: datetime) -> tuple[Effect, ...]:
        """Take that an attempt was closed at its channel."""
        one = self.tries[attempt]
        return self.exhausted(code="closed", at=at) if self._settle(one, "close", at) else ()

    def exhausted(self, *, code: str, at: datetime) -> tuple[Effect, ...]:
        """Let the intent fail when no attempt is open; at its deadline it is closed instead."""
        state = after_intent(self.claim.state, "exhaust")
        if state is None or self._open_tries() or at >= self.claim.expires_at:
            return ()
        self.claim.state, self.moved = state, True
        return (Exhausted(code=code),)

    def restored(self, *, code: str, at: datetime) -> tuple[Effect, ...]:
        """Take that what was paid for cannot be given: whatever is left goes back.

        Refunds that nobody has sent yet are part of that and end.
        """
        claim = self.claim
        assert claim.paid_attempt is not None, f"intent {claim.number} was not paid"
        effects: list[Effect] = []
        for one in (*self.returns.values(), *self.opened):
            effects += self._decline(one, code=code, at=at)
        if claim.left_minor:
            refund = self._open_counted(amount_minor=claim.left_minor, cause="rejected", at=at)
            effects.append(Restored(refund=refund))
        return tuple(effects)

    def revoked(self, *, amount_minor: int, code: str, at: datetime) -> tuple[Effect, ...]:
        """Take that a feature takes back what was paid for: that much of it goes back, or what is left.

        A refund that waits for a second person gives way where there would not be enough. Without effect on
        what was never paid.
        """
        claim = self.claim
        if claim.paid_attempt is None:
            return ()
        effects: list[Effect] = []
        for one in self.returns.values():
            if one.state == "review" and claim.left_minor < amount_minor:
                effects += self._decline(one, code=code, at=at)
        wanted = min(amount_minor, claim.left_minor)
        if wanted:
            refund = self._open_counted(amount_minor=wanted, cause="revoked", at=at)
            effects += (Revoked(refund=refund), Approved(refund=refund))
        return tuple(effects)

    def requested(self, *, refund: int) -> tuple[Effect, ...]:
        """Take that a refund was asked for that needs no second person: it goes on, unless it has ended."""
        one = self.returns[refund]
        return (Approved(refund=one),) if one.state == "approved" else ()

    def returned(self, *, refund: int, amount_minor: int, at: datetime) -> None:
        """Take that a feature gave back what a payment had earned: the refund is sent."""
        one = self.returns[refund]
        if self._step(one, "send", at):
            assert amount_minor == one.amount_minor, (refund, amount_minor, one.amount_minor)
            self.sent.append(one)

    def rejected(self, *, refund: int, code: str, at: datetime) -> tuple[Effect, ...]:
        """Take that a refund is declined before it was sent."""
        return self._decline(self.returns[refund], code=code, at=at)

    def refunded(self, *, refund: int, at: datetime) -> tuple[Effect, ...]:
        """Take that a channel gave money back."""
        one = self.returns[refund]
        if not self._step(one, "succeed", at):
            return ()
        one.code = None
        claim = self.claim
        if one.cause not in COUNTED:
            return (Refunded(refund=one, paid_minor=one.amount_minor, refunded_minor=one.amount_minor),)
        claim.refunding_minor -= one.amount_minor
        claim.refunded_minor += one.amount_minor
        whole = claim.refunded_minor == claim.amount_minor
        state = after_intent(claim.state, "refund_whole" if whole else "refund_part")
        assert state is not None, (claim.number, claim.state)
        claim.state, self.moved = state, True
        return (Refunded(refund=one, paid_minor=claim.amount_minor, refunded_minor=claim.refunded_minor),)

    def refund_failed(self, *, refund: int, code: str, at: datetime) -> tuple[Effect, ...]:
        """Take that a channel cannot refund. The money stands in clearing, and stays counted.

        After a success it may be news, or the no of before that comes again: the channel is asked.
        """
        one = self.returns[refund]
        if one.state == "succeeded":
            self.doubted.add(refund)
        if not self._step(one, "fail", at):
            return ()
        one.code = code
        return (RefundFailed(refund=one, code=code),)

    def undone(self, *, refund: int, code: str, at: datetime) -> tuple[Effect, ...]:
        """Take that money which a channel had given back is at the channel again; it stays counted."""
        one = self.returns[refund]
        if not self._step(one, "undo", at):
            return ()
        one.code = code
        claim = self.claim
        if one.cause not in COUNTED:
            return (RefundUndone(refund=one, code=code, refunded_minor=0),)
        claim.refunding_minor += one.amount_minor
        claim.refunded_minor -= one.amount_minor
        state = after_intent(claim.state, "undo_part" if claim.refunded_minor else "undo_whole")
        assert state is not None, (claim.number, claim.state)
        claim.state, self.moved = state, True
        return (RefundUndone(refund=one, code=code, refunded_minor=claim.refunded_minor),)

    def _known(self, one: Try, transaction: str) -> bool:
        """Tell whether this payment was taken before, kept or given back."""
        if one.state == "paid" and one.transaction == transaction:
            return True
        for refund in (*self.returns.values(), *self.opened):
            if (
                refund.attempt == one.attempt
                and refund.transaction == transaction
                and refund.cause not in COUNTED
            ):
                return True
        return False

    def _surplus(
        self,
        one: Try,
        transaction: str,
        *,
        asset: str,
        amount_minor: int,
        cause: SurplusCause,
        at: datetime,
    ) -> tuple[Effect, ...]:
        if one.state != "paid":
            self._settle(one, "exceed", at)
            one.transaction, one.code = transaction, cause
        refund = Return(
            number=0,
            attempt=one.attempt,
            transaction=transaction,
            asset=asset,
            amount_minor=amount_minor,
            cause=cause,
            state="sending",
            at=at,
        )
        self.opened.append(refund)
        return (Surplus(attempt=one, cause=cause, refund=refund), *self.exhausted(code=cause, at=at))

    def _open_counted(
        self, *, amount_minor: int, cause: Literal["rejected", "revoked"], at: datetime
    ) -> Return:
        """Open a refund of the money that was kept; that of what is revoked waits for the feature."""
        claim = self.claim
        assert claim.paid_attempt is not None, f"intent {claim.number} was not paid"
        paid = self.tries[claim.paid_attempt]
        refund = Return(
            number=0,
            attempt=paid.attempt,
            transaction=paid.transaction,
            asset=claim.asset,
            amount_minor=amount_minor,
            cause=cause,
            state="approved" if cause == "revoked" else "sending",
            at=at,
        )
        self.opened.append(refund)
        claim.refunding_minor += amount_minor
        self.moved = True
        return refund

    def _decline(self, one: Return, *, code: str, at: datetime) -> tuple[Effect, ...]:
        counted = one.state == "approved"
        if not self._step(one, "reject", at):
            return ()
        one.code = code
        self.claim.refunding_minor -= one.amount_minor
        self.moved = True
        return (Rejected(refund=one, code=code, counted=counted),)

    def _settle(self, one: Try, event: AttemptEvent, at: datetime) -> bool:
        state = after_attempt(one.state, event)
        if state is None:
            return False
        one.state, one.settled_at = state, at
        self.hurried.discard(one.attempt)
        return True

    def _step(self, one: Return, event: RefundEvent, at: datetime) -> bool:
        state = after_refund(one.state, event)
        if state is None:
            return False
        one.state, one.at = state, at
        return True

    def _open_tries(self) -> set[int]:
        return {one.attempt for one in self.tries.values() if one.state in OPEN_ATTEMPTS}
