"""Private texts: read, checked against the hash in the fact, erased by owner."""

from __future__ import annotations

from plaudit.core.journal import private, store
from plaudit.core.journal.facts import content_hash
from plaudit.platform.db import Database
from tests.core.journal.support import TENANT, record, said


async def test_a_text_is_read_beside_its_fact_and_is_genuine(db: Database) -> None:
    await record(db, [said(1, message="hello 你好 🎁"), said(2), said(3, message="", owner="viewer/v2")])
    async with db.connection() as conn:
        facts = await store.select_at(conn, tenant_id=TENANT, positions=[1, 2, 3])
        texts = await private.read(conn, tenant_id=TENANT, positions=[1, 2, 3])
    assert [(text.position, text.part.name, text.part.owner, text.part.body) for text in texts] == [
        (1, "message", "viewer/v1", "hello 你好 🎁"),
        (3, "message", "viewer/v2", ""),
    ]
    assert all("hello" not in str(fact.data) for fact in facts)
    assert private.is_genuine(part=texts[0].part, digest=facts[0].data["message_hash"])
    assert not private.is_genuine(part=texts[0].part, digest=facts[2].data["message_hash"])


async def test_erasing_an_owner_spares_others_and_the_facts(db: Database) -> None:
    await record(db, [said(1, message="a"), said(2, message="b"), said(3, message="c", owner="viewer/v2")])
    await record(db, [said(1, message="a")], tenant_id=8)
    async with db.connection() as conn:
        before = await store.select_at(conn, tenant_id=TENANT, positions=[1, 2, 3])
        assert await private.erase(conn, tenant_id=TENANT, owner="viewer/v1") == 2
        assert await private.erase(conn, tenant_id=TENANT, owner="viewer/v1") == 0
        texts = await private.read(conn, tenant_id=TENANT, positions=[1, 2, 3])
        after = await store.select_at(conn, tenant_id=TENANT, positions=[1, 2, 3])
        assert [text.part.body for text in texts] == ["c"]
        assert len(await private.read(conn, tenant_id=8, positions=[1])) == 1
    assert after == before
    assert [content_hash(fact) for fact in after] == [fact.hash for fact in after]


async def test_nothing_asked_nothing_read(db: Database) -> None:
    async with db.connection() as conn:
        assert await private.read(conn, tenant_id=TENANT, positions=[]) == []
