"""Fixtures of the tests of notifications."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.features.notifications.mailbox import Mailbox, open_mailbox
from tests.features.notifications.theatre import Theatre, open_theatre


@pytest.fixture
async def theatre(database_url: str, tmp_path: Path) -> AsyncIterator[Theatre]:
    """Lend a tenant with shows and viewers."""
    async with open_theatre(database_url, tmp_path) as opened:
        yield opened
        await opened.caught_up()
        for one in (await opened.acme.get("/v1/subscriptions"))["items"]:
            assert not one["dead_letters"], one


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    """Lend a mail server without TLS."""
    async with open_mailbox() as opened:
        yield opened
