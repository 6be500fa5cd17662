"""Refunds: asked for, checked, answered by the feature, sent once, told of; never more than was paid."""

from __future__ import annotations

import asyncio

import pytest

from plaudit.features.payments.actions import notices
from plaudit.features.payments.model.refunds import refund_number
from plaudit.kernel.ids import decode_id
from plaudit.platform.failures import Final, Retryable, Unknown
from tests.app.edge import Caller, problem, settled
from tests.features.payments.counter import PRICE, Counter


async def _staff(counter: Counter, name: str, *scopes: str) -> Caller:
    body = {"name": name, "scopes": ["payment.read", *scopes]}
    made = await counter.shop.acme.do("POST", "/v1/staff", body)
    return counter.shop.edge.caller(made["key"])


async def _review_above(counter: Counter, amount_minor: int) -> None:
    await counter.shop.acme.do("PUT", "/v1/payment-policies/CNY", {"review_above_minor": amount_minor})


async def test_a_whole_refund_goes_on_by_itself_and_back_to_the_payer(counter: Counter) -> None:
    payment, number = await counter.paid()
    asked = await counter.refund(payment)
    assert (asked["state"], asked["amount_minor"]) == ("approved", PRICE)
    (approved,) = await counter.facts("payment.refund.approved")
    assert (approved["refunded_before_minor"], approved["paid_minor"]) == (0, PRICE)
    await counter.give_back(asked)
    await counter.refund_becomes(asked["refund"], "succeeded")
    assert await counter.state(payment) == "refunded"
    assert not any((await counter.balances()).values())
    (sent,) = counter.bank.sent
    refund = decode_id("ref", asked["refund"])
    assert (sent.number, sent.order_number, sent.transaction) == (
        refund_number(refund, order=number),
        number,
        f"T-{number}",
    )
    assert (sent.amount_minor, sent.total_minor, sent.reason) == (PRICE, PRICE, "Refund")
    shown = await counter.only_refund(payment)
    assert (shown["reason"], shown["channel_refund"]) == ("not as described", f"CR{sent.number}")
    assert await counter.shop.kinds(payment) == [
        "payment.opened",
        "payment.attempted",
        "payment.notified",
        "payment.succeeded",
        "payment.refund.requested",
        "payment.refund.approved",
        "due.returned",
        "payment.notified",
        "payment.refunded",
    ]


async def test_parts_sum_up_to_what_was_paid_and_no_further(counter: Counter) -> None:
    payment, _ = await counter.paid()
    for amount, before, state in ((500, 0, "partly_refunded"), (700, 500, "refunded")):
        asked = await counter.refund(payment, amount)
        approved = (await counter.facts("payment.refund.approved"))[-1]
        assert approved["refunded_before_minor"] == before
        await counter.give_back(asked)
        await counter.refund_becomes(asked["refund"], "succeeded")
        assert await counter.state(payment) == state
    body = {"reason": "more", "amount_minor": 1}
    refused = await counter.shop.acme.send("POST", f"/v1/payments/{payment}/refunds", body)
    assert problem(refused, 422, "refund.exceeded")["left_minor"] == 0


async def test_refunds_at_once_never_take_more_than_was_paid(counter: Counter) -> None:
    payment, _ = await counter.paid()
    path = f"/v1/payments/{payment}/refunds"
    body = {"reason": "all of it", "amount_minor": 700}
    answers = await asyncio.gather(*(counter.shop.acme.send("POST", path, body) for _ in range(5)))
    assert sorted(one.status_code for one in answers) == [201, 422, 422, 422, 422]
    assert (await counter.shop.show(payment))["refunding_minor"] == 700


async def test_what_cannot_be_asked_for(counter: Counter) -> None:
    unpaid, _ = await counter.bought()
    payment, _ = await counter.paid()
    send = counter.shop.acme.send
    for path, body, status, code in (
        (unpaid, {"reason": "x"}, 422, "refund.unpaid"),
        (payment, {"reason": "x", "amount_minor": PRICE + 1}, 422, "refund.exceeded"),
        (payment, {"reason": "x", "amount_minor": 0}, 400, "refund.amount"),
        (payment, {"reason": "  "}, 400, "body.invalid"),
        (payment, {"reason": "x" * 501}, 400, "body.invalid"),
        ("pay_0000000000009", {"reason": "x"}, 404, "payment.unknown"),
    ):
        problem(await send("POST", f"/v1/payments/{path}/refunds", body), status, code)
    problem(await send("GET", "/v1/refunds/ref_0000000000009"), 404, "refund.unknown")
    problem(await send("POST", "/v1/refunds/ref_0000000000009/approval"), 404, "refund.unknown")


