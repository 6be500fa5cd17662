"""What each process keeps of campaigns between batches: their lives as read, and what opens seeds."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final
from weakref import WeakKeyDictionary

from plaudit.core.commands.corridor import Corridor
from plaudit.features.campaigns.model.engine.life import Life
from plaudit.platform.crypto import Vault

_TENANTS_MAX: Final = 1_000


class Memory:
    """By tenant the lives of its running campaigns, as the database had them at a version."""

    def __init__(self, vault: Vault) -> None:
        self.vault = vault
        self._lives: dict[int, tuple[int, Life]] = {}

    def life(self, tenant_id: int, *, version: int) -> Life | None:
        """Return what was kept of a tenant, None where that is of another version or not there."""
        kept = self._lives.get(tenant_id)
        return kept[1] if kept is not None and kept[0] == version else None

    def keep(self, tenant_id: int, *, version: int, life: Life) -> None:
        """Keep what the database has at a version."""
        if len(self._lives) >= _TENANTS_MAX:
            self._lives.clear()
        self._lives[tenant_id] = (version, life)

    def forget(self, tenant_id: int) -> None:
        """Forget a tenant whose campaigns are about to change: who knows whether that will be committed."""
        self._lives.pop(tenant_id, None)


_MEMORIES: Final[WeakKeyDictionary[Corridor, Memory]] = WeakKeyDictionary()


@asynccontextmanager
async def companion(house: Any) -> AsyncIterator[Memory]:  # noqa: ANN401 - the assembled house
    """Open the memory of the process of this house: a reaction is handed its corridor and nothing else."""
    memory = Memory(house.vault)
    _MEMORIES[house.corridor] = memory
    yield memory


def memory_of(corridor: Corridor) -> Memory:
    """Return the memory of the house that has this corridor."""
    return _MEMORIES[corridor]
