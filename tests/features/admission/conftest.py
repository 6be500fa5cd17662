"""Fixtures of admission's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.features.admission.theatre import Theatre, open_theatre


@pytest.fixture
async def theatre(database_url: str, tmp_path: Path) -> AsyncIterator[Theatre]:
    """Lend a tenant with a show that is live, alone with admission."""
    async with open_theatre(database_url, tmp_path) as opened:
        yield opened
