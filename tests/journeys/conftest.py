"""A server for all journeys of a worker, a tenant for each, and the doctor after every one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.journeys.stage import Api, Stage, examined, serving
from tests.kit.servers import FOLDER, TestServer, fresh_database

_TENANTS = 80


@pytest.fixture(scope="session")
def stage(postgres: TestServer) -> Iterator[Stage]:
    """Lend a server that journeys share."""
    with (
        fresh_database(postgres) as urls,
        tempfile.TemporaryDirectory(prefix="journeys-", dir=os.environ[FOLDER]) as folder,
        serving(
            database_url=urls.url,
            owner_url=urls.owner_url,
            data_dir=Path(folder),
            tenant_count=_TENANTS,
        ) as stage,
    ):
        yield stage


@pytest.fixture
def api(stage: Stage) -> Iterator[Api]:
    """Lend a tenant of one journey's own, as its first key; the doctor must be content with it afterwards."""
    tenant = stage.tenants.pop()
    with Api(stage.url, tenant.key, tenant.slug, tenant.tenant_id) as api:
        yield api
    verdict = examined(database_url=stage.database_url, tenant_id=tenant.tenant_id)
    assert verdict.green, verdict.findings


@pytest.fixture
def somebody(api: Api) -> Iterator[Callable[[str], Api]]:
    """Lend the same server as others of the tenant see it, by their credential."""
    with ExitStack() as stack:
        yield lambda credential: stack.enter_context(api.like(credential))
