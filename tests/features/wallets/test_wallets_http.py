"""Wallets as applications, staff and viewers call them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.app.edge import Caller, UnderTest, problem

pytestmark = pytest.mark.anyio


async def test_money_comes_in_and_is_seen(acme: Caller) -> None:
    body = {"asset": "coin", "amount_minor": 300, "reference": "order-17", "at": "2026-01-02T03:04:05Z"}
    first = await acme.send("POST", "/v1/wallets/v1/credits", body, key="k1")
    again = await acme.send("POST", "/v1/wallets/v1/credits", body, key="k1")
    assert (first.status_code, again.content) == (201, first.content)
    done = first.json()
    assert (done["balance_minor"], done["at"]) == (300, "2026-01-02T03:04:05.000000Z")
    assert (await acme.get("/v1/wallets/v1"))["balances"] == [
        {"asset": "coin", "balance_minor": 300, "held_minor": 0, "owed_minor": 0}
    ]
    before = await acme.get("/v1/wallets/v1", as_of="2020-01-01T00:00:00Z")
    assert before["balances"][0]["balance_minor"] == 0
    (entry,) = (await acme.get("/v1/wallets/v1/entries"))["items"]
    assert entry["cause"]["data"] == {"viewer": "v1", "amount_minor": 300, "reference": "order-17"}
    issued = await acme.get("/v1/accounts", address="issuance/coin")
    assert issued == {"address": "issuance/coin", "asset": "coin", "balance_minor": -300}
    assert len((await acme.get("/v1/accounts/entries", address="issuance/coin"))["items"]) == 1
    assert (await acme.get("/v1/wallets/nobody"))["balances"] == []
    assert (await acme.get("/v1/wallets/v1/entries", asset="USD"))["items"] == []


async def test_what_cannot_be_asked(acme: Caller) -> None:
    for path, status, code in (
        ("/v1/wallets/a b", 400, "body.invalid"),
        ("/v1/wallets/v1?as_of=noon", 400, "body.invalid"),
        ("/v1/wallets/v1/entries?asset=XYZ", 404, "asset.unknown"),
        ("/v1/wallets/v1/entries?limit=0", 400, "limit.invalid"),
        ("/v1/wallets/v1/entries?cursor=x", 400, "cursor.invalid"),
        ("/v1/accounts?address=issuance/USD", 404, "account.unknown"),
        ("/v1/accounts/entries?address=nowhere", 404, "account.unknown"),
    ):
        assert problem(await acme.send("GET", path), status, code), path


async def test_a_viewer_sees_its_own_wallet_only(acme: Caller, token: Callable[[str, str], Caller]) -> None:
    await acme.do("POST", "/v1/wallets/v1/credits", {"asset": "coin", "amount_minor": 300})
    own = token("viewer", "v1")
    assert (await own.get("/v1/wallets/v1"))["balances"][0]["balance_minor"] == 300
    assert len((await own.get("/v1/wallets/v1/entries"))["items"]) == 1
    for path in ("/v1/wallets/v2", "/v1/wallets/v2/entries", "/v1/accounts?address=viewer/v1/coin"):
        assert problem(await own.send("GET", path), 403, "scope.missing"), path
    credit = {"asset": "coin", "amount_minor": 1}
    assert problem(await own.send("POST", "/v1/wallets/v1/credits", credit), 403, "scope.missing")


async def test_a_pack_is_saved_listed_and_ordered(acme: Caller, token: Callable[[str, str], Caller]) -> None:
    pack = {"price_asset": "CNY", "price_minor": 1_200, "amount_minor": 100, "bonus_minor": 20}
    saved = await acme.do("PUT", "/v1/packs/small", pack)
    assert (saved["pack"], saved["asset"], saved["revision"], saved["on_sale"]) == ("small", "coin", 1, True)
    await acme.do("PUT", "/v1/packs/large", {**pack, "valid_until": "2999-01-01T00:00:00Z"})
    own = token("viewer", "v1")
    assert [one["pack"] for one in (await own.get("/v1/packs"))["items"]] == ["large", "small"]
    assert len((await own.get("/v1/packs", limit=1))["items"]) == 1
    assert await acme.get("/v1/packs/small") == saved
    first = await own.send("POST", "/v1/topups", {"pack": "small"}, key="k1")
    again = await own.send("POST", "/v1/topups", {"pack": "small"}, key="k1")
    assert (first.status_code, again.content) == (201, first.content)
    order = first.json()
    assert order["due"].startswith("due_")
    assert {
        name: order[name] for name in ("viewer", "asset", "amount_minor", "topup_minor", "bonus_minor")
    } == {
        "viewer": "v1",
        "asset": "CNY",
        "amount_minor": 1_200,
        "topup_minor": 100,
        "bonus_minor": 20,
    }
    assert (await acme.do("POST", "/v1/topups", {"pack": "small", "viewer": "v7"}))["viewer"] == "v7"


async def test_what_cannot_be_asked_about_packs(acme: Caller, token: Callable[[str, str], Caller]) -> None:
    pack = {"price_asset": "CNY", "price_minor": 1_200, "amount_minor": 100}
    await acme.do("PUT", "/v1/packs/small", pack)
    own = token("viewer", "v1")
    for caller, method, path, body, status, code in (
        (own, "POST", "/v1/topups", {"pack": "small", "viewer": "v2"}, 403, "scope.missing"),
        (token("creator", "c1"), "POST", "/v1/topups", {"pack": "small"}, 403, "scope.missing"),
        (acme, "POST", "/v1/topups", {"pack": "small"}, 400, "body.invalid"),
        (acme, "POST", "/v1/topups", {"pack": "tiny", "viewer": "v1"}, 404, "pack.unknown"),
        (own, "PUT", "/v1/packs/small", pack, 403, "scope.missing"),
        (acme, "PUT", "/v1/packs/small", {**pack, "price_asset": "coin"}, 400, "pack.invalid"),
        (acme, "PUT", "/v1/packs/small", {**pack, "valid_from": "now"}, 400, "body.invalid"),
        (acme, "GET", "/v1/packs/tiny", None, 404, "pack.unknown"),
    ):
        assert problem(await caller.send(method, path, body), status, code), (path, body)


async def test_the_refund_policy_of_topups(acme: Caller) -> None:
    path = "/v1/topup-policies/coin"
    usual = {"asset": "coin", "clawback": "refuse", "debt_limit_minor": 0, "revision": 0}
    assert await acme.get(path) == usual
    wanted = {"clawback": "debt", "debt_limit_minor": 500}
    saved = await acme.do("PUT", path, wanted)
    assert saved == {"asset": "coin", **wanted, "revision": 1}
    assert await acme.get(path) == saved
    credit = {"asset": "coin", "amount_minor": 5}
    done = await acme.do("POST", "/v1/wallets/v1/credits", credit)
    assert (done["balance_minor"], done["repaid_minor"]) == (5, 0)
    assert problem(await acme.send("PUT", path, {"clawback": "debt"}), 400, "topup_policy.invalid")
    assert problem(await acme.send("PUT", path, {"clawback": "all"}), 400, "body.invalid")
    unknown = await acme.send("GET", "/v1/topup-policies/gold")
    assert problem(unknown, 404, "asset.unknown")


async def test_an_adjustment_takes_two_persons(edge: UnderTest, acme: Caller) -> None:
    scopes = ["adjustment.make", "adjustment.check", "ledger.read"]
    ann, bob = [
        edge.caller((await acme.do("POST", "/v1/staff", {"name": name, "scopes": scopes}))["key"])
        for name in ("Ann", "Bob")
    ]
    wanted = {"address": "viewer/v1/coin", "amount_minor": 30, "reason": "paid twice"}
    asked = await ann.do("POST", "/v1/adjustments", wanted)
    assert (asked["state"], asked["balance_minor"]) == ("pending", None)
    (listed,) = (await bob.get("/v1/adjustments", state="pending"))["items"]
    assert (listed["adjustment"], listed["reason"]) == (asked["adjustment"], "paid twice")
    path = f"/v1/adjustments/{asked['adjustment']}"
    assert problem(await ann.send("POST", f"{path}/approval"), 403, "checker.invalid")
    assert problem(await acme.send("POST", f"{path}/approval"), 403, "checker.invalid")
    done = await bob.do("POST", f"{path}/approval")
    assert (done["state"], done["balance_minor"]) == ("approved", 30)
    assert problem(await bob.send("POST", f"{path}/approval"), 409, "adjustment.settled")
    too_much = await bob.do("POST", "/v1/adjustments", {**wanted, "amount_minor": -31})
    refused = await ann.send("POST", f"/v1/adjustments/{too_much['adjustment']}/approval")
    assert problem(refused, 422, "ledger.insufficient")
    closed = await ann.do(
        "POST", f"/v1/adjustments/{too_much['adjustment']}/rejection", {"reason": "nothing to take"}
    )
    assert closed["state"] == "rejected"
    assert [one["state"] for one in (await bob.get("/v1/adjustments"))["items"]] == ["approved", "rejected"]