async def test_above_the_policys_amount_another_person_decides(counter: Counter) -> None:
    await _review_above(counter, 500)
    ann = await _staff(counter, "Ann", "refund.make", "refund.check")
    bob = await _staff(counter, "Bob", "refund.check")
    payment, _ = await counter.paid()
    small = await counter.refund(payment, 500, caller=ann)
    assert small["state"] == "approved"
    # Together with the one before it passes the amount.
    asked = await counter.refund(payment, 1, caller=ann)
    assert asked["state"] == "review"
    assert len(await counter.facts("payment.refund.approved")) == 1
    path = f"/v1/refunds/{asked['refund']}"
    problem(await ann.send("POST", f"{path}/approval"), 403, "checker.invalid")
    problem(await counter.shop.acme.send("POST", f"{path}/approval"), 403, "checker.invalid")
    assert (await bob.do("POST", f"{path}/approval"))["state"] == "approved"
    problem(await bob.send("POST", f"{path}/approval"), 409, "refund.settled")
    problem(await bob.send("POST", f"{path}/rejection", {"reason": "no"}), 409, "refund.settled")
    shown = await counter.shop.acme.get(path)
    assert (shown["state"], shown["checker"] is not None) == ("approved", True)
    assert shown["maker"] != shown["checker"]


async def test_a_rejected_refund_moves_nothing_and_frees_its_amount(counter: Counter) -> None:
    await _review_above(counter, 0)
    ann = await _staff(counter, "Ann", "refund.make", "refund.check")
    bob = await _staff(counter, "Bob", "refund.check")
    payment, _ = await counter.paid()
    asked = await counter.refund(payment, caller=ann)
    path = f"/v1/refunds/{asked['refund']}"
    problem(await ann.send("POST", f"{path}/rejection", {"reason": "no"}), 403, "checker.invalid")
    done = await bob.do("POST", f"{path}/rejection", {"reason": "it was delivered"})
    assert done["state"] == "rejected"
    assert (await counter.shop.show(payment))["refunding_minor"] == 0
    assert (await counter.refund(payment, caller=ann))["amount_minor"] == PRICE
    listed = await counter.shop.acme.get("/v1/refunds", state="rejected")
    assert [one["refund"] for one in listed["items"]] == [asked["refund"]]


async def test_what_the_feature_keeps_is_not_sent_and_may_be_asked_for_again(counter: Counter) -> None:
    payment, _ = await counter.paid()
    asked = await counter.refund(payment, 900)
    await counter.keep(asked)
    shown = await counter.only_refund(payment)
    assert (shown["state"], shown["code"]) == ("rejected", "topup.spent")
    assert counter.bank.sent == []
    again = await counter.refund(payment, PRICE)
    assert again["state"] == "approved"
    approved = (await counter.facts("payment.refund.approved"))[-1]
    assert approved["refunded_before_minor"] == 0


async def test_what_cannot_be_given_goes_back_whole_by_itself(counter: Counter) -> None:
    payment, _ = await counter.paid()
    await counter.reject(payment)
    refund = await counter.only_refund(payment)
    assert (refund["cause"], refund["amount_minor"], refund["maker"]) == (
        "rejected",
        PRICE,
        "system/payments",
    )
    await counter.refund_becomes(refund["refund"], "succeeded")
    assert await counter.state(payment) == "refunded"
    assert not any((await counter.balances()).values())
    await counter.reject(payment)
    assert len(counter.bank.sent) == 1


async def test_a_refund_asked_for_before_the_due_was_rejected_is_part_of_the_whole(counter: Counter) -> None:
    payment, _ = await counter.paid()
    asked = await counter.refund(payment, 500)
    await counter.reject(payment)
    assert await counter.refund_state(asked["refund"]) == "rejected"
    await counter.give_back(asked)
    (whole,) = [
        one for one in (await counter.shop.acme.get("/v1/refunds"))["items"] if one["cause"] == "rejected"
    ]
    await counter.refund_becomes(whole["refund"], "succeeded")
    assert [one.amount_minor for one in counter.bank.sent] == [PRICE]
    assert not any((await counter.balances()).values())


async def test_a_final_fault_of_the_call_is_a_no_too(counter: Counter) -> None:
    payment, _ = await counter.paid()
    counter.bank.faults["refund"] = [Final("the account is closed")]
    asked = await counter.refund(payment)
    await counter.give_back(asked)
    await counter.refund_becomes(asked["refund"], "failed")
    assert (await counter.facts("payment.refund.failed"))[0]["code"] == "channel.refused"


@pytest.mark.parametrize("fault", [Retryable("not reached"), Unknown("no answer")])
async def test_what_did_not_get_there_or_had_no_answer_is_asked_about_and_sent_once(
    counter: Counter, fault: Exception
) -> None:
    payment, _ = await counter.paid()
    place = counter.bank.faults if isinstance(fault, Retryable) else counter.bank.after
    place["refund"] = [fault]
    asked = await counter.refund(payment)
    await counter.give_back(asked)
    await counter.refund_becomes(asked["refund"], "succeeded")
    assert len(set(counter.bank.calls("refund"))) == 1
    assert len(counter.bank.sent) == 1
    assert counter.bank.calls("query_refund")
    assert not any((await counter.balances()).values())


