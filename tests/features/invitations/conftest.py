"""Fixtures of the tests of invitations."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.features.invitations.stage import Stage, open_stage


@pytest.fixture
async def stage(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    """Lend a tenant whose box office the test plays."""
    async with open_stage(database_url, tmp_path, monkeypatch) as opened:
        yield opened
