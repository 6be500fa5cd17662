"""Who calls and what they may do: keys, claims, scopes, persons, and the second person."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.core.commands.command import Grant
from plaudit.features.identity.model import (
    CREATOR_SCOPES,
    TOKEN_RATE_PER_SECOND,
    VIEWER_SCOPES,
    ApiKey,
    KeyCredential,
    Staff,
    TokenClaims,
    TokenCredential,
    TokenKey,
    access_of_app,
    access_of_staff,
    access_of_token,
    check_claims,
    check_key_name,
    check_rate,
    check_scopes,
    check_second_person,
    hash_secret,
    key_number,
    key_text,
    parse_authorization,
    parse_credential,
    require_person,
    require_scope,
    secret_matches,
    tenant_of,
)
from plaudit.kernel.actor import Actor
from plaudit.kernel.ids import MAX_NUMBER, new_token
from plaudit.kernel.refusal import Refusal, RefusalKind
from plaudit.vocabulary.permissions import PERMISSIONS

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
NOW_S = int(NOW.timestamp())
DAY_S = 24 * 60 * 60
SECRET = "5e" * 32
VIEWER = Actor("viewer", "v1")


def _claims(**changes: object) -> dict[str, object]:
    """Return good claims of an hour, changed; a change to None leaves the claim out."""
    claims = {"iss": "acme", "sub": "v1", "role": "viewer", "iat": NOW_S, "exp": NOW_S + 3_600} | changes
    return {claim: value for claim, value in claims.items() if value is not None}


def _grant(actor: Actor, scopes: frozenset[str] = frozenset(PERMISSIONS)) -> Grant:
    return Grant(tenant_id=1, actor=actor, permissions=scopes)


@given(st.sampled_from(["app", "staff"]), st.integers(0, MAX_NUMBER), st.binary(min_size=32, max_size=32))
def test_a_key_that_was_given_out_is_read_back(kind: str, number: int, randomness: bytes) -> None:
    secret = new_token(random_bytes=lambda _: randomness)
    text = key_text(kind=kind, number=number, secret=secret)  # type: ignore[arg-type]
    assert text.startswith("plk_" if kind == "app" else "pls_")
    credential = parse_authorization(f"Bearer {text}")
    assert isinstance(credential, KeyCredential)
    assert (credential.kind, credential.number) == (kind, number)
    assert secret_matches(credential=credential, stored_hash=hashlib.sha256(randomness).digest())
    assert not secret_matches(credential=credential, stored_hash=hashlib.sha256(randomness + b"x").digest())


def test_the_secret_itself_is_neither_stored_nor_shown() -> None:
    credential = parse_credential(key_text(kind="app", number=7, secret=SECRET))
    assert SECRET not in repr(credential)
    assert hash_secret(SECRET).hex() != SECRET


def test_three_parts_make_the_shape_of_a_token() -> None:
    assert parse_authorization("bearer aaa.bb-b.c_cc") == TokenCredential(token="aaa.bb-b.c_cc")


@pytest.mark.parametrize("header", [None, ""])
def test_without_a_credential_nobody_is_served(header: str | None) -> None:
    with pytest.raises(Refusal) as refusal:
        parse_authorization(header)
    assert (refusal.value.code, refusal.value.kind) == ("auth.missing", RefusalKind.UNAUTHENTICATED)


GOOD_KEY = key_text(kind="app", number=7, secret=SECRET)


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Basic dXNlcjpwYXNz",
        GOOD_KEY,
        f"Bearer {GOOD_KEY}0",
        f"Bearer {GOOD_KEY[:-1]}",
        f"Bearer {GOOD_KEY.replace('plk_', 'pls')}",
        f"Bearer {GOOD_KEY.upper()}",
        f"Bearer {GOOD_KEY.replace('5e', '5E')}",
        f"Bearer {GOOD_KEY[:-64]}_{SECRET}",
        f"Bearer plk_Z{'Z' * 12}_{SECRET}",
        f"Bearer plk_{SECRET}",
        f"Bearer {GOOD_KEY}\n",
        "Bearer a.b",
        "Bearer a.b.c.d",
        "Bearer a..c",
        "Bearer a.b.ü",
        "Bearer " + "a" * 9_000 + ".b.c",
    ],
)
def test_what_looks_like_no_credential_is_refused(header: str) -> None:
    with pytest.raises(Refusal) as refusal:
        parse_authorization(header)
    assert (refusal.value.code, refusal.value.kind) == ("auth.invalid", RefusalKind.UNAUTHENTICATED)


@given(st.text(max_size=120))
def test_any_header_is_read_or_refused(header: str) -> None:
    try:
        parse_authorization(header)
    except Refusal as refusal:
        assert refusal.kind is RefusalKind.UNAUTHENTICATED  # noqa: PT017 - both ends are lawful


def test_good_claims_say_who_their_bearer_is() -> None:
    claims = check_claims(claims=_claims(), tenant="acme", now=NOW)
    assert claims == TokenClaims(actor=VIEWER, expires_at_s=NOW_S + 3_600)
    creator = check_claims(claims=_claims(sub="c1", role="creator"), tenant="acme", now=NOW)
    assert creator.actor == Actor("creator", "c1")


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": NOW_S + DAY_S},
        {"iat": NOW_S + 60, "exp": NOW_S + 61},
        {"iat": NOW_S - DAY_S + 1, "exp": NOW_S + 1},
        {"nbf": NOW_S},
        {"aud": "plaudit"},
        {"aud": ["player", "plaudit"]},
        {"jti": "1", "name": "ignored"},
    ],
)
def test_claims_at_the_edge_of_the_rules_hold(changes: dict[str, object]) -> None:
    assert check_claims(claims=_claims(**changes), tenant="acme", now=NOW).actor == VIEWER


@pytest.mark.parametrize(
    ("changes", "claim"),
    [
        ({"iss": None}, "iss"),
        ({"iss": "other"}, "iss"),
        ({"iss": ["acme"]}, "iss"),
        ({"sub": None}, "sub"),
        ({"sub": ""}, "sub"),
        ({"sub": "v/1"}, "sub"),
        ({"sub": 7}, "sub"),
        ({"role": None}, "role"),
        ({"role": "staff"}, "role"),
        ({"role": "app"}, "role"),
        ({"role": ["viewer"]}, "role"),
        ({"aud": "player"}, "aud"),
        ({"aud": []}, "aud"),
        ({"iat": None}, "iat"),
        ({"iat": NOW_S + 61}, "iat"),
        ({"iat": True}, "iat"),
        ({"iat": -1}, "iat"),
        ({"iat": str(NOW_S)}, "iat"),
        ({"exp": None}, "exp"),
        ({"exp": NOW_S + DAY_S + 1}, "exp"),
        ({"exp": NOW_S}, "exp"),
        ({"exp": NOW_S + 0.5}, "exp"),
        ({"exp": 10**30}, "exp"),
        ({"nbf": NOW_S + 61}, "nbf"),
        ({"nbf": "soon"}, "nbf"),
    ],
)
def test_wrong_claims_are_refused_by_name(changes: dict[str, object], claim: str) -> None:
    with pytest.raises(Refusal) as refusal:
        check_claims(claims=_claims(**changes), tenant="acme", now=NOW)
    assert (refusal.value.code, refusal.value.kind) == ("auth.invalid", RefusalKind.UNAUTHENTICATED)
    assert refusal.value.details["claim"] == claim


@given(st.integers(1, DAY_S), st.integers(-DAY_S, 2 * DAY_S))
def test_a_token_lives_until_its_end_and_no_longer(lifetime_s: int, age_s: int) -> None:
    claims = _claims(iat=NOW_S, exp=NOW_S + lifetime_s)
    now = NOW + timedelta(seconds=age_s)
    if -60 <= age_s < lifetime_s:
        assert check_claims(claims=claims, tenant="acme", now=now).actor == VIEWER
    else:
        with pytest.raises(Refusal) as refusal:
            check_claims(claims=claims, tenant="acme", now=now)
        assert refusal.value.code == ("auth.expired" if age_s >= lifetime_s else "auth.invalid")


def _app(scopes: frozenset[str] = frozenset(), revoked_at: datetime | None = None) -> ApiKey:
    return ApiKey(
        id="plk_7",
        name="app",
        scopes=scopes,
        rate_per_second=50,
        secret_hash=b"",
        created_at=NOW,
        revoked_at=revoked_at,
    )


def _staff(scopes: frozenset[str] = frozenset(), revoked_at: datetime | None = None) -> Staff:
    return Staff(
        id="pls_9", name="Ada", scopes=scopes, secret_hash=b"", created_at=NOW, revoked_at=revoked_at
    )


def _token_key(revoked_at: datetime | None = None) -> TokenKey:
    return TokenKey(id="tkn_1", algorithm="HS256", material=b"", created_at=NOW, revoked_at=revoked_at)


def test_access_is_what_was_given_and_no_more() -> None:
    app = access_of_app(tenant_id=3, key=_app(frozenset({"tip.send"})))
    assert app.grant == Grant(3, Actor("app", "plk_7"), frozenset({"tip.send"}))
    assert (app.rate_per_second, app.rate_name) == (50, "plk_7")
    person = access_of_staff(tenant_id=3, staff=_staff(frozenset({"adjustment.check"})))
    assert person.grant.actor == Actor("staff", "pls_9")
    viewer = access_of_token(tenant_id=3, key=_token_key(), claims=TokenClaims(actor=VIEWER, expires_at_s=0))
    assert (viewer.grant.permissions, viewer.rate_per_second) == (VIEWER_SCOPES, TOKEN_RATE_PER_SECOND)
    assert viewer.rate_name == "tkn_1/viewer/v1"
    creator_claims = TokenClaims(actor=Actor("creator", "c1"), expires_at_s=0)
    creator = access_of_token(tenant_id=3, key=_token_key(), claims=creator_claims)
    assert creator.grant.permissions == CREATOR_SCOPES


def test_what_was_revoked_gives_nothing() -> None:
    with pytest.raises(Refusal, match=r"auth\.revoked"):
        access_of_app(tenant_id=1, key=_app(revoked_at=NOW))
    with pytest.raises(Refusal, match=r"auth\.revoked"):
        access_of_staff(tenant_id=1, staff=_staff(revoked_at=NOW))
    with pytest.raises(Refusal, match=r"auth\.revoked"):
        access_of_token(
            tenant_id=1, key=_token_key(revoked_at=NOW), claims=TokenClaims(actor=VIEWER, expires_at_s=0)
        )


def test_the_number_of_a_key_names_its_tenant() -> None:
    for tenant_id, drawn in ((1, 0), (7, 12), (2**31 - 1, 2**32 - 1)):
        number = key_number(tenant_id=tenant_id, drawn=drawn)
        assert tenant_of(number) == tenant_id
        assert number <= MAX_NUMBER


def test_tokens_hold_known_scopes_and_none_that_reaches_beyond_their_person() -> None:
    assert (VIEWER_SCOPES | CREATOR_SCOPES).issubset(PERMISSIONS)
    assert "ledger.read" not in VIEWER_SCOPES | CREATOR_SCOPES


def test_scopes_are_known_ones_and_at_least_one() -> None:
    assert check_scopes(["tip.send", "tip.send", "tip.read"]) == {"tip.send", "tip.read"}
    assert check_scopes(list(PERMISSIONS)) == PERMISSIONS.keys()
    for scopes in ([], ["tip.steal"], ["tip.send", "*"], [""]):
        with pytest.raises(Refusal) as refusal:
            check_scopes(scopes)
        assert (refusal.value.code, refusal.value.kind) == ("scope.unknown", RefusalKind.INVALID)


def test_an_action_needs_its_scope() -> None:
    grant = _grant(Actor("app", "plk_1"), frozenset({"tip.read"}))
    require_scope(grant=grant, scope="tip.read")
    with pytest.raises(Refusal) as refusal:
        require_scope(grant=grant, scope="tip.send")
    assert (refusal.value.code, refusal.value.kind) == ("scope.missing", RefusalKind.FORBIDDEN)
    with pytest.raises(AssertionError):
        require_scope(grant=grant, scope="tip.steal")


def test_a_token_speaks_for_its_person_alone() -> None:
    viewer = _grant(VIEWER)
    assert require_person(grant=viewer, kind="viewer", id=None) == "v1"
    assert require_person(grant=viewer, kind="viewer", id="v1") == "v1"
    for kind, asked in (("viewer", "v2"), ("creator", "v1"), ("creator", None)):
        with pytest.raises(Refusal, match=r"scope\.missing"):
            require_person(grant=viewer, kind=kind, id=asked)  # type: ignore[arg-type]


@pytest.mark.parametrize("actor", [Actor("app", "plk_1"), Actor("staff", "pls_1")])
def test_applications_and_staff_say_whom_they_mean(actor: Actor) -> None:
    assert require_person(grant=_grant(actor), kind="viewer", id="v2") == "v2"
    for asked in (None, "", "v/2"):
        with pytest.raises(Refusal, match=r"body\.invalid"):
            require_person(grant=_grant(actor), kind="viewer", id=asked)


def test_a_checker_is_another_person_than_the_maker() -> None:
    ada, bob, app = Actor("staff", "pls_1"), Actor("staff", "pls_2"), Actor("app", "plk_1")
    check_second_person(maker=ada, checker=bob)
    check_second_person(maker=app, checker=bob)
    for maker, checker in (
        (ada, ada),
        (ada, app),
        (app, app),
        (ada, Actor("system", "pls_2")),
        (ada, VIEWER),
    ):
        with pytest.raises(Refusal) as refusal:
            check_second_person(maker=maker, checker=checker)
        assert (refusal.value.code, refusal.value.kind) == ("checker.invalid", RefusalKind.FORBIDDEN)


def test_names_and_rates_of_keys_are_sane() -> None:
    assert check_key_name("主播后台 (prod)") == "主播后台 (prod)"
    for name in ("", " ", "a\nb", "x" * 101):
        with pytest.raises(Refusal, match=r"name\.invalid"):
            check_key_name(name)
    assert check_rate(None) is None
    assert check_rate(1) == 1
    for rate in (0, -1, 1_000_001):
        with pytest.raises(Refusal, match=r"rate\.invalid"):
            check_rate(rate)
