"""Whatever is sent, the answer is a problem document with a stable code, and never a fault of the server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from tests.app.edge import Caller, UnderTest, problem

GOOD = {"name": "app", "scopes": ["tip.send"]}
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (None, "key.missing"),
        (" ", "key.malformed"),
        ("ä", "key.malformed"),
        ("a b", "key.malformed"),
        ("k" * 256, "key.malformed"),
    ],
)
async def test_a_write_needs_a_key(acme: Caller, key: str | None, code: str) -> None:
    headers = {b"Authorization": f"Bearer {acme.credential}".encode()}
    if key is not None:
        headers[b"Idempotency-Key"] = key.encode()
    answer = await acme.client.post("/v1/api-keys", json=GOOD, headers=headers)
    problem(answer, 400, code)


async def test_a_key_of_255_characters_will_do(acme: Caller) -> None:
    assert (await acme.send("POST", "/v1/api-keys", GOOD, key="k" * 255)).status_code == 201


async def test_a_key_reused_with_other_content_is_a_conflict(acme: Caller) -> None:
    await acme.do("POST", "/v1/api-keys", GOOD, key="once")
    again = await acme.send("POST", "/v1/api-keys", GOOD, key="once")
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    problem(
        await acme.send("POST", "/v1/api-keys", GOOD | {"name": "other"}, key="once"), 409, "key.conflict"
    )


@pytest.mark.parametrize(
    ("content", "code", "details"),
    [
        (b"", "body.invalid", {}),
        (b"{", "body.invalid", {}),
        (b'{"name": "app", "scopes": ["tip', "body.invalid", {}),
        (b"\xff\xfe", "body.invalid", {}),
        (b"null", "body.invalid", {"field": "$"}),
        (b"[]", "body.invalid", {"field": "$"}),
        (b"[" * 100_000, "body.too_large", {}),
        (b"[" * 50_000, "body.invalid", {}),
        (b"{}", "body.invalid", {}),
        (b'{"name": 7, "scopes": []}', "body.invalid", {"field": "name"}),
        (b'{"name": "app", "scopes": ["tip.send"], "admin": true}', "body.unknown_field", {"field": "admin"}),
        (
            b'{"name": "app", "scopes": ["tip.send"], "rate_per_second": "5"}',
            "body.invalid",
            {"field": "rate_per_second"},
        ),
        (
            b'{"name": "app", "scopes": ["tip.send"], "rate_per_second": 5.5}',
            "body.invalid",
            {"field": "rate_per_second"},
        ),
        (
            b'{"name": "app", "scopes": ["tip.send"], "rate_per_second": 1e3}',
            "body.invalid",
            {"field": "rate_per_second"},
        ),
        (
            b'{"name": "app", "scopes": ["tip.send"], "rate_per_second": true}',
            "body.invalid",
            {"field": "rate_per_second"},
        ),
        (
            b'{"name": "app", "scopes": ["tip.send"], "rate_per_second": 99999999999999999999}',
            "rate.invalid",
            {},
        ),
        (b'{"name": "app", "scopes": ["tip.send"], "rate_per_second": NaN}', "body.invalid", {}),
        (b'{"name": "a\\u0000b", "scopes": ["tip.send"]}', "body.invalid", {}),
        (b'{"name": "\\ud800", "scopes": ["tip.send"]}', "body.invalid", {}),
    ],
)
async def test_a_body_that_cannot_be_read_is_told_where(
    acme: Caller, content: bytes, code: str, details: Mapping[str, Any]
) -> None:
    answer = await acme.send("POST", "/v1/api-keys", content=content, headers=JSON)
    told = problem(answer, 413 if code == "body.too_large" else 400, code)
    assert {name: told.get(name) for name in details} == dict(details)


@pytest.mark.parametrize(
    "media", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", ""]
)
async def test_a_body_must_claim_to_be_json(acme: Caller, media: str) -> None:
    headers = {"Content-Type": media} if media else {}
    answer = await acme.send("POST", "/v1/api-keys", content=json.dumps(GOOD).encode(), headers=headers)
    problem(answer, 415, "content_type.unsupported")


async def test_a_body_over_the_limit_is_refused_whether_or_not_it_tells_its_length(
    edge: UnderTest, acme: Caller
) -> None:
    limit = edge.house.settings.body_max_bytes
    padded = json.dumps(GOOD | {"name": "x" * limit}).encode()
    assert problem(
        await acme.send("POST", "/v1/api-keys", content=padded, headers=JSON), 413, "body.too_large"
    )

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(padded), 10_000):
            yield padded[start : start + 10_000]

    streamed = await acme.client.post(
        "/v1/api-keys",
        content=pieces(),
        headers={**JSON, "Authorization": f"Bearer {acme.credential}", "Idempotency-Key": "k"},
    )
    problem(streamed, 413, "body.too_large")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nothing", 404, "route.unknown"),
        ("GET", "/v1/api-keys/plk_0000004000001/more", 404, "route.unknown"),
        ("GET", "/nothing", 404, "route.unknown"),
        ("PUT", "/v1/api-keys", 405, "method.not_allowed"),
        ("PATCH", "/v1/tenant", 405, "method.not_allowed"),
        ("GET", "/v1/api-keys?limit=0", 400, "limit.invalid"),
        ("GET", "/v1/api-keys?limit=201", 400, "limit.invalid"),
        ("GET", "/v1/api-keys?limit=ten", 400, "query.invalid"),
        ("GET", "/v1/api-keys?limit=99999999999999999999", 400, "limit.invalid"),
        ("GET", "/v1/api-keys?cursor=%00", 400, "query.invalid"),
        ("GET", "/v1/api-keys?cursor=WyJhIl0", 400, "cursor.invalid"),
        ("GET", "/v1/facts?after=-1", 400, "position.invalid"),
        ("GET", "/v1/facts?after=99999999999999999999", 400, "position.invalid"),
        ("GET", "/v1/facts?limit=1001", 400, "limit.invalid"),
        ("GET", "/v1/facts?wait_ms=30001", 400, "wait.invalid"),
        ("GET", "/v1/facts?kinds=tip.sent,tip.stolen", 400, "kind.unknown"),
        ("GET", "/v1/facts/stream?after=x", 400, "query.invalid"),
        ("GET", "/v1/tips?viewer=%00", 400, "query.invalid"),
        ("GET", "/v1/wallets/%00", 400, "path.invalid"),
        ("GET", "/v1/wallets/%FF", 400, "body.invalid"),
        ("DELETE", "/v1/api-keys/plk_1", 400, "invalid.id"),
        ("DELETE", "/v1/api-keys/plk_0000004000099", 404, "key.unknown"),
        ("DELETE", "/v1/api-keys/%00", 400, "path.invalid"),
        ("DELETE", "/v1/staff/pls_ZZZZZZZZZZZZZ", 400, "invalid.id"),
        ("DELETE", "/v1/token-keys/tkn_0000004000099", 404, "key.unknown"),
    ],
)
async def test_paths_methods_and_parameters(
    *, acme: Caller, method: str, path: str, status: int, code: str
) -> None:
    problem(await acme.send(method, path), status, code)


async def test_a_parameter_is_named_as_it_was_sent(acme: Caller) -> None:
    answer = await acme.send("GET", "/v1/adjustments?state=lost")
    (named,) = problem(answer, 400, "query.invalid")["parameters"]
    assert named["parameter"] == "state"


async def test_a_method_that_is_not_allowed_is_told_which_are(acme: Caller) -> None:
    answer = await acme.send("PUT", "/v1/api-keys")
    assert {"GET", "POST"} <= set(answer.headers["allow"].replace(" ", "").split(","))


async def test_a_request_id_is_given_or_kept(acme: Caller) -> None:
    given = await acme.send("GET", "/v1/tenant", headers={"X-Request-Id": "mine-1"})
    assert given.headers["x-request-id"] == "mine-1"
    own = [(await acme.send("GET", "/v1/tenant")).headers["x-request-id"] for _ in range(2)]
    assert all(len(one) == 16 for one in own)
    assert own[0] != own[1]
    unusable = await acme.send("GET", "/v1/tenant", headers={"X-Request-Id": "x" * 65})
    assert len(unusable.headers["x-request-id"]) == 16
