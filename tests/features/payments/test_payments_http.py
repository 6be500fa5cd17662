"""Payments over HTTP, through the sandbox: opened, attempted, paid, closed; who may see what."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from plaudit.features.payments.providers.sandbox import Sandbox
from plaudit.kernel.ids import encode_id
from plaudit.platform.failures import Final, Retryable, Unknown
from tests.app.edge import problem
from tests.features.payments.shop import SECRET, Shop, open_shop


@pytest.fixture
async def shop(database_url: str, tmp_path: Path) -> AsyncIterator[Shop]:
    async with open_shop(database_url, tmp_path) as opened:
        yield opened


async def test_an_amount_due_is_opened_as_a_payment_with_its_ways_and_its_cashier(shop: Shop) -> None:
    account = await shop.account()
    due = await shop.due(1_200)
    payment = await shop.open(due, return_url="https://shop.example/done?order=7")
    assert payment["state"] == "pending"
    assert (payment["due"], payment["due_kind"], payment["payer"]) == (due, "topup.ordered", "v1")
    assert (payment["asset"], payment["amount_minor"]) == ("CNY", 1_200)
    assert payment["title"] == {"en": "120 coins", "zh": "120 金币"}
    assert payment["expires_at"] == "2026-11-22T12:15:00.000000Z"
    assert payment["cashier_url"].startswith(f"http://plaudit/pay/{shop.tenant_id}-{payment['payment']}-")
    assert payment["ways"] == [
        {"channel": "sandbox", "account": account, "method": "sandbox", "reason": None}
    ]
    assert await shop.kinds(payment["payment"]) == ["payment.opened"]


async def test_an_amount_due_has_one_payment_however_often_and_by_whom_it_is_opened(shop: Shop) -> None:
    due = await shop.due()
    answers = await asyncio.gather(*(shop.acme.send("POST", "/v1/payments", {"due": due}) for _ in range(6)))
    assert sorted(one.status_code for one in answers) == [200, 200, 200, 200, 200, 201]
    assert len({one.json()["payment"] for one in answers}) == 1
    assert await shop.kinds(answers[0].json()["payment"]) == ["payment.opened"]


async def test_the_same_key_opens_once_and_another_due_under_it_is_a_conflict(shop: Shop) -> None:
    due, other = await shop.due(), await shop.due()
    first = await shop.acme.send("POST", "/v1/payments", {"due": due}, key="once")
    again = await shop.acme.send("POST", "/v1/payments", {"due": due}, key="once")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == first.json()
    conflict = await shop.acme.send("POST", "/v1/payments", {"due": other}, key="once")
    problem(conflict, 409, "key.conflict")


async def test_only_amounts_due_can_be_paid_and_in_time(shop: Shop) -> None:
    for due in (encode_id("due", 1), encode_id("due", 999_999)):
        problem(await shop.acme.send("POST", "/v1/payments", {"due": due}), 404, "due.unknown")
    problem(await shop.acme.send("POST", "/v1/payments", {"due": "due_7"}), 400, "invalid.id")
    due = await shop.due()
    late = {"due": due, "return_url": "javascript:alert(1)"}
    problem(await shop.acme.send("POST", "/v1/payments", late), 400, "payment.return_url")
    shop.clock.advance(minutes=15)
    problem(await shop.acme.send("POST", "/v1/payments", {"due": due}), 422, "due.expired")


async def test_an_attempt_shows_the_payer_what_to_do_and_is_replayed_as_it_was(shop: Shop) -> None:
    account = await shop.account()
    payment = (await shop.open())["payment"]
    made = await shop.attempt(payment, key="try")
    assert (made["attempt"], made["account"], made["method"]) == (1, account, "sandbox")
    assert re.fullmatch(rf"P{payment.removeprefix('pay_')}01[A-Z2-7]{{8}}", made["number"])
    assert (made["state"], made["presentation"]["kind"]) == ("open", "page")
    again = await shop.acme.send("POST", f"/v1/payments/{payment}/attempts", {}, key="try")
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == made
    shown = await shop.show(payment)
    assert shown["state"] == "processing"
    assert shown["attempts"] == [made]
    assert await shop.kinds(payment) == ["payment.opened", "payment.attempted"]


async def test_one_key_makes_one_attempt_however_many_send_it_at_once(shop: Shop) -> None:
    await shop.account()
    payment = (await shop.open())["payment"]
    made = await asyncio.gather(*(shop.attempt(payment, key="try") for _ in range(6)))
    assert [(one["attempt"], one["state"]) for one in made] == [(1, "open")] * 6
    assert len((await shop.show(payment))["attempts"]) == 1


async def test_changing_the_channel_makes_a_further_attempt_and_the_former_stays_open(shop: Shop) -> None:
    first = await shop.account()
    second = await shop.account(priority=200)
    payment = (await shop.open())["payment"]
    await shop.attempt(payment)
    await shop.attempt(payment, account=second)
    attempts = (await shop.show(payment))["attempts"]
    assert [(one["account"], one["state"]) for one in attempts] == [(first, "open"), (second, "open")]


async def test_where_no_channel_takes_a_payment_each_says_why(shop: Shop) -> None:
    payment = (await shop.open())["payment"]
    path = f"/v1/payments/{payment}/attempts"
    assert problem(await shop.acme.send("POST", path, {}), 422, "payment.no_channel")["reasons"] == []
    dollars = await shop.account(assets=["USD"])
    off = await shop.account(enabled=False)
    small = await shop.account(max_minor=1_000)
    stopped = await shop.account()
    await shop.acme.do("PUT", f"/v1/switches/channel/{stopped}", {"off": True, "reason": "a test"})
    refusal = problem(await shop.acme.send("POST", path, {}), 422, "payment.no_channel")
    assert [one["reason"] for one in refusal["reasons"]] == ["currency", "disabled", "amount", "switched_off"]
    ways = {one["account"]: one["reason"] for one in (await shop.show(payment))["ways"]}
    assert ways == {dollars: "currency", off: "disabled", small: "amount", stopped: "switched_off"}
    await shop.acme.do("PUT", f"/v1/switches/channel/{stopped}", {"off": False, "reason": "a test"})
    assert (await shop.attempt(payment))["account"] == stopped


async def test_an_account_is_named_by_its_tenant_alone(shop: Shop) -> None:
    await shop.account()
    payment = (await shop.open())["payment"]
    path = f"/v1/payments/{payment}/attempts"
    foreign = encode_id("acc", (shop.tenant_id + 1) << 32 | 1)
    absent = encode_id("acc", shop.tenant_id << 32 | 999)
    for account in (foreign, absent):
        refused = await shop.acme.send("POST", path, {"account": account})
        problem(refused, 404, "channel_account.unknown")
    problem(await shop.acme.send("POST", path, {"method": "cash"}), 400, "body.invalid")


async def test_a_closed_or_expired_payment_is_not_attempted(shop: Shop) -> None:
    await shop.account()
    closed, expired = (await shop.open())["payment"], (await shop.open())["payment"]
    await shop.attempt(closed)
    done = await shop.acme.do("POST", f"/v1/payments/{closed}/closing", key="close")
    assert done["state"] == "closed"
    again = await shop.acme.send("POST", f"/v1/payments/{closed}/closing", key="close")
    assert again.headers["idempotency-replayed"] == "true"
    problem(await shop.acme.send("POST", f"/v1/payments/{closed}/attempts", {}), 422, "payment.closed")
    problem(await shop.acme.send("POST", f"/v1/payments/{closed}/closing"), 422, "payment.closed")
    assert (await shop.show(closed))["ways"] == []
    shop.clock.advance(minutes=15)
    problem(await shop.acme.send("POST", f"/v1/payments/{expired}/attempts", {}), 422, "payment.expired")


async def test_a_payment_is_not_attempted_without_end(shop: Shop) -> None:
    await shop.account()
    payment = (await shop.open())["payment"]
    for _ in range(20):
        await shop.attempt(payment)
    problem(await shop.acme.send("POST", f"/v1/payments/{payment}/attempts", {}), 422, "payment.attempts")


class _Failing:
    """A channel in front of the sandbox that fails as it is told, account by account."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.errors: dict[str, Exception] = {}
        self.asked: list[str] = []
        inner = _Failing._opening()

        async def opening(channel: Any, order: Any) -> Any:  # noqa: ANN401 - as the channel's
            account = order.notify_url.rpartition("/")[2]
            self.asked.append(account)
            if account in self.errors:
                raise self.errors[account]
            return await inner(channel, order)

        monkeypatch.setattr(SANDBOX_OPEN, opening)

    @staticmethod
    def _opening() -> Any:  # noqa: ANN401 - a method
        return Sandbox.open


