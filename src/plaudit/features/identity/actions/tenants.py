"""Opening a tenant."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from plaudit.core.commands import tenants
from plaudit.core.commands.batch import Prepared, decide_and_record
from plaudit.core.commands.command import Command, Grant, Outcome
from plaudit.core.handles import Database
from plaudit.core.journal.facts import Fact, canonical
from plaudit.core.ledger.accounts import Directory
from plaudit.features.identity import store
from plaudit.features.identity.actions.base import Randomness, decided, unplanned
from plaudit.features.identity.model import APP_PREFIX, hash_secret, key_text
from plaudit.kernel.actor import Actor
from plaudit.kernel.ids import encode_id, new_token
from plaudit.kernel.refusal import conflict, invalid
from plaudit.kernel.time import is_zone
from plaudit.vocabulary.facts.identity import KeyCreated, TenantCreated
from plaudit.vocabulary.permissions import PERMISSIONS

TENANT_NAME_MAX: Final = 100
_SLUG: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_FIRST_KEY_NAME: Final = "first key"


@dataclass(frozen=True, slots=True)
class OpenedTenant:
    """A new tenant and its first API key, which holds all scopes and is shown this once."""

    tenant_id: int
    slug: str
    key: str


async def create_tenant(
    *,
    database: Database,
    directory: Directory,
    slug: str,
    name: str,
    time_zone: str,
    now: datetime,
    randomness: Randomness,
) -> OpenedTenant:
    """Open a tenant: its row, its journal, its first key, all or nothing.

    Raises Refusal `tenant.invalid` (INVALID) and `tenant.exists` (CONFLICT).
    """
    _check_tenant(slug, name, time_zone)
    secret = new_token(random_bytes=randomness)
    scopes = tuple(sorted(PERMISSIONS))
    async with database.transaction() as tx:
        tenant_id = await tenants.open_tenant(tx, slug=slug, name=name, time_zone=time_zone, now=now)
        if tenant_id is None:
            raise conflict(
                "tenant.exists", "There is a tenant of this name already; choose another.", tenant=slug
            )
        number = await store.draw_number(tx, tenant_id=tenant_id)
        await store.insert_api_key(
            tx,
            tenant_id=tenant_id,
            number=number,
            name=_FIRST_KEY_NAME,
            scopes=scopes,
            rate_per_second=None,
            secret_hash=hash_secret(secret),
            now=now,
        )
        key = encode_id(APP_PREFIX, number)
        facts = [
            Fact(f"tenant/{slug}", TenantCreated(tenant=slug, time_zone=time_zone)),
            Fact(f"key/{key}", KeyCreated(key=key, scopes=scopes)),
        ]
        grant = Grant(tenant_id, Actor("system", "identity"), frozenset())
        results = await decide_and_record(
            tx,
            tenant_id=tenant_id,
            batch=[_prepared(grant, f"open-{n}", fact) for n, fact in enumerate(facts)],
            cards=directory.cards(tenant_id),
            now=now,
        )
        assert all(isinstance(result, Outcome) for result in results), results
    return OpenedTenant(tenant_id, slug, key_text(kind="app", number=number, secret=secret))


def _check_tenant(slug: str, name: str, time_zone: str) -> None:
    if not _SLUG.fullmatch(slug):
        raise invalid("tenant.invalid", "Name a tenant with a-z, 0-9 and -, at most 63.", field="tenant")
    if not 1 <= len(name.strip()) <= len(name) <= TENANT_NAME_MAX or not name.isprintable():
        raise invalid("tenant.invalid", "Give a name of 1 to 100 printable characters.", field="name")
    if not is_zone(time_zone):
        raise invalid(
            "tenant.invalid", "Give a time zone of the IANA list, such as Asia/Shanghai.", field="time_zone"
        )


def _prepared(grant: Grant, key: str, fact: Fact) -> Prepared:
    command = Command("identity.create_tenant", "keys.write", grant, key, canonical(fact.data), unplanned)
    digest, content = command.digests()
    return Prepared(command, decided(fact), (), 0, digest, content, grant.actor.text)
