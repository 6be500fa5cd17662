"""Credentials: who is let in, and for how long."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from plaudit.app.auth import Doorkeeper
from plaudit.kernel.refusal import Refusal
from tests.app.edge import Caller, UnderTest, problem, under_test

SECRET = "a shared secret of 32 bytes or more"
REVOKED_WITHIN_S = 1.0


@pytest.fixture
async def viewer_key(acme: Caller) -> str:
    pinned = await acme.do("POST", "/v1/token-keys", {"algorithm": "HS256", "secret": SECRET})
    return str(pinned["id"])


async def _slug(acme: Caller) -> str:
    return str((await acme.get("/v1/tenant"))["tenant"])


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "auth.missing"),
        ("", "auth.missing"),
        ("Basic YTpi", "auth.invalid"),
        ("Bearer nothing", "auth.invalid"),
        ("Bearer plk_0000004000001_" + "0" * 64, "auth.invalid"),
        ("Bearer plk_7ZZZZZZZZZZZZ_" + "0" * 64, "auth.invalid"),
        ("Bearer plk_0000000000000_" + "0" * 64, "auth.invalid"),
        ("Bearer pls_0000004000001_" + "0" * 64, "auth.invalid"),
        ("Bearer a.b.c", "auth.invalid"),
        ("Bearer ä.b.c", "auth.invalid"),
        ("Bearer " + "x" * 10_000, "auth.invalid"),
    ],
)
async def test_nobody_comes_in_without_a_credential(edge: UnderTest, header: str | None, code: str) -> None:
    headers = {} if header is None else {"Authorization": header.encode()}
    for path in ("/v1/tenant", "/v1/nothing"):
        answer = await edge.client.get(path, headers=headers)  # type: ignore[arg-type]
        problem(answer, 401, code)
        assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_viewers_token_speaks_for_the_viewer(edge: UnderTest, acme: Caller, viewer_key: str) -> None:
    viewer = edge.caller(edge.token(kid=viewer_key, secret=SECRET, iss=await _slug(acme)))
    assert (await viewer.get("/v1/wallets/v1"))["viewer"] == "v1"
    problem(await viewer.send("GET", "/v1/wallets/v2"), 403, "scope.missing")
    problem(await viewer.send("GET", "/v1/api-keys"), 403, "scope.missing")


async def test_tokens_that_do_not_hold(edge: UnderTest, acme: Caller, viewer_key: str) -> None:
    slug = await _slug(acme)
    now = int(time.time())
    cases: dict[str, tuple[dict[str, Any], str]] = {
        "ended": ({"iat": now - 700, "exp": now - 100}, "auth.expired"),
        "too long": ({"exp": now + 25 * 3600}, "auth.invalid"),
        "without end": ({"exp": None}, "auth.invalid"),
        "ahead": ({"iat": now + 300, "exp": now + 400}, "auth.invalid"),
        "of another tenant": ({"iss": "globex"}, "auth.invalid"),
        "of nobody": ({"sub": None}, "auth.invalid"),
        "of staff": ({"role": "staff"}, "auth.invalid"),
    }
    for name, (claims, code) in cases.items():
        said: dict[str, Any] = {"iss": slug, **claims}
        token = edge.token(kid=viewer_key, secret=SECRET, **said)
        answer = await edge.caller(token).send("GET", "/v1/tenant")
        assert (name, answer.status_code, answer.json()["code"]) == (name, 401, code)
    forged = edge.token(kid=viewer_key, secret="another secret of 32 bytes or more", iss=slug)
    problem(await edge.caller(forged).send("GET", "/v1/tenant"), 401, "auth.invalid")
    for kid in ("tkn_0000004000999", "tkn_ZZZZZZZZZZZZZ", "plk_0000004000001", "", "x" * 100):
        token = edge.token(kid=kid, secret=SECRET, iss=slug)
        problem(await edge.caller(token).send("GET", "/v1/tenant"), 401, "auth.invalid")


async def test_the_key_of_one_tenant_signs_for_no_other(edge: UnderTest, acme: Caller) -> None:
    other = await edge.tenant(f"{await _slug(acme)}-other")
    foreign = await other.do("POST", "/v1/token-keys", {"algorithm": "HS256", "secret": SECRET})
    token = edge.token(kid=foreign["id"], secret=SECRET, iss=await _slug(acme))
    problem(await edge.caller(token).send("GET", "/v1/tenant"), 401, "auth.invalid")


async def test_a_public_key_never_serves_as_a_secret(edge: UnderTest, acme: Caller) -> None:
    slug = await _slug(acme)
    private = ed25519.Ed25519PrivateKey.generate()
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    pinned = await acme.do("POST", "/v1/token-keys", {"algorithm": "EdDSA", "public_key": pem.decode()})
    signer = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    good = edge.token(kid=pinned["id"], secret=signer, algorithm="EdDSA", iss=slug)
    assert (await edge.caller(good).get("/v1/tenant"))["tenant"] == slug

    now = int(time.time())
    claims = {"iss": slug, "sub": "v1", "role": "viewer", "iat": now, "exp": now + 600}

    def part(value: object) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

    head = part({"alg": "HS256", "typ": "JWT", "kid": pinned["id"]}) + b"." + part(claims)
    confused = head + b"." + base64.urlsafe_b64encode(hmac.digest(pem, head, hashlib.sha256)).rstrip(b"=")
    unsigned = part({"alg": "none", "kid": pinned["id"]}) + b"." + part(claims) + b"."
    for token in (confused, unsigned, unsigned + b"e30"):
        answer = await edge.caller(token.decode()).send("GET", "/v1/tenant")
        problem(answer, 401, "auth.invalid")


async def test_a_token_ends_on_time_even_when_it_was_seen_before(
    edge: UnderTest, acme: Caller, viewer_key: str
) -> None:
    now = int(time.time())
    token = edge.token(kid=viewer_key, secret=SECRET, iss=await _slug(acme), iat=now - 10, exp=now + 2)
    viewer = edge.caller(token)
    await viewer.get("/v1/tenant")
    deadline = time.monotonic() + 5
    while (answer := await viewer.send("GET", "/v1/tenant")).status_code == 200:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
    problem(answer, 401, "auth.expired")
    assert time.time() >= now + 2


async def test_what_is_revoked_ends_within_a_second_in_every_process(
    database_url: str, tmp_path: Path
) -> None:
    """One process revokes, another has the credential in its memory; its notifications are cut."""
    async with (
        under_test(database_url, tmp_path) as here,
        under_test(database_url, tmp_path, PLAUDIT_LISTEN="off") as there,
    ):
        acme = await here.tenant("acme")
        app = await acme.do("POST", "/v1/api-keys", {"name": "app", "scopes": ["keys.write"]})
        person = await acme.do("POST", "/v1/staff", {"name": "Ada", "scopes": ["keys.write"]})
        pinned = await acme.do("POST", "/v1/token-keys", {"algorithm": "HS256", "secret": SECRET})
        cases = (
            (app["key"], f"/v1/api-keys/{app['id']}"),
            (person["key"], f"/v1/staff/{person['id']}"),
            (here.token(kid=pinned["id"], secret=SECRET), f"/v1/token-keys/{pinned['id']}"),
        )
        for credential, path in cases:
            callers = [one.caller(credential) for one in (here, there)]
            for caller in callers:
                await caller.get("/v1/tenant")
            await acme.do("DELETE", path)
            revoked_at = time.monotonic()
            for caller in callers:
                while (answer := await caller.send("GET", "/v1/tenant")).status_code == 200:
                    assert time.monotonic() - revoked_at < REVOKED_WITHIN_S
                    await asyncio.sleep(0.06)
                problem(answer, 401, "auth.revoked")


async def test_what_is_remembered_is_bounded(edge: UnderTest, acme: Caller, viewer_key: str) -> None:
    house = edge.house
    door = Doorkeeper(
        tenants=house.tenants,
        references=house.references,
        vault=house.vault,
        clock=house.clock,
        known_max=3,
    )
    slug = await _slug(acme)
    tokens = [edge.token(kid=viewer_key, secret=SECRET, iss=slug, sub=f"v{n}") for n in range(8)]
    for token in tokens * 2:
        access = await door.admit(f"Bearer {token}".encode())
        assert access.grant.actor.id == jwt.decode(token, options={"verify_signature": False})["sub"]
    assert len(door._known) == 3
    before = len(house.references._shelves[access.grant.tenant_id].rows)
    for n in range(50):
        with pytest.raises(Refusal, match=r"auth\.invalid"):
            await door.admit(b"Bearer plk_00000040%05d_%s" % (n, b"0" * 64))
    assert len(house.references._shelves[access.grant.tenant_id].rows) == before
