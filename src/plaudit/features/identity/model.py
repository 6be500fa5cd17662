"""Pure values and rules of identity: keys, tokens, what they grant, and the rule of the second person."""

import hashlib
import hmac
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias, TypeGuard, cast, get_args

from plaudit.core.commands.command import Grant
from plaudit.kernel.actor import Actor
from plaudit.kernel.ids import decode_id, encode_id, valid_name
from plaudit.kernel.refusal import Refusal, forbidden, invalid, unauthenticated
from plaudit.vocabulary.permissions import PERMISSIONS

APP_PREFIX: Final = "plk"
STAFF_PREFIX: Final = "pls"
TOKEN_KEY_PREFIX: Final = "tkn"  # noqa: S105 - the prefix of an id, not a password

CREDENTIAL_MAX: Final = 8_192
"""The longest Authorization header that is looked at, in characters."""

TOKEN_LIFETIME_MAX_S: Final = 24 * 60 * 60
TOKEN_LEAD_MAX_S: Final = 60
"""How far the clock of a token's signer may be ahead of ours."""

TOKEN_AUDIENCE: Final = "plaudit"  # noqa: S105 - a name, not a password
KEY_NAME_MAX: Final = 100
RATE_MAX_PER_SECOND: Final = 1_000_000
TOKEN_RATE_PER_SECOND: Final = 20
"""How often one viewer or creator may call with tokens, whatever the number of tokens."""

VIEWER_SCOPES: Final = frozenset(
    {
        "access.read",
        "catalogue.read",
        "inbox.read",
        "insight.track",
        "invitation.read",
        "payment.open",
        "payment.read",
        "reward.read",
        "ticket.order",
        "ticket.read",
        "ticket.transfer",
        "tip.read",
        "tip.send",
        "topup.order",
        "wallet.read",
    }
)
CREATOR_SCOPES: Final = frozenset({"tip.read", "catalogue.read"})
"""What a token may do, and only as the person it names: `require_person` holds the second half."""

Algorithm: TypeAlias = Literal["HS256", "RS256", "ES256", "EdDSA"]
Role: TypeAlias = Literal["viewer", "creator"]

_SECRET: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_JWT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)
_TENANT_UNIT: Final = 2**32
_NUMERIC_DATE_MAX: Final = 253_402_300_799
"""The last second of the year 9999, beyond which a date has no RFC 3339 form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """The key of an application; `rate_per_second` is how often it may call, None for any rate."""

    id: str
    name: str
    scopes: frozenset[str]
    rate_per_second: int | None
    secret_hash: bytes
    created_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """A named person of the tenant's staff, who acts with a key of their own; no name once it was erased."""

    id: str
    name: str | None
    scopes: frozenset[str]
    secret_hash: bytes
    created_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenKey:
    """What a tenant's tokens are verified by: an algorithm, and its shared secret or public key (PEM).

    As it is stored, `material` is a sealed secret; `actions.opened` opens it.
    """

    id: str
    algorithm: Algorithm
    material: bytes
    created_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What a verified credential gives: the grant, and how often its bearer may call (None for any rate)."""

    grant: Grant
    rate_per_second: int | None
    rate_name: str
    """What the rate limit counts by: a key as a whole, and with tokens each person of a token key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCredential:
    """A key as a caller sends it: whose it is, the number of its record, and the hash of its secret."""

    kind: Literal["app", "staff"]
    number: int
    secret_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCredential:
    """A token as a caller sends it, in the shape of a JWT and not yet verified."""

    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenClaims:
    """What a verified token says: who its bearer is, and when it ends (Unix seconds)."""

    actor: Actor
    expires_at_s: int


Credential: TypeAlias = KeyCredential | TokenCredential


def key_number(*, tenant_id: int, drawn: int) -> int:
    """Return the number of a key: its tenant in the high bits, the drawn number in the low 32."""
    assert 0 <= drawn < _TENANT_UNIT, drawn
    return tenant_id * _TENANT_UNIT + drawn


def tenant_of(number: int) -> int:
    """Return the tenant that the number of a key belongs to."""
    return number // _TENANT_UNIT


def key_text(*, kind: Literal["app", "staff"], number: int, secret: str) -> str:
    """Return the key to show its owner once: "plk_<13 digits>_<64 hex digits>", "pls_" for staff.

    `secret` is 32 random bytes from `kernel.ids.new_token`.
    """
    return f"{encode_id(_prefix(kind), number)}_{secret}"


def hash_secret(secret: str) -> bytes:
    """Return what is stored of a secret: SHA-256 over its 32 random bytes, from their hexadecimal form.

    One round without salt is enough because the secret is drawn at random from 2**256 and never chosen by a
    person: there is nothing to guess, no dictionary and no table helps, and no two are alike. A slow hash
    would protect nothing more, and would be paid on every request.
    """
    return hashlib.sha256(bytes.fromhex(secret)).digest()


