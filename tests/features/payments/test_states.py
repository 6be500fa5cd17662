"""The state machine of payments: every state with every event, and what follows whatever the order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
from plaudit.features.payments.model.intents import AttemptState, IntentState
from plaudit.features.payments.model.settling import Case
from plaudit.features.payments.model.states import (
    ATTEMPT,
    INTENT,
    REFUND,
    AttemptEvent,
    IntentEvent,
    RefundEvent,
    RefundState,
    after_attempt,
    after_intent,
    after_refund,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PRICE = 1_200

# One row a state, one column an event; "." is "has no effect".
INTENTS = """
                attempt    pay       exhaust close  refund_part     refund_whole undo_part       undo_whole
pending         processing .         .       closed .               .            .               .
processing      processing succeeded failed  closed .               .            .               .
succeeded       .          .         .       .      partly_refunded refunded     .               .
failed          processing succeeded .       closed .               .            .               .
closed          .          .         .       .      .               .            .               .
partly_refunded .          .         .       .      partly_refunded refunded     partly_refunded succeeded
refunded        .          .         .       .      .               .            partly_refunded succeeded
"""
ATTEMPTS = """
         show  doubt    pay   exceed   fail    close
opening  open  unknown  paid  surplus  failed  closed
open     .     .        paid  surplus  failed  closed
unknown  open  unknown  paid  surplus  failed  closed
paid     .     .        .     .        .       .
surplus  .     .        paid  surplus  .       .
failed   .     .        paid  surplus  .       .
closed   .     .        paid  surplus  .       .
"""
REFUNDS = """
           approve   reject    send     succeed    fail    undo
