"""Site keys over HTTP."""

from typing import Any, Final

import msgspec

from plaudit.core.commands.command import Grant, Outcome
from plaudit.core.commands.corridor import Corridor
from plaudit.core.handles import Database
from plaudit.features.insight import actions, queries
from plaudit.features.insight.http.fields import CREATED, READ, TAGS, Cursor, Limit
from plaudit.features.insight.model import RATE_DEFAULT
from plaudit.kernel.time import Clock, format_time
from plaudit.platform.web import Response, answer, get, post, put
from plaudit.vocabulary.facts.insight import SiteKeySaved

_WRITE: Final = {"permission": "keys.write"}


class NewSiteKey(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A site key: what it is for, and how many calls a second it allows, 1 to 10000."""

    name: str
    rate_per_second: int = RATE_DEFAULT


class SiteKeyChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a site key is to be; off, it allows nothing."""

    name: str
    enabled: bool
    rate_per_second: int = RATE_DEFAULT


class SiteKeyView(msgspec.Struct, kw_only=True):
    """A site key; it is no secret. `revision` counts its changes."""

    site_key: str
    name: str
    enabled: bool
    rate_per_second: int
    revision: int
    saved_at: str


class SiteKeyPage(msgspec.Struct, kw_only=True):
    """Some site keys, oldest first."""

    items: list[SiteKeyView]
    next_cursor: str | None


@post("/v1/site-keys", opt=_WRITE, status_code=CREATED, summary="Make a site key", tags=TAGS)
async def create_site_key(
    *, data: NewSiteKey, grant: Grant, idempotency_key: str, corridor: Corridor, clock: Clock
) -> Response[SiteKeyView]:
    """Make a key that pages name to tell of views and clicks of this tenant. It allows nothing else."""
    outcome = await actions.create_site_key(
        corridor=corridor,
        grant=grant,
        key=idempotency_key,
        name=data.name,
        rate_per_second=data.rate_per_second,
        now=clock.now(),
    )
    return answer(_saved(outcome, data.name), replayed=outcome.replayed, status=CREATED)


@put("/v1/site-keys/{site_key:str}", opt=_WRITE, summary="Change a site key", tags=TAGS)
async def put_site_key(
    *,
    site_key: str,
    data: SiteKeyChange,
    grant: Grant,
    idempotency_key: str,
    corridor: Corridor,
    clock: Clock,
) -> Response[SiteKeyView]:
    """Change a site key, or switch it off and on: within a second this holds everywhere."""
    outcome = await actions.change_site_key(
        corridor=corridor,
        grant=grant,
        key=idempotency_key,
        site_key=site_key,
        name=data.name,
        enabled=data.enabled,
        rate_per_second=data.rate_per_second,
        now=clock.now(),
    )
    return answer(_saved(outcome, data.name), replayed=outcome.replayed)


@get("/v1/site-keys", opt=READ, summary="List site keys", tags=TAGS)
async def list_site_keys(
    *, grant: Grant, database: Database, limit: Limit = None, cursor: Cursor = None
) -> SiteKeyPage:
    """Return the tenant's site keys, those that are off as well."""
    page = await queries.site_key_page(
        database=database, tenant_id=grant.tenant_id, limit=limit, cursor=cursor
    )
    items = [
        SiteKeyView(
            site_key=one.id,
            name=one.name,
            enabled=one.enabled,
            rate_per_second=one.rate_per_second,
            revision=one.revision,
            saved_at=format_time(one.saved_at),
        )
        for one in page.items
    ]
    return SiteKeyPage(items=items, next_cursor=page.next_cursor)


def _saved(outcome: Outcome, name: str) -> SiteKeyView:
    fact = outcome.data
    assert isinstance(fact, SiteKeySaved), outcome
    return SiteKeyView(
        site_key=fact.site_key,
        name=name,
        enabled=fact.enabled,
        rate_per_second=fact.rate_per_second,
        revision=fact.revision,
        saved_at=format_time(outcome.recorded_at),
    )


ROUTES: Final[tuple[Any, ...]] = (create_site_key, put_site_key, list_site_keys)
