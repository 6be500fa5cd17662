"""Tipping as applications, viewers and creators call it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.app.edge import Caller, problem

pytestmark = pytest.mark.anyio

Token = Callable[[str, str], Caller]


async def ready(acme: Caller) -> None:
    """Register creator c1 of guild g1, and give viewer v1 a thousand coins."""
    await acme.do("PUT", "/v1/creators/c1", {"guild": "g1"})
    await acme.do("POST", "/v1/wallets/v1/credits", {"asset": "coin", "amount_minor": 1_000})


async def test_a_tip_is_answered_with_everything_about_it(acme: Caller) -> None:
    await ready(acme)
    body = {"viewer": "v1", "creator": "c1", "amount_minor": 100, "message": "hello", "show": "s1"}
    first = await acme.send("POST", "/v1/tips", body, key="k1")
    assert first.status_code == 201
    tip = first.json()
    assert {name: tip[name] for name in tip if name not in {"at", "recorded_at", "tip"}} == {
        "position": 5,
        "viewer": "v1",
        "creator": "c1",
        "asset": "coin",
        "gift": None,
        "count": 1,
        "amount_minor": 100,
        "shares": {"creator_minor": 70, "guild_minor": 5, "platform_minor": 25},
        "funded": None,
        "balance_minor": 900,
        "units_left": None,
        "message_state": "shown",
    }
    again = await acme.send("POST", "/v1/tips", body, key="k1")
    assert (again.content, again.headers["Idempotency-Replayed"]) == (first.content, "true")
    assert "Idempotency-Replayed" not in first.headers
    shown = await acme.get(f"/v1/tips/{tip['tip']}")
    assert (shown["message"], shown["reversed_minor"], shown["show"]) == ("hello", 0, "s1")


async def test_a_body_of_the_wrong_form_is_refused(acme: Caller) -> None:
    table: list[tuple[str, object]] = [
        ("amount_minor", 1.5),
        ("amount_minor", 100.0),
        ("amount_minor", "100"),
        ("amount_minor", True),
        ("count", 1.0),
        ("creator", None),
        ("viewer", 7),
        ("anonymous", "yes"),
        ("message", ["hi"]),
        ("funding", "wallet"),
        ("funding", [{}]),
    ]
    for field, value in table:
        body = {"viewer": "v1", "creator": "c1", "amount_minor": 100, field: value}
        assert problem(await acme.send("POST", "/v1/tips", body), 400, "body.invalid"), (field, value)


async def test_bad_tips_over_the_wire(acme: Caller) -> None:
    await ready(acme)
    good = {"viewer": "v1", "creator": "c1"}
    for fields, status, code in (
        ({"amount_minor": 0}, 400, "tip.amount"),
        ({"amount_minor": -1}, 400, "tip.amount"),
        ({"amount_minor": 2**53}, 400, "tip.amount"),
        ({"amount_minor": 10**40}, 400, "tip.amount"),
        ({"gift": "tulip"}, 422, "gift.unknown"),
        ({"gift": "tulip", "count": 10**9}, 400, "tip.count"),
        ({"amount_minor": 1, "asset": "XYZ"}, 404, "asset.unknown"),
        ({"amount_minor": 1, "viewer": "c1"}, 422, "tip.self"),
        ({"amount_minor": 1, "viewer": None}, 400, "body.invalid"),
        ({"amount_minor": 1, "creator": "c2"}, 422, "creator.unknown"),
        ({"amount_minor": 1, "message": "\u0007"}, 400, "tip.message"),
        ({"amount_minor": 1, "message": "x" * 501}, 400, "tip.message"),
        ({"amount_minor": 1, "tips": 1}, 400, "body.unknown_field"),
        ({"amount_minor": 1, "funding": [{"kind": "voucher", "id": "v"}]}, 422, "funding.unsupported"),
        ({"amount_minor": 1, "at": "yesterday"}, 400, "body.invalid"),
        ({"amount_minor": 1, "at": "2999-01-01T00:00:00Z"}, 400, "body.invalid"),
        ({"amount_minor": 1_001}, 422, "wallet.insufficient"),
    ):
        answer = await acme.send("POST", "/v1/tips", {**good, **fields})
        assert problem(answer, status, code), fields
    assert (await acme.get("/v1/wallets/v1"))["balances"][0]["balance_minor"] == 1_000


async def test_a_viewers_token_pays_from_its_own_wallet_alone(acme: Caller, token: Token) -> None:
    await ready(acme)
    v1, v2 = token("viewer", "v1"), token("viewer", "v2")
    tip = await v1.do("POST", "/v1/tips", {"creator": "c1", "amount_minor": 5})
    assert tip["viewer"] == "v1"
    foreign = await v2.send("POST", "/v1/tips", {"viewer": "v1", "creator": "c1", "amount_minor": 5})
    assert problem(foreign, 403, "scope.missing")
    creators = await token("creator", "c1").send("POST", "/v1/tips", {"creator": "c2", "amount_minor": 5})
    assert problem(creators, 403, "scope.missing")
    imported = {"creator": "c1", "amount_minor": 5, "at": "2020-01-01T00:00:00Z"}
    assert problem(await v1.send("POST", "/v1/tips", imported), 403, "scope.missing")
    assert problem(await v2.send("GET", f"/v1/tips/{tip['tip']}"), 404, "tip.unknown")
    assert problem(await v1.send("GET", "/v1/tips?viewer=v2"), 403, "scope.missing")
    assert problem(await v1.send("GET", "/v1/tipping/totals?by=viewer"), 403, "scope.missing")
    assert [one["tip"] for one in (await v1.get("/v1/tips", position=tip["position"]))["items"]] == [
        tip["tip"]
    ]
    assert (await v2.get("/v1/tips", position=tip["position"]))["items"] == []


async def test_a_creator_sees_its_own_and_no_anonymous_name(acme: Caller, token: Token) -> None:
    await ready(acme)
    tips = [
        await acme.do("POST", "/v1/tips", {"viewer": "v1", "creator": "c1", "amount_minor": 100, **fields})
        for fields in ({}, {"anonymous": True, "message": "guess who"})
    ]
    await acme.do("POST", f"/v1/tips/{tips[1]['tip']}/reversals", {"amount_minor": 10, "reason": "a slip"})
    c1 = token("creator", "c1")
    named: list[Any] = [(await c1.get(f"/v1/tips/{tip['tip']}"))["viewer"] for tip in tips]
    assert named == ["v1", None]
    listed = await c1.get("/v1/tips", position=tips[1]["position"])
    assert [one["viewer"] for one in listed["items"]] == [None, "v1"]
    statement = (await c1.get("/v1/creators/c1/statement"))["items"]
    assert [(one["amount_minor"], one["cause"]["viewer"]) for one in statement] == [
        (-7, None),
        (70, None),
        (70, "v1"),
    ]
    assert statement[0]["balance_before_minor"] == 140
    assert problem(await c1.send("GET", "/v1/creators/c2/statement"), 403, "scope.missing")
    assert problem(await c1.send("GET", "/v1/tips?viewer=v1"), 403, "scope.missing")
    assert problem(await token("viewer", "c1").send("GET", "/v1/creators/c1/statement"), 403, "scope.missing")
    assert len((await acme.get("/v1/creators/c1/statement"))["items"]) == 3


async def test_a_held_message_is_for_those_who_screen(acme: Caller, token: Token) -> None:
    await ready(acme)
    await acme.do("PUT", "/v1/words", {"words": ["spam"]})
    tip = await acme.do(
        "POST", "/v1/tips", {"viewer": "v1", "creator": "c1", "amount_minor": 1, "message": "spam!"}
    )
    assert tip["message_state"] == "held"
    path = f"/v1/tips/{tip['tip']}"
    seen = [(await one.get(path))["message"] for one in (acme, token("viewer", "v1"), token("creator", "c1"))]
    assert seen == ["spam!", "spam!", None]


async def test_the_catalogue_is_saved_and_read_back(acme: Caller) -> None:
    tiers = [{"from_minor": 0, "creator": "70%", "guild": "5%"}, {"from_minor": 1_000, "creator": "0.8"}]
    terms = await acme.do("PUT", "/v1/terms/rising", {"basis": "monthly", "tiers": tiers})
    assert terms["tiers"][0] == {"from_minor": 0, "creator": "7/10", "guild": "1/20"}
    assert (await acme.get("/v1/terms"))["items"] == [terms]
    gift = {"name": {"en": "Rose", "zh": "玫瑰"}, "price_minor": 10, "valid_until": "2999-01-01T00:00:00Z"}
    saved = [await acme.do("PUT", "/v1/gifts/rose", gift) for _ in range(2)]
    assert [one["revision"] for one in saved] == [1, 2]
    assert (saved[1]["name"]["zh"], saved[1]["valid_until"]) == ("玫瑰", "2999-01-01T00:00:00.000000Z")
    assert (await acme.get("/v1/gifts"))["items"] == [saved[1]]
    policy = {
        "asset": "coin",
        "min_minor": 1,
        "max_minor": 500,
        "presets_minor": [10],
        "day_limit_minor": None,
        "creator_keeps_minor": 50,
    }
    assert await acme.do("PUT", "/v1/tipping/policy", policy) == {**policy, "revision": 1}
    assert (await acme.get("/v1/tipping/policy"))["items"] == [{**policy, "revision": 1}]
    for creator in ("c3", "c1", "c2"):
        await acme.do("PUT", f"/v1/creators/{creator}", {"terms": "rising"})
    assert await acme.get("/v1/creators/c2") == {
        "creator": "c2",
        "guild": None,
        "terms": "rising",
        "revision": 1,
    }
    page = await acme.get("/v1/creators", limit=2)
    assert [one["creator"] for one in page["items"]] == ["c1", "c2"]
    rest = await acme.get("/v1/creators", limit=2, cursor=page["next_cursor"])
    assert ([one["creator"] for one in rest["items"]], rest["next_cursor"]) == (["c3"], None)
    assert (await acme.do("PUT", "/v1/words", {"words": ["a", "b"]}))["revision"] == 1
    assert (await acme.get("/v1/words"))["words"] == ["a", "b"]


async def test_a_wrong_catalogue_is_refused(acme: Caller) -> None:
    half = {"from_minor": 0, "creator": "50%", "guild": "60%"}
    names = {"en": "Rose", "zh": "玫瑰"}
    for path, body, status, code in (
        ("/v1/terms/t", {"basis": "fixed", "tiers": []}, 400, "terms.invalid"),
        ("/v1/terms/t", {"basis": "fixed", "tiers": [half]}, 400, "terms.invalid"),
        ("/v1/terms/t", {"basis": "yearly", "tiers": [half]}, 400, "body.invalid"),
        (
            "/v1/terms/t",
            {"basis": "fixed", "tiers": [{"from_minor": 0, "creator": "all"}]},
            400,
            "terms.invalid",
        ),
        ("/v1/gifts/rose", {"name": names, "price_minor": 0}, 400, "gift.invalid"),
        ("/v1/gifts/rose", {"name": {"en": "", "zh": "x"}, "price_minor": 1}, 400, "gift.invalid"),
        ("/v1/gifts/rose", {"name": names, "price_minor": 1, "asset": "XYZ"}, 404, "asset.unknown"),
        ("/v1/gifts/a b", {"name": names, "price_minor": 1}, 400, "gift.invalid"),
        ("/v1/creators/a b", {}, 400, "creator.invalid"),
        ("/v1/creators/c1", {"terms": "unheard"}, 422, "terms.unknown"),
        ("/v1/tipping/policy", {"asset": "coin", "min_minor": 5, "max_minor": 4}, 400, "policy.invalid"),
        ("/v1/words", {"words": ["..."]}, 400, "words.invalid"),
    ):
        assert problem(await acme.send("PUT", path, body), status, code), (path, body)
    assert (await acme.get("/v1/facts", after=0))["facts"][-1]["kind"] not in {"gift.saved", "terms.saved"}


async def test_a_read_that_cannot_show_ones_write_yet_says_so(acme: Caller) -> None:
    await ready(acme)
    answer = await acme.send("GET", "/v1/tips?position=1000")
    assert (answer.status_code, answer.json()) == (202, {"position": 1_000})


async def test_totals_follow_tips_and_reversals(acme: Caller) -> None:
    await ready(acme)
    tip = await acme.do(
        "POST", "/v1/tips", {"viewer": "v1", "creator": "c1", "amount_minor": 100, "show": "s1"}
    )
    back = await acme.do("POST", f"/v1/tips/{tip['tip']}/reversals", {"amount_minor": 30, "reason": "a slip"})
    assert (back["reversed_minor"], back["balance_minor"]) == (30, 930)
    assert back["shares"] == {"creator_minor": 21, "guild_minor": 2, "platform_minor": 7}
    for query in ({"by": "viewer"}, {"by": "viewer", "show": "s1"}):
        totals = await acme.get("/v1/tipping/totals", position=back["position"], **query)
        assert totals["items"] == [{"id": "v1", "asset": "coin", "amount_minor": 70, "tips": 1}]
    assert (await acme.get("/v1/tipping/totals", by="creator", show="s2"))["items"] == []
    assert problem(await acme.send("GET", "/v1/tipping/totals?by=show"), 400, "query.invalid")


async def test_a_tip_in_money_is_ordered(acme: Caller, token: Token) -> None:
    await acme.do("PUT", "/v1/creators/c1", {})
    v1 = token("viewer", "v1")
    body = {"creator": "c1", "amount_minor": 500, "asset": "CNY", "message": "hello"}
    first = await v1.send("POST", "/v1/tips/orders", body, key="k1")
    again = await v1.send("POST", "/v1/tips/orders", body, key="k1")
    assert (first.status_code, again.content) == (201, first.content)
    order = first.json()
    assert order["due"].startswith("due_")
    assert {
        name: order[name] for name in ("viewer", "creator", "asset", "amount_minor", "gift", "count")
    } == {
        "viewer": "v1",
        "creator": "c1",
        "asset": "CNY",
        "amount_minor": 500,
        "gift": None,
        "count": 1,
    }
    assert (await acme.get("/v1/tips"))["items"] == []
    for caller, fields, status, code in (
        (v1, {"viewer": "v2"}, 403, "scope.missing"),
        (token("creator", "c1"), {}, 403, "scope.missing"),
        (acme, {}, 400, "body.invalid"),
        (v1, {"asset": "coin"}, 422, "order.asset"),
        (v1, {"creator": "c2"}, 422, "creator.unknown"),
        (v1, {"funding": [{"kind": "wallet"}]}, 400, "body.unknown_field"),
    ):
        answer = await caller.send("POST", "/v1/tips/orders", {**body, **fields})
        assert problem(answer, status, code), fields
