"""Fixtures of the features' tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from plaudit.platform.db import Database
from tests.features.floor import Floor, open_floor


@pytest.fixture
async def floor(db: Database) -> AsyncIterator[Floor]:
    """Lend the features on a running core."""
    async with open_floor(db) as opened:
        yield opened
