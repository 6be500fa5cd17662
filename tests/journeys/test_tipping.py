"""A viewer's coins on their way: topped up, tipped, split over three accounts, taken back in parts."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from urllib.parse import urlencode

import jwt
import pytest

from tests.journeys.stage import Api, Json

TERMS = {"basis": "fixed", "tiers": [{"from_minor": 0, "creator": "70%", "guild": "20%"}]}
WALLET = "viewer/v1/coin"
ACCEPTED = 202
PATIENCE_S = 60.0
PARTIES = ("creator/c1/earnings/coin", "guild/g1/earnings/coin", "platform/revenue/coin")


def registered(api: Api, *, coins: int = 1_000) -> None:
    """Register creator c1 in guild g1 under 70 to 20 to 10, and give viewer v1 coins."""
    api.put("/v1/terms/shared", TERMS)
    api.put("/v1/creators/c1", {"guild": "g1", "terms": "shared"})
    api.post("/v1/wallets/v1/credits", {"asset": "coin", "amount_minor": coins})


def balances(api: Api) -> tuple[int, ...]:
    return tuple(api.balance(address) for address in PARTIES)


def seen(api: Api, path: str, **query: object) -> Json:
    """Read what a projection keeps, once it has passed everything recorded so far: until then it says 202."""
    head = api.get("/v1/facts", after=0, limit=1)["head"]
    address = f"{path}?{urlencode({**query, 'position': head})}"
    ends = time.monotonic() + PATIENCE_S
    while api.http.get(address).status_code == ACCEPTED and time.monotonic() < ends:
        time.sleep(0.05)
    return api.get(address)


def test_a_tip_lands_on_three_accounts_and_is_taken_back_in_parts(api: Api) -> None:
    registered(api)
    tip = api.post("/v1/tips", {"viewer": "v1", "creator": "c1", "amount_minor": 101, "show": "s1"})
    # What rounding leaves over is the creator's.
    assert tip["shares"] == {"creator_minor": 71, "guild_minor": 20, "platform_minor": 10}
    assert tip["balance_minor"] == api.balance(WALLET) == 899
    assert balances(api) == (71, 20, 10)

    lines = api.get("/v1/creators/c1/statement")["items"]
    assert [
        (one["amount_minor"], one["balance_before_minor"], one["balance_after_minor"]) for one in lines
    ] == [(71, 0, 71)]
    assert (lines[0]["cause"]["tip"], lines[0]["cause"]["viewer"]) == (tip["tip"], "v1")
    wallet = api.get("/v1/wallets/v1/entries")["items"]
    assert [(one["kind"], one["amount_minor"], one["balance_after_minor"]) for one in wallet] == [
        ("tip.sent", -101, 899),
        ("wallet.credited", 1_000, 1_000),
    ]

    path = f"/v1/tips/{tip['tip']}/reversals"
    part = api.post(path, {"amount_minor": 50, "reason": "half of it was a slip"})
    assert (part["amount_minor"], part["reversed_minor"], part["balance_minor"]) == (50, 50, 949)
    assert sum(part["shares"].values()) == 50
    rest = api.post(path, {"reason": "and so was the rest"})
    assert (rest["amount_minor"], rest["reversed_minor"], rest["balance_minor"]) == (51, 101, 1_000)
    again = api.post(path, {"reason": "once more"}, status=422)
    assert again["code"] == "reversal.done"
    assert balances(api) == (0, 0, 0)
    assert api.get("/v1/creators/c1/statement")["items"][0]["balance_after_minor"] == 0
    assert seen(api, f"/v1/tips/{tip['tip']}")["reversed_minor"] == 101
    assert seen(api, "/v1/tipping/totals", by="viewer")["items"] == []


def test_totals_and_lists_follow_the_tips(api: Api) -> None:
    registered(api)
    api.put("/v1/creators/c2", {})
    api.post("/v1/wallets/v2/credits", {"asset": "coin", "amount_minor": 500})
    for viewer, creator, amount_minor in (("v1", "c1", 300), ("v1", "c2", 100), ("v2", "c1", 500)):
        body = {"viewer": viewer, "creator": creator, "amount_minor": amount_minor, "show": "s1"}
        api.post("/v1/tips", body)
    givers = seen(api, "/v1/tipping/totals", by="viewer", show="s1")["items"]
    assert [(one["id"], one["amount_minor"], one["tips"]) for one in givers] == [
        ("v2", 500, 1),
        ("v1", 400, 2),
    ]
    takers = seen(api, "/v1/tipping/totals", by="creator")["items"]
    assert [(one["id"], one["amount_minor"]) for one in takers] == [("c1", 800), ("c2", 100)]
    first = seen(api, "/v1/tips", viewer="v1", limit=1)
    assert [one["creator"] for one in first["items"]] == ["c2"]
    second = api.get("/v1/tips", viewer="v1", limit=1, cursor=first["next_cursor"])
    assert [one["creator"] for one in second["items"]] == ["c1"]


def test_a_repeated_tip_is_answered_as_before_and_done_once(api: Api) -> None:
    registered(api)
    body = {"viewer": "v1", "creator": "c1", "amount_minor": 10}
    first = api.raw("POST", "/v1/tips", body, key="same")
    second = api.raw("POST", "/v1/tips", body, key="same")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert api.balance(WALLET) == 990


def test_a_refused_tip_changes_nothing_and_may_be_sent_again(api: Api) -> None:
    registered(api, coins=5)
    body = {"viewer": "v1", "creator": "c1", "amount_minor": 10}
    assert api.post("/v1/tips", body, key="poor", status=422)["code"] == "wallet.insufficient"
    assert (api.balance(WALLET), *balances(api)) == (5, 0, 0, 0)
    api.post("/v1/wallets/v1/credits", {"asset": "coin", "amount_minor": 5})
    assert api.post("/v1/tips", body, key="poor")["balance_minor"] == 0


def test_a_tip_that_crosses_a_tier_is_split_at_its_edge(api: Api) -> None:
    tiers = [{"from_minor": 0, "creator": "50%"}, {"from_minor": 100, "creator": "80%"}]
    api.put("/v1/terms/rising", {"basis": "monthly", "tiers": tiers})
    api.put("/v1/creators/c1", {"terms": "rising"})
    api.post("/v1/wallets/v1/credits", {"asset": "coin", "amount_minor": 1_000})
    shares = [
        api.post("/v1/tips", {"viewer": "v1", "creator": "c1", "amount_minor": amount})["shares"][
            "creator_minor"
        ]
        for amount in (60, 60, 100)
    ]
    assert shares == [30, 20 + 16, 80]


def test_gifts_presets_and_a_limit_a_day(api: Api) -> None:
    registered(api)
    name = {"en": "Rocket", "zh": "火箭"}
    api.put("/v1/gifts/rocket", {"name": name, "price_minor": 30, "effect": "rocket", "shows": ["s1"]})
    policy = {
        "asset": "coin",
        "min_minor": 5,
        "max_minor": 500,
        "presets_minor": [10, 50],
        "day_limit_minor": 200,
    }
    api.put("/v1/tipping/policy", policy)
    to = {"viewer": "v1", "creator": "c1"}
    assert api.post("/v1/tips", {**to, "gift": "rocket", "count": 3, "show": "s1"})["amount_minor"] == 90
    assert api.post("/v1/tips", {**to, "preset": 1})["amount_minor"] == 50
    assert api.post("/v1/tips", {**to, "gift": "rocket", "show": "s2"}, status=422)["code"] == "gift.not_here"
    assert api.post("/v1/tips", {**to, "amount_minor": 61}, status=422)["code"] == "tip.limit"
    assert api.post("/v1/tips", {**to, "amount_minor": 4}, status=422)["code"] == "tip.amount"
    api.put("/v1/gifts/rocket", {"name": name, "price_minor": 30, "on_sale": False})
    assert api.post("/v1/tips", {**to, "gift": "rocket", "show": "s1"}, status=422)["code"] == "gift.ended"
    assert api.balance(WALLET) == 1_000 - 140


@pytest.fixture
def token(api: Api) -> Callable[..., str]:
    """Sign tokens as the tenant's own server does."""
    secret = secrets.token_hex(32)
    kid = api.post("/v1/token-keys", {"algorithm": "HS256", "secret": secret})["id"]

    def sign(*, role: str, sub: str, **other: object) -> str:
        now = int(time.time())
        claims = {"iss": api.tenant, "sub": sub, "role": role, "iat": now, "exp": now + 600, **other}
        return jwt.encode(claims, secret, algorithm="HS256", headers={"kid": kid})

    return sign


