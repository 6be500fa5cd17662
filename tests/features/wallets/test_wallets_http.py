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
        {"asset": "coin", "balance_minor": 300, "held_minor": 0}
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
