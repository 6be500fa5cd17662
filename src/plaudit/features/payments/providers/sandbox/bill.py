"""The sandbox's bills: CSV with a header, a trailer of counts and sums, and a hash over all before it.

Columns: kind, number, transaction, refund_number, channel_refund, asset, amount_minor, fee_minor, state,
happened_at, balance_minor. The trailer is `#total,<lines>,<sum of amounts>,<sum of fees>` and
`#sha256,<hex>`, the hash of all bytes before its own line.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Final, get_args

from plaudit.features.payments.model.channel import BillDamaged, BillKind, BillLine, LineKind
from plaudit.features.payments.model.sandbox import Entry
from plaudit.kernel.time import format_time, parse_time

_COLUMNS: Final = (
    "kind",
    "number",
    "transaction",
    "refund_number",
    "channel_refund",
    "asset",
    "amount_minor",
    "fee_minor",
    "state",
    "happened_at",
    "balance_minor",
)
_TOTAL: Final = "#total"
_HASH: Final = "#sha256,"
_KINDS: Final[Mapping[str, LineKind]] = {kind: kind for kind in get_args(LineKind)}


def write(*, entries: Iterable[Entry], kind: BillKind, balances: Mapping[str, int]) -> bytes:
    """Return a bill; `balances` are what was kept for the merchant before it, by currency."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(_COLUMNS)
    rows = list(_trade_rows(entries) if kind == "trade" else _funds_rows(entries, dict(balances)))
    lines.writerows(rows)
    lines.writerow((_TOTAL, len(rows), sum(int(row[6]) for row in rows), sum(int(row[7]) for row in rows)))
    before = text.getvalue().encode()
    return before + f"{_HASH}{sha256(before).hexdigest()}\n".encode()


def read(content: bytes) -> Iterator[BillLine]:
    """Yield the lines of a bill, as `Channel.read_bill`. Raises BillDamaged."""
    before, mark, after = content.rpartition(_HASH.encode())
    if not mark or after.strip() != sha256(before).hexdigest().encode():
        message = "the hash over the bill is missing or another"
        raise BillDamaged(message)
    rows = csv.reader(io.StringIO(before.decode()))
    if tuple(next(rows, ())) != _COLUMNS:
        message = "the header is another"
        raise BillDamaged(message, line=1)
    count = amounts = fees = 0
    for line, row in enumerate(rows, 2):
        if row and row[0] == _TOTAL:
            if row[1:] != [str(count), str(amounts), str(fees)]:
                message = "counts or sums differ from the lines"
                raise BillDamaged(message, line=line)
            if next(rows, None) is not None:
                message = "there are lines after the trailer"
                raise BillDamaged(message, line=line + 1)
            return
        one = _line(line, row)
        count, amounts, fees = count + 1, amounts + one.amount_minor, fees + one.fee_minor
        yield one
    message = "the trailer is missing"
    raise BillDamaged(message)


def _trade_rows(entries: Iterable[Entry]) -> Iterator[tuple[str, ...]]:
    for one in entries:
        yield _row(one, kind=one.kind, amount=one.amount_minor, fee=one.fee_minor, balance="")


def _funds_rows(entries: Iterable[Entry], balances: dict[str, int]) -> Iterator[tuple[str, ...]]:
    for one in entries:
        for kind, amount in ((one.kind, one.amount_minor), ("fee", -one.fee_minor)):
            if amount:
                balances[one.asset] = balances.get(one.asset, 0) + amount
                yield _row(one, kind=kind, amount=amount, fee=0, balance=str(balances[one.asset]))


def _row(one: Entry, *, kind: str, amount: int, fee: int, balance: str) -> tuple[str, ...]:
    refunded = one.kind == "refund"
    return (
        kind,
        one.number,
        "" if refunded else one.transaction,
        one.refund_number,
        one.transaction if refunded else "",
        one.asset,
        str(amount),
        str(fee),
        "refunded" if refunded else "paid",
        format_time(one.happened_at),
        balance,
    )


def _line(line: int, row: list[str]) -> BillLine:
    try:
        kind, number, transaction, refund_number, channel_refund, asset, amount, fee, state, at, balance = row
        return BillLine(
            line=line,
            kind=_KINDS[kind],
            asset=asset,
            amount_minor=int(amount),
            number=number,
            transaction=transaction,
            refund_number=refund_number,
            channel_refund=channel_refund,
            fee_minor=int(fee),
            state=state,
            happened_at=parse_time(at),
            balance_minor=int(balance) if balance else None,
        )
    except (KeyError, ValueError) as error:
        message = "the line cannot be read"
        raise BillDamaged(message, line=line) from error