def test_viewer_and_creator_by_their_own_tokens(
    api: Api, somebody: Callable[[str], Api], token: Callable[..., str]
) -> None:
    registered(api)
    viewer = somebody(token(role="viewer", sub="v1"))
    tip = viewer.post("/v1/tips", {"creator": "c1", "amount_minor": 100, "anonymous": True, "message": "Hi"})
    assert (tip["viewer"], tip["balance_minor"]) == ("v1", 900)
    assert viewer.get("/v1/wallets/v1")["balances"][0]["balance_minor"] == 900
    assert viewer.get("/v1/wallets/v2", status=403)["code"] == "scope.missing"
    other = {"viewer": "v2", "creator": "c1", "amount_minor": 1}
    assert viewer.post("/v1/tips", other, status=403)["code"] == "scope.missing"
    creator = somebody(token(role="creator", sub="c1"))
    (line,) = creator.get("/v1/creators/c1/statement")["items"]
    assert (line["amount_minor"], line["cause"]["viewer"]) == (70, None)
    assert creator.get("/v1/creators/c2/statement", status=403)["code"] == "scope.missing"
    own = {"creator": "c1", "amount_minor": 1}
    assert creator.post("/v1/tips", own, status=403)["code"] == "scope.missing"
    assert somebody(token(role="viewer", sub="c1")).post("/v1/tips", own, status=422)["code"] == "tip.self"


def test_the_host_platform_follows_the_facts(api: Api) -> None:
    registered(api)
    api.post("/v1/tips", {"viewer": "v1", "creator": "c1", "amount_minor": 10})
    page = api.get("/v1/facts", after=0, limit=200)
    positions = [fact["position"] for fact in page["facts"]]
    assert positions == list(range(1, page["head"] + 1))
    kinds = [fact["kind"] for fact in page["facts"]]
    assert kinds[-3:] == ["creator.saved", "wallet.credited", "tip.sent"]
    tips = api.get("/v1/facts", after=0, kinds="tip.sent")["facts"]
    assert [fact["data"]["amount_minor"] for fact in tips] == [10]
    waited = time.monotonic()
    assert api.get("/v1/facts", after=page["head"], wait_ms=300)["facts"] == []
    assert time.monotonic() - waited >= 0.25
