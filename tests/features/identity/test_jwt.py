"""Tokens are verified by the algorithm of their key and by nothing else."""

import base64
import hmac
import json
from datetime import UTC, datetime
from functools import cache

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from plaudit.features.identity.model import Algorithm, TokenKey
from plaudit.features.identity.providers.jwt import check_material, key_id_of, verified_claims
from plaudit.kernel.refusal import Refusal, RefusalKind

NOW = datetime(2026, 5, 1, tzinfo=UTC)
SECRET = "a secret that is long enough, drawn at random"
CLAIMS: dict[str, object] = {"iss": "acme", "sub": "v1", "exp": 1}
ALGORITHMS: tuple[Algorithm, ...] = ("HS256", "RS256", "ES256", "EdDSA")

PrivateKey = (
    rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey
)


@cache
def _private(kind: str) -> PrivateKey:
    if kind.startswith("RSA"):
        return rsa.generate_private_key(public_exponent=65_537, key_size=int(kind[3:]))
    if kind == "Ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if kind == "Ed448":
        return ed448.Ed448PrivateKey.generate()
    return ec.generate_private_key({"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1()}[kind])


def _pem(kind: str) -> str:
    return _private(kind).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _private_pem(kind: str) -> str:
    return _private(kind).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


KINDS = {"RS256": "RSA2048", "ES256": "P-256", "EdDSA": "Ed25519"}


def _key(algorithm: Algorithm) -> TokenKey:
    secret, public_key = (SECRET, None) if algorithm == "HS256" else (None, _pem(KINDS[algorithm]))
    chosen, material = check_material(algorithm=algorithm, secret=secret, public_key=public_key)
    return TokenKey(id="tkn_1", algorithm=chosen, material=material, created_at=NOW, revoked_at=None)


def _signed(algorithm: Algorithm, **header: object) -> str:
    signer = SECRET if algorithm == "HS256" else _private_pem(KINDS[algorithm])
    return jwt.encode(CLAIMS, signer, algorithm=algorithm, headers={"kid": "tkn_1"} | header)


def _segment(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _hand_signed(header: dict[str, object], payload: bytes, secret: bytes) -> str:
    """Sign as HS256 without a library that would refuse to do it."""
    body = f"{_segment(json.dumps(header).encode())}.{_segment(payload)}"
    return f"{body}.{_segment(hmac.digest(secret, body.encode(), 'sha256'))}"


def _refused(token: str, key: TokenKey) -> None:
    with pytest.raises(Refusal) as refusal:
        verified_claims(token=token, key=key)
    assert (refusal.value.code, refusal.value.kind) == ("auth.invalid", RefusalKind.UNAUTHENTICATED)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_is_verified_by_its_key(algorithm: Algorithm) -> None:
    token = _signed(algorithm)
    assert key_id_of(token) == "tkn_1"
    assert verified_claims(token=token, key=_key(algorithm)) == CLAIMS


@pytest.mark.parametrize("signed_by", ALGORITHMS)
@pytest.mark.parametrize("verified_by", ALGORITHMS)
def test_the_algorithm_is_the_keys_to_choose(signed_by: Algorithm, verified_by: Algorithm) -> None:
    if signed_by != verified_by:
        _refused(_signed(signed_by), _key(verified_by))


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_a_public_key_is_no_shared_secret(algorithm: Algorithm) -> None:
    key = _key(algorithm)
    payload = json.dumps(CLAIMS).encode()
    for claimed in ("HS256", algorithm, "none", "HS512"):
        _refused(_hand_signed({"alg": claimed, "kid": "tkn_1"}, payload, key.material), key)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_an_unsigned_token_is_refused(algorithm: Algorithm) -> None:
    body = f"{_segment(json.dumps({'alg': 'none'}).encode())}.{_segment(json.dumps(CLAIMS).encode())}"
    for token in (f"{body}.", f"{body}.AA", body):
        _refused(token, _key(algorithm))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_changed_token_is_refused(algorithm: Algorithm) -> None:
    header, payload, signature = _signed(algorithm).split(".")
    other = _segment(json.dumps(CLAIMS | {"sub": "v2"}).encode())
    _refused(f"{header}.{other}.{signature}", _key(algorithm))
    _refused(f"{header}.{payload}.{_segment(bytes(64))}", _key(algorithm))


def test_a_token_of_another_secret_is_refused() -> None:
    _refused(jwt.encode(CLAIMS, SECRET + "!", algorithm="HS256"), _key("HS256"))


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"1", b'"x"', b"{", b"\xff", b'{"a":1}x', b'{"a":' + b"[" * 5_000]
)
def test_claims_are_a_json_object(payload: bytes) -> None:
    _refused(_hand_signed({"alg": "HS256"}, payload, SECRET.encode()), _key("HS256"))


def test_a_token_of_another_type_or_with_unknown_demands_is_refused() -> None:
    assert verified_claims(token=_signed("HS256", typ="jwt"), key=_key("HS256")) == CLAIMS
    _refused(_signed("HS256", typ="dpop+jwt"), _key("HS256"))
    payload = json.dumps(CLAIMS).encode()
    demands: list[dict[str, object]] = [
        {"crit": ["exp"], "exp": 1},
        {"crit": ["b64"], "b64": False},
        {"typ": 7},
    ]
    for header in demands:
        _refused(_hand_signed({"alg": "HS256"} | header, payload, SECRET.encode()), _key("HS256"))


@pytest.mark.parametrize("header", [{}, {"kid": 7}, {"kid": ""}, {"kid": "k" * 65}, {"kid": None}])
def test_a_token_names_its_key(header: dict[str, object]) -> None:
    with pytest.raises(Refusal, match=r"auth\.invalid"):
        key_id_of(_hand_signed({"alg": "HS256"} | header, b"{}", b"x"))


@given(st.text(max_size=80))
def test_any_text_is_a_token_or_refused(text: str) -> None:
    with pytest.raises(Refusal, match=r"auth\.invalid"):
        verified_claims(token=text, key=_key("HS256"))
    with pytest.raises(Refusal, match=r"auth\.invalid"):
        key_id_of(text)


@pytest.mark.parametrize(
    ("algorithm", "secret", "public_key"),
    [
        ("HS256", None, None),
        ("HS256", SECRET, "key"),
        ("HS256", "x" * 31, None),
        ("HS256", "好" * 10, None),
        ("HS256", "x" * 1_025, None),
        ("HS256", '{"kty": "oct", "k": "aaaaaaaaaaaaaaaaaaaaaaaaa"}', None),
        ("HS512", SECRET, None),
        ("none", None, None),
        ("", None, None),
        ("RS256", None, None),
        ("RS256", SECRET, None),
        ("RS256", None, ""),
        ("RS256", None, "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"),
        ("ES256", None, "好"),
    ],
)
def test_material_that_does_not_fit_is_refused(
    algorithm: str, secret: str | None, public_key: str | None
) -> None:
    with pytest.raises(Refusal) as refusal:
        check_material(algorithm=algorithm, secret=secret, public_key=public_key)
    assert (refusal.value.code, refusal.value.kind) == ("token_key.invalid", RefusalKind.INVALID)


@pytest.mark.parametrize(
    ("algorithm", "kind"),
    [
        ("RS256", "RSA1024"),
        ("RS256", "P-256"),
        ("RS256", "Ed25519"),
        ("ES256", "P-384"),
        ("ES256", "RSA2048"),
        ("EdDSA", "Ed448"),
        ("EdDSA", "P-256"),
    ],
)
def test_a_public_key_of_another_kind_or_too_short_is_refused(algorithm: str, kind: str) -> None:
    with pytest.raises(Refusal, match=r"token_key\.invalid"):
        check_material(algorithm=algorithm, secret=None, public_key=_pem(kind))


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_a_private_key_is_refused_and_its_owner_told(algorithm: str) -> None:
    private = _private_pem(KINDS[algorithm])
    for text in (private, _pem(KINDS[algorithm]) + private):
        with pytest.raises(Refusal, match="private key"):
            check_material(algorithm=algorithm, secret=None, public_key=text)


def test_a_public_key_given_as_a_secret_is_refused() -> None:
    with pytest.raises(Refusal, match=r"token_key\.invalid"):
        check_material(algorithm="HS256", secret=_pem("P-256"), public_key=None)
