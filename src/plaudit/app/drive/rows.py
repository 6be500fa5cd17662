"""Payments of real broadcasts, read from CSV: one row a line, one payment a row.

Columns are found by their names in the header: `show_id, creator_id, at, viewer_id, amount, currency` are
needed, `kind, item, quantity, unit_price, message_len` are checked when present, others only take part in the
key. `amount` is what was paid; where quantity and unit price are given, their product must be the amount (it
is, in all 183,725 rows of the recorded broadcasts). `at` is RFC 3339, or whole seconds from the start of the
show.

A row that cannot be read is given as `BrokenRow` with its line number, and reading goes on. Since every line
is read by itself, a stray quote cannot swallow the lines after it; a field therefore cannot hold a line
break.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BufferedIOBase
from pathlib import Path
from typing import Final

import msgspec

from plaudit.kernel.ids import NAME_MAX, valid_name
from plaudit.kernel.money import parse_minor
from plaudit.kernel.refusal import Refusal
from plaudit.kernel.time import parse_time
from plaudit.vocabulary.assets import asset_of

DEFAULT_EPOCH: Final = datetime(2020, 11, 1, tzinfo=UTC)
"""Where shows start whose times are seconds from their start, when the caller names no other time."""

NEEDED_COLUMNS: Final = ("show_id", "creator_id", "at", "viewer_id", "amount", "currency")

_ANONYMOUS: Final = "anon."
_SHOW_MAX: Final = NAME_MAX - len(_ANONYMOUS)
_OFFSET: Final = re.compile(r"-?[0-9]{1,9}")
_WHOLE: Final = re.compile(r"[0-9]{1,15}")
_BOM: Final = b"\xef\xbb\xbf"
_DIGEST_BYTES: Final = 16


class SourceError(Exception):
    """The file as a whole cannot be read as payments; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One payment. Exactly one of `at` and `offset_seconds` (from the start of the show) is not None.

    `key` is the hash of the row's fields with its ordinal among equal rows: equal rows are separate payments,
    and the same row has the same key at every reading. `viewer` is None when the payer is anonymous.
    """

    line: int
    key: str
    show: str
    creator: str
    at: datetime | None
    offset_seconds: int | None
    viewer: str | None
    amount_minor: int
    currency: str

    @property
    def wallet(self) -> str:
        """The viewer whose wallet pays; all anonymous payers of a show share one, `anon.<show>`."""
        return self.viewer if self.viewer is not None else anonymous_wallet(show=self.show)

    def time(self, *, epoch: datetime) -> datetime:
        """When the payment was made; `epoch` is the start of a show that counts its seconds."""
        return self.at if self.at is not None else epoch + timedelta(seconds=self.offset_seconds or 0)


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A line that is no payment, and why. `show` is None when not even that could be read."""

    line: int
    reason: str
    show: str | None


def anonymous_wallet(*, show: str) -> str:
    """Return the viewer id under which the anonymous payers of a show pay."""
    return _ANONYMOUS + show


def is_anonymous_wallet(*, viewer: str) -> bool:
    """Whether the viewer id is one that `anonymous_wallet` gives."""
    return viewer.startswith(_ANONYMOUS)


def read_rows(*, source: Path, show: str | None = None) -> Iterator[Row | BrokenRow]:
    """Read a CSV file, gzipped or plain (told by its content), line by line; `show` keeps one show's rows.

    Broken rows are given with every filter that could be theirs. Raises SourceError when there is no such
    file, no header, or a needed column is missing.
    """
    counter = KeyCounter()
    for line, columns, fields in _lines(source=source):
        if isinstance(fields, str):
            yield BrokenRow(line=line, reason=fields, show=None)
            continue
        values = dict(zip(columns, fields, strict=True))
        if show is not None and values["show_id"] != show:
            continue
        try:
            yield _row(line=line, values=values, counter=counter)
        except ValueError as fault:
            yield BrokenRow(line=line, reason=str(fault), show=values["show_id"])


