"""What must always hold of the journal, and the search for what breaks it."""

from collections.abc import AsyncIterator
from typing import Final

from plaudit.core.findings import FINDINGS_MAX, Audit, Finding
from plaudit.core.journal import store as journal_store
from plaudit.core.journal.audit import store
from plaudit.core.journal.facts import content_hash
from plaudit.kernel.time import format_time
from plaudit.platform.db import Connection

__all__ = ["AUDITS"]

# Facts decoded in memory at a time.
_FACTS: Final = 2_000


async def _dense(conn: Connection) -> AsyncIterator[Finding]:
    name = "journal.dense"
    left = FINDINGS_MAX
    for tenant in await store.select_tenants(conn):
        if tenant.head is None or tenant.last > tenant.head:
            yield Finding(
                name,
                tenant.tenant_id,
                f"Fact {tenant.last} stands beyond the head, which is at {tenant.head}.",
                {"position": tenant.last, "head": tenant.head},
            )
            left -= 1
        upto = max(tenant.head or 0, tenant.last)
        for after in range(0, upto, store.PAGE):
            page_upto = min(after + store.PAGE, upto)
            found = await store.count_facts(conn, tenant_id=tenant.tenant_id, after=after, upto=page_upto)
            if found == page_upto - after:
                continue
            for first, last in await store.select_holes(
                conn, tenant_id=tenant.tenant_id, after=after, upto=page_upto, limit=left
            ):
                yield Finding(name, tenant.tenant_id, _hole(first, last), {"first": first, "last": last})
                left -= 1
            if left <= 0:
                return


def _hole(first: int, last: int) -> str:
    if first == last:
        return f"There is no fact at position {first}: it was lost or removed."
    return f"There are no facts at positions {first} to {last}: they were lost or removed."


async def _recorded_order(conn: Connection) -> AsyncIterator[Finding]:
    left = FINDINGS_MAX
    for tenant in await store.select_tenants(conn):
        for after in range(0, tenant.last, store.PAGE):
            for position, recorded_at, before in await store.select_earlier(
                conn, tenant_id=tenant.tenant_id, after=after, upto=after + store.PAGE, limit=left
            ):
                yield Finding(
                    "journal.recorded_order",
                    tenant.tenant_id,
                    f"Fact {position} says that it was recorded at {format_time(recorded_at)},"
                    f" before the fact ahead of it ({format_time(before)}).",
                    {"position": position},
                )
                left -= 1
            if left <= 0:
                return


async def _content(conn: Connection) -> AsyncIterator[Finding]:
    left = FINDINGS_MAX
    for tenant in await store.select_tenants(conn):
        for after in range(0, tenant.last, _FACTS):
            for fact in await journal_store.select_facts(
                conn, tenant_id=tenant.tenant_id, after=after, upto=after + _FACTS, limit=_FACTS
            ):
                if content_hash(fact) == fact.hash:
                    continue
                yield Finding(
                    "journal.content",
                    tenant.tenant_id,
                    f"Fact {fact.position} ({fact.kind}) is not what was recorded: its hash differs.",
                    {"position": fact.position, "kind": fact.kind},
                )
                left -= 1
                if left <= 0:
                    return


async def _keys(conn: Connection) -> AsyncIterator[Finding]:
    left = FINDINGS_MAX
    for tenant in await store.select_tenants(conn):
        async for digest, position in store.stream_lost_keys(conn, tenant_id=tenant.tenant_id):
            yield Finding(
                "journal.keys",
                tenant.tenant_id,
                f"The idempotency key {digest} is bound to fact {position}, which does not exist.",
                {"key": str(digest), "position": position},
            )
            left -= 1
            if left <= 0:
                return


async def _cursors(conn: Connection) -> AsyncIterator[Finding]:
    for tenant_id, name, position, head in await store.select_cursors_beyond(conn, limit=FINDINGS_MAX):
        yield Finding(
            "journal.cursors",
            tenant_id,
            f"The subscription {name} claims to have read up to {position}; the journal ends at {head}.",
            {"subscription": name, "position": position, "head": head},
        )


async def _private(conn: Connection) -> AsyncIterator[Finding]:
    left = FINDINGS_MAX
    async for tenant_id, position, name, digest in store.stream_false_private(conn, limit=left):
        why = (
            "is not the one whose hash the fact holds" if digest else "belongs to no fact that holds its hash"
        )
        yield Finding(
            "journal.private",
            tenant_id,
            f'The private text "{name}" beside fact {position} {why}.',
            {"position": position, "name": name},
        )
        left -= 1
        if left <= 0:
            return


AUDITS: Final = (
    Audit("journal.dense", "Positions have no hole and end at the head.", _dense),
    Audit("journal.recorded_order", "The time of recording never goes back.", _recorded_order),
    Audit("journal.content", "Every fact is what was recorded: its hash fits its content.", _content),
    Audit("journal.keys", "Every idempotency key is bound to a fact that exists.", _keys),
    Audit("journal.cursors", "No subscription has read further than the journal goes.", _cursors),
    Audit("journal.private", "Every private text is the one whose hash its fact holds.", _private),
)
"""All audits of the journal, in the order in which they are best run."""
