"""A comparison as people read it: lines of text, a table to compute with."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from plaudit.features.payments.model.accounts import account_id
from plaudit.features.payments.model.bills import EXCEPTION, RECONCILIATION, BillException, Reconciliation
from plaudit.kernel.ids import encode_id
from plaudit.kernel.money import format_minor
from plaudit.kernel.time import format_time
from plaudit.vocabulary.assets import asset_of

HEADER: Final = (
    "row",
    "class",
    "state",
    "asset",
    "lines",
    "ours",
    "theirs",
    "fee",
    "fee_due",
    "ours_state",
    "theirs_state",
    "order_number",
    "transaction",
    "refund_number",
    "channel_refund",
    "happened_at",
    "bill_line",
    "exception",
    "day",
    "assignee",
    "resolution",
)
"""The columns of the table: rows "sum" count a class, rows "exception" are differences one by one."""

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_SHOWN: Final = 50


class _Line:
    """What csv writes into: keeps the one line it was given."""

    text = ""

    def write(self, text: str) -> None:
        self.text = text


def table(ended: Reconciliation, exceptions: Iterable[BillException]) -> Iterator[str]:
    """Yield the lines of the table as CSV (RFC 4180), amounts in the currency's unit with a point."""
    line = _Line()
    writer = csv.DictWriter(line, HEADER, restval="")
    writer.writeheader()
    yield line.text
    for one in ended.classes:
        writer.writerow(
            {
                "row": "sum",
                "class": one.difference,
                "asset": one.asset,
                "lines": one.lines,
                "ours": _plain(one.ours_minor, one.asset),
                "theirs": _plain(one.theirs_minor, one.asset),
                "day": ended.day.isoformat(),
            }
        )
        yield line.text
    yield from rows(exceptions)


def rows(exceptions: Iterable[BillException]) -> Iterator[str]:
    """Yield the lines of the table that are about exceptions."""
    line = _Line()
    writer = csv.DictWriter(line, HEADER, restval="")
    for exception in exceptions:
        writer.writerow(_cells(exception))
        yield line.text


def text(ended: Reconciliation, exceptions: list[BillException], *, tenant_id: int) -> list[str]:
    """Return the comparison for people, one thing a line; of the exceptions the first 50."""
    account = account_id(tenant_id=tenant_id, number=ended.account)
    found = [f"{ended.channel} {account} {ended.day}: {encode_id(RECONCILIATION, ended.number)}"]
    if ended.problem is not None:
        return [*found, f"  the bill was refused, and nothing of it is used: {ended.problem}"]
    found += [
        f"  {one.difference:22}{one.lines:>10,}  ours {_shown(one.ours_minor, one.asset)}"
        f"  theirs {_shown(one.theirs_minor, one.asset)}"
        for one in ended.classes
    ]
    for asset in ended.sums:
        code = asset.asset
        found.append(
            f"  {code}: bill {asset.bill.payments:,} payments {_shown(asset.bill.payments_minor, code)},"
            f" {asset.bill.refunds:,} refunds {_shown(asset.bill.refunds_minor, code)},"
            f" fees {_shown(asset.bill.fees_minor, code)}"
        )
        found.append(
            f"  {code}: ours {asset.our_payments:,} payments {_shown(asset.our_payments_minor, code)},"
            f" {asset.our_refunds:,} refunds {_shown(asset.our_refunds_minor, code)}"
        )
        if (balance := asset.balance) is not None:
            found.append(
                f"  {code}: balance by bill {_shown(balance.bill_minor, code)},"
                f" by ledger {_shown(balance.ledger_minor, code)},"
                f" timing {_shown(balance.timing_minor, code)},"
                f" difference {_shown(balance.difference_minor, code)}"
            )
    found += [f"  {_sentence(exception)}" for exception in exceptions[:_SHOWN]]
    if len(exceptions) > _SHOWN:
        found.append(f"  and {len(exceptions) - _SHOWN:,} more")
    return found


def document(ended: Reconciliation, exceptions: Iterable[BillException], *, tenant_id: int) -> dict[str, Any]:
    """Return the comparison as JSON values, with ids as the API has them."""
    values: dict[str, Any] = msgspec.to_builtins(ended)
    del values["number"]
    return {
        "reconciliation": encode_id(RECONCILIATION, ended.number),
        **values,
        "account": account_id(tenant_id=tenant_id, number=ended.account),
        "exceptions": [
            {
                "exception": encode_id(EXCEPTION, one.number),
                "class": one.difference,
                "state": one.state,
                "subject": one.subject,
                "asset": one.asset,
                "ours_minor": one.ours_minor,
                "theirs_minor": one.theirs_minor,
                "day": one.day.isoformat(),
            }
            for one in exceptions
        ],
    }


def _cells(one: BillException) -> dict[str, Any]:
    return {
        "row": "exception",
        "class": one.difference,
        "state": one.state,
        "asset": one.asset,
        "lines": 1,
        "ours": _plain(one.ours_minor, one.asset),
        "theirs": _plain(one.theirs_minor, one.asset),
        "fee": _plain(one.fee_minor, one.asset),
        "fee_due": _plain(one.fee_due_minor, one.asset),
        "ours_state": one.ours_state,
        "theirs_state": _safe(one.theirs_state),
        "order_number": _safe(one.order_number),
        "transaction": _safe(one.transaction),
        "refund_number": _safe(one.refund_number),
        "channel_refund": _safe(one.channel_refund),
        "happened_at": format_time(one.happened_at) if one.happened_at else "",
        "bill_line": one.line,
        "exception": encode_id(EXCEPTION, one.number),
        "day": one.day.isoformat(),
        "assignee": one.assignee,
        "resolution": one.resolution,
    }


def _sentence(one: BillException) -> str:
    ours = "none" if one.ours_minor is None else _shown(one.ours_minor, one.asset)
    theirs = "none" if one.theirs_minor is None else _shown(one.theirs_minor, one.asset)
    return (
        f"{encode_id(EXCEPTION, one.number)} {one.state} {one.difference} {one.subject}:"
        f" ours {ours}, theirs {theirs}"
    )


def _shown(amount_minor: int, asset: str) -> str:
    return format_minor(amount_minor=amount_minor, scale=asset_of(asset).scale)


def _plain(amount_minor: int | None, asset: str) -> str:
    return "" if amount_minor is None else _shown(amount_minor, asset).replace(",", "")


def _safe(word: str) -> str:
    """Return a word of the channel's so that no spreadsheet takes it for a formula."""
    return f"'{word}" if word.startswith(_FORMULA) else word
