"""Several processes send the same keys, half of them with other content, at the same time."""

from __future__ import annotations

import asyncio
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import pytest

from plaudit.core import audit
from plaudit.core.journal import store as journal_store
from plaudit.platform.db import Database
from tests.core.commands.storm import Answer, storm
from tests.kit.house import credit, open_tenant, running_house
from tests.kit.scale import by_scale
from tests.kit.servers import DatabaseUrls

PROCESSES = by_scale(small=3, proof=8)
KEYS = by_scale(small=120, proof=600)


async def prepared(url: str) -> int:
    """Open a tenant with a viewer who can pay for everything."""
    async with Database.open(url) as database:
        tenant_id = await open_tenant(database)
        async with running_house(database, tenant_id=tenant_id) as house:
            await house.corridor.submit(credit(tenant_id, viewer="rich", amount_minor=10**9, key="first"))
    return tenant_id


async def examined(url: str, tenant_id: int) -> int:
    """Return how many facts there are, in a database that the doctor finds sound."""
    async with Database.open(url) as database:
        report = await audit.examine(database)
        assert report.green, report.findings
        async with database.connection() as conn:
            return await journal_store.select_head(conn, tenant_id=tenant_id)


@pytest.mark.timeout(900)
def test_each_key_has_one_effect_and_the_rest_are_replays_or_conflicts(database: DatabaseUrls) -> None:
    tenant_id = asyncio.run(prepared(database.url))
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, mp_context=spawn) as pool:
        heard = list(
            pool.map(
                storm,
                [database.url] * PROCESSES,
                [tenant_id] * PROCESSES,
                range(PROCESSES),
                [KEYS] * PROCESSES,
            )
        )
    answers: dict[str, list[Answer]] = {}
    for answer in (answer for process in heard for answer in process):
        answers.setdefault(answer.key, []).append(answer)
    for key, about in answers.items():
        (done,) = [answer for answer in about if answer.code is None and not answer.replayed]
        for other in about:
            if other is done:
                continue
            if other.content == done.content:
                assert (other.replayed, other.position) == (True, done.position), key
            else:
                assert other.code == "key.conflict", key
    assert len(answers) == KEYS * (PROCESSES + 1)
    positions = {answer.position for about in answers.values() for answer in about if answer.position}
    assert len(positions) == len(answers)
    assert asyncio.run(examined(database.url, tenant_id)) == len(answers) + 1
