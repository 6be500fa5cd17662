"""Fixtures of the tests of presale."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.features.presale.hall import Hall, open_hall
from tests.features.presale.stage import Stage, open_stage


@pytest.fixture
async def stage(database_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """Lend a tenant that sells shows."""
    async with open_stage(database_url, tmp_path) as opened:
        yield opened


@pytest.fixture
async def hall(database_url: str, tmp_path: Path) -> AsyncIterator[Hall]:
    """Lend a tenant that sells shows, to whom the test plays payments."""
    async with open_hall(database_url, tmp_path) as opened:
        yield opened
