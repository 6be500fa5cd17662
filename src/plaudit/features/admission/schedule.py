"""What admission does on time: what nobody told of is found.

Every ten seconds the rights of all who watch are looked up again, since one may have been given back in the
moment in which it was let in. Every half minute media servers are asked who is there, and places whose
clients have left without a word, or whose time is over, are given up. Running this late, twice or in several
processes at once changes nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from plaudit.core.commands import tenants as core_tenants
from plaudit.core.feature import Schedule
from plaudit.features.admission.actions.base import SERVERS, Means, ready_of
from plaudit.features.admission.actions.revoking import revoke
from plaudit.features.admission.actions.rights import pages_of_rightless
from plaudit.features.admission.model.places import Place
from plaudit.features.admission.model.servers import MediaServer
from plaudit.features.admission.store import places as store
from plaudit.features.admission.store.servers import ALL
from plaudit.kernel.refusal import Refusal
from plaudit.platform import log, telemetry
from plaudit.platform.failures import Failure
from plaudit.vocabulary.facts.admission import RevokeCause

_log = log.logger("admission")

SESSIONS: Final = telemetry.gauge(
    "access_sessions",
    "Places taken at media servers by their kind, looked at every half minute.",
    labels=("kind",),
    over_processes="latest",
)

LET_IN_JUST_NOW: Final = timedelta(seconds=30)
"""Who was let in this short a time ago need not be in a server's list yet."""
UNSEEN: Final = timedelta(hours=12)
"""A place of which nobody tells for this long is given up."""
_TENANT_MAX_S: Final = 60.0


async def sweep(house: Means) -> None:
    """End the sessions of those whose right is gone, in every tenant."""
    await _in_every_tenant(house, lambda tenant_id: sweep_tenant(house, tenant_id=tenant_id))


async def sweep_tenant(house: Means, *, tenant_id: int) -> None:
    """End the sessions of those whose right is gone."""
    async with house.database.connection() as conn:
        gone = [place async for page in pages_of_rightless(conn, tenant_id=tenant_id) for place in page]
    if not gone:
        return
    async with house.database.transaction() as tx:
        ended: dict[tuple[str, str | None, RevokeCause, str], list[Place]] = {}
        numbers = [(place.viewer, place.show, place.number) for place in gone]
        for place in await store.delete_places(tx, tenant_id=tenant_id, numbers=numbers):
            by = f"sweep/{place.number}/{place.serial}"
            ended.setdefault((place.show, place.viewer, "right", by), []).append(place)
        await revoke(house.corridor, tx, tenant_id=tenant_id, ended=ended)


async def look(house: Means) -> None:
    """Ask media servers who is there, in every tenant."""
    counts: dict[str, int] = {}

    async def work(tenant_id: int) -> None:
        await look_tenant(house, tenant_id=tenant_id, counts=counts)

    await _in_every_tenant(house, work)
    for kind, count in counts.items():
        SESSIONS.labels(kind).set(count)


async def look_tenant(house: Means, *, tenant_id: int, counts: dict[str, int]) -> None:
    """Ask one tenant's media servers who is there, give up what is over, and add up who is left by kind."""
    servers: tuple[MediaServer, ...] = await house.references.get(tenant_id=tenant_id, topic=SERVERS, key=ALL)
    for server in servers:
        if server.terms.enabled:
            await _look_at(house, server)
    now = house.clock.now()
    async with house.database.connection() as conn:
        await store.delete_over(conn, tenant_id=tenant_id, now=now, unseen_since=now - UNSEEN)
        left = await store.count_places(conn, tenant_id=tenant_id)
    for server in servers:
        counts[server.kind] = counts.get(server.kind, 0) + left.get(server.number, 0)


async def _look_at(house: Means, server: MediaServer) -> None:
    asked_at = house.clock.now()
    try:
        media = ready_of(house, server).media
        if not media.lists:
            return
        present = await media.present()
    except (Failure, Refusal) as error:
        _log.warning("media server not asked", server=server.id, kind=server.kind, error=str(error))
        return
    async with house.database.connection() as conn:
        await store.see_places(
            conn, tenant_id=server.tenant_id, server=server.number, clients=present, now=asked_at
        )
        await store.delete_absent(
            conn,
            tenant_id=server.tenant_id,
            server=server.number,
            present=present,
            before=asked_at - LET_IN_JUST_NOW,
        )


async def _in_every_tenant(house: Means, work: Callable[[int], Awaitable[None]]) -> None:
    """Do something in one tenant after the other. One that is off, in trouble or slow keeps no other."""
    async with house.database.connection() as conn:
        found = await core_tenants.tenants(conn)
    for tenant in found:
        try:
            async with asyncio.timeout(_TENANT_MAX_S):
                await work(tenant.tenant_id)
        except Exception as error:
            if isinstance(error, AssertionError):
                raise
            _log.warning("sessions not looked at", tenant_id=tenant.tenant_id, exc_info=error)


SWEEP: Final = Schedule(name="admission.sweep", cron="* * * * * */10", work=sweep)
LOOK: Final = Schedule(name="admission.look", cron="* * * * * */30", work=look)