async def test_a_channel_that_does_not_let_itself_be_asked_has_not_refused_the_refund(
    counter: Counter,
) -> None:
    payment, _ = await counter.paid()
    counter.bank.after["refund"] = [Unknown("no answer")]
    counter.bank.faults["query_refund"] = [Final("the key is not known any more")]
    asked = await counter.refund(payment)
    await counter.give_back(asked)

    async def was_asked() -> bool:
        return bool(counter.bank.calls("query_refund"))

    await settled(was_asked)
    await counter.caught_up()
    assert await counter.refund_state(asked["refund"]) == "sending"
    counter.shop.clock.advance(seconds=61)
    await counter.tidy()
    await counter.refund_becomes(asked["refund"], "succeeded")
    assert await counter.facts("payment.refund.failed") == []
    assert len(counter.bank.sent) == 1


async def test_killed_between_the_channels_answer_and_the_record_it_runs_again_under_the_same_number(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment, _ = await counter.paid()

    def killed(**_: object) -> None:
        raise Unknown("the process is gone")

    with monkeypatch.context() as patched:
        patched.setattr(notices, "of_refund", killed)
        asked = await counter.refund(payment)
        await counter.give_back(asked)
        await counter.until_sent()
    assert await counter.refund_state(asked["refund"]) == "sending"
    await counter.refund_becomes(asked["refund"], "succeeded")
    assert len(counter.bank.sent) == 1
    assert len(await counter.facts("payment.refunded")) == 1


async def test_a_refunds_callback_and_its_query_are_one(counter: Counter) -> None:
    payment, number = await counter.paid()
    counter.bank.refund_state = "processing"
    asked = await counter.refund(payment)
    await counter.give_back(asked)
    await counter.until_sent()
    ours = counter.bank.sent[0].number
    for _ in range(2):
        answer = await counter.call_back(
            number, "refunded", refund_number=ours, transaction=f"T-{number}", happened_at=None
        )
        assert answer.content == b"success"
    await counter.refund_becomes(asked["refund"], "succeeded")
    counter.bank.refunds.clear()
    counter.shop.clock.advance(minutes=30)
    await counter.tidy()
    assert len(await counter.facts("payment.refunded")) == 1
    assert len(counter.bank.sent) == 1


async def test_a_refund_told_of_with_less_or_of_another_order_is_not_believed(counter: Counter) -> None:
    payment, number = await counter.paid()
    _, other = await counter.paid()
    counter.bank.refund_state = "processing"
    asked = await counter.refund(payment, 900)
    await counter.give_back(asked)
    await counter.until_sent()
    ours = counter.bank.sent[0].number
    for order, changes in (
        (number, {"amount_minor": 899}),
        (number, {"amount_minor": 900, "asset": "USD"}),
        (other, {"amount_minor": 900}),
    ):
        answer = await counter.call_back(order, "refunded", refund_number=ours, **changes)
        assert answer.status_code == 500
    await counter.caught_up()
    assert await counter.refund_state(asked["refund"]) == "sending"
    # Without a number it is acknowledged, and each refund is asked about in its time.
    assert (await counter.call_back(number, "refunded", amount_minor=900)).content == b"success"


async def test_a_lost_refund_callback_is_found_by_asking(counter: Counter) -> None:
    payment, _ = await counter.paid()
    counter.bank.refund_state = "processing"
    asked = await counter.refund(payment)
    await counter.give_back(asked)
    await counter.until_sent()
    counter.shop.clock.advance(seconds=61)
    await counter.tidy()
    assert await counter.refund_state(asked["refund"]) == "sending"
    counter.bank.finish_refunds()
    await counter.tidy()
    assert await counter.refund_state(asked["refund"]) == "sending", "asked again only after the pause"
    counter.shop.clock.advance(minutes=5, seconds=1)
    await counter.tidy()
    assert await counter.refund_state(asked["refund"]) == "succeeded"


async def test_an_erased_viewers_reasons_are_gone(counter: Counter) -> None:
    payment, _ = await counter.paid()
    asked = await counter.refund(payment)
    await counter.shop.acme.do("POST", "/v1/viewers/v1/erasure", {"reason": "asked"})
    await counter.caught_up()
    assert (await counter.shop.acme.get(f"/v1/refunds/{asked['refund']}"))["reason"] is None


async def test_a_viewer_sees_its_own_refunds_and_not_why(counter: Counter) -> None:
    pinned = await counter.shop.acme.do(
        "POST", "/v1/token-keys", {"algorithm": "HS256", "secret": "0123456789abcdef" * 4}
    )
    payment, _ = await counter.paid()
    asked = await counter.refund(payment, 5)
    own, other = (counter.shop.viewer(name, kid=pinned["id"]) for name in ("v1", "v2"))
    (shown,) = (await own.get("/v1/refunds"))["items"]
    assert (shown["refund"], shown["reason"]) == (asked["refund"], None)
    assert (await other.get("/v1/refunds"))["items"] == []
    problem(await other.send("GET", f"/v1/refunds/{asked['refund']}"), 404, "refund.unknown")
    body = {"reason": "mine"}
    problem(await own.send("POST", f"/v1/payments/{payment}/refunds", body), 403, "scope.missing")
