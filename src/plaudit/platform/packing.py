"""Whole columns as PostgreSQL binary arrays, packed in one go.

A batch goes to the server as one array per column and comes apart there by ``unnest``. psycopg dumps a list
element by element; packing the column with ``struct`` costs a seventh of that for integers and less than half
for texts, and this is where a batch spends its time.

Format: the array headers of ``array_recv`` in PostgreSQL's ``arrayfuncs.c`` (dimensions, null flag, element
type, length, lower bound, then length-prefixed elements).
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from struct import Struct
from typing import ClassVar

from psycopg.abc import AdaptContext
from psycopg.adapt import Dumper
from psycopg.pq import Format
from psycopg.types.numeric import Int4, Int8

__all__ = [
    "Column",
    "Int4",
    "Int8",
    "byteas",
    "int2s",
    "int8s",
    "jsonbs",
    "register",
    "texts",
    "times",
    "uuids",
]

_HEADER = Struct("!iiIii")
_LENGTH = Struct("!i")
_INT8, _INT2, _TEXT, _UUID, _BYTEA, _JSONB, _TIMESTAMPTZ = 20, 21, 25, 2950, 17, 3802, 1184
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
# Length prefixes of the usual sizes, made once; a jsonb element starts with its format version.
_PREFIXES = [_LENGTH.pack(length) for length in range(2048)]
_JSONB_PREFIXES = [_LENGTH.pack(length + 1) + b"\x01" for length in range(2048)]


class Column(bytes):
    """A packed column; its class carries the array type."""

    array_oid: ClassVar[int] = 0


class Int8Column(Column):
    array_oid = 1016


class Int2Column(Column):
    array_oid = 1005


class TextColumn(Column):
    array_oid = 1009


class UuidColumn(Column):
    array_oid = 2951


class ByteaColumn(Column):
    array_oid = 1001


class JsonbColumn(Column):
    array_oid = 3807


class TimeColumn(Column):
    array_oid = 1185


def int8s(values: Sequence[int]) -> Int8Column:
    """Pack 64-bit integers."""
    return Int8Column(_header(_INT8, len(values)) + _fixed("q", 8, values))


def int2s(values: Sequence[int]) -> Int2Column:
    """Pack 16-bit integers."""
    return Int2Column(_header(_INT2, len(values)) + _fixed("h", 2, values))


def times(values: Sequence[datetime]) -> TimeColumn:
    """Pack aware times, exact to the microsecond. Runs of the same object cost one conversion."""
    last: datetime | None = None
    microseconds = 0
    converted = []
    for value in values:
        if value is not last:
            last = value
            gap = value - _EPOCH
            microseconds = (gap.days * 86_400 + gap.seconds) * 1_000_000 + gap.microseconds
        converted.append(microseconds)
    return TimeColumn(_header(_TIMESTAMPTZ, len(values)) + _fixed("q", 8, converted))


def uuids(values: Sequence[bytes]) -> UuidColumn:
    """Pack 16-byte digests as uuids, the cheapest key of that size."""
    return UuidColumn(_header(_UUID, len(values)) + _fixed("16s", 16, values))


def texts(values: Sequence[str]) -> TextColumn:
    """Pack texts."""
    return TextColumn(_header(_TEXT, len(values)) + _varying([value.encode() for value in values], _PREFIXES))


def byteas(values: Sequence[bytes]) -> ByteaColumn:
    """Pack byte strings."""
    return ByteaColumn(_header(_BYTEA, len(values)) + _varying(values, _PREFIXES))


def jsonbs(values: Sequence[bytes]) -> JsonbColumn:
    """Pack documents that are JSON already."""
    return JsonbColumn(_header(_JSONB, len(values)) + _varying(values, _JSONB_PREFIXES))


def _header(element_oid: int, length: int) -> bytes:
    if length == 0:
        return _HEADER.pack(0, 0, element_oid, 0, 0)[:12]
    return _HEADER.pack(1, 0, element_oid, length, 1)


def _fixed(code: str, size: int, values: Sequence[object]) -> bytes:
    flat: list[object] = [size] * (2 * len(values))
    flat[1::2] = values
    return _repeated(code, len(values)).pack(*flat)


@lru_cache(maxsize=8192)
def _repeated(code: str, count: int) -> Struct:
    return Struct("!" + ("i" + code) * count)


def _varying(values: Sequence[bytes], prefixes: Sequence[bytes]) -> bytes:
    parts: list[bytes] = [b""] * (2 * len(values))
    try:
        parts[0::2] = [prefixes[len(value)] for value in values]
    except IndexError:
        extra = len(prefixes[0]) - 4
        parts[0::2] = [_LENGTH.pack(len(value) + extra) + prefixes[0][4:] for value in values]
    parts[1::2] = values
    return b"".join(parts)


class _ColumnDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: Column) -> bytes:
        return obj


def register(context: AdaptContext) -> None:
    """Teach a connection (or the global adapters) to send packed columns as they are."""
    for column in (Int8Column, Int2Column, TextColumn, UuidColumn, ByteaColumn, JsonbColumn, TimeColumn):
        dumper = type(f"{column.__name__}Dumper", (_ColumnDumper,), {"oid": column.array_oid})
        context.adapters.register_dumper(column, dumper)
