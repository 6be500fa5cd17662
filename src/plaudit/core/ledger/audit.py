"""What must hold of the ledger, searched for what breaks it. Every audit has a test that plants its fault."""

from collections.abc import AsyncIterator, Callable
from typing import Any, Final, TypeAlias

from plaudit.core.findings import FINDINGS_MAX, Audit, Finding
from plaudit.core.ledger.store import audit as store
from plaudit.core.ledger.store.audit import AccountRow, Row
from plaudit.kernel.refusal import Json, Refusal
from plaudit.platform.db import Connection
from plaudit.vocabulary import chart

_RANK_BITS: Final = 56

# A row of the query becomes a sentence and its details.
_Told: TypeAlias = tuple[str, dict[str, Json]]


def _audit(name: str, sentence: str, *parts: tuple[str, Callable[[Row], _Told]]) -> Audit:
    async def examine(conn: Connection) -> AsyncIterator[Finding]:
        for query, tell in parts:
            for row in await store.select_broken(conn, query=query, limit=FINDINGS_MAX):
                yield _finding(name, row, tell)

    return Audit(name, sentence, examine)


async def _examine_moves(conn: Connection) -> AsyncIterator[Finding]:
    for row in await store.select_false_moves(conn, limit=FINDINGS_MAX):
        yield _finding("ledger.moves", row, _move)


def _finding(name: str, row: Row, tell: Callable[[Row], _Told]) -> Finding:
    sentence, details = tell(tuple(_whole(value) for value in row))
    return Finding(name, row[0], sentence, details)


def _whole(value: Any) -> Any:  # noqa: ANN401 - a column of any type
    """Return sums, which PostgreSQL computes as numeric, as the integers they are."""
    return int(value) if hasattr(value, "as_tuple") else value


def _tenant_sum(row: Row) -> _Told:
    _, asset, total = row
    return f"All entries in {asset} sum to {total} instead of zero.", {"asset": asset, "sum_minor": total}


def _fact_sum(row: Row) -> _Told:
    _, position, asset, total = row
    return (
        f"The entries of fact {position} sum to {total} {asset} instead of zero.",
        {"position": position, "asset": asset, "sum_minor": total},
    )


def _balance(row: Row) -> _Told:
    _, address, balance, total = row
    return (
        f"{address} says {balance}, its entries sum to {total}.",
        {"address": address, "balance_minor": balance, "sum_minor": total},
    )


def _link(row: Row) -> _Told:
    _, address, account_id, position, before, amount, balance = row
    return (
        f"{address or f'Account {account_id}'} at fact {position}: {before} + {amount} is not {balance}.",
        {
            "address": address,
            "account_id": account_id,
            "position": position,
            "before_minor": before,
            "amount_minor": amount,
            "balance_minor": balance,
        },
    )


def _floor(row: Row) -> _Told:
    _, address, floor, balance, position = row
    when = "stands" if position is None else f"stood after fact {position}"
    return (
        f"{address} {when} at {balance}, below its floor of {floor}.",
        {"address": address, "floor": floor, "balance_minor": balance, "position": position},
    )


def _held(row: Row) -> _Told:
    _, address, remaining, balance = row
    return (
        f"{address} says {balance}, its open holds sum to {remaining}.",
        {"address": address, "balance_minor": balance, "remaining_minor": remaining},
    )


def _hold(row: Row) -> _Told:
    _, hold_id, address, amount, has_fact = row
    reason = "its row contradicts itself" if has_fact else "no fact opened it"
    return (
        f"Hold {hold_id} on {address} over {amount}: {reason}.",
        {"hold": hold_id, "address": address, "amount_minor": amount},
    )


def _move(row: Row) -> _Told:
    _, position, account_id, posted, told, fact_rows, entry_rows = row
    if not entry_rows:
        what = f"has no entry on account {account_id}, where it says it moved {told}"
    elif not fact_rows:
        what = f"says nothing of account {account_id}, where an entry moved {posted} (or the fact is missing)"
    elif posted != told:
        what = f"says it moved {told} on account {account_id}, the entry says {posted}"
    else:
        what = f"and its entry on account {account_id} happened at different times"
    return (
        f"Fact {position} {what}.",
        {"position": position, "account_id": account_id, "entry_minor": posted, "fact_minor": told},
    )


def _asset(row: Row) -> _Told:
    _, position, account_id, address, asset = row
    whose = address or f"account {account_id}, which does not exist"
    return (
        f"The entry of fact {position} on {whose} is in {asset}.",
        {"position": position, "account_id": account_id, "address": address, "asset": asset},
    )


def _counter(row: Row) -> _Told:
    _, name, starts, used, moved = row
    bound = "" if moved is None else f" of {moved} moved"
    return (
        f"Counter {name} from {starts.isoformat()} says {used}{bound}, which cannot be.",
        {"name": name, "used_minor": used, "moved_minor": moved},
    )


async def _examine_chart(conn: Connection) -> AsyncIterator[Finding]:
    found = 0
    async for account in store.stream_accounts(conn):
        wrong = _differs(account)
        if wrong is None:
            continue
        yield Finding(
            "ledger.chart", account.tenant_id, f"{account.address} {wrong}.", {"address": account.address}
        )
        found += 1
        if found == FINDINGS_MAX:
            return


def _differs(account: AccountRow) -> str | None:
    try:
        read = chart.account_of(account.address)
    except Refusal:
        return "is not an address of the chart"
    if account.asset != read.asset.code:
        return f"is kept in {account.asset} instead of {read.asset.code}"
    if account.floor != read.template.floor:
        return f"has the floor {account.floor} instead of {read.template.floor}"
    if account.id >> _RANK_BITS != read.template.rank:
        return f"is locked at rank {account.id >> _RANK_BITS} instead of {read.template.rank}"
    return None


AUDITS: Final[tuple[Audit, ...]] = (
    _audit(
        "ledger.sum_zero",
        "Entries sum to zero in every asset, per tenant and per fact.",
        (store.TENANT_SUMS, _tenant_sum),
        (store.FACT_SUMS, _fact_sum),
    ),
    _audit("ledger.balance", "A balance equals the sum of its entries.", (store.BALANCES, _balance)),
    _audit(
        "ledger.chain",
        "Each entry goes on from the balance that the one before it left.",
        (store.CHAIN, _link),
    ),
    _audit("ledger.floor", "No account is, or ever was, below its floor.", (store.FLOORS, _floor)),
    _audit(
        "ledger.holds",
        "An escrow holds what its open holds sum to, and each hold was opened by a fact.",
        (store.HELD, _held),
        (store.HOLDS, _hold),
    ),
    Audit(
        "ledger.moves",
        "What a fact says it moved and its entries are the same, to the unit and the time.",
        _examine_moves,
    ),
    _audit("ledger.assets", "Every entry is in its account's asset.", (store.ASSETS, _asset)),
    _audit(
        "ledger.counters",
        "A counter is within bounds, and no fact is reversed beyond what it moved.",
        (store.COUNTERS, _counter),
    ),
    Audit("ledger.chart", "Every account is one of the chart, as the chart describes it.", _examine_chart),
)
"""All of the ledger's audits, in the order in which they are told."""
