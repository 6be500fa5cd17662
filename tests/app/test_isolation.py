"""One tenant sees and touches nothing of another: every route of the description is walked.

Tenant A gets one of everything. Then each route is called with B's keys and tokens and with the ids of A's
things. No answer may hold anything that is A's alone, and A's journal, keys and settings stay as they are.
"""

from __future__ import annotations

import asyncio
import copy
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

import httpx
import pytest

from plaudit.app.assembly import FEATURES
from plaudit.app.http.application import routes_of
from plaudit.app.http.edge import UNGUARDED
from plaudit.app.http.openapi import describe
from plaudit.features.payments.model.accounts import account_of
from plaudit.kernel.ids import decode_id
from tests.app.admitted import admit
from tests.app.audience import hear, listen
from tests.app.box_office import announce, look, take_orders
from tests.app.edge import Caller, UnderTest, settled
from tests.app.invited import give_link
from tests.app.promised import promise
from tests.features.payments.shop import account_body

SECRET: Final = "a shared secret of 32 bytes or more"
MARK: Final = "onlyofa"
"""In every name and text that is A's, and in none of B's."""

NAMES: Final[Mapping[str, str]] = {
    "viewer": f"v-{MARK}",
    "creator": f"c-{MARK}",
    "gift": f"g-{MARK}",
    "terms": f"t-{MARK}",
    "guild": f"guild-{MARK}",
    "show": f"s-{MARK}",
    "room": f"r-{MARK}",
    "target": f"gift/g-{MARK}",
    "address": f"viewer/v-{MARK}/coin",
    "pack": f"p-{MARK}",
    "payer": f"v-{MARK}",
    "asset": "CNY",
    "channel": "sandbox",
    "offer": f"o-{MARK}",
    "code": f"code-{MARK}",
    "kind": "ticket.bought",
    "campaign": f"promo-{MARK}",
    "calendar": f"days-{MARK}",
    "revision": "1",
    "language": "en",
}
POSITIONS: Final = frozenset({"fact"})
"""Numbers of A's that may be numbers of B's as well."""
BALANCES: Final = frozenset({77_777, 77_677, 77_678})
"""Of A's viewer; nobody else ever has as much."""

UNNAMED_OK: Final = frozenset({"/v1/facts/stream", "/v1/shows/{show}/board/stream", "/v1/inbox/stream"})
"""Streams, which have no end to compare."""


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method.upper(), operation


DOCUMENT: Final = describe(routes_of(FEATURES))
READS: Final = [
    path
    for path, method, _ in _operations(DOCUMENT)
    if method == "GET" and path.startswith("/v1/") and not path.startswith(UNGUARDED)
]
WRITES: Final = [
    (path, method)
    for path, method, _ in _operations(DOCUMENT)
    # A callback's credential is its channel's signature, a hook's the secret in its address, a page's its
    # site key; the tests of payments, admission and insight have what they may touch.
    if method != "GET" and not path.startswith(UNGUARDED)
]


