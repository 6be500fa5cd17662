"""The first answer, rendered again: outcomes read back from facts and entries."""

from collections.abc import Sequence

import msgspec

from plaudit.core.commands.command import Outcome
from plaudit.core.journal import store as journal_store
from plaudit.core.ledger import balances
from plaudit.platform.db import Connection
from plaudit.vocabulary.facts import FACTS


async def load(conn: Connection, *, tenant_id: int, positions: Sequence[int]) -> dict[int, Outcome]:
    """Return the outcomes recorded at the given positions, marked as replayed. Two queries, however many."""
    facts = await journal_store.select_at(conn, tenant_id=tenant_id, positions=positions)
    entries = await balances.entries_of(conn, facts=facts)
    return {
        fact.position: Outcome(
            position=fact.position,
            kind=fact.kind,
            subject=fact.subject,
            at=fact.at,
            recorded_at=fact.recorded_at,
            data=msgspec.convert(fact.data, FACTS[fact.kind]),
            entries=entries.get(fact.position, {}),
            replayed=True,
        )
        for fact in facts
    }
