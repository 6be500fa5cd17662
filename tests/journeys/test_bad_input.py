"""What must be refused, each with its status and code; nothing of it may leave a trace."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import jwt
import pytest

from tests.journeys.stage import Api, Stage, examined

KEY: Final = "Idempotency-Key"
TIP: Final = {"viewer": "v1", "creator": "c1", "amount_minor": 10}
GIFT: Final = {"viewer": "v1", "creator": "c1", "gift": "rose"}


@dataclass(frozen=True, slots=True)
class Case:
    """A request that starts from a good tip, and what it must be answered."""

    status: int
    code: str
    body: Any = field(default_factory=lambda: TIP)
    content: bytes | None = None
    headers: dict[str, str | None] = field(default_factory=dict)


def tip(**other: object) -> dict[str, Any]:
    return {**TIP, **other}


CASES: Final[dict[str, Case]] = {
    "amount 0": Case(400, "tip.amount", tip(amount_minor=0)),
    "amount negative": Case(400, "tip.amount", tip(amount_minor=-1)),
    "amount float": Case(400, "body.invalid", tip(amount_minor=1.5)),
    "amount float that is whole": Case(400, "body.invalid", content=b'{"amount_minor":1.0,"creator":"c1"}'),
    "amount as text": Case(400, "body.invalid", tip(amount_minor="10")),
    "amount above 2^53-1": Case(400, "tip.amount", tip(amount_minor=2**53)),
    "amount above 2^63": Case(400, "tip.amount", tip(amount_minor=2**70)),
    "amount missing": Case(400, "tip.amount", {"viewer": "v1", "creator": "c1"}),
    "amount and gift": Case(400, "tip.amount", tip(gift="rose")),
    "unknown gift": Case(422, "gift.unknown", {**GIFT, "gift": "dragon"}),
    "unknown currency": Case(404, "asset.unknown", tip(asset="XQX")),
    "unknown creator": Case(422, "creator.unknown", tip(creator="nobody")),
    "own tip": Case(422, "tip.self", tip(viewer="c1")),
    "count 0": Case(400, "tip.count", {**GIFT, "count": 0}),
    "count 10^9": Case(400, "tip.count", {**GIFT, "count": 10**9}),
    "message too long": Case(400, "tip.message", tip(message="x" * 501)),
    "message with a control character": Case(400, "tip.message", tip(message="a\u0007b")),
    "message with a line break": Case(400, "tip.message", tip(message="a\nb")),
    "message with a zero byte": Case(400, "body.invalid", tip(message="a\u0000b")),
    "key missing": Case(400, "key.missing", headers={KEY: None}),
    "key malformed": Case(400, "key.malformed", headers={KEY: "with a space"}),
    "key too long": Case(400, "key.malformed", headers={KEY: "k" * 256}),
    "unknown field": Case(400, "body.unknown_field", tip(amout_minor=10)),
    "body over the limit": Case(413, "body.too_large", content=b'{"x":"' + b"y" * 70_000 + b'"}'),
    "wrong content type": Case(415, "content_type.unsupported", headers={"Content-Type": "text/plain"}),
    "truncated JSON": Case(400, "body.invalid", content=json.dumps(TIP).encode()[:-5]),
    "no body": Case(400, "body.invalid", content=b""),
    "a list": Case(400, "body.invalid", content=b"[]"),
    "no credential": Case(401, "auth.missing", headers={"Authorization": None}),
    "a foreign credential": Case(401, "auth.invalid", headers={"Authorization": "Bearer nonsense"}),
    "a time ahead": Case(400, "body.invalid", tip(at="2999-01-01T00:00:00Z")),
    "a time that is none": Case(400, "body.invalid", tip(at="yesterday")),
    "a viewer with a slash": Case(400, "body.invalid", tip(viewer="a/b")),
    "other funding": Case(422, "funding.unsupported", tip(funding=[{"kind": "voucher"}])),
}


@dataclass(slots=True)
class Ground:
    """A tenant with a creator, a gift and coins, another tenant beside it, and a key that signs tokens."""

    api: Api
    other: Api
    secret: str
    kid: str

    def send(self, case: Case) -> httpx.Response:
        headers: dict[str, str | None] = {
            "Authorization": f"Bearer {self.api.credential}",
            KEY: secrets.token_hex(8),
            "Content-Type": "application/json",
            **case.headers,
        }
        content = case.content if case.content is not None else json.dumps(case.body).encode()
        kept = {name: value for name, value in headers.items() if value is not None}
        return httpx.post(f"{self.api.url}/v1/tips", content=content, headers=kept, timeout=30.0)

    def token(self, *, secret: str | None = None, kid: str | None = None, **other: object) -> str:
        now = int(time.time())
        claims = {
            "iss": self.api.tenant,
            "sub": "v1",
            "role": "viewer",
            "iat": now,
            "exp": now + 600,
            **other,
        }
        return jwt.encode(claims, secret or self.secret, "HS256", headers={"kid": kid or self.kid})

    def state(self) -> tuple[int, list[int]]:
        head = self.api.get("/v1/facts", after=0, limit=1)["head"]
        addresses = ("viewer/v1/coin", "creator/c1/earnings/coin", "platform/revenue/coin")
        return head, [self.api.balance(address) for address in addresses]


@pytest.fixture(scope="module")
def ground(stage: Stage) -> Iterator[Ground]:
    """Lend one tenant to all cases: none of them may leave anything in it."""
    mine, theirs = stage.tenants.pop(), stage.tenants.pop()
    with (
        Api(stage.url, mine.key, mine.slug, mine.tenant_id) as api,
        Api(stage.url, theirs.key, theirs.slug, theirs.tenant_id) as other,
    ):
        yield from _ground(api, other)
    verdict = examined(database_url=stage.database_url, tenant_id=mine.tenant_id)
    assert verdict.green, verdict.findings


def _ground(api: Api, other: Api) -> Iterator[Ground]:
    api.put("/v1/creators/c1", {})
    api.put("/v1/gifts/rose", {"name": {"en": "Rose", "zh": "玫瑰"}, "price_minor": 10})
    api.post("/v1/wallets/v1/credits", {"asset": "coin", "amount_minor": 100_000})
    secret = secrets.token_hex(32)
    kid = api.post("/v1/token-keys", {"algorithm": "HS256", "secret": secret})["id"]
    ground = Ground(api, other, secret, kid)
    before = ground.state()
    yield ground
    assert ground.state() == before


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Return status and code of an answer, which must be a problem document."""
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == answer.status_code
    assert told["title"]
    assert told["detail"]
    return answer.status_code, told["code"]


