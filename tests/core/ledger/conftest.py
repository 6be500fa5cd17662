"""Fixtures of the ledger's tests: the core running on a fresh database."""

from collections.abc import AsyncIterator

import pytest

from plaudit.platform.db import Database
from tests.kit.house import House, open_tenant, running_house


@pytest.fixture
async def house(db: Database) -> AsyncIterator[House]:
    """Lend the core on a fresh database with one tenant."""
    tenant_id = await open_tenant(db)
    async with running_house(db, tenant_id=tenant_id) as running:
        yield running
