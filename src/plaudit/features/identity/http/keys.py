"""API keys and token keys over HTTP."""

from typing import Any, Final

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.core.commands.corridor import Corridor
from plaudit.core.handles import Database
from plaudit.features.identity import actions, queries
from plaudit.features.identity.actions import Randomness
from plaudit.features.identity.http.fields import CREATED, TAGS, Cursor, Limit, Revoked, fact_of, revoked
from plaudit.features.identity.model import ApiKey, TokenKey
from plaudit.kernel.time import Clock, format_time
from plaudit.platform.crypto import Vault
from plaudit.platform.web import Response, answer, delete, get, post
from plaudit.vocabulary.facts.identity import KeyCreated, KeyRevoked, TokenKeyCreated, TokenKeyRevoked

_KEYS: Final = {"permission": "keys.write"}


class NewApiKey(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What an API key is to be; without `rate_per_second` it may call at any rate."""

    name: str
    scopes: list[str]
    rate_per_second: int | None = None


class ApiKeyView(msgspec.Struct, kw_only=True):
    """An API key, without the key itself."""

    id: str
    name: str
    scopes: list[str]
    rate_per_second: int | None
    created_at: str
    revoked_at: str | None


class ApiKeyCreated(msgspec.Struct, kw_only=True):
    """A new API key. `key` is shown this once: only its hash is kept, so a replay has null."""

    id: str
    key: str | None
    name: str
    scopes: list[str]
    rate_per_second: int | None
    position: int
    created_at: str


class ApiKeyPage(msgspec.Struct, kw_only=True):
    """Some API keys."""

    items: list[ApiKeyView]
    next_cursor: str | None


class NewTokenKey(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A key that verifies tokens: a `secret` for HS256, else the `public_key` in PEM."""

    algorithm: str
    secret: str | None = None
    public_key: str | None = None


class TokenKeyView(msgspec.Struct, kw_only=True):
    """A token key; `public_key` is null for a shared secret, which is never shown."""

    id: str
    algorithm: str
    public_key: str | None
    created_at: str
    revoked_at: str | None


class TokenKeyPinned(msgspec.Struct, kw_only=True):
    """A new token key: tokens name `id` as `kid` in their header."""

    id: str
    algorithm: str
    position: int
    created_at: str


class TokenKeyPage(msgspec.Struct, kw_only=True):
    """Some token keys."""

    items: list[TokenKeyView]
    next_cursor: str | None


@post("/v1/api-keys", opt=_KEYS, status_code=CREATED, summary="Make an API key", tags=TAGS)
async def create_api_key(
    *,
    data: NewApiKey,
    grant: Grant,
    idempotency_key: str,
    corridor: Corridor,
    clock: Clock,
    randomness: Randomness,
) -> Response[ApiKeyCreated]:
    """Make a key for an application, of scopes that the caller holds. The key is shown this once."""
    made = actions.create_api_key(
        grant=grant,
        idempotency_key=idempotency_key,
        name=data.name,
        scopes=data.scopes,
        rate_per_second=data.rate_per_second,
        now=clock.now(),
        randomness=randomness,
    )
    outcome = await corridor.run(made.command, made.work)
    fact = fact_of(outcome, KeyCreated)
    body = ApiKeyCreated(
        id=fact.key,
        key=None if outcome.replayed else made.key(),
        name=data.name,
        scopes=list(fact.scopes),
        rate_per_second=fact.rate_per_second,
        position=outcome.position,
        created_at=format_time(outcome.recorded_at),
    )
    return answer(body, replayed=outcome.replayed, status=CREATED)


@get("/v1/api-keys", opt=_KEYS, summary="List API keys", tags=TAGS)
async def list_api_keys(
    *, grant: Grant, database: Database, limit: Limit = None, cursor: Cursor = None
) -> ApiKeyPage:
    """Return the tenant's API keys, revoked ones as well, without the keys themselves."""
    page = await queries.api_keys(database=database, tenant_id=grant.tenant_id, limit=limit, cursor=cursor)
    return ApiKeyPage(items=[_api_key(one) for one in page.items], next_cursor=page.next_cursor)


@delete("/v1/api-keys/{key:str}", opt=_KEYS, summary="Revoke an API key", tags=TAGS)
async def revoke_api_key(
    *, key: str, grant: Grant, idempotency_key: str, corridor: Corridor, clock: Clock
) -> Response[Revoked]:
    """Revoke an API key: within a second it is refused everywhere."""
    revoking = actions.revoke_api_key(grant=grant, idempotency_key=idempotency_key, key=key, now=clock.now())
    outcome = await corridor.run(revoking.command, revoking.work)
    return revoked(outcome, fact_of(outcome, KeyRevoked).key)


@post(
    "/v1/token-keys",
    opt=_KEYS,
    status_code=CREATED,
    summary="Pin a key that verifies tokens",
    tags=TAGS,
)
async def create_token_key(
    *,
    data: NewTokenKey,
    grant: Grant,
    idempotency_key: str,
    corridor: Corridor,
    clock: Clock,
    vault: Vault,
    randomness: Randomness,
) -> Response[TokenKeyPinned]:
    """Pin the key by which the tokens of viewers and creators are verified: by its algorithm and no other."""
    made = actions.create_token_key(
        grant=grant,
        idempotency_key=idempotency_key,
        algorithm=data.algorithm,
        secret=data.secret,
        public_key=data.public_key,
        now=clock.now(),
        vault=vault,
        randomness=randomness,
    )
    outcome = await corridor.run(made.command, made.work)
    fact = fact_of(outcome, TokenKeyCreated)
    body = TokenKeyPinned(
        id=fact.token_key,
        algorithm=fact.algorithm,
        position=outcome.position,
        created_at=format_time(outcome.recorded_at),
    )
    return answer(body, replayed=outcome.replayed, status=CREATED)


@get("/v1/token-keys", opt=_KEYS, summary="List token keys", tags=TAGS)
async def list_token_keys(
    *, grant: Grant, database: Database, limit: Limit = None, cursor: Cursor = None
) -> TokenKeyPage:
    """Return the tenant's token keys, revoked ones as well; a shared secret is never shown."""
    page = await queries.token_keys(database=database, tenant_id=grant.tenant_id, limit=limit, cursor=cursor)
    return TokenKeyPage(items=[_token_key(one) for one in page.items], next_cursor=page.next_cursor)


@delete("/v1/token-keys/{key:str}", opt=_KEYS, summary="Revoke a token key", tags=TAGS)
async def revoke_token_key(
    *, key: str, grant: Grant, idempotency_key: str, corridor: Corridor, clock: Clock
) -> Response[Revoked]:
    """Revoke a token key: within a second every token signed by it is refused everywhere."""
    revoking = actions.revoke_token_key(
        grant=grant, idempotency_key=idempotency_key, key=key, now=clock.now()
    )
    outcome = await corridor.run(revoking.command, revoking.work)
    return revoked(outcome, fact_of(outcome, TokenKeyRevoked).token_key)


ROUTES: Final[tuple[Any, ...]] = (
    create_api_key,
    list_api_keys,
    revoke_api_key,
    create_token_key,
    list_token_keys,
    revoke_token_key,
)


def _api_key(key: ApiKey) -> ApiKeyView:
    return ApiKeyView(
        id=key.id,
        name=key.name,
        scopes=sorted(key.scopes),
        rate_per_second=key.rate_per_second,
        created_at=format_time(key.created_at),
        revoked_at=format_time(key.revoked_at) if key.revoked_at else None,
    )


def _token_key(key: TokenKey) -> TokenKeyView:
    return TokenKeyView(
        id=key.id,
        algorithm=key.algorithm,
        public_key=None if key.algorithm == "HS256" else key.material.decode(),
        created_at=format_time(key.created_at),
        revoked_at=format_time(key.revoked_at) if key.revoked_at else None,
    )
