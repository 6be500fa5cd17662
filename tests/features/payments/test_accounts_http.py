"""Merchant accounts over HTTP: made, changed, shown without their secrets, rotated while they are used."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from plaudit.features.payments.actions.base import merchant_of
from plaudit.features.payments.actions.channels import channel_of
from plaudit.features.payments.model.channel import METHODS, CallbackRejected, Channel, ChannelName
from plaudit.features.payments.providers.alipay import AlipaySecrets
from plaudit.features.payments.providers.sandbox import Callback, signed
from plaudit.kernel.ids import encode_id
from plaudit.platform.failures import Final
from tests.app.edge import problem
from tests.features.payments.providers.alipay import stage as alipay
from tests.features.payments.providers.wechat import stage as wechat
from tests.features.payments.shop import NOON, SIGNING_KEY, Shop, account_body, open_shop

PATH = "/v1/channel-accounts"
OTHER_KEY = "another key of the sandbox"


@pytest.fixture
async def shop(database_url: str, tmp_path: Path) -> AsyncIterator[Shop]:
    async with open_shop(database_url, tmp_path) as opened:
        yield opened


async def test_an_account_is_shown_with_everything_but_its_secrets(shop: Shop) -> None:
    made = await shop.acme.do("POST", PATH, account_body(settings={"fee_basis_points": 60}, priority=7))
    shown = await shop.acme.get(f"{PATH}/{made['account']}")
    assert shown == {
        "account": made["account"],
        "channel": "sandbox",
        "name": "Sandbox",
        "enabled": True,
        "priority": 7,
        "assets": ["CNY"],
        "methods": ["sandbox"],
        "devices": [],
        "min_minor": 1,
        "max_minor": 2**53 - 1,
        "settings": {"fee_basis_points": 60},
        "secrets": {"names": ["signing_key"], "set_at": "2026-11-22T12:00:00.000000Z"},
        "callback_path": f"/v1/callbacks/sandbox/{made['account']}",
        "revision": 1,
        "saved_at": "2026-11-22T12:00:00.000000Z",
    }
    assert (await shop.acme.get(PATH))["items"] == [shown]


async def test_secrets_are_nowhere_in_the_clear(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    account = await shop.account()
    facts = await shop.acme.get("/v1/facts", limit=1000)
    assert "payment.account.saved" in json.dumps(facts)
    assert SIGNING_KEY not in json.dumps(facts)
    merchant = await merchant_of(shop.edge.house, tenant_id=shop.tenant_id, number=_number(account))
    assert merchant is not None
    assert SIGNING_KEY.encode() not in merchant.sealed
    assert SIGNING_KEY not in repr(merchant)
    async with shop.edge.house.database.connection() as conn:
        cursor = await conn.execute("SELECT to_jsonb(a)::text FROM payments.account AS a")
        rows = await cursor.fetchall()
    assert SIGNING_KEY not in str(rows)
    output = capsys.readouterr()
    assert SIGNING_KEY not in output.out + output.err


async def test_an_account_is_changed_and_keeps_its_secrets_where_none_are_sent(shop: Shop) -> None:
    account = await shop.account()
    shop.clock.advance(hours=1)
    changed = account_body(channel=None, secrets=None, name="Second", enabled=False)
    saved = await shop.acme.do("PUT", f"{PATH}/{account}", changed)
    assert (saved["revision"], saved["secrets_changed"], saved["enabled"]) == (2, False, False)
    shown = await shop.acme.get(f"{PATH}/{account}")
    assert (shown["name"], shown["secrets"]["set_at"]) == ("Second", "2026-11-22T12:00:00.000000Z")
    assert await _believes(shop, account, SIGNING_KEY)


async def test_secrets_are_rotated_without_a_restart(shop: Shop) -> None:
    account = await shop.account()
    assert await _believes(shop, account, SIGNING_KEY)
    changed = account_body(channel=None, secrets={"signing_key": OTHER_KEY})
    await shop.acme.do("PUT", f"{PATH}/{account}", changed)
    assert await _believes(shop, account, OTHER_KEY)
    assert not await _believes(shop, account, SIGNING_KEY)


async def test_an_account_is_made_ready_once_for_each_revision(shop: Shop) -> None:
    account = await shop.account()
    first = await _ready(shop, account)
    assert await _ready(shop, account) is first
    await shop.acme.do("PUT", f"{PATH}/{account}", account_body(channel=None, secrets=None, name="New"))
    assert await _ready(shop, account) is not first


async def test_secrets_open_at_their_own_account_alone(shop: Shop) -> None:
    first, second = await shop.account(), await shop.account(secrets={"signing_key": OTHER_KEY})
    async with shop.edge.house.database.connection() as conn:
        await conn.execute(
            "UPDATE payments.account SET secrets = (SELECT secrets FROM payments.account WHERE number = %s)"
            " WHERE number = %s",
            (_number(first), _number(second)),
        )
    with pytest.raises(Final):
        await _ready(shop, second)


STRIPE: dict[str, Any] = {
    "channel": "stripe",
    "methods": ["checkout"],
    "settings": {"account": "acct_1", "livemode": False},
    "secrets": {"secret_key": "sk_test_short", "webhook_secret": "whsec_short"},
}
UNUSABLE: list[tuple[dict[str, Any], str]] = [
    ({"channel": "cash"}, "channel_account.channel"),
    ({"settings": {"fee_basis_points": 2_000}}, "channel_account.settings"),
    ({"settings": {"fee": 1}}, "channel_account.settings"),
    ({"secrets": None}, "channel_account.secrets"),
    ({"secrets": {"signing_key": "short"}}, "channel_account.secrets"),
    ({"secrets": {"signing_key": 7}}, "channel_account.secrets"),
    (STRIPE | {"settings": {"account": "acct_1", "livemode": True}}, "channel_account.secrets"),
    (STRIPE | {"settings": {"account": "1", "livemode": False}}, "channel_account.settings"),
    (STRIPE | {"methods": ["sandbox"]}, "channel_account.invalid"),
    ({"channel": "wechat", "methods": ["native"], "assets": ["CNY", "USD"]}, "channel_account.invalid"),
    ({"name": " "}, "channel_account.invalid"),
    ({"priority": -1}, "channel_account.invalid"),
    ({"assets": []}, "channel_account.invalid"),
    ({"assets": ["CNY", "CNY"]}, "channel_account.invalid"),
    ({"assets": ["coin"]}, "channel_account.invalid"),
    ({"methods": ["native"]}, "channel_account.invalid"),
    ({"methods": []}, "channel_account.invalid"),
    ({"devices": ["desktop", "desktop"]}, "channel_account.invalid"),
    ({"min_minor": 2, "max_minor": 1}, "channel_account.invalid"),
    ({"devices": ["fridge"]}, "body.invalid"),
]


async def test_an_account_that_cannot_be_used_is_refused(shop: Shop) -> None:
    for change, code in UNUSABLE:
        refused = await shop.acme.send("POST", PATH, account_body(**change))
        assert "short" not in refused.text
        problem(refused, 400, code)
    assert (await shop.acme.get(PATH))["items"] == []


async def test_each_channel_has_settings_and_secrets_of_its_own(shop: Shop) -> None:
    made = await shop.acme.do("POST", PATH, account_body(**STRIPE))
    shown = await shop.acme.get(f"{PATH}/{made['account']}")
    assert shown["secrets"]["names"] == ["secret_key", "webhook_secret"]
    assert shown["settings"] == STRIPE["settings"]


ELSEWHERE = {"account": "acct_1", "livemode": False, "base_url": "https://stripe.example"}


async def test_kept_secrets_do_not_go_to_another_address(shop: Shop) -> None:
    made = await shop.acme.do("POST", PATH, account_body(**STRIPE))
    path = f"{PATH}/{made['account']}"
    moved = account_body(**STRIPE | {"channel": None, "settings": ELSEWHERE})
    refused = await shop.acme.send("PUT", path, moved | {"secrets": None})
    assert problem(refused, 400, "channel_account.secrets")["field"] == "secrets"
    assert (await shop.acme.get(path))["settings"] == STRIPE["settings"]
    assert (await shop.acme.do("PUT", path, moved))["secrets_changed"]
    kept = await shop.acme.do("PUT", path, moved | {"secrets": None, "name": "Same address"})
    assert not kept["secrets_changed"]
    back = moved | {"secrets": None, "settings": STRIPE["settings"]}
    problem(await shop.acme.send("PUT", path, back), 400, "channel_account.secrets")


MERCHANTS: list[tuple[ChannelName, dict[str, Any], dict[str, Any]]] = [
    ("stripe", {"account": "acct_2"}, {}),
    ("stripe", {"livemode": True}, {"secret_key": "sk_live_1"}),
    ("wechat", {"mchid": "1900000002"}, {}),
    ("alipay", {"app_id": "2021000000000002"}, {}),
    ("alipay", {"seller_id": "2088000000000002"}, {}),
]


def _usable(channel: str) -> dict[str, Any]:
    """Return settings and secrets that open an account at a channel."""
    if channel == "stripe":
        return {"settings": STRIPE["settings"], "secrets": STRIPE["secrets"]}
    if channel == "wechat":
        keys: tuple[Any, Any] = (wechat.PUBLIC, wechat.secrets())
    else:
        keys = (alipay.settings(), AlipaySecrets(private_key=alipay.private_pem("app")))
    return {name: msgspec.to_builtins(one) for name, one in zip(("settings", "secrets"), keys, strict=True)}


@pytest.mark.parametrize(
    ("channel", "changed", "secrets"), MERCHANTS, ids=["-".join([one[0], *one[1]]) for one in MERCHANTS]
)
async def test_an_account_that_was_paid_at_stays_the_same_merchants(
    shop: Shop, channel: ChannelName, changed: dict[str, Any], secrets: dict[str, Any]
) -> None:
    method = METHODS[channel][0]
    body = account_body(channel=channel, methods=[method], **_usable(channel))
    made = await shop.acme.do("POST", PATH, body)
    path = f"{PATH}/{made['account']}"
    before = {name: value for name, value in body.items() if name != "channel"}
    other = before | {"settings": body["settings"] | changed, "secrets": body["secrets"] | secrets}
    await shop.acme.do("PUT", path, other)
    await shop.acme.do("PUT", path, before)
    payment = (await shop.open(await shop.due()))["payment"]
    async with shop.edge.house.database.connection() as conn:
        await conn.execute(
            "INSERT INTO payments.attempt (tenant_id, intent, attempt, account, channel, method, number,"
            " asset, amount, state, opened_at) VALUES (%s, %s, 1, %s, %s, %s, 'P1', 'CNY', 1, 'open', now())",
            (shop.tenant_id, int(payment[-1]), _number(made["account"]), channel, method),
        )
    refused = problem(await shop.acme.send("PUT", path, other), 409, "channel_account.identity")
    assert refused["settings"] == list(changed)
    assert (await shop.acme.get(path))["settings"] == body["settings"]
    await shop.acme.do("PUT", path, before | {"name": "The same merchant", "enabled": False})


async def test_secrets_go_in_plain_http_to_the_operators_inside_alone(
    database_url: str, tmp_path: Path
) -> None:
    def at(url: str) -> dict[str, Any]:
        return account_body(**STRIPE | {"settings": STRIPE["settings"] | {"base_url": url}})

    async with open_shop(database_url, tmp_path, PLAUDIT_OUTBOUND_INSIDE="127.0.0.1, gate") as shop:
        for url in ("http://api.stripe.com", "http://127.0.0.2:8", "http://[::1]:8", "http://[::1:8"):
            problem(await shop.acme.send("POST", PATH, at(url)), 400, "channel_account.settings")
        for url in ("http://127.0.0.1:8", "http://gate", "https://127.0.0.2:8"):
            await shop.acme.do("POST", PATH, at(url))


async def test_an_account_takes_known_currencies_and_is_known_by_its_id(shop: Shop) -> None:
    problem(await shop.acme.send("POST", PATH, account_body(assets=["XXX"])), 404, "asset.unknown")
    absent = encode_id("acc", shop.tenant_id << 32 | 999)
    for method, body in (("GET", None), ("PUT", account_body(channel=None))):
        refused = await shop.acme.send(method, f"{PATH}/{absent}", body)
        problem(refused, 404, "channel_account.unknown")
        problem(await shop.acme.send(method, f"{PATH}/acc_7", body), 400, "invalid.id")


async def test_the_same_key_makes_one_account_and_other_secrets_under_it_are_a_conflict(shop: Shop) -> None:
    first = await shop.acme.send("POST", PATH, account_body(), key="once")
    again = await shop.acme.send("POST", PATH, account_body(), key="once")
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == first.json()
    other = account_body(secrets={"signing_key": OTHER_KEY})
    problem(await shop.acme.send("POST", PATH, other, key="once"), 409, "key.conflict")


async def test_accounts_are_kept_and_read_by_those_who_may(shop: Shop) -> None:
    key = await shop.acme.do("POST", "/v1/api-keys", {"name": "reader", "scopes": ["channel.read"]})
    reader = shop.edge.caller(key["key"])
    assert (await reader.get(PATH))["items"] == []
    problem(await reader.send("POST", PATH, account_body()), 403, "scope.missing")
    problem(await reader.send("PUT", "/v1/payment-policies/CNY", {}), 403, "scope.missing")


async def test_a_policy_says_from_which_amount_on_a_second_person_is_needed(shop: Shop) -> None:
    path = "/v1/payment-policies/CNY"
    problem(await shop.acme.send("GET", path), 404, "payment_policy.unknown")
    await shop.acme.do("PUT", path, {"review_above_minor": 10_000})
    assert await shop.acme.get(path) == {"asset": "CNY", "review_above_minor": 10_000, "revision": 1}
    assert (await shop.acme.do("PUT", path, {}))["revision"] == 2
    assert (await shop.acme.get(path))["review_above_minor"] is None
    problem(await shop.acme.send("PUT", path, {"review_above_minor": -1}), 400, "payment_policy.invalid")
    problem(await shop.acme.send("PUT", "/v1/payment-policies/XXX", {}), 404, "asset.unknown")


def _number(account: str) -> int:
    return int(account[-1])


async def _ready(shop: Shop, account: str) -> Channel:
    merchant = await merchant_of(shop.edge.house, tenant_id=shop.tenant_id, number=_number(account))
    assert merchant is not None
    return channel_of(shop.edge.house, merchant=merchant)


async def _believes(shop: Shop, account: str, key: str) -> bool:
    """Tell whether the account takes a callback signed with a key."""
    told = Callback(
        event="paid",
        account=account,
        number="P1",
        transaction="t1",
        asset="CNY",
        amount_minor=1,
        happened_at=NOON,
    )
    headers, body = signed(callback=told, key=key, now=shop.clock.now())
    channel = await _ready(shop, account)
    try:
        await channel.read_callback(headers=headers, body=body, now=shop.clock.now())
    except CallbackRejected as rejected:
        return rejected.code != "signature"
    return True
