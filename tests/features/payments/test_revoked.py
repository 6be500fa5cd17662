"""A feature takes back what it sold: payments makes the refund, and asks it as for any other."""

from __future__ import annotations

from typing import Any

import pytest

from tests.features.payments.counter import PRICE, Counter, revoked

pytestmark = pytest.mark.anyio


async def _refunds(counter: Counter, payment: str) -> list[Any]:
    """Return the refunds of a payment, oldest first."""
    found: list[Any] = (await counter.shop.acme.get("/v1/refunds", payment=payment))["items"]
    return sorted(found, key=lambda one: one["refund"])


async def _told(counter: Counter, refund: str) -> list[str]:
    """Return what the journal says of a refund after it was asked for."""
    facts = (await counter.shop.acme.get("/v1/facts", limit=1000))["facts"]
    return [one["kind"] for one in facts if one["data"].get("refund") == refund]


async def test_what_is_taken_back_whole_is_refunded_when_the_feature_has_given_it_back(
    counter: Counter,
) -> None:
    payment, number = await counter.paid()
    await counter.revoke(payment)
    refund = await counter.only_refund(payment)
    assert (refund["cause"], refund["state"], refund["amount_minor"], refund["maker"], refund["reason"]) == (
        "revoked",
        "approved",
        PRICE,
        "system/payments",
        None,
    )
    assert counter.bank.sent == []
    await counter.give_back(refund)
    await counter.refund_becomes(refund["refund"], "succeeded")
    assert await counter.state(payment) == "refunded"
    assert not any((await counter.balances()).values())
    (sent,) = counter.bank.sent
    assert (sent.order_number, sent.amount_minor, sent.reason) == (number, PRICE, "Cancelled")
    assert await _told(counter, refund["refund"]) == [
        "payment.refund.requested",
        "payment.refund.approved",
        "due.returned",
        "payment.notified",
        "payment.refunded",
    ]
    (requested,) = await counter.facts("payment.refund.requested")
    assert (requested["cause"], requested["maker"]) == ("revoked", "system/payments")
    assert "review" not in requested
    assert {one["cause"] for one in await counter.facts("payment.refunded")} == {"revoked"}


async def test_no_second_person_is_asked_whatever_the_policy_says(counter: Counter) -> None:
    body = {"review_above_minor": 0}
    await counter.shop.acme.do("PUT", "/v1/payment-policies/CNY", body)
    payment, _ = await counter.paid()
    await counter.revoke(payment)
    assert (await counter.only_refund(payment))["state"] == "approved"


async def test_parts_sum_up_to_what_was_paid_and_no_further(counter: Counter) -> None:
    payment, _ = await counter.paid()
    await counter.revoke(payment, amount_minor=500)
    await counter.revoke(payment, amount_minor=500)
    # More than is left, and then nothing is left.
    await counter.revoke(payment, amount_minor=500)
    await counter.revoke(payment, amount_minor=500)
    refunds = await _refunds(counter, payment)
    assert [one["amount_minor"] for one in refunds] == [500, 500, 200]
    approved = await counter.facts("payment.refund.approved")
    assert [one["refunded_before_minor"] for one in approved] == [0, 500, 1_000]
    for one in refunds:
        await counter.give_back(one)
        await counter.refund_becomes(one["refund"], "succeeded")
    assert await counter.state(payment) == "refunded"
    assert not any((await counter.balances()).values())


async def test_equal_parts_taken_back_in_one_moment_are_two_refunds(counter: Counter) -> None:
    payment, _ = await counter.paid()
    await counter.revoke(payment, payment, payment, amount_minor=500)
    refunds = await _refunds(counter, payment)
    assert sorted(one["amount_minor"] for one in refunds) == [200, 500, 500]
    approved = await counter.facts("payment.refund.approved")
    assert {one["refund"]: one["amount_minor"] for one in approved} == {
        one["refund"]: one["amount_minor"] for one in refunds
    }
    assert [one["refunded_before_minor"] for one in approved] == [0, 500, 1_000]


