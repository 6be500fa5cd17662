"""Fixtures of the tests of payments."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from plaudit.core.commands.tenants import tenants
from plaudit.features.payments.actions import reconciliation
from tests.app.edge import under_test
from tests.features.payments.billed import DAY, Desk, at, open_desk
from tests.features.payments.counter import Counter, open_counter
from tests.kit.house import DrivenClock


@pytest.fixture
async def counter(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Counter]:
    """Lend a shop whose channels are tills."""
    async with open_counter(database_url, tmp_path, monkeypatch) as opened:
        yield opened


@pytest.fixture
async def desk(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    """Lend a merchant account whose channel is made up."""
    next_day = at(10, day=DAY + timedelta(days=1))
    async with under_test(database_url, tmp_path, clock=DrivenClock(next_day)) as edge:
        await edge.tenant("acme")
        async with edge.house.database.connection() as conn:
            (tenant,) = await tenants(conn)
        opened = await open_desk(edge.house, tenant_id=tenant.tenant_id)
        monkeypatch.setattr(reconciliation, "channel_of", lambda _means, *, merchant: opened.channel)  # noqa: ARG005
        yield opened
