"""What happened to one account: its entries, newest first, each with the fact that caused it.

Reads the ledger and the journal directly, so a statement shows an entry as soon as its commit is done.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from plaudit.core.journal import store as journal_store
from plaudit.core.ledger import store
from plaudit.kernel.page import Page, check_limit, decode_cursor, encode_cursor
from plaudit.platform.db import Connection
from plaudit.vocabulary import chart

_NEWEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of an account and its cause: the fact at ``position``. Amounts in minor units."""

    position: int
    amount_minor: int
    before_minor: int
    after_minor: int
    kind: str
    subject: str
    actor: str
    at: datetime
    recorded_at: datetime
    data: Mapping[str, Any]


async def page(
    conn: Connection, *, tenant_id: int, address: str, limit: int | None = None, cursor: str | None = None
) -> Page[Line]:
    """Return a page of an account's entries, newest first; an account that was never opened has none.

    Costs one index range and one probe of the journal a line, however long the account's history. Raises
    Refusal account.unknown when the chart has no such address, cursor.invalid, limit.invalid.
    """
    size = check_limit(limit)
    before = _NEWEST if cursor is None else int(decode_cursor(cursor, int)[0])
    chart.account_of(address)
    cards = await store.select_cards(conn, tenant_id=tenant_id, addresses=[address])
    if not cards:
        return Page((), None)
    entries = await store.select_entries(
        conn, tenant_id=tenant_id, account_id=cards[0].id, before=before, limit=size + 1
    )
    shown = entries[:size]
    facts = await journal_store.select_at(conn, tenant_id=tenant_id, positions=[row[0] for row in shown])
    by_position = {fact.position: fact for fact in facts}
    lines = []
    for position, amount, balance in shown:
        fact = by_position[position]
        lines.append(
            Line(
                position=position,
                amount_minor=amount,
                before_minor=balance - amount,
                after_minor=balance,
                kind=fact.kind,
                subject=fact.subject,
                actor=fact.actor,
                at=fact.at,
                recorded_at=fact.recorded_at,
                data=fact.data,
            )
        )
    return Page(lines, encode_cursor([shown[-1][0]]) if len(entries) > size else None)
