"""Fixtures of the tests of insight."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.features.insight.box_office import BoxOffice, Hall, open_hall
from tests.kit.servers import TestServer, fresh_database


@pytest.fixture(scope="module")
async def hall(postgres: TestServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hall]:
    """Lend the house that the tests of one module share; each has a tenant of its own."""
    with fresh_database(postgres) as urls:
        async with open_hall(urls.url, tmp_path_factory.mktemp("hall")) as opened:
            yield opened


@pytest.fixture
async def office(hall: Hall) -> BoxOffice:
    """Lend a box office that has announced a show."""
    return await hall.office()
