"""Fixtures of the tests of payments."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.features.payments.counter import Counter, open_counter


@pytest.fixture
async def counter(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Counter]:
    """Lend a shop whose channels are tills."""
    async with open_counter(database_url, tmp_path, monkeypatch) as opened:
        yield opened
