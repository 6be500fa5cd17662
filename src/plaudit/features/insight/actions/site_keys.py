"""Keeping site keys. Each save is a table command: a new revision, and a fact saying so."""

from datetime import datetime
from typing import Final

from plaudit.core.commands.command import Command, Grant, Outcome, Plan, Work
from plaudit.core.commands.corridor import Corridor
from plaudit.core.commands.references import NotLoaded
from plaudit.core.commands.table import planned_by_work
from plaudit.core.handles import Connection
from plaudit.core.journal.facts import Fact, canonical
from plaudit.core.ledger.book import Decision
from plaudit.features.insight.actions.base import Means
from plaudit.features.insight.model import (
    SiteKey,
    check_site_key,
    number_of,
    site_key_of,
    unknown_site_key,
)
from plaudit.features.insight.store import site_keys as store
from plaudit.vocabulary import switches
from plaudit.vocabulary.facts.insight import SiteKeySaved

SITE_KEY: Final = "site_key"
"""The topic of site keys; the key is the number as text."""

_WRITE: Final = "keys.write"


async def create_site_key(
    *, corridor: Corridor, grant: Grant, key: str, name: str, rate_per_second: int, now: datetime
) -> Outcome:
    """Make a site key. Raises Refusal `name.invalid`, `rate.invalid`."""
    check_site_key(name=name, rate_per_second=rate_per_second)

    async def work(tx: Connection) -> Work:
        made = await store.insert_site_key(
            tx, tenant_id=grant.tenant_id, name=name, rate_per_second=rate_per_second, now=now
        )
        return _work(made)

    content = {"name": name, "rate_per_second": rate_per_second}
    return await corridor.run(_command("create_site_key", grant, key, content), work)


async def change_site_key(
    *,
    corridor: Corridor,
    grant: Grant,
    key: str,
    site_key: str,
    name: str,
    enabled: bool,
    rate_per_second: int,
    now: datetime,
) -> Outcome:
    """Change a site key, or switch it off and on.

    Raises Refusal `name.invalid`, `rate.invalid`, `invalid.id`, `site_key.unknown`.
    """
    check_site_key(name=name, rate_per_second=rate_per_second)
    number = number_of(site_key, tenant_id=grant.tenant_id)

    async def work(tx: Connection) -> Work:
        changed = await store.update_site_key(
            tx,
            tenant_id=grant.tenant_id,
            number=number,
            name=name,
            enabled=enabled,
            rate_per_second=rate_per_second,
            now=now,
        )
        if changed is None:
            raise unknown_site_key()
        return _work(changed)

    content = {"site_key": site_key, "name": name, "enabled": enabled, "rate_per_second": rate_per_second}
    return await corridor.run(_command("change_site_key", grant, key, content), work)


async def open_site_key(means: Means, text: str) -> SiteKey:
    """Return the site key that a page names, which must be on.

    Raises Refusal `invalid.id` (INVALID), `site_key.unknown` (NOT_FOUND).
    """
    tenant_id, number = site_key_of(text)
    key = str(number)
    try:
        found = means.references.lookup(tenant_id).one(SITE_KEY, key)
    except NotLoaded:
        # Whoever guesses puts nothing into the cache, and names no tenant that there is not.
        async with means.database.connection() as conn:
            known = await store.load_site_keys(conn, tenant_id, [key])
        if key not in known:
            raise unknown_site_key() from None
        found = await means.references.get(tenant_id=tenant_id, topic=SITE_KEY, key=key)
    if found is None or not found.enabled:
        raise unknown_site_key()
    one: SiteKey = found
    return one


def _work(saved: SiteKey) -> Work:
    fact = SiteKeySaved(
        site_key=saved.id,
        revision=saved.revision,
        enabled=saved.enabled,
        rate_per_second=saved.rate_per_second,
    )
    decision = Decision(Fact(f"site_key/{saved.id}", fact))
    return Work(plan=Plan(lambda _book: decision), changed=((SITE_KEY, str(saved.number)),))


def _command(verb: str, grant: Grant, key: str, content: object) -> Command:
    return Command(
        action=f"insight.{verb}",
        permission=_WRITE,
        grant=grant,
        key=key,
        content=canonical(content),
        plan=planned_by_work,
        targets=(switches.feature("insight"),),
    )