class Things:
    """What A has, by the name that a path or body gives it."""

    def __init__(self) -> None:
        self.ids: dict[str, str] = dict(NAMES)

    def path(self, template: str) -> str:
        """Return a path with A's things in it; a parameter nobody knows fails, so that it is added above."""

        def value(match: re.Match[str]) -> str:
            name = match[1]
            if template.startswith("/v1/api-keys/") and name == "key":
                return self.ids["api_key"]
            if template.startswith("/v1/token-keys/") and name == "key":
                return self.ids["token_key"]
            assert name in self.ids, f"{template}: say in this test what a tenant's {name} is"
            return self.ids[name]

        return re.sub(r"\{(\w+)\}", value, template)

    def query(self, operation: Mapping[str, Any]) -> dict[str, Any]:
        """Return all query parameters that can name something of A's."""
        named = {one["name"]: one for one in operation.get("parameters", ()) if one["in"] == "query"}
        given = {name: self.ids[name] for name in named if name in self.ids}
        given.update(
            {
                name: "viewer"
                for name, one in named.items()
                if name == "by" and "viewer" in one["schema"].get("enum", ("viewer",))
            }
        )
        given.update({name: "coin" for name in named if name == "asset"})
        for name, one in named.items():
            # What another route means by this word is not always what this one takes.
            if "enum" in str(one["schema"]) and str(given.get(name)) not in str(one["schema"]):
                given.pop(name, None)
        return given

    def body(self, operation: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        """Return the example of the description with A's things in it."""
        contents = operation.get("requestBody", {}).get("content", {})
        if not contents:
            return None
        body = copy.deepcopy(next(iter(contents.values()))["example"])
        for name, value in body.items():
            if name in self.ids and isinstance(value, str):
                body[name] = self.ids[name]
        return body


async def _furnish(edge: UnderTest, a: Caller) -> Things:
    """Give A one of everything."""
    things = Things()
    ids = things.ids
    key = await a.do("POST", "/v1/api-keys", {"name": f"app {MARK}", "scopes": ["tip.send"]})
    maker = await a.do(
        "POST", "/v1/staff", {"name": f"Ada {MARK}", "scopes": ["adjustment.make", "adjustment.check"]}
    )
    pinned = await a.do("POST", "/v1/token-keys", {"algorithm": "HS256", "secret": SECRET})
    ids |= {"api_key": key["id"], "staff": maker["id"], "token_key": pinned["id"]}
    await a.do(
        "PUT",
        f"/v1/terms/{ids['terms']}",
        {"basis": "fixed", "tiers": [{"from_minor": 0, "creator": "70%", "guild": "5%"}]},
    )
    await a.do("PUT", f"/v1/creators/{ids['creator']}", {"guild": ids["guild"], "terms": ids["terms"]})
    await a.do("PUT", f"/v1/gifts/{ids['gift']}", _gift())
    await a.do("PUT", "/v1/words", {"words": [f"word{MARK}"]})
    viewer = f"/v1/wallets/{ids['viewer']}/credits"
    credit = await a.do(
        "POST", viewer, {"asset": "coin", "amount_minor": 77_777, "reference": f"order-{MARK}"}
    )
    tip = await a.do("POST", "/v1/tips", {**_tip(ids), "message": f"hello {MARK}"})
    reversal = await a.do("POST", f"/v1/tips/{tip['tip']}/reversals", {"amount_minor": 1, "reason": MARK})
    staff = edge.caller(maker["key"])
    adjustment = await staff.do(
        "POST", "/v1/adjustments", {"address": ids["address"], "amount_minor": 5, "reason": f"why {MARK}"}
    )
    await _sell(edge, a, ids)
    await announce(a, ids, mark=MARK)
    await listen(a, ids, mark=MARK)
    await take_orders(a, ids, mark=MARK)
    await hear(a, ids)
    await look(a, ids, mark=MARK)
    await give_link(a, ids, mark=MARK)
    await admit(edge, a, ids, mark=MARK)
    await promise(edge, a, ids, mark=MARK)
    await a.do("PUT", f"/v1/switches/{ids['target']}", {"off": True, "reason": MARK})
    await a.do("PUT", f"/v1/freezes/{ids['address']}", {"freeze": "debits", "reason": MARK})
    ids |= {"credit": credit["credit"], "tip": tip["tip"], "reversal": reversal["reversal"]}
    ids["adjustment"] = adjustment["adjustment"]
    ids["fact"] = str(decode_id("tip", tip["tip"]))
    return things


async def _sell(edge: UnderTest, a: Caller, ids: dict[str, str]) -> None:
    """Have A paid through a channel: a pack, a payment that succeeded and is refunded, a day reconciled."""
    made = await a.do("POST", "/v1/channel-accounts", account_body(name=f"Sandbox {MARK}"))
    ids["account"] = made["account"]
    pack = {"price_asset": "CNY", "price_minor": 1_200, "asset": "coin", "amount_minor": 120, "on_sale": True}
    await a.do("PUT", f"/v1/packs/{ids['pack']}", pack)
    await a.do("PUT", f"/v1/payment-policies/{ids['asset']}", {"review_above_minor": 0})
    await a.do("PUT", f"/v1/topup-policies/{ids['asset']}", {"clawback": "refuse"})
    due = await a.do("POST", "/v1/topups", {"viewer": ids["viewer"], "pack": ids["pack"]})
    ids["due"] = due["due"]
    payment = (await a.do("POST", "/v1/payments", {"due": ids["due"]}))["payment"]
    ids["payment"] = payment
    await a.do("POST", f"/v1/payments/{payment}/attempts", {})
    await a.do("POST", f"/v1/payments/{payment}/sandbox", {"act": "pay"})
    await settled(lambda: _is_paid(a, payment))
    body = {"amount_minor": 100, "reason": f"why {MARK}"}
    ids["refund"] = (await a.do("POST", f"/v1/payments/{payment}/refunds", body))["refund"]
    await _reconcile(edge, a, ids)


async def _is_paid(a: Caller, payment: str) -> bool:
    return bool((await a.get(f"/v1/payments/{payment}"))["state"] == "succeeded")


async def _reconcile(edge: UnderTest, a: Caller, ids: dict[str, str]) -> None:
    """Have yesterday compared with the sandbox's bill, which tells of a payment that A knows nothing of."""
    yesterday = edge.house.clock.now() - timedelta(days=1)
    tenant_id, number = account_of(ids["account"])
    place = (tenant_id, number, f"P{MARK}")
    async with edge.house.database.connection() as conn:
        await conn.execute(
            "INSERT INTO payments.sandbox_trade"
            " VALUES (%s, %s, %s, 'CNY', 500, 'x', 'http://x', 'paid', %s, %s)",
            (*place, yesterday, yesterday),
        )
        await conn.execute(
            "INSERT INTO payments.sandbox_payment VALUES (%s, %s, %s, 1, 'theirs', 500, 0, %s)",
            (*place, yesterday),
        )
    day = yesterday.date().isoformat()
    await a.do("POST", "/v1/reconciliations", {"account": ids["account"], "day": day})

    async def found() -> bool:
        return bool((await a.get("/v1/reconciliation-exceptions"))["items"])

    await settled(found)
    (one,) = (await a.get("/v1/reconciliation-exceptions"))["items"]
    (run,) = (await a.get("/v1/reconciliations"))["items"]
    ids |= {"exception": one["exception"], "reconciliation": run["reconciliation"]}


def _gift() -> dict[str, Any]:
    name = {"en": f"Rose {MARK}", "zh": f"玫瑰 {MARK}"}
    return {"name": name, "price_minor": 100, "asset": "coin", "effect": "petals", "on_sale": True}


def _tip(ids: Mapping[str, str]) -> dict[str, Any]:
    return {"viewer": ids["viewer"], "creator": ids["creator"], "gift": ids["gift"], "show": ids["show"]}


async def _everything(a: Caller) -> dict[str, Any]:
    """Return all that A can see of itself: its facts and the answers of all its reads without parameters."""
    seen: dict[str, Any] = {"facts": await a.get("/v1/facts", limit=1000)}
    for path in READS:
        if "{" in path or path in UNNAMED_OK or path in {"/v1/facts", "/v1/subscriptions"}:
            continue
        answer = await a.send("GET", path)
        if answer.status_code == 200:
            # The span of the figures ends now, whenever that is.
            seen[path] = {k: v for k, v in answer.json().items() if k not in {"since", "until"}}
    return seen


def _shows(answer: httpx.Response, things: Things) -> bool:
    return answer.status_code < 300 and any(
        value in answer.text for name, value in things.ids.items() if name not in {*NAMES, *POSITIONS}
    )


@pytest.fixture(scope="module")
async def two(edge: UnderTest) -> tuple[Caller, Caller, Things]:
    a, b = await edge.tenant("acme"), await edge.tenant("globex")
    things = await _furnish(edge, a)
    async with asyncio.timeout(10):
        while any(one["lag"] for one in (await a.get("/v1/subscriptions"))["items"]):  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.05)
    return a, b, things


