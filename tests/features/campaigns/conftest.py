"""Fixtures of the tests of campaigns."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.features.campaigns.live import Live
from tests.features.campaigns.stage import Stage, open_stage


@pytest.fixture
async def stage(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    """Lend a tenant whose campaigns Ada makes and Bob checks."""
    async with open_stage(database_url, tmp_path, monkeypatch) as opened:
        yield opened


@pytest.fixture
def live(stage: Stage) -> Live:
    """Lend campaigns at work."""
    return Live(stage)
