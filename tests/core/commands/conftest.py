"""Fixtures of the corridor's tests: a database with a tenant, and houses on it."""

import pytest

from plaudit.platform.db import Database
from tests.kit.house import open_tenant


@pytest.fixture
async def tenant_id(db: Database) -> int:
    """Id of the one tenant of a fresh database."""
    return await open_tenant(db)