def secret_matches(*, credential: KeyCredential, stored_hash: bytes) -> bool:
    """Tell whether the credential's secret was stored, in a time that does not tell how near it is."""
    return hmac.compare_digest(credential.secret_hash, stored_hash)


def parse_authorization(header: str | None) -> Credential:
    """Return the credential in an Authorization header of the scheme Bearer (RFC 6750).

    Raises Refusal (UNAUTHENTICATED) `auth.missing` without a header, `auth.invalid` on what no credential
    looks like.
    """
    if not header:
        raise unauthenticated("auth.missing", "Send your key or token in the header Authorization: Bearer.")
    scheme, _, text = header.partition(" ")
    if len(header) > CREDENTIAL_MAX or scheme.lower() != "bearer":
        raise refused_credential()
    return parse_credential(text.strip(" "))


def parse_credential(text: str) -> Credential:
    """Return the credential written as `text`: an API key, a staff key or a token in the shape of a JWT.

    Raises Refusal `auth.invalid` (UNAUTHENTICATED) on anything else.
    """
    for kind in ("app", "staff"):
        prefix = _prefix(kind)
        if text.startswith(f"{prefix}_"):
            return _parse_key(kind, prefix, text)
    if len(text) <= CREDENTIAL_MAX and _JWT.fullmatch(text):
        return TokenCredential(token=text)
    raise refused_credential()


def refused_credential() -> Refusal:
    """Return the one refusal of every credential that does not hold, which says nothing about why."""
    return unauthenticated(
        "auth.invalid", "This key or token is not valid here; check it, or ask for a new one."
    )


def check_not_revoked(*, revoked_at: datetime | None) -> None:
    """Raise Refusal `auth.revoked` (UNAUTHENTICATED) when the key or person was revoked."""
    if revoked_at is not None:
        raise unauthenticated("auth.revoked", "This key was revoked; ask for a new one.")


def access_of_app(*, tenant_id: int, key: ApiKey) -> Access:
    """Return what an API key allows. Raises Refusal `auth.revoked`."""
    check_not_revoked(revoked_at=key.revoked_at)
    return Access(
        grant=Grant(tenant_id, Actor("app", key.id), key.scopes),
        rate_per_second=key.rate_per_second,
        rate_name=key.id,
    )


def access_of_staff(*, tenant_id: int, staff: Staff) -> Access:
    """Return what a person of the staff may do. Raises Refusal `auth.revoked`."""
    check_not_revoked(revoked_at=staff.revoked_at)
    return Access(
        grant=Grant(tenant_id, Actor("staff", staff.id), staff.scopes),
        rate_per_second=None,
        rate_name=staff.id,
    )


def access_of_token(*, tenant_id: int, key: TokenKey, claims: TokenClaims) -> Access:
    """Return what a viewer's or creator's verified token allows. Raises Refusal `auth.revoked`."""
    check_not_revoked(revoked_at=key.revoked_at)
    actor = claims.actor
    return Access(
        grant=Grant(tenant_id, actor, VIEWER_SCOPES if actor.kind == "viewer" else CREATOR_SCOPES),
        rate_per_second=TOKEN_RATE_PER_SECOND,
        rate_name=f"{key.id}/{actor.text}",
    )


def check_claims(*, claims: Mapping[str, object], tenant: str, now: datetime) -> TokenClaims:
    """Return who a token speaks for, from the claims of a token whose signature holds (RFC 7519).

    `tenant` is the slug of the tenant that owns the key; `now` is an aware time. Required: `iss` the slug,
    `sub` a viewer's or creator's id, `role`, and whole seconds `iat` and `exp` at most 24 hours apart. `iat`
    may be a minute ahead of our clock; at `exp` the token has ended. `nbf` is kept and `aud`, where there is
    one, must name "plaudit". Raises Refusal (UNAUTHENTICATED) `auth.expired`, and `auth.invalid` naming the
    claim.
    """
    now_s = now.timestamp()
    if claims.get("iss") != tenant:
        raise _wrong_claim("iss", "Let iss be the name of the tenant that the key belongs to.")
    subject, role = claims.get("sub"), claims.get("role")
    if not isinstance(subject, str) or not valid_name(subject):
        raise _wrong_claim("sub", "Let sub be the id of a viewer or creator.")
    if role not in get_args(Role):
        raise _wrong_claim("role", 'Let role be "viewer" or "creator".')
    if "aud" in claims and TOKEN_AUDIENCE not in _texts(claims["aud"]):
        raise _wrong_claim("aud", f'Let aud name "{TOKEN_AUDIENCE}", or leave it out.')
    issued_s, expires_s = claims.get("iat"), claims.get("exp")
    if not _is_date(issued_s) or issued_s > now_s + TOKEN_LEAD_MAX_S:
        raise _wrong_claim(
            "iat", "Let iat be the time of signing in whole seconds, not ahead of the present."
        )
    if not _is_date(expires_s) or not 0 < expires_s - issued_s <= TOKEN_LIFETIME_MAX_S:
        raise _wrong_claim("exp", "Let exp be in whole seconds, after iat and at most 24 hours later.")
    if now_s >= expires_s:
        raise unauthenticated("auth.expired", "This token has ended; ask for a new one.")
    if "nbf" in claims:
        begins_s = claims["nbf"]
        if not _is_date(begins_s) or begins_s > now_s + TOKEN_LEAD_MAX_S:
            raise _wrong_claim("nbf", "This token is not valid yet; wait, or ask for a new one.")
    return TokenClaims(actor=Actor(cast("Role", role), subject), expires_at_s=expires_s)


