"""A dump restored into a new cluster reads on, and is written on."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from plaudit.core.journal import read
from plaudit.core.journal.audit import AUDITS
from plaudit.core.journal.subscriptions import catch_up
from plaudit.platform.backup import backup, restore
from plaudit.platform.db import Database
from plaudit.platform.postgres import embedded
from tests.core.journal.support import (
    TALLY,
    TENANT,
    Clock,
    Deeds,
    column,
    create_tables,
    deeds,
    record,
    said,
)
from tests.kit.servers import DatabaseUrls


async def test_a_dump_restored_into_a_new_cluster_reads_on(
    db: Database, database: DatabaseUrls, data_dir: Path, tmp_path: Path
) -> None:
    create_tables(database)
    acts = Deeds()
    await record(db, [said(n, message=f"m{n}") for n in range(20, 30)])
    await catch_up(database=db, subscriptions=[TALLY, acts.subscription], clock=Clock())
    await record(db, [said(n) for n in range(30, 40)])
    backup(database.owner_url, tmp_path / "plaudit.backup")
    await record(db, [said(99)])

    with embedded(data_dir=data_dir, shared_buffers_mib=32) as server:
        restore(server.owner_url, tmp_path / "plaudit.backup")
        async with Database.open(server.url, pool_max=4) as restored:
            assert await record(restored, [said(40), said(41)]) == 22
            acts = Deeds()
            await catch_up(database=restored, subscriptions=[TALLY, acts.subscription], clock=Clock())
            assert acts.spans == [(10, 22)]
            assert await deeds(restored) == list(range(1, 23))
            assert await column(restored, "SELECT facts FROM public.total") == [22]
            async with restored.transaction() as conn:
                page = await read.page(conn, tenant_id=TENANT, after=0, limit=100)
                findings = [one for audit in AUDITS async for one in audit.examine(conn)]
            assert [fact.data["number"] for fact in page.facts] == list(range(20, 42))
            assert findings == []
            async with restored.connection() as conn:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    await conn.execute("DELETE FROM journal.fact")
        with (
            psycopg.connect(server.owner_url) as owner,
            pytest.raises(psycopg.errors.IntegrityConstraintViolation),
        ):
            owner.execute("DELETE FROM journal.fact")