SANDBOX_OPEN = "plaudit.features.payments.providers.sandbox.channel.Sandbox.open"


@pytest.mark.parametrize(
    ("error", "code"),
    [(Retryable("no way there"), "channel.unreachable"), (Final("no"), "channel.refused")],
)
async def test_a_channel_that_fails_is_followed_by_the_next(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, error: Exception, code: str
) -> None:
    failing = _Failing(monkeypatch)
    first, second = await shop.account(priority=1), await shop.account(priority=2)
    failing.errors[first] = error
    payment = (await shop.open())["payment"]
    made = await shop.attempt(payment, key="try")
    assert (made["attempt"], made["account"], made["state"], made["follows"]) == (2, second, "open", 1)
    attempts = (await shop.show(payment))["attempts"]
    assert [(one["state"], one["code"]) for one in attempts] == [("failed", code), ("open", None)]
    again = await shop.acme.send("POST", f"/v1/payments/{payment}/attempts", {}, key="try")
    assert again.json() == made
    assert failing.asked == [first, second]
    kinds = await shop.kinds(payment)
    assert sorted(kinds[1:]) == ["payment.attempt.failed", "payment.attempted", "payment.attempted"]


async def test_when_all_channels_fail_the_attempt_is_failed_and_another_may_be_made(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = _Failing(monkeypatch)
    first, second = await shop.account(priority=1), await shop.account(priority=2)
    failing.errors = {first: Retryable("no way there"), second: Final("no")}
    payment = (await shop.open())["payment"]
    made = await shop.attempt(payment)
    assert (made["attempt"], made["state"], made["code"]) == (2, "failed", "channel.refused")
    failing.errors.clear()
    assert (await shop.attempt(payment))["state"] == "open"


async def test_a_channel_that_does_not_answer_is_not_followed_by_another(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = _Failing(monkeypatch)
    first, _ = await shop.account(priority=1), await shop.account(priority=2)
    failing.errors[first] = Unknown("no answer")
    payment = (await shop.open())["payment"]
    made = await shop.attempt(payment, key="try")
    assert (made["account"], made["state"], made["presentation"]) == (first, "unknown", None)
    failing.errors.clear()
    again = await shop.attempt(payment, key="try")
    assert (again["attempt"], again["state"]) == (1, "open"), "asked again, it is the same order"
    assert failing.asked == [first, first]


async def test_an_account_that_keeps_failing_leaves_the_list_for_five_minutes(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = _Failing(monkeypatch)
    bad, good = await shop.account(priority=1), await shop.account(priority=2)
    failing.errors[bad] = Retryable("no way there")
    for n in range(5):
        await shop.attempt((await shop.open(await shop.due(payer=f"v{n}")))["payment"])
    assert failing.asked == [bad, good] * 5
    sixth = (await shop.open())["payment"]
    assert [one["reason"] for one in (await shop.show(sixth))["ways"]] == ["failing", None]
    assert (await shop.attempt(sixth))["account"] == good
    failing.errors.clear()
    shop.clock.advance(minutes=5)
    seventh = (await shop.open())["payment"]
    assert (await shop.attempt(seventh))["account"] == bad


async def test_a_viewer_pays_and_sees_what_is_its_own(shop: Shop) -> None:
    await shop.account()
    pinned = await shop.acme.do("POST", "/v1/token-keys", {"algorithm": "HS256", "secret": SECRET})
    v1, v2 = (shop.viewer(name, kid=pinned["id"]) for name in ("v1", "v2"))
    due = await shop.due(payer="v1")
    problem(await v2.send("POST", "/v1/payments", {"due": due}), 404, "due.unknown")
    payment = (await v1.do("POST", "/v1/payments", {"due": due}))["payment"]
    path = f"/v1/payments/{payment}"
    for method, where, body in (
        ("GET", path, None),
        ("POST", f"{path}/attempts", {}),
        ("POST", f"{path}/closing", None),
        ("POST", f"{path}/sandbox", {"act": "pay"}),
    ):
        problem(await v2.send(method, where, body), 404, "payment.unknown")
    assert (await v1.do("POST", f"{path}/attempts", {}))["state"] == "open"
    assert [one["payment"] for one in (await v1.get("/v1/payments"))["items"]] == [payment]
    assert (await v2.get("/v1/payments"))["items"] == []
    problem(await v2.send("GET", "/v1/payments?payer=v1"), 403, "scope.missing")


async def test_payments_are_listed_newest_first_by_payer_and_state(shop: Shop) -> None:
    mine = [(await shop.open(await shop.due(payer="v1")))["payment"] for _ in range(3)]
    other = (await shop.open(await shop.due(payer="v2")))["payment"]
    await shop.acme.do("POST", f"/v1/payments/{mine[1]}/closing")
    first = await shop.acme.get("/v1/payments", limit=2)
    assert [one["payment"] for one in first["items"]] == [other, mine[2]]
    rest = await shop.acme.get("/v1/payments", limit=2, cursor=first["next_cursor"])
    assert [one["payment"] for one in rest["items"]] == [mine[1], mine[0]]
    assert rest["next_cursor"] is None
    closed = await shop.acme.get("/v1/payments", payer="v1", state="closed")
    assert [one["payment"] for one in closed["items"]] == [mine[1]]


async def test_another_tenant_finds_nothing_of_it(shop: Shop) -> None:
    account = await shop.account()
    due = await shop.due()
    payment = (await shop.open(due))["payment"]
    globex = await shop.edge.tenant("globex")
    problem(await globex.send("GET", f"/v1/payments/{payment}"), 404, "payment.unknown")
    problem(await globex.send("POST", f"/v1/payments/{payment}/attempts", {}), 404, "payment.unknown")
    problem(await globex.send("POST", f"/v1/payments/{payment}/closing"), 404, "payment.unknown")
    problem(await globex.send("POST", "/v1/payments", {"due": due}), 404, "due.unknown")
    problem(await globex.send("GET", f"/v1/channel-accounts/{account}"), 404, "channel_account.unknown")
