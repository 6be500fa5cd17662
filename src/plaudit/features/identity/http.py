"""Identity over HTTP: the tenant, API keys, staff, token keys, erasure of a viewer."""

from typing import Annotated, Any, Final, TypeVar

import msgspec

from plaudit.core.commands import tenants
from plaudit.core.commands.command import Grant, Outcome
from plaudit.core.commands.corridor import Corridor
from plaudit.core.handles import Database
from plaudit.features.identity import actions, queries
from plaudit.features.identity.actions import Randomness, TableCommand
from plaudit.features.identity.model import ApiKey, Staff, TokenKey
from plaudit.kernel.time import Clock, format_time
from plaudit.platform.crypto import Vault
from plaudit.platform.web import Parameter, Response, answer, delete, get, post
from plaudit.vocabulary.facts.base import FactData
from plaudit.vocabulary.facts.identity import (
    KeyCreated,
    KeyRevoked,
    StaffCreated,
    StaffRevoked,
    TokenKeyCreated,
    TokenKeyRevoked,
    ViewerErased,
)

F = TypeVar("F", bound=FactData)

_CREATED: Final = 201
_KEYS: Final = {"permission": "keys.write"}
_STAFF: Final = {"permission": "staff.write"}

Limit = Annotated[int | None, Parameter(description="Items a page, 1 to 200; 50 when not given.")]
Cursor = Annotated[str | None, Parameter(description="next_cursor of the page before.")]


class TenantView(msgspec.Struct, kw_only=True):
    """The tenant whose key was used."""

    tenant: str
    name: str
    time_zone: str
    created_at: str


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
    """A new API key. `key` is shown this once: it is stored as a hash, so a replay of the request has null."""

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


