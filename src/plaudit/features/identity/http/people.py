"""The tenant, its staff and the erasure of a viewer over HTTP."""

from typing import Any, Final

import msgspec

from plaudit.core.commands import tenants
from plaudit.core.commands.command import Grant
from plaudit.core.commands.corridor import Corridor
from plaudit.core.handles import Database
from plaudit.features.identity import actions, queries
from plaudit.features.identity.actions import Randomness, TableCommand
from plaudit.features.identity.http.fields import CREATED, TAGS, Cursor, Limit, Revoked, fact_of, revoked
from plaudit.features.identity.model import Staff
from plaudit.kernel.time import Clock, format_time
from plaudit.platform.web import Response, answer, delete, get, post
from plaudit.vocabulary.facts.identity import StaffCreated, StaffRevoked, ViewerErased

_STAFF: Final = {"permission": "staff.write"}


class TenantView(msgspec.Struct, kw_only=True):
    """The tenant whose key was used."""

    tenant: str
    name: str
    time_zone: str
    created_at: str


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


class NewErasure(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Why a viewer is erased; kept beside the fact."""

    reason: str


class Erasure(msgspec.Struct, kw_only=True):
    """What was erased: `removed` counts the texts."""

    viewer: str
    removed: int
    position: int
    erased_at: str


@get("/v1/tenant", opt={"permission": None}, summary="The tenant of the key used", tags=TAGS)
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


@post("/v1/staff", opt=_STAFF, status_code=CREATED, summary="Register a person of the staff", tags=TAGS)
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
    fact = fact_of(outcome, StaffCreated)
    body = StaffRegistered(
        id=fact.staff,
        key=None if outcome.replayed else made.key(),
        name=data.name,
        scopes=list(fact.scopes),
        position=outcome.position,
        created_at=format_time(outcome.recorded_at),
    )
    return answer(body, replayed=outcome.replayed, status=CREATED)


@get("/v1/staff", opt=_STAFF, summary="List the staff", tags=TAGS)
async def list_staff(
    *, grant: Grant, database: Database, limit: Limit = None, cursor: Cursor = None
) -> StaffPage:
    """Return the tenant's staff, revoked persons as well."""
    page = await queries.staff(database=database, tenant_id=grant.tenant_id, limit=limit, cursor=cursor)
    return StaffPage(items=[_staff(one) for one in page.items], next_cursor=page.next_cursor)


@delete("/v1/staff/{staff:str}", opt=_STAFF, summary="Revoke a person's key", tags=TAGS)
async def revoke_staff(
    *, staff: str, grant: Grant, idempotency_key: str, corridor: Corridor, clock: Clock
) -> Response[Revoked]:
    """Revoke a person's key: within a second it is refused everywhere."""
    revoking = actions.revoke_staff(
        grant=grant, idempotency_key=idempotency_key, staff=staff, now=clock.now()
    )
    outcome = await corridor.run(revoking.command, revoking.work)
    return revoked(outcome, fact_of(outcome, StaffRevoked).staff)


@post(
    "/v1/viewers/{viewer:str}/erasure",
    opt={"permission": "viewer.erase"},
    status_code=CREATED,
    summary="Erase a viewer",
    tags=TAGS,
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
    """Remove the personal text of a viewer's facts; amounts, boards and audits stay as they are."""
    erasing: TableCommand = actions.erase_viewer(
        grant=grant,
        idempotency_key=idempotency_key,
        viewer=viewer,
        reason=data.reason,
        randomness=randomness,
    )
    outcome = await corridor.run(erasing.command, erasing.work)
    fact = fact_of(outcome, ViewerErased)
    body = Erasure(
        viewer=fact.viewer,
        removed=fact.removed,
        position=outcome.position,
        erased_at=format_time(outcome.recorded_at),
    )
    return answer(body, replayed=outcome.replayed, status=CREATED)


ROUTES: Final[tuple[Any, ...]] = (show_tenant, create_staff, list_staff, revoke_staff, erase_viewer)


def _staff(staff: Staff) -> StaffView:
    return StaffView(
        id=staff.id,
        name=staff.name,
        scopes=sorted(staff.scopes),
        created_at=format_time(staff.created_at),
        revoked_at=format_time(staff.revoked_at) if staff.revoked_at else None,
    )