async def _callers(edge: UnderTest, b: Caller) -> list[Caller]:
    """Return B's first key, a person of B's staff, and tokens of B for persons whose ids are those of A's."""
    person = await b.do("POST", "/v1/staff", {"name": "Bob", "scopes": ["ledger.read", "adjustment.check"]})
    pinned = await b.do("POST", "/v1/token-keys", {"algorithm": "HS256", "secret": SECRET})
    tokens = [
        edge.token(kid=pinned["id"], secret=SECRET, iss="globex", sub=NAMES[role], role=role)
        for role in ("viewer", "creator")
    ]
    return [b, edge.caller(person["key"]), *(edge.caller(token) for token in tokens)]


def test_the_description_has_routes_to_walk() -> None:
    assert len(READS) >= 15
    assert len(WRITES) >= 15
    for path, method, operation in _operations(DOCUMENT):
        if path.startswith("/v1/") and not path.startswith(UNGUARDED):
            assert "x-permission" in operation, f"{method} {path} names no permission"
            assert path in UNNAMED_OK or operation["responses"], path


@pytest.mark.parametrize("path", READS)
async def test_a_read_shows_nothing_of_another_tenant(
    edge: UnderTest, two: tuple[Caller, Caller, Things], path: str
) -> None:
    _, b, things = two
    if path in UNNAMED_OK:
        return  # It has no end to compare; test_facts.py reads a stream of one tenant beside another.
    operation = DOCUMENT["paths"][path]["get"]
    queries: list[dict[str, Any]] = [{}, things.query(operation)]
    for caller in await _callers(edge, b):
        for query in queries:
            answer = await caller.client.get(
                things.path(path), params=query, headers={"Authorization": f"Bearer {caller.credential}"}
            )
            assert answer.status_code < 500, (path, answer.text)
            text = answer.text
            if answer.status_code >= 300:
                # A refusal may repeat what was asked for, and nothing else.
                for value in sorted({*things.ids.values(), *map(str, query.values())}, key=len, reverse=True):
                    text = text.replace(value, "")
                assert MARK not in text, (path, answer.text)
                continue
            assert not _shows(answer, things), (path, answer.text)
            _assert_empty_of_a(answer.json(), things, path)