@pytest.mark.parametrize("name", CASES)
def test_bad_input(ground: Ground, name: str) -> None:
    case = CASES[name]
    assert problem(ground.send(case)) == (case.status, case.code)


TOKENS: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "expired": ({"iat": 1_600_000_000, "exp": 1_600_000_600}, "auth.expired"),
    "signed by somebody else": ({"secret": "0" * 64}, "auth.invalid"),
    "of another tenant": ({"iss": "another"}, "auth.invalid"),
    "without an end": ({"exp": None}, "auth.invalid"),
    "for more than a day": ({"exp": int(time.time()) + 90_000}, "auth.invalid"),
    "with an unknown role": ({"role": "admin"}, "auth.invalid"),
    "by an unknown key": ({"kid": "tkn_0000000000000"}, "auth.invalid"),
}


@pytest.mark.parametrize("name", TOKENS)
def test_bad_token(ground: Ground, name: str) -> None:
    claims, code = TOKENS[name]
    case = Case(401, code, headers={"Authorization": f"Bearer {ground.token(**claims)}"})
    assert problem(ground.send(case)) == (401, code)


def test_a_token_signed_with_none(ground: Ground) -> None:
    now = int(time.time())
    claims = {"iss": ground.api.tenant, "sub": "v1", "role": "viewer", "iat": now, "exp": now + 600}
    unsigned = jwt.encode(claims, "", "none", headers={"kid": ground.kid})
    for text in (unsigned, f"{unsigned}AAAA"):
        answer = ground.send(Case(401, "", headers={"Authorization": f"Bearer {text}"}))
        assert problem(answer) == (401, "auth.invalid")


def test_a_revoked_key(ground: Ground) -> None:
    made = ground.other.post("/v1/api-keys", {"name": "app", "scopes": ["tip.send"]})
    answer = ground.other.raw("DELETE", f"/v1/api-keys/{made['id']}", key="away")
    assert answer.status_code == httpx.codes.OK, answer.text
    case = Case(401, "auth.revoked", headers={"Authorization": f"Bearer {made['key']}"})
    assert problem(ground.send(case)) == (401, "auth.revoked")


def test_a_key_without_the_scope(ground: Ground) -> None:
    made = ground.other.post("/v1/api-keys", {"name": "app", "scopes": ["tip.read"]})
    case = Case(403, "scope.missing", headers={"Authorization": f"Bearer {made['key']}"})
    assert problem(ground.send(case)) == (403, "scope.missing")


def test_another_tenant_sees_and_touches_nothing(ground: Ground, stage: Stage) -> None:
    assert problem(ground.other.raw("POST", "/v1/tips", TIP, key="k")) == (422, "creator.unknown")
    assert ground.other.get("/v1/wallets/v1")["balances"] == []
    assert ground.other.get("/v1/creators")["items"] == []
    viewer = ground.token()
    elsewhere = httpx.get(
        f"{stage.url}/v1/wallets/v1", headers={"Authorization": f"Bearer {viewer}"}, timeout=30.0
    )
    assert elsewhere.json()["balances"][0]["balance_minor"] == 100_000


def test_a_key_reused_with_other_content(ground: Ground) -> None:
    api = ground.other
    api.put("/v1/creators/c1", {})
    api.post("/v1/wallets/v1/credits", {"asset": "coin", "amount_minor": 100})
    api.post("/v1/tips", TIP, key="once")
    for body in (tip(amount_minor=11), tip(message="hello"), tip(show="s1"), tip(anonymous=True)):
        assert problem(api.raw("POST", "/v1/tips", body, key="once")) == (409, "key.conflict")
    assert api.balance("viewer/v1/coin") == 90