review     approved  rejected  .        .          .       .
approved   .         rejected  sending  .          .       .
sending    .         .         .        succeeded  failed  .
succeeded  .         .         .        .          .       failed
failed     .         .         sending  succeeded  .       .
rejected   .         .         .        .          .       .
"""


def table(text: str) -> dict[tuple[str, str], str | None]:
    head, *rows = [line.split() for line in text.strip().splitlines()]
    return {
        (row[0], event): None if then == "." else then
        for row in rows
        for event, then in zip(head, row[1:], strict=True)
    }


@pytest.mark.parametrize(
    ("text", "states", "events", "after"),
    [
        (INTENTS, IntentState, IntentEvent, after_intent),
        (ATTEMPTS, AttemptState, AttemptEvent, after_attempt),
        (REFUNDS, RefundState, RefundEvent, after_refund),
    ],
)
def test_every_state_with_every_event(text: str, states: object, events: object, after: object) -> None:
    said = table(text)
    assert {state for state, _ in said} == set(get_args(states))
    assert {event for _, event in said} == set(get_args(events))
    assert callable(after)
    for (state, event), then in said.items():
        assert after(state, event) == then, (state, event)


def test_no_table_has_a_row_beside_these() -> None:
    for text, moves in ((INTENTS, INTENT), (ATTEMPTS, ATTEMPT), (REFUNDS, REFUND)):
        assert {pair: then for pair, then in table(text).items() if then} == moves


def case_of(tries: int = 1, *, state: IntentState = "processing") -> Case:
    claim = Claim(
        number=1,
        due=7,
        due_kind="topup.ordered",
        payer="v1",
        asset="CNY",
        amount_minor=PRICE,
        state=state,
        paid_attempt=None,
        refunding_minor=0,
        refunded_minor=0,
        expires_at=NOON + timedelta(minutes=30),
    )
    return Case(claim, {n: try_of(n) for n in range(1, tries + 1)})


def try_of(n: int) -> Try:
    return Try(
        attempt=n,
        account=n,
        channel="wechat",
        method="native",
        number=f"P{n}",
        asset="CNY",
        amount_minor=PRICE,
        state="open",
        transaction=None,
        code=None,
    )


def pay(case: Case, attempt: int = 1, transaction: str = "T1", amount: int = PRICE) -> tuple[Effect, ...]:
    return case.paid(attempt=attempt, transaction=transaction, asset="CNY", amount_minor=amount, at=NOON)


def test_what_is_paid_is_credited_once_and_its_other_attempts_are_closed_soon() -> None:
    case = case_of(2)
    (effect,) = pay(case)
    assert isinstance(effect, Succeeded)
    assert (case.claim.state, case.claim.paid_attempt, case.hurried) == ("succeeded", 1, {2})
    assert pay(case) == ()


def test_two_channels_paid_end_with_one_refunded() -> None:
    case = case_of(2)
    pay(case, 1, "T1")
    (effect,) = pay(case, 2, "T2")
    assert isinstance(effect, Surplus)
    assert (effect.cause, effect.refund.amount_minor, effect.refund.state) == ("double", PRICE, "sending")
    assert (case.tries[2].state, case.claim.paid_attempt, case.hurried) == ("surplus", 1, set())


def test_an_order_paid_twice_at_one_channel_gives_the_second_back() -> None:
    case = case_of()
    pay(case, 1, "T1")
    (effect,) = pay(case, 1, "T2")
    assert isinstance(effect, Surplus)
    assert (effect.cause, effect.refund.transaction) == ("double", "T2")
    assert (case.tries[1].state, case.tries[1].transaction) == ("paid", "T1")
    assert pay(case, 1, "T2") == ()


@pytest.mark.parametrize(("amount", "asset"), [(PRICE - 1, "CNY"), (PRICE + 1, "CNY"), (PRICE, "USD")])
def test_another_amount_or_currency_goes_back_and_the_intent_stays_open(amount: int, asset: str) -> None:
    case = case_of(2)
    (effect,) = case.paid(attempt=1, transaction="T1", asset=asset, amount_minor=amount, at=NOON)
    assert isinstance(effect, Surplus)
    assert (effect.cause, effect.refund.asset, effect.refund.amount_minor) == ("amount", asset, amount)
    (then,) = pay(case, 2, "T2")
    assert isinstance(then, Succeeded)


def test_the_right_amount_after_the_wrong_one_is_kept() -> None:
    case = case_of()
    surplus, exhausted = pay(case, 1, "T1", PRICE - 1)
    assert isinstance(surplus, Surplus)
    assert isinstance(exhausted, Exhausted)
    (then,) = pay(case, 1, "T2")
    assert isinstance(then, Succeeded)
    assert (case.tries[1].state, case.tries[1].transaction) == ("paid", "T2")
    assert pay(case, 1, "T1", PRICE - 1) == ()


def test_what_comes_after_the_close_goes_back() -> None:
    case = case_of(state="closed")
    (effect,) = pay(case)
    assert isinstance(effect, Surplus)
    assert (effect.cause, case.claim.state) == ("late", "closed")


def test_an_attempt_said_to_have_failed_may_be_paid_all_the_same() -> None:
    case = case_of()
    failed, exhausted = case.failed(attempt=1, code="no_money", at=NOON)
    assert (failed, exhausted) == (
        Failed(attempt=case.tries[1], code="no_money"),
        Exhausted(code="no_money"),
    )
    assert case.failed(attempt=1, code="no_money", at=NOON) == ()
    (effect,) = pay(case)
    assert isinstance(effect, Succeeded)
    assert case.failed(attempt=1, code="no_money", at=NOON) == ()


def test_the_intent_fails_with_its_last_open_attempt_and_not_at_its_deadline() -> None:
    case = case_of(2)
    assert case.closed(attempt=1, at=NOON) == ()
    assert case.closed(attempt=2, at=NOON) == (Exhausted(code="closed"),)
    late = case_of()
    assert late.closed(attempt=1, at=late.claim.expires_at) == ()
    assert late.claim.state == "processing"


def refunding(amount: int, state: RefundState = "sending") -> Case:
    case = case_of()
    pay(case)
    case.claim.refunding_minor = amount
    case.returns[1] = Return(
        number=1,
        attempt=1,
        transaction="T1",
        asset="CNY",
        amount_minor=amount,
        cause="asked",
        state=state,
    )
    return case


@pytest.mark.parametrize(("amount", "state"), [(PRICE, "refunded"), (PRICE - 1, "partly_refunded")])
def test_what_went_back_is_counted_once(amount: int, state: str) -> None:
    case = refunding(amount)
    (effect,) = case.refunded(refund=1, at=NOON)
    assert isinstance(effect, Refunded)
    assert (effect.paid_minor, effect.refunded_minor) == (PRICE, amount)
    assert (case.claim.state, case.claim.refunding_minor, case.claim.refunded_minor) == (state, 0, amount)
    assert case.refunded(refund=1, at=NOON) == ()
    assert case.refund_failed(refund=1, code="late", at=NOON) == ()


def test_a_failed_refund_stays_counted_and_may_succeed_later() -> None:
    case = refunding(500)
    (effect,) = case.refund_failed(refund=1, code="no_account", at=NOON)
    assert isinstance(effect, RefundFailed)
    assert case.claim.refunding_minor == 500
    (then,) = case.refunded(refund=1, at=NOON)
    assert isinstance(then, Refunded)
    assert (case.claim.refunding_minor, case.claim.refunded_minor) == (0, 500)


@pytest.mark.parametrize(("others_minor", "state"), [(0, "succeeded"), (200, "partly_refunded")])
def test_a_refund_that_was_undone_is_counted_as_on_its_way_again(
    others_minor: int, state: IntentState
) -> None:
    case = refunding(1_000, "succeeded")
    claim = case.claim
    claim.state, claim.refunding_minor, claim.refunded_minor = "partly_refunded", 0, others_minor + 1_000
    assert case.refund_failed(refund=1, code="no_account", at=NOON) == ()
    assert case.doubted == {1}, "whether it is news the channel says when it is asked"
    (effect,) = case.undone(refund=1, code="no_account", at=NOON)
    assert isinstance(effect, RefundUndone)
    assert (claim.state, claim.refunding_minor, claim.refunded_minor) == (state, 1_000, others_minor)
    assert (case.returns[1].state, case.returns[1].code) == ("failed", "no_account")
    assert case.undone(refund=1, code="no_account", at=NOON) == ()


def test_what_a_feature_keeps_is_not_refunded_and_given_back_to_the_count() -> None:
    case = refunding(500, "approved")
    (effect,) = case.rejected(refund=1, code="topup.spent", at=NOON)
    assert effect == Rejected(refund=case.returns[1], code="topup.spent", counted=True)
    assert case.claim.refunding_minor == 0
    case.returned(refund=1, amount_minor=500, at=NOON)
    assert case.sent == []


def test_what_cannot_be_given_goes_back_whole_with_the_refunds_that_were_asked_for() -> None:
    case = refunding(500, "review")
    rejected, restored = case.restored(code="creator.frozen", at=NOON)
    assert rejected == Rejected(refund=case.returns[1], code="creator.frozen", counted=False)
    assert isinstance(restored, Restored)
    assert restored.refund.amount_minor == case.claim.refunding_minor == PRICE
    assert case.restored(code="creator.frozen", at=NOON) == ()


@pytest.mark.parametrize(
    ("asked", "state", "wanted", "given"),
    [
        (0, None, PRICE, PRICE),
        (0, None, 1, 1),
        (0, None, PRICE + 1, PRICE),
        (500, "approved", PRICE, PRICE - 500),
        (500, "failed", PRICE - 500, PRICE - 500),
        (PRICE, "sending", 1, 0),
        (500, "review", PRICE, PRICE),
        (PRICE, "review", 1, 1),
    ],
)
def test_what_is_revoked_is_refunded_as_far_as_it_is_left(
    asked: int, state: RefundState | None, wanted: int, given: int
) -> None:
    case = refunding(asked, state) if state else refunding(0)
    effects = case.revoked(amount_minor=wanted, code="show.cancelled", at=NOON)
    declined = [one.refund.number for one in effects if isinstance(one, Rejected)]
    assert declined == ([1] if state == "review" else [])
    assert sum(one.refund.amount_minor for one in effects if isinstance(one, Revoked)) == given
    assert [one.refund for one in effects if isinstance(one, Approved)] == case.opened
    assert case.claim.left_minor == PRICE - given - (0 if declined else asked)


def test_what_is_revoked_before_it_was_paid_has_no_effect() -> None:
    case = case_of()
    assert case.revoked(amount_minor=PRICE, code="show.cancelled", at=NOON) == ()
    assert (case.moved, case.opened) == (False, [])


def test_what_was_revoked_in_the_same_batch_is_part_of_the_whole() -> None:
    case = case_of()
    pay(case)
    case.revoked(amount_minor=500, code="show.cancelled", at=NOON)
    rejected, restored = case.restored(code="creator.frozen", at=NOON)
    assert rejected == Rejected(refund=case.opened[0], code="creator.frozen", counted=True)
    assert isinstance(restored, Restored)
    assert restored.refund.amount_minor == case.claim.refunding_minor == PRICE


class Told(NamedTuple):
    """Something that a channel tells: of which attempt, and of which payment."""

    what: str
    attempt: int
    transaction: str
    amount: int


def _payments(draw: st.DrawFn) -> list[Told]:
    """Draw payments: each has a number of its own, an attempt, and mostly the right amount."""
    amounts = st.sampled_from([PRICE, PRICE, PRICE, PRICE - 1, PRICE + 5])
    count = draw(st.integers(0, 4))
    return [Told("paid", draw(st.integers(1, 3)), f"T{n}", draw(amounts)) for n in range(count)]


@st.composite
def tellings(draw: st.DrawFn) -> list[Told]:
    payments = _payments(draw)
    words = st.sampled_from(["failed", "closed", "deadline"])
    other = st.builds(lambda what, attempt: Told(what, attempt, "", 0), words, st.integers(1, 3))
    others = draw(st.lists(other, max_size=4))
    told = payments + others
    doubled = told + draw(st.lists(st.sampled_from(told), max_size=6)) if told else told
    return draw(st.permutations(doubled))


def _tell(case: Case, told: Told) -> Sequence[Effect]:
    if told.what == "paid":
        return pay(case, told.attempt, told.transaction, told.amount)
    if told.what == "failed":
        return case.failed(attempt=told.attempt, code="no", at=NOON)
    if told.what == "closed":
        return case.closed(attempt=told.attempt, at=NOON)
    state = after_intent(case.claim.state, "close")
    if state is not None:
        case.claim.state = state
    return ()


@settings(max_examples=300, deadline=None)
@given(tellings())
def test_whatever_the_order_and_however_often_each_payment_is_kept_once_or_goes_back_once(
    told: list[Told],
) -> None:
    case = case_of(3)
    effects = [effect for one in told for effect in _tell(case, one)]
    kept = [one for one in effects if isinstance(one, Succeeded)]
    back = [one.refund for one in effects if isinstance(one, Surplus)]
    paid = {(one.attempt, one.transaction): one.amount for one in told if one.what == "paid"}
    assert len(kept) <= 1
    seen = [(one.attempt.attempt, str(one.attempt.transaction)) for one in kept]
    seen += [(one.attempt, str(one.transaction)) for one in back]
    assert sorted(seen) == sorted(paid)
    assert sum(paid.values()) == PRICE * len(kept) + sum(one.amount_minor for one in back)
    assert (case.claim.paid_attempt is not None) == (case.claim.state == "succeeded") == bool(kept)
    if PRICE in paid.values() and not any(one.what == "deadline" for one in told):
        assert kept, "the right amount came in and nothing had closed the intent"
