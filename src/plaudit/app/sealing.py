"""Sealing anew: after the installation's key was changed, what was sealed with the former one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from plaudit.app.assembly import House
from plaudit.core.commands import tenants
from plaudit.platform.crypto import SealError


@dataclass(slots=True)
class Resealed:
    """What of one table of one tenant was sealed anew, and what no key opens."""

    tenant: str
    table: str
    changed: int = 0
    lost: list[str] = field(default_factory=list)


async def reseal(house: House) -> Sequence[Resealed]:
    """Seal every secret with the key in use, a table of a tenant at a time, beside servers that run.

    What no key opens stays as it is and is told. Doing it again changes nothing.
    """
    async with house.database.connection() as conn:
        everybody = await tenants.tenants(conn)
    done = []
    for tenant in everybody:
        for feature in house.features:
            for table, work in (feature.seals or {}).items():
                found = Resealed(tenant.slug, table)

                def anew(sealed: bytes, context: str, told: Resealed = found) -> bytes | None:
                    try:
                        return house.vault.reseal(sealed=sealed, context=context, randomness=house.randomness)
                    except SealError:
                        told.lost.append(context)
                        return None

                async with house.database.transaction() as tx:
                    found.changed = await work(tx, tenant_id=tenant.tenant_id, anew=anew)
                done.append(found)
    return done