def check_scopes(scopes: Collection[str]) -> frozenset[str]:
    """Return the scopes to give a key or person.

    Raises Refusal `scope.unknown` (INVALID) on an unknown scope, or none at all.
    """
    unknown = sorted(set(scopes) - PERMISSIONS.keys())
    if unknown:
        raise invalid(
            "scope.unknown", f"There is no scope {unknown[0][:64]!r}; use known ones.", scopes=unknown[:20]
        )
    if not scopes:
        raise invalid("scope.unknown", "Give at least one scope.")
    return frozenset(scopes)


def check_key_name(name: str) -> str:
    """Return the name of a key or person.

    Raises Refusal `name.invalid` (INVALID) unless it has 1 to 100 printable characters.
    """
    if not 1 <= len(name.strip()) <= len(name) <= KEY_NAME_MAX or not name.isprintable():
        raise invalid("name.invalid", f"Give a name of 1 to {KEY_NAME_MAX} printable characters.")
    return name


def check_rate(rate_per_second: int | None) -> int | None:
    """Return the rate limit of a key, None for none.

    Raises Refusal `rate.invalid` (INVALID) outside 1 to 1,000,000 calls a second.
    """
    if rate_per_second is not None and not 1 <= rate_per_second <= RATE_MAX_PER_SECOND:
        raise invalid("rate.invalid", f"Give a rate from 1 to {RATE_MAX_PER_SECOND} calls a second, or none.")
    return rate_per_second


def require_scope(*, grant: Grant, scope: str) -> None:
    """Raise Refusal `scope.missing` (FORBIDDEN) unless the grant holds the scope, a known one."""
    assert scope in PERMISSIONS, scope
    if scope not in grant.permissions:
        raise forbidden(
            "scope.missing", f"This needs the scope {scope}; use a key that holds it.", scope=scope
        )


def require_person(*, grant: Grant, kind: Role, id: str | None) -> str:  # noqa: A002 - it is the id in the path
    """Return whose things are meant: the id that was asked for, and for a token the person it names.

    Applications and staff name anyone, and must name someone: else Refusal `body.invalid` (INVALID). A token
    that asks for another person, or for a person of the other role, is refused `scope.missing` (FORBIDDEN).
    """
    actor = grant.actor
    if actor.kind in {"viewer", "creator"}:
        if actor.kind != kind or id not in {None, actor.id}:
            raise forbidden(
                "scope.missing", f"This token speaks for {actor.text} alone; use that id, or leave it out."
            )
        return actor.id
    if id is None:
        raise invalid("body.invalid", f"Say which {kind} is meant.", field=kind)
    if not valid_name(id):
        raise invalid("body.invalid", "Write ids with letters, digits and _ . : @ -, at most 64.", field=kind)
    return id


def check_second_person(*, maker: Actor, checker: Actor) -> None:
    """Raise Refusal `checker.invalid` (FORBIDDEN) unless the checker is a staff person and not the maker."""
    if checker.kind != "staff":
        raise forbidden(
            "checker.invalid", "Only a person of the staff can approve or reject; use a staff key."
        )
    if checker == maker:
        raise forbidden("checker.invalid", "You asked for this yourself; let another person decide.")


def _prefix(kind: Literal["app", "staff"]) -> str:
    return APP_PREFIX if kind == "app" else STAFF_PREFIX


def _parse_key(kind: Literal["app", "staff"], prefix: str, text: str) -> KeyCredential:
    record, _, secret = text.rpartition("_")
    if not _SECRET.fullmatch(secret):
        raise refused_credential()
    try:
        number = decode_id(prefix, record)
    except Refusal:
        raise refused_credential() from None
    return KeyCredential(kind=kind, number=number, secret_hash=hash_secret(secret))


def _is_date(value: object) -> TypeGuard[int]:
    """Tell whether a claim is a whole number of seconds since 1970; `true` is none."""
    return type(value) is int and 0 <= value <= _NUMERIC_DATE_MAX


def _texts(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _wrong_claim(claim: str, message: str) -> Refusal:
    return unauthenticated("auth.invalid", message, claim=claim)