async def test_only_what_an_asked_refund_left_is_taken_back(counter: Counter) -> None:
    payment, _ = await counter.paid()
    asked = await counter.refund(payment, 700)
    await counter.revoke(payment)
    first, second = await _refunds(counter, payment)
    assert (first["refund"], first["state"]) == (asked["refund"], "approved")
    assert (second["cause"], second["amount_minor"]) == ("revoked", 500)
    for one in (first, second):
        await counter.give_back(one)
        await counter.refund_becomes(one["refund"], "succeeded")
    assert await counter.state(payment) == "refunded"
    assert not any((await counter.balances()).values())


async def test_a_refund_that_waits_for_a_second_person_gives_way(counter: Counter) -> None:
    body = {"review_above_minor": 100}
    await counter.shop.acme.do("PUT", "/v1/payment-policies/CNY", body)
    payment, _ = await counter.paid()
    asked = await counter.refund(payment, 700)
    await counter.revoke(payment, amount_minor=400)
    assert await counter.refund_state(asked["refund"]) == "review", "there was enough for both"
    await counter.revoke(payment)
    shown = await counter.shop.acme.get(f"/v1/refunds/{asked['refund']}")
    assert (shown["state"], shown["code"]) == ("rejected", "show.cancelled")
    back = [one["amount_minor"] for one in await _refunds(counter, payment) if one["cause"] == "revoked"]
    assert back == [400, 800]
    assert (await counter.shop.show(payment))["refunding_minor"] == PRICE


async def test_what_was_never_paid_is_not_refunded(counter: Counter) -> None:
    payment, number = await counter.bought()
    await counter.revoke(payment)
    assert await _refunds(counter, payment) == []
    await counter.call_back(number)
    await counter.caught_up()
    assert await counter.state(payment) == "succeeded"
    assert await counter.facts("payment.refund.requested") == []


@pytest.mark.parametrize("before", [True, False])
async def test_in_one_batch_with_the_payment_the_order_of_the_journal_counts(
    counter: Counter, before: bool
) -> None:
    payment, number = await counter.bought()
    if before:
        await counter.say(revoked(payment))
    assert (await counter.call_back(number)).content == b"success"
    if not before:
        await counter.say(revoked(payment))
    await counter.caught_up()
    kinds = ["payment.succeeded"]
    if not before:
        kinds += ["payment.refund.requested", "payment.refund.approved"]
    known = {"payment.opened", "payment.attempted", "payment.notified", "due.revoked"}
    assert [kind for kind in await counter.shop.kinds(payment) if kind not in known] == kinds


async def test_what_the_feature_keeps_after_all_is_not_sent_and_frees_its_amount(counter: Counter) -> None:
    payment, _ = await counter.paid()
    await counter.revoke(payment)
    await counter.keep(await counter.only_refund(payment), code="ticket.used")
    shown = await counter.only_refund(payment)
    assert (shown["state"], shown["code"], shown["cause"]) == ("rejected", "ticket.used", "revoked")
    (rejected,) = await counter.facts("payment.refund.rejected")
    assert rejected["cause"] == "revoked"
    assert (await counter.shop.show(payment))["refunding_minor"] == 0
    assert (await counter.refund(payment))["amount_minor"] == PRICE


async def test_what_is_taken_back_and_then_cannot_be_given_at_all_goes_back_once(counter: Counter) -> None:
    payment, _ = await counter.paid()
    await counter.say(revoked(payment, 500))
    await counter.reject(payment)
    first, whole = await _refunds(counter, payment)
    assert (first["cause"], first["state"], first["settled_at"] is None) == ("revoked", "rejected", False)
    await counter.refund_becomes(whole["refund"], "succeeded")
    assert [one.amount_minor for one in counter.bank.sent] == [PRICE]
    assert not any((await counter.balances()).values())


async def test_many_taken_back_at_once_are_all_refunded(counter: Counter) -> None:
    payments = [(await counter.paid())[0] for _ in range(12)]
    await counter.revoke(*payments, *payments[:4])
    refunds = [await counter.only_refund(payment) for payment in payments]
    for one in refunds:
        await counter.say(await counter.returned(one))
    await counter.caught_up()
    for one in refunds:
        await counter.refund_becomes(one["refund"], "succeeded")
    assert len(counter.bank.sent) == len(payments)
    assert not any((await counter.balances()).values())