NOT_MARKED: Final = frozenset(
    {
        "/v1/campaign-triggers",
        "/v1/invitation-totals",
        "/v1/invitations/{invitation}/poster.png",
        "/v1/payment-figures",
        "/v1/payment-policies/{asset}",
        "/v1/reconciliations",
        "/v1/reconciliations/{reconciliation}",
        "/v1/subscriptions",
        "/v1/tenant",
        "/v1/tipping/policy",
        "/v1/token-keys",
        "/v1/topup-policies/{asset}",
        *UNNAMED_OK,
    }
)


@pytest.mark.parametrize("path", sorted(set(READS) - NOT_MARKED))
async def test_the_tenant_itself_sees_its_things(two: tuple[Caller, Caller, Things], path: str) -> None:
    """The positive control: the walk asks for what is there. Furnish above what a new route shows of A."""
    a, _, things = two
    answer = await a.client.get(
        things.path(path),
        params=things.query(DOCUMENT["paths"][path]["get"]),
        headers={"Authorization": f"Bearer {a.credential}"},
    )
    assert answer.status_code == 200, answer.text
    assert MARK in answer.text


def _assert_empty_of_a(value: Any, things: Things, path: str) -> None:  # noqa: ANN401 - JSON
    """Fail when an answer holds A's texts or amounts; an id that B itself asked for may come back."""
    asked = set(things.ids.values())
    if isinstance(value, dict):
        for inner in value.values():
            _assert_empty_of_a(inner, things, path)
    elif isinstance(value, list):
        for inner in value:
            _assert_empty_of_a(inner, things, path)
    elif isinstance(value, str):
        assert value in asked or MARK not in value, (path, value)
    elif isinstance(value, int) and not isinstance(value, bool):
        assert value not in BALANCES, (path, value)


@pytest.mark.parametrize(("path", "method"), WRITES)
async def test_a_write_leaves_another_tenant_as_it_is(
    edge: UnderTest, two: tuple[Caller, Caller, Things], path: str, method: str
) -> None:
    a, b, things = two
    before = await _everything(a)
    operation = DOCUMENT["paths"][path][method.lower()]
    for caller in await _callers(edge, b):
        answer = await caller.send(method, things.path(path), things.body(operation))
        assert answer.status_code < 500, (path, answer.text)
        assert answer.status_code != 400 or answer.json()["code"] not in {
            "body.unknown_field",
            "route.unknown",
        }, f"the example of {method} {path} cannot be read: {answer.text}"
    assert await _everything(a) == before


async def test_a_write_of_the_tenant_itself_is_seen_by_this_very_test(edge: UnderTest) -> None:
    """The negative control: the same comparison notices a change."""
    c = await edge.tenant("initech")
    before = await _everything(c)
    await c.do("PUT", f"/v1/creators/{NAMES['creator']}", {})
    assert await _everything(c) != before


async def test_the_same_key_of_two_tenants_is_two_keys(two: tuple[Caller, Caller, Things]) -> None:
    a, b, _ = two
    for caller in (a, b):
        answer = await caller.send("PUT", "/v1/creators/both", {}, key="the-same")
        assert "idempotency-replayed" not in answer.headers