class KeyCounter:
    """Numbers equal rows: the first row of its fields has ordinal 0, the next 1."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        """Start before the first row."""
        self._seen: dict[bytes, int] = {}

    def key_of(self, *, values: Mapping[str, str]) -> str:
        """Return the key of the next row with these fields, whatever the order of the columns."""
        fields = msgspec.json.encode(sorted(values.items()))
        digest = hashlib.blake2b(fields, digest_size=_DIGEST_BYTES).digest()
        ordinal = self._seen.get(digest, 0)
        self._seen[digest] = ordinal + 1
        return f"{digest.hex()}-{ordinal}"


def _lines(*, source: Path) -> Iterator[tuple[int, Sequence[str], list[str] | str]]:
    """Give line number, column names and the line's fields, or the reason why it has none."""
    columns: list[str] | None = None
    line = 0
    try:
        with _open(source=source) as stream:
            for raw in stream:
                line += 1
                if columns is None:
                    columns = _header(raw=raw)
                    continue
                if raw.strip():
                    yield line, columns, _fields(raw=raw, count=len(columns))
    except (EOFError, zlib.error, gzip.BadGzipFile) as fault:
        if columns is None:
            raise SourceError(f"{source} cannot be unpacked: {fault}") from fault
        yield line + 1, columns, f"the file is damaged here and cannot be unpacked further: {fault}"
    except OSError as fault:
        raise SourceError(f"{source} cannot be read: {fault.strerror or fault}") from fault
    if columns is None:
        raise SourceError(f"{source} is empty; its first line should name the columns")


def _open(*, source: Path) -> BufferedIOBase:
    with source.open("rb") as stream:
        zipped = stream.read(2) == b"\x1f\x8b"
    return gzip.GzipFile(source, "rb") if zipped else source.open("rb")


def _header(*, raw: bytes) -> list[str]:
    fields = _split(raw=raw.removeprefix(_BOM))
    if isinstance(fields, str):
        raise SourceError(f"the header cannot be read: {fields}")
    columns = [field.strip() for field in fields]
    missing = [name for name in NEEDED_COLUMNS if name not in columns]
    if missing:
        raise SourceError(f"the header lacks {', '.join(missing)}")
    if len(set(columns)) < len(columns):
        raise SourceError("the header names a column twice")
    return columns


def _fields(*, raw: bytes, count: int) -> list[str] | str:
    fields = _split(raw=raw)
    if isinstance(fields, list) and len(fields) != count:
        return f"{len(fields)} fields where the header has {count}"
    return fields


def _split(*, raw: bytes) -> list[str] | str:
    try:
        text = raw.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        return "not UTF-8"
    if '"' not in text:
        return text.split(",")
    try:
        return next(csv.reader([text], strict=True))
    except csv.Error as fault:
        return f"quotes that do not close or fit: {fault}"


def _row(*, line: int, values: Mapping[str, str], counter: KeyCounter) -> Row:
    """Parse one line's fields; ValueError says what is wrong with them."""
    key = counter.key_of(values=values)
    at, offset_seconds = _when(text=values["at"])
    currency = values["currency"]
    amount_minor = _amount(name="amount", text=values["amount"], currency=currency)
    _check_product(values=values, amount_minor=amount_minor)
    viewer = values["viewer_id"]
    return Row(
        line=line,
        key=key,
        show=_name(column="show_id", text=values["show_id"], max_len=_SHOW_MAX),
        creator=_name(column="creator_id", text=values["creator_id"]),
        at=at,
        offset_seconds=offset_seconds,
        viewer=_name(column="viewer_id", text=viewer) if viewer else None,
        amount_minor=amount_minor,
        currency=currency,
    )


def _name(*, column: str, text: str, max_len: int = NAME_MAX) -> str:
    if not valid_name(text, max_len):
        raise ValueError(
            f"{column} {text[:80]!r} is not a name (letters, digits, _ . : @ -, up to {max_len})"
        )
    return text


def _when(*, text: str) -> tuple[datetime | None, int | None]:
    if _OFFSET.fullmatch(text):
        return None, int(text)
    return parse_time(text), None


def _amount(*, name: str, text: str, currency: str) -> int:
    """Minor units of an amount above zero, written plainly: no sign and no grouped thousands."""
    try:
        scale = asset_of(currency).scale
    except Refusal as refusal:
        raise ValueError(f"currency {currency[:16]!r} is unknown") from refusal
    if not text[:1].isdigit() or "," in text:
        raise ValueError(f"{name} {text[:40]!r} is not a plain decimal above zero")
    amount_minor = parse_minor(text=text, scale=scale)
    if amount_minor < 1:
        raise ValueError(f"{name} {text!r} is not above zero")
    return amount_minor


def _check_product(*, values: Mapping[str, str], amount_minor: int) -> None:
    quantity, unit_price = values.get("quantity", ""), values.get("unit_price", "")
    if quantity and not _WHOLE.fullmatch(quantity):
        raise ValueError(f"quantity {quantity[:40]!r} is not a whole number")
    if not quantity or not unit_price:
        return
    unit_minor = _amount(name="unit_price", text=unit_price, currency=values["currency"])
    if int(quantity) * unit_minor != amount_minor:
        raise ValueError(
            f"amount {values['amount']} is not quantity {quantity} times unit price {unit_price}"
        )