class NewStaff(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A person of the staff, by name, and what they may do."""

    name: str
    scopes: list[str]


class StaffView(msgspec.Struct, kw_only=True):
    """A person of the staff; `name` is null once it was erased."""

    id: str
    name: str | None
    scopes: list[str]
    created_at: str
    revoked_at: str | None


class StaffRegistered(msgspec.Struct, kw_only=True):
    """A new person of the staff. `key` is shown this once: a replay of the request has null."""

    id: str
    key: str | None
    name: str
    scopes: list[str]
    position: int
    created_at: str


class StaffPage(msgspec.Struct, kw_only=True):
    """Some persons of the staff."""

    items: list[StaffView]
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


class Revoked(msgspec.Struct, kw_only=True):
    """A key or person that is refused from now on."""

    id: str
    position: int
    revoked_at: str


class NewErasure(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Why a viewer is erased; kept beside the fact."""

    reason: str


class Erasure(msgspec.Struct, kw_only=True):
    """What was erased: `removed` counts the texts."""

    viewer: str
    removed: int
    position: int
    erased_at: str


@get("/v1/tenant", opt={"permission": None}, summary="The tenant of the key used", tags=["identity"])
async def show_tenant(*, grant: Grant, database: Database) -> TenantView:
    """Return the tenant that the credential belongs to."""
    async with database.connection() as conn:
        known = await tenants.tenants(conn)
    (tenant,) = [one for one in known if one.tenant_id == grant.tenant_id]
    return TenantView(
        tenant=tenant.slug,
        name=tenant.name,
        time_zone=tenant.time_zone,
        created_at=format_time(tenant.created_at),
    )


@post("/v1/api-keys", opt=_KEYS, status_code=_CREATED, summary="Make an API key", tags=["identity"])
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
    fact = _fact(outcome, KeyCreated)
    body = ApiKeyCreated(
        id=fact.key,
        key=None if outcome.replayed else made.key(),
        name=data.name,
        scopes=list(fact.scopes),
        rate_per_second=fact.rate_per_second,
        position=outcome.position,
        created_at=format_time(outcome.recorded_at),
    )
    return answer(body, replayed=outcome.replayed, status=_CREATED)


@get("/v1/api-keys", opt=_KEYS, summary="List API keys", tags=["identity"])
async def list_api_keys(
    *, grant: Grant, database: Database, limit: Limit = None, cursor: Cursor = None
) -> ApiKeyPage:
    """Return the tenant's API keys, revoked ones as well, without the keys themselves."""
    page = await queries.api_keys(database=database, tenant_id=grant.tenant_id, limit=limit, cursor=cursor)
    return ApiKeyPage(items=[_api_key(one) for one in page.items], next_cursor=page.next_cursor)


@delete("/v1/api-keys/{key:str}", opt=_KEYS, summary="Revoke an API key", tags=["identity"])
async def revoke_api_key(
    *, key: str, grant: Grant, idempotency_key: str, corridor: Corridor, clock: Clock
) -> Response[Revoked]:
    """Revoke an API key: within a second it is refused everywhere."""
    revoking = actions.revoke_api_key(grant=grant, idempotency_key=idempotency_key, key=key, now=clock.now())
    outcome = await corridor.run(revoking.command, revoking.work)
    return _revoked(outcome, _fact(outcome, KeyRevoked).key)


@post(
    "/v1/staff", opt=_STAFF, status_code=_CREATED, summary="Register a person of the staff", tags=["identity"]
)
async def create_staff(
    *,
    data: NewStaff,
    grant: Grant,
    idempotency_key: str,
    corridor: Corridor,
    clock: Clock,
    randomness: Randomness,
) -> Response[StaffRegistered]:
    """Register a person by name, with a key of their own that is shown this once."""
    made = actions.create_staff(
        grant=grant,
        idempotency_key=idempotency_key,
        name=data.name,
        scopes=data.scopes,
        now=clock.now(),
        randomness=randomness,
    )
    outcome = await corridor.run(made.command, made.work)
    fact = _fact(outcome, StaffCreated)
    body = StaffRegistered(
        id=fact.staff,
        key=None if outcome.replayed else made.key(),
        name=data.name,
        scopes=list(fact.scopes),
        position=outcome.position,
        created_at=format_time(outcome.recorded_at),
    )
    return answer(body, replayed=outcome.replayed, status=_CREATED)


@get("/v1/staff", opt=_STAFF, summary="List the staff", tags=["identity"])
async def list_staff(
    *, grant: Grant, database: Database, limit: Limit = None, cursor: Cursor = None
) -> StaffPage:
    """Return the tenant's staff, revoked persons as well."""
    page = await queries.staff(database=database, tenant_id=grant.tenant_id, limit=limit, cursor=cursor)
    return StaffPage(items=[_staff(one) for one in page.items], next_cursor=page.next_cursor)


@delete("/v1/staff/{staff:str}", opt=_STAFF, summary="Revoke a person's key", tags=["identity"])
async def revoke_staff(
    *, staff: str, grant: Grant, idempotency_key: str, corridor: Corridor, clock: Clock
) -> Response[Revoked]:
    """Revoke a person's key: within a second it is refused everywhere."""
    revoking = actions.revoke_staff(
        grant=grant, idempotency_key=idempotency_key, staff=staff, now=clock.now()
    )
    outcome = await corridor.run(revoking.command, revoking.work)
    return _revoked(outcome, _fact(outcome, StaffRevoked).staff)


@post(
    "/v1/token-keys",
    opt=_KEYS,
    status_code=_CREATED,
    summary="Pin a key that verifies tokens",
    tags=["identity"],
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
    fact = _fact(outcome, TokenKeyCreated)
    body = TokenKeyPinned(
        id=fact.token_key,
        algorithm=fact.algorithm,
        position=outcome.position,
        created_at=format_time(outcome.recorded_at),
    )
    return answer(body, replayed=outcome.replayed, status=_CREATED)


@get("/v1/token-keys", opt=_KEYS, summary="List token keys", tags=["identity"])
async def list_token_keys(
    *, grant: Grant, database: Database, limit: Limit = None, cursor: Cursor = None
) -> TokenKeyPage:
    """Return the tenant's token keys, revoked ones as well; a shared secret is never shown."""
    page = await queries.token_keys(database=database, tenant_id=grant.tenant_id, limit=limit, cursor=cursor)
    return TokenKeyPage(items=[_token_key(one) for one in page.items], next_cursor=page.next_cursor)


@delete("/v1/token-keys/{key:str}", opt=_KEYS, summary="Revoke a token key", tags=["identity"])
async def revoke_token_key(
    *, key: str, grant: Grant, idempotency_key: str, corridor: Corridor, clock: Clock
) -> Response[Revoked]:
    """Revoke a token key: within a second every token signed by it is refused everywhere."""
    revoking = actions.revoke_token_key(
        grant=grant, idempotency_key=idempotency_key, key=key, now=clock.now()
    )
    outcome = await corridor.run(revoking.command, revoking.work)
    return _revoked(outcome, _fact(outcome, TokenKeyRevoked).token_key)


@post(
    "/v1/viewers/{viewer:str}/erasure",
    opt={"permission": "viewer.erase"},
    status_code=_CREATED,
    summary="Erase a viewer",
    tags=["identity"],
)
async def erase_viewer(
    *,
    viewer: str,
    data: NewErasure,
    grant: Grant,
    idempotency_key: str,
    corridor: Corridor,
    randomness: Randomness,
) -> Response[Erasure]:
    """Remove the personal text of a viewer's tips and other facts; amounts, boards and audits stay as they are."""
    erasing: TableCommand = actions.erase_viewer(
        grant=grant,
        idempotency_key=idempotency_key,
        viewer=viewer,
        reason=data.reason,
        randomness=randomness,
    )
    outcome = await corridor.run(erasing.command, erasing.work)
    fact = _fact(outcome, ViewerErased)
    body = Erasure(
        viewer=fact.viewer,
        removed=fact.removed,
        position=outcome.position,
        erased_at=format_time(outcome.recorded_at),
    )
    return answer(body, replayed=outcome.replayed, status=_CREATED)


ROUTES: Final[tuple[Any, ...]] = (
    show_tenant,
    create_api_key,
    list_api_keys,
    revoke_api_key,
    create_staff,
    list_staff,
    revoke_staff,
    create_token_key,
    list_token_keys,
    revoke_token_key,
    erase_viewer,
)


def _fact(outcome: Outcome, kind: type[F]) -> F:
    return msgspec.convert(outcome.data, kind)


def _revoked(outcome: Outcome, id_: str) -> Response[Revoked]:
    body = Revoked(id=id_, position=outcome.position, revoked_at=format_time(outcome.recorded_at))
    return answer(body, replayed=outcome.replayed)


def _api_key(key: ApiKey) -> ApiKeyView:
    return ApiKeyView(
        id=key.id,
        name=key.name,
        scopes=sorted(key.scopes),
        rate_per_second=key.rate_per_second,
        created_at=format_time(key.created_at),
        revoked_at=format_time(key.revoked_at) if key.revoked_at else None,
    )


def _staff(staff: Staff) -> StaffView:
    return StaffView(
        id=staff.id,
        name=staff.name,
        scopes=sorted(staff.scopes),
        created_at=format_time(staff.created_at),
        revoked_at=format_time(staff.revoked_at) if staff.revoked_at else None,
    )


def _token_key(key: TokenKey) -> TokenKeyView:
    return TokenKeyView(
        id=key.id,
        algorithm=key.algorithm,
        public_key=None if key.algorithm == "HS256" else key.material.decode(),
        created_at=format_time(key.created_at),
        revoked_at=format_time(key.revoked_at) if key.revoked_at else None,
    )
