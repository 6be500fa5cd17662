"""Each audit of the journal sees its fault planted and names it; a sound journal has no findings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from plaudit.core.findings import FINDINGS_MAX, Finding
from plaudit.core.journal import private
from plaudit.core.journal.audit import AUDITS
from plaudit.platform.db import Database, connect
from tests.core.journal.support import NOON, TENANT, record, said
from tests.kit.servers import DatabaseUrls


@pytest.fixture
async def journal(db: Database) -> Database:
    """Two tenants with private texts, keys and cursors."""
    for tenant_id in (TENANT, TENANT + 1):
        await record(
            db,
            [said(1, message="hello"), said(2), said(3, owner="viewer/v2", message="你好")],
            tenant_id=tenant_id,
        )
        await record(db, [said(n) for n in range(4, 11)], tenant_id=tenant_id, at=NOON + timedelta(seconds=1))
        async with db.connection() as conn:
            await conn.execute(
                "INSERT INTO journal.key (tenant_id, digest, content, position)"
                " SELECT %s, gen_random_uuid(), gen_random_uuid(), n FROM generate_series(1, 10) n",
                (tenant_id,),
            )
            await conn.execute(
                "INSERT INTO journal.subscription (tenant_id, name, position) VALUES (%s, 'test.tally', 10)",
                (tenant_id,),
            )
    return db


@contextmanager
def _planting(database: DatabaseUrls) -> Iterator[list[str]]:
    """Collect statements, and run them as the superuser with all triggers off."""
    statements: list[str] = []
    yield statements
    with connect(database.superuser_url, role=None) as superuser:
        superuser.execute("SET session_replication_role = replica")
        for statement in statements:
            assert superuser.execute(statement.encode()).rowcount > 0, statement


async def _findings(db: Database) -> list[Finding]:
    async with db.transaction() as conn:
        await conn.execute("SET TRANSACTION READ ONLY")
        return [finding for audit in AUDITS for finding in [found async for found in audit.examine(conn)]]


async def _sentences(db: Database) -> list[tuple[str, int | None, str]]:
    return [(finding.audit, finding.tenant_id, finding.sentence) for finding in await _findings(db)]


async def test_a_sound_journal_has_no_findings(journal: Database) -> None:
    assert await _findings(journal) == []


async def test_an_empty_journal_has_no_findings(db: Database) -> None:
    assert await _findings(db) == []


async def test_an_erased_viewer_leaves_all_audits_green(journal: Database) -> None:
    async with journal.connection() as conn:
        assert await private.erase(conn, tenant_id=TENANT, owner="viewer/v1") == 1
    assert await _findings(journal) == []


@pytest.mark.parametrize(
    ("where", "sentence"),
    [
        ("position = 5", "There is no fact at position 5: it was lost or removed."),
        ("position = 1", "There is no fact at position 1: it was lost or removed."),
        ("position >= 8", "There are no facts at positions 8 to 10: they were lost or removed."),
        ("position > 0", "There are no facts at positions 1 to 10: they were lost or removed."),
    ],
)
async def test_a_hole_is_named(journal: Database, database: DatabaseUrls, where: str, sentence: str) -> None:
    with _planting(database) as plant:
        plant += [
            f"DELETE FROM journal.fact WHERE tenant_id = 7 AND {where}",  # noqa: S608
            f"DELETE FROM journal.key WHERE tenant_id = 7 AND {where}",  # noqa: S608
        ]
    found = [one for one in await _sentences(journal) if one[0] == "journal.dense"]
    assert found == [("journal.dense", TENANT, sentence)]


async def test_several_holes_are_named_each(journal: Database, database: DatabaseUrls) -> None:
    with _planting(database) as plant:
        plant.append("DELETE FROM journal.fact WHERE position IN (2, 3, 6)")
    found = [one.details for one in await _findings(journal) if one.audit == "journal.dense"]
    assert found == [{"first": 2, "last": 3}, {"first": 6, "last": 6}] * 2


async def test_a_fact_beyond_the_head_is_named(journal: Database, database: DatabaseUrls) -> None:
    with _planting(database) as plant:
        plant.append("UPDATE journal.head SET position = 9 WHERE tenant_id = 7")
        plant.append("DELETE FROM journal.head WHERE tenant_id = 8")
        plant.append("UPDATE journal.subscription SET position = 9")
    assert await _sentences(journal) == [
        ("journal.dense", 7, "Fact 10 stands beyond the head, which is at 9."),
        ("journal.dense", 8, "Fact 10 stands beyond the head, which is at None."),
        (
            "journal.cursors",
            8,
            "The subscription test.tally claims to have read up to 9; the journal ends at 0.",
        ),
    ]


@pytest.mark.parametrize(
    "change",
    [
        "data = data || '{\"number\": 99}'",
        "actor = 'viewer/other'",
        "at = at + interval '1 microsecond'",
        "subject = 'viewer/other'",
        "kind = 'test.other'",
        "version = 2",
        "moves = '[[1, 5]]'",
        "hash = sha256('other')",
    ],
)
async def test_a_changed_fact_is_named(journal: Database, database: DatabaseUrls, change: str) -> None:
    with _planting(database) as plant:
        plant.append(f"UPDATE journal.fact SET {change} WHERE tenant_id = 8 AND position = 4")  # noqa: S608
    kind = "test.other" if change.startswith("kind") else "test.said"
    assert await _sentences(journal) == [
        ("journal.content", 8, f"Fact 4 ({kind}) is not what was recorded: its hash differs.")
    ]


async def test_a_time_of_recording_that_goes_back_is_named(journal: Database, database: DatabaseUrls) -> None:
    with _planting(database) as plant:
        plant.append(
            "UPDATE journal.fact SET recorded_at = recorded_at - interval '1 hour'"
            " WHERE tenant_id = 7 AND position = 6"
        )
    assert await _sentences(journal) == [
        (
            "journal.recorded_order",
            7,
            (
                "Fact 6 says that it was recorded at 2026-05-01T11:00:01.000000Z,"
                " before the fact ahead of it (2026-05-01T12:00:01.000000Z)."
            ),
        )
    ]


async def test_a_key_of_no_fact_is_named(journal: Database, database: DatabaseUrls) -> None:
    key = "00000000-0000-0000-0000-00000000002a"
    with _planting(database) as plant:
        plant.append(f"INSERT INTO journal.key VALUES (7, '{key}', gen_random_uuid(), 11)")  # noqa: S608
    assert await _sentences(journal) == [
        ("journal.keys", 7, f"The idempotency key {key} is bound to fact 11, which does not exist.")
    ]


async def test_a_cursor_beyond_the_head_is_named(journal: Database, database: DatabaseUrls) -> None:
    with _planting(database) as plant:
        plant.append("UPDATE journal.subscription SET position = 11 WHERE tenant_id = 8")
    assert await _sentences(journal) == [
        (
            "journal.cursors",
            8,
            "The subscription test.tally claims to have read up to 11; the journal ends at 10.",
        )
    ]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            "body = 'goodbye'",
            'The private text "message" beside fact 1 is not the one whose hash the fact holds.',
        ),
        (
            "salt = '\\x00'",
            'The private text "message" beside fact 1 is not the one whose hash the fact holds.',
        ),
        ("position = 2", 'The private text "message" beside fact 2 belongs to no fact that holds its hash.'),
        (
            "position = 11",
            'The private text "message" beside fact 11 belongs to no fact that holds its hash.',
        ),
        (
            "name = 'reason'",
            'The private text "reason" beside fact 1 belongs to no fact that holds its hash.',
        ),
    ],
)
async def test_a_false_private_text_is_named(
    journal: Database, database: DatabaseUrls, change: str, sentence: str
) -> None:
    with _planting(database) as plant:
        plant.append(f"UPDATE journal.private SET {change} WHERE tenant_id = 7 AND position = 1")  # noqa: S608
    assert await _sentences(journal) == [("journal.private", 7, sentence)]


async def test_a_broken_table_does_not_flood(db: Database, database: DatabaseUrls) -> None:
    await record(db, [said(n, message="m") for n in range(1, 101)])
    with _planting(database) as plant:
        plant += [
            (
                "INSERT INTO journal.key SELECT 7, gen_random_uuid(), gen_random_uuid(), 1000 + n"
                " FROM generate_series(1, 100) n"
            ),
            "UPDATE journal.private SET body = 'other'",
            (
                "UPDATE journal.fact"
                " SET actor = 'other', recorded_at = recorded_at - position * interval '1 second'"
            ),
            "DELETE FROM journal.fact WHERE position % 2 = 0",
            "INSERT INTO journal.subscription SELECT 7, 's' || n, 1000 FROM generate_series(1, 100) n",
        ]
    found = await _findings(db)
    assert {audit.name: sum(one.audit == audit.name for one in found) for audit in AUDITS} == {
        audit.name: FINDINGS_MAX for audit in AUDITS
    }
