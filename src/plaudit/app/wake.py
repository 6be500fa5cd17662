"""Telling those who wait for new facts that there may be some."""

import asyncio


class Wake:
    """One event a tenant, set and replaced when its journal has moved."""

    def __init__(self) -> None:
        """Begin with nobody waiting."""
        self._events: dict[int, asyncio.Event] = {}
        self._heads: dict[int, int] = {}
        self._closed = asyncio.Event()

    @property
    def closed(self) -> bool:
        """Tell whether the process is about to stop, so that nobody should begin to wait."""
        return self._closed.is_set()

    def head(self, tenant_id: int) -> int:
        """Return the newest position of a tenant that was told here; 0 when none was."""
        return self._heads.get(tenant_id, 0)

    def moved(self, tenant_id: int, position: int) -> None:
        """Wake those who wait for facts of a tenant, unless this position was known already."""
        if position > self._heads.get(tenant_id, 0):
            self._heads[tenant_id] = position
            self._set(tenant_id)

    def close(self) -> None:
        """Wake everybody for good."""
        self._closed.set()
        for tenant_id in list(self._events):
            self._set(tenant_id)

    async def wait(self, tenant_id: int, *, beyond: int, timeout_s: float) -> bool:
        """Wait until the journal is past a position or the process stops; False when time ran out."""
        if self.closed or self._heads.get(tenant_id, 0) > beyond:
            return True
        event = self._events.get(tenant_id)
        if event is None:
            event = self._events[tenant_id] = asyncio.Event()
        try:
            async with asyncio.timeout(timeout_s):
                await event.wait()
        except TimeoutError:
            return False
        return True

    def _set(self, tenant_id: int) -> None:
        event = self._events.pop(tenant_id, None)
        if event is not None:
            event.set()
