"""The ledger's SQL: ``write`` is the posting's, ``read`` answers questions."""

from plaudit.core.ledger.store.read import (
    select_addresses,
    select_balances,
    select_below,
    select_entries_of,
    select_happened_as_of,
    select_recorded_as_of,
)
from plaudit.core.ledger.store.write import (
    Card,
    Entry,
    insert_entries,
    insert_holds,
    lock_accounts,
    lock_counters,
    lock_holds,
    open_accounts,
    plan_by_index,
    select_cards,
    update_balances,
    update_freeze,
    update_holds,
    write_counters,
)

__all__ = [
    "Card",
    "Entry",
    "insert_entries",
    "insert_holds",
    "lock_accounts",
    "lock_counters",
    "lock_holds",
    "open_accounts",
    "plan_by_index",
    "select_addresses",
    "select_balances",
    "select_below",
    "select_cards",
    "select_entries_of",
    "select_happened_as_of",
    "select_recorded_as_of",
    "update_balances",
    "update_freeze",
    "update_holds",
    "write_counters",
]
