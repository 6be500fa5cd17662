"""Keys, staff, token keys, erasure and tenants, as callers meet them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from plaudit.app.assembly import open_tenant
from plaudit.kernel.refusal import Refusal
from plaudit.vocabulary.permissions import PERMISSIONS
from tests.app.edge import Caller, UnderTest, problem, under_test
from tests.kit.servers import TestServer, fresh_database

SECRET = "a shared secret of 32 bytes or more"


@pytest.fixture(scope="module")
async def edge(postgres: TestServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[UnderTest]:
    with fresh_database(postgres) as urls:
        async with under_test(urls.url, tmp_path_factory.mktemp("identity")) as edge:
            yield edge


@pytest.fixture
async def acme(edge: UnderTest, request: pytest.FixtureRequest) -> Caller:
    return await edge.tenant("t" + str(abs(hash(request.node.name))))


async def _rows(edge: UnderTest, statement: str) -> list[tuple[Any, ...]]:
    async with edge.house.database.connection() as conn:
        return await (await conn.execute(statement.encode())).fetchall()


async def test_a_new_tenant_has_a_journal_and_a_key_with_all_scopes(edge: UnderTest) -> None:
    key = await open_tenant(edge.house, slug="fresh", name="Fresh", time_zone="Asia/Shanghai")
    fresh = edge.caller(key)
    assert await fresh.get("/v1/tenant") | {"created_at": ""} == {
        "tenant": "fresh",
        "name": "Fresh",
        "time_zone": "Asia/Shanghai",
        "created_at": "",
    }
    facts = (await fresh.get("/v1/facts"))["facts"]
    assert [(fact["position"], fact["kind"]) for fact in facts] == [(1, "tenant.created"), (2, "key.created")]
    (first,) = (await fresh.get("/v1/api-keys"))["items"]
    assert first["scopes"] == sorted(PERMISSIONS)
    with pytest.raises(Refusal, match=r"tenant\.exists"):
        await open_tenant(edge.house, slug="fresh", name="Other")


@pytest.mark.parametrize(
    ("slug", "name", "zone"),
    [
        ("", "n", "UTC"),
        ("Acme", "n", "UTC"),
        ("-a", "n", "UTC"),
        ("a" * 64, "n", "UTC"),
        ("a", "", "UTC"),
        ("a", "\n", "UTC"),
        ("a", "n", "Mars/Olympus"),
        ("a", "n", "../etc/passwd"),
        ("a", "n", ""),
        ("a", "n", "localtime"),
        ("a", "n", "right/UTC"),
    ],
)
async def test_a_tenant_needs_a_sound_name_and_zone(edge: UnderTest, slug: str, name: str, zone: str) -> None:
    with pytest.raises(Refusal, match=r"tenant\.invalid"):
        await open_tenant(edge.house, slug=slug, name=name, time_zone=zone)


async def test_a_key_is_shown_once_and_stored_as_a_hash(edge: UnderTest, acme: Caller) -> None:
    body = {"name": "app", "scopes": ["tip.send", "tip.read"], "rate_per_second": 7}
    made = await acme.do("POST", "/v1/api-keys", body, key="make")
    assert made["key"].startswith(made["id"] + "_")
    again = await acme.send("POST", "/v1/api-keys", body, key="make")
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == made | {"key": None}

    secret = made["key"].rpartition("_")[2]
    listed = (await acme.get("/v1/api-keys"))["items"]
    assert [one["id"] for one in listed[1:]] == [made["id"]]
    assert secret not in json.dumps(listed)
    assert secret not in json.dumps(await acme.get("/v1/facts"))
    for table in ("identity.api_key", "journal.fact", "journal.private", "journal.key"):
        assert secret not in str(await _rows(edge, f"SELECT t::text FROM {table} t"))  # noqa: S608 - four known tables
    fact = (await acme.get("/v1/facts", kinds="key.created"))["facts"][-1]
    assert fact["data"] == {"key": made["id"], "scopes": ["tip.read", "tip.send"], "rate_per_second": 7}


async def test_nobody_gives_a_scope_that_they_do_not_hold(edge: UnderTest, acme: Caller) -> None:
    clerk = await acme.do("POST", "/v1/api-keys", {"name": "clerk", "scopes": ["keys.write", "tip.read"]})
    caller = edge.caller(clerk["key"])
    await caller.do("POST", "/v1/api-keys", {"name": "less", "scopes": ["tip.read"]})
    more = await caller.send(
        "POST", "/v1/api-keys", {"name": "more", "scopes": ["tip.read", "wallet.credit"]}
    )
    assert problem(more, 403, "scope.missing")["scope"] == "wallet.credit"
    staff = await caller.send("POST", "/v1/staff", {"name": "me", "scopes": ["tip.read"]})
    assert problem(staff, 403, "scope.missing")["scope"] == "staff.write"


async def test_a_key_is_revoked_once(acme: Caller) -> None:
    made = await acme.do("POST", "/v1/api-keys", {"name": "app", "scopes": ["tip.read"]})
    path = f"/v1/api-keys/{made['id']}"
    gone = await acme.do("DELETE", path, key="gone")
    assert (await acme.send("DELETE", path, key="gone")).json() == gone
    problem(await acme.send("DELETE", path), 404, "key.unknown")
    (_, listed) = (await acme.get("/v1/api-keys"))["items"]
    assert listed["revoked_at"] is not None


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"name": "", "scopes": ["tip.read"]}, "name.invalid"),
        ({"name": "a\nb", "scopes": ["tip.read"]}, "name.invalid"),
        ({"name": "x" * 101, "scopes": ["tip.read"]}, "name.invalid"),
        ({"name": "x", "scopes": []}, "scope.unknown"),
        ({"name": "x", "scopes": ["everything"]}, "scope.unknown"),
        ({"name": "x", "scopes": ["tip.read"], "rate_per_second": 0}, "rate.invalid"),
        ({"name": "x", "scopes": ["tip.read"], "rate_per_second": -1}, "rate.invalid"),
    ],
)
async def test_a_key_is_made_of_sound_parts(acme: Caller, body: dict[str, Any], code: str) -> None:
    problem(await acme.send("POST", "/v1/api-keys", body), 400, code)


async def test_staff_are_persons_whose_names_no_fact_holds(edge: UnderTest, acme: Caller) -> None:
    made = await acme.do("POST", "/v1/staff", {"name": "Ada Lovelace", "scopes": ["adjustment.check"]})
    person = edge.caller(made["key"])
    assert (await person.get("/v1/tenant"))["tenant"]
    assert [one["name"] for one in (await acme.get("/v1/staff"))["items"]] == ["Ada Lovelace"]
    assert "Lovelace" not in json.dumps(await acme.get("/v1/facts"), ensure_ascii=False)
    await acme.do("DELETE", f"/v1/staff/{made['id']}")
    facts = (await acme.get("/v1/facts", kinds="staff.created,staff.revoked"))["facts"]
    assert [fact["subject"] for fact in facts] == [f"staff/{made['id']}"] * 2


async def test_a_shared_secret_is_stored_sealed_and_never_shown(edge: UnderTest, acme: Caller) -> None:
    body = {"algorithm": "HS256", "secret": SECRET}
    made = await acme.do("POST", "/v1/token-keys", body, key="pin")
    assert (await acme.do("POST", "/v1/token-keys", body, key="pin")) == made
    problem(
        await acme.send("POST", "/v1/token-keys", body | {"secret": SECRET + "!"}, key="pin"),
        409,
        "key.conflict",
    )
    listed = (await acme.get("/v1/token-keys"))["items"]
    assert [(one["id"], one["public_key"]) for one in listed] == [(made["id"], None)]
    stored = await _rows(edge, "SELECT material FROM identity.token_key")
    assert all(SECRET.encode() not in bytes(material) for (material,) in stored)
    assert SECRET not in json.dumps(await acme.get("/v1/facts"))


@pytest.mark.parametrize(
    "body",
    [
        {"algorithm": "HS256"},
        {"algorithm": "HS256", "secret": "short"},
        {"algorithm": "none", "secret": SECRET},
        {"algorithm": "ES256", "secret": SECRET},
        {"algorithm": "EdDSA", "public_key": "-----BEGIN PUBLIC KEY-----"},
    ],
)
async def test_a_token_key_is_of_sound_material(acme: Caller, body: dict[str, Any]) -> None:
    problem(await acme.send("POST", "/v1/token-keys", body), 400, "token_key.invalid")


async def test_lists_come_page_by_page(acme: Caller) -> None:
    for n in range(5):
        await acme.do("POST", "/v1/api-keys", {"name": f"app {n}", "scopes": ["tip.read"]})
    names: list[str] = []
    page = await acme.get("/v1/api-keys", limit=2)
    while True:
        names += [one["name"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        page = await acme.get("/v1/api-keys", limit=2, cursor=page["next_cursor"])
    assert names == ["first key", *(f"app {n}" for n in range(5))]


async def test_an_erased_viewers_words_are_gone_and_the_facts_stay(edge: UnderTest, acme: Caller) -> None:
    await acme.do("PUT", "/v1/creators/c1", {})
    await acme.do("POST", "/v1/wallets/v1/credits", {"asset": "coin", "amount_minor": 100})
    tip = {"viewer": "v1", "creator": "c1", "amount_minor": 10, "message": "hello from me"}
    await acme.do("POST", "/v1/tips", tip)
    before = (await acme.get("/v1/facts"))["facts"]
    assert "hello from me" not in json.dumps(before)

    body = {"reason": "asked for it"}
    erased = await acme.do("POST", "/v1/viewers/v1/erasure", body, key="erase")
    assert (erased["viewer"], erased["removed"]) == ("v1", 1)
    assert (await acme.do("POST", "/v1/viewers/v1/erasure", body, key="erase")) == erased
    left = await _rows(edge, "SELECT body FROM journal.private WHERE owner = 'viewer/v1'")
    assert left == []
    after = (await acme.get("/v1/facts"))["facts"]
    assert after[: len(before)] == before
    assert after[-1]["kind"] == "viewer.erased"
    assert (await acme.get("/v1/wallets/v1"))["balances"][0]["balance_minor"] == 90
    again = await acme.do("POST", "/v1/viewers/v1/erasure", body)
    assert again["removed"] == 0


@pytest.mark.parametrize(
    ("viewer", "reason", "code"),
    [
        ("v%2F1", "r", "route.unknown"),
        ("-v", "r", "viewer.invalid"),
        ("v1", "", "reason.invalid"),
        ("v1", "x" * 501, "reason.invalid"),
    ],
)
async def test_an_erasure_names_a_viewer_and_a_reason(
    acme: Caller, viewer: str, reason: str, code: str
) -> None:
    answer = await acme.send("POST", f"/v1/viewers/{viewer}/erasure", {"reason": reason})
    assert answer.json()["code"] == code


async def test_an_earlier_time_needs_the_scope_import(edge: UnderTest, acme: Caller) -> None:
    scopes = ["wallet.credit"]
    plain = await acme.do("POST", "/v1/api-keys", {"name": "plain", "scopes": scopes})
    importer = await acme.do("POST", "/v1/api-keys", {"name": "importer", "scopes": [*scopes, "import"]})
    body = {"asset": "coin", "amount_minor": 5, "at": "2020-02-02T02:02:02Z"}
    refused = await edge.caller(plain["key"]).send("POST", "/v1/wallets/v1/credits", body)
    assert problem(refused, 403, "scope.missing")["scope"] == "import"
    done = await edge.caller(importer["key"]).do("POST", "/v1/wallets/v1/credits", body)
    assert done["at"] == "2020-02-02T02:02:02.000000Z"
    assert done["recorded_at"] > "2026"
