"""Fixtures of the features' tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from plaudit.platform.db import Database
from tests.app.edge import Caller, UnderTest, under_test
from tests.features.floor import Floor, open_floor
from tests.features.payer import Payer

SECRET = "0123456789abcdef" * 4


@pytest.fixture
async def floor(db: Database) -> AsyncIterator[Floor]:
    """Lend the features on a running core."""
    async with open_floor(db) as opened:
        yield opened


@pytest.fixture
async def payer(floor: Floor) -> Payer:
    """Lend what stands in for payments on that floor."""
    return Payer(floor)


@pytest.fixture
async def edge(database_url: str, tmp_path: Path) -> AsyncIterator[UnderTest]:
    """Lend the whole house behind its edge."""
    async with under_test(database_url, tmp_path) as edge:
        yield edge


@pytest.fixture
async def acme(edge: UnderTest) -> Caller:
    """Lend the first key of a tenant."""
    return await edge.tenant("acme")


@pytest.fixture
async def token(edge: UnderTest, acme: Caller) -> Callable[[str, str], Caller]:
    """Sign tokens for the tenant's viewers and creators."""
    pinned = await acme.do("POST", "/v1/token-keys", {"algorithm": "HS256", "secret": SECRET})

    def signed(role: str, person: str) -> Caller:
        return edge.caller(edge.token(kid=pinned["id"], secret=SECRET, role=role, sub=person))

    return signed
