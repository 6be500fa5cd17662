"""Fixtures of the edge's tests."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.app.edge import Caller, UnderTest, under_test
from tests.kit.servers import TestServer, fresh_database

_SLUGS = itertools.count(1)


@pytest.fixture(scope="module")
async def edge(postgres: TestServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[UnderTest]:
    """Lend the house behind its edge; tests of one module share it and its database, not its tenants."""
    folder: Path = tmp_path_factory.mktemp("edge")
    with fresh_database(postgres) as urls:
        async with under_test(urls.url, folder) as edge:
            yield edge


@pytest.fixture
async def acme(edge: UnderTest) -> Caller:
    """Lend the first key of a new tenant."""
    return await edge.tenant(f"acme-{next(_SLUGS)}")
