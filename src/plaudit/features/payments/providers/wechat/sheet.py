"""The form that all bills of WeChat Pay have: a header, rows, a header of totals, totals."""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Final

from plaudit.features.payments.model.channel import LINE_MAX, UNPACKED_MAX_BYTES, BillDamaged
from plaudit.kernel.money import MAX_MINOR

GZIP_MAGIC: Final = b"\x1f\x8b"

_TICK: Final = "`"
_SEPARATOR: Final = ",`"
_YUAN: Final = re.compile(r"(-?)(\d{1,14})(?:\.(\d{1,8}))?", re.ASCII)
_DECIMALS: Final = 2
_AMOUNTS_KEPT_MAX: Final = 65_536
_SHOWN_MAX: Final = 40


class Amounts(dict[str, int]):
    """Fen by the yuan they are written as. Those seen before cost a look-up; a day's prices are few."""

    def __missing__(self, text: str) -> int:
        """Read an amount that was not seen yet. Raises ValueError unless it is whole fen."""
        match = _YUAN.fullmatch(text)
        if match is None:
            raise ValueError(f"{text[:_SHOWN_MAX]!r} is not an amount")
        decimals = match[3] or ""
        if decimals[_DECIMALS:].strip("0"):
            raise ValueError(f"{text!r} is not whole fen")
        amount = int(match[2] + decimals[:_DECIMALS].ljust(_DECIMALS, "0"))
        if amount > MAX_MINOR:
            raise ValueError(f"{text!r} is larger than {MAX_MINOR} fen")
        if len(self) >= _AMOUNTS_KEPT_MAX:
            self.clear()
        self[text] = -amount if match[1] else amount
        return self[text]


class _Unzipped(gzip.GzipFile):
    """What a zipped bill unzips to, up to the most that one may be."""

    _unzipped = 0

    def read1(self, size: int = -1) -> bytes:
        """Return the next piece. Raises OverflowError past the most."""
        piece = super().read1(size)
        self._unzipped += len(piece)
        if self._unzipped > UNPACKED_MAX_BYTES:
            raise OverflowError("it unzips to too much")
        return piece


class Sheet:
    """A bill being read: `line` is where it is, `columns` its header; totals are there after the last row.

    Every method raises BillDamaged with the line that is wrong.
    """

    def __init__(self, content: bytes) -> None:
        """Take a bill, zipped or not."""
        self.line = 0
        self.columns: list[str] = []
        self.totals: dict[str, str] = {}
        self.amounts = Amounts()
        raw = io.BytesIO(content)
        stream = _Unzipped(fileobj=raw) if content.startswith(GZIP_MAGIC) else raw
        self._lines = self._read(io.TextIOWrapper(stream, encoding="utf-8-sig", newline="\n"))

    def open(self, *, known: frozenset[str], needed: Iterable[str]) -> None:
        """Read the header, which must have what is needed.

        A column that is not known may only stand after all that are, where the channel puts new ones: among
        the known it is one of them, damaged.
        """
        header = next(self._lines, None)
        if header is None:
            raise BillDamaged("the bill is empty")
        self.columns = self._names(header)
        last = max((place for place, name in enumerate(self.columns) if name in known), default=0)
        unknown = [name for name in self.columns[:last] if name not in known]
        missing = [name for name in needed if name not in self.columns]
        if unknown or missing:
            raise self.damaged(f"unknown columns {unknown}, missing columns {missing}")

    def rows(self) -> Iterator[list[str]]:
        """Yield the fields of each row; then read the totals."""
        width = len(self.columns)
        for text in self._lines:
            if not text.startswith(_TICK):
                self._close(text)
                return
            fields = text[1:].split(_SEPARATOR)
            if len(fields) != width:
                raise self.damaged(f"{len(fields)} fields under {width} columns")
            yield fields
        raise self.damaged("the bill ends before its totals")

    def place(self, name: str) -> int:
        """Return where a column is, -1 when the bill has none of that name."""
        return self.columns.index(name) if name in self.columns else -1

    def first(self, *names: str) -> int:
        """Return where the first of several columns is that the bill has, -1 when it has none."""
        return next((place for name in names if (place := self.place(name)) >= 0), -1)

    def time(self, text: str) -> datetime:
        """Return the instant of a time in Beijing."""
        try:
            return datetime.fromisoformat(f"{text}+08:00").astimezone(UTC)
        except ValueError:
            raise self.damaged(f"{text[:_SHOWN_MAX]!r} is not a time") from None

    def check_total(self, name: str, *, found: int, counted: bool = False) -> None:
        """Compare a total with what the rows add up to; amounts in fen, or a count."""
        try:
            stated = self.amounts[self.totals[name]]
        except KeyError:
            raise self.damaged(f"the total {name} is missing") from None
        except ValueError as error:
            raise self.damaged(f"{name}: {error}") from None
        # A count may be written "45.0" and is then read as an amount: in hundredths.
        if stated != (found * 10**_DECIMALS if counted else found):
            raise self.damaged(f"{name} is {self.totals[name]}, which the rows do not add up to")

    def damaged(self, message: str) -> BillDamaged:
        """Return what is wrong with the present line."""
        return BillDamaged(message, line=self.line)

    def _read(self, stream: io.TextIOWrapper) -> Iterator[str]:
        try:
            for text in iter(partial(stream.readline, LINE_MAX + 1), ""):
                self.line += 1
                if len(text) > LINE_MAX:
                    raise self.damaged(f"the line has more than {LINE_MAX} characters")
                yield text.rstrip("\r\n")
        except (UnicodeDecodeError, EOFError, OverflowError, gzip.BadGzipFile, zlib.error) as error:
            raise BillDamaged(f"cannot be read: {error}", line=self.line + 1) from error

    def _names(self, text: str) -> list[str]:
        names = [name.strip().removeprefix(_TICK) for name in text.split(",")]
        if len(set(names)) != len(names):
            raise self.damaged("a column is there twice")
        return names

    def _close(self, header: str) -> None:
        names = self._names(header)
        text = next(self._lines, None)
        values = (text or "")[1:].split(_SEPARATOR)
        if text is None or not text.startswith(_TICK) or len(values) != len(names):
            raise self.damaged("totals that do not fit their header")
        self.totals = dict(zip(names, values, strict=True))
        end = self.line
        for after in self._lines:
            if after.strip():
                raise self.damaged("something after the totals")
        self.line = end
