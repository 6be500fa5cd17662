"""Bills: fetched with their hash checked, read line by line with counts, sums and balances checked.

A bill is CSV in UTF-8 with a byte order mark and CRLF. Columns differ by its type and year and are found by
name; every field of a row has a backtick before it. After the rows come a header and a row of totals.
Amounts are in yuan. Bills of payments: https of the channel, /v3/bill/tradebill; of the account:
/v3/bill/fundflowbill.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import zlib
from collections.abc import Iterator
from datetime import date
from typing import Final as Constant

import msgspec

from plaudit.features.payments.model.channel import (
    UNPACKED_MAX_BYTES,
    BillDamaged,
    BillKind,
    BillLine,
    BillNotReady,
)
from plaudit.features.payments.providers.wechat.answers import Declined
from plaudit.features.payments.providers.wechat.fund_bill import read_funds
from plaudit.features.payments.providers.wechat.gateway import Gateway
from plaudit.features.payments.providers.wechat.messages import BillAddress
from plaudit.features.payments.providers.wechat.sheet import GZIP_MAGIC, Sheet
from plaudit.features.payments.providers.wechat.trade_bill import read_trades
from plaudit.platform.failures import Unknown

_PATHS: Constant[dict[BillKind, str]] = {
    "trade": "/v3/bill/tradebill?bill_date={day}&bill_type=ALL&tar_type=GZIP",
    "funds": "/v3/bill/fundflowbill?bill_date={day}&account_type=BASIC&tar_type=GZIP",
}
_NOT_READY: Constant = frozenset(
    {"NO_BILL", "NO_STATEMENT_EXIST", "STATEMENT_CREATING", "RESOURCE_NOT_EXISTS"}
)
_PIECE_BYTES: Constant = 1 << 20
_GZIP_WINDOW: Constant = 16 + zlib.MAX_WBITS


async def fetch(gateway: Gateway, *, day: date, kind: BillKind) -> bytes:
    """Return a day's bill as it was sent, zipped. Raises BillNotReady, BillDamaged, Failure."""
    try:
        body = await gateway.get(_PATHS[kind].format(day=day.isoformat()))
    except Declined as error:
        if error.code in _NOT_READY:
            raise BillNotReady(str(error)) from error
        raise
    try:
        address = msgspec.json.decode(body, type=BillAddress)
    except msgspec.DecodeError as error:
        raise Unknown(f"an answer that cannot be read: {error}") from error
    if address.hash_type != "SHA1":
        raise BillDamaged(f"a bill with a hash of type {address.hash_type[:16]!r}; SHA1 is known")
    content = await gateway.download(address.download_url)
    found = await asyncio.to_thread(_hash, content)
    if not hmac.compare_digest(found, address.hash_value.lower()):
        raise BillDamaged("the bill has another hash than was announced")
    return content


def read(content: bytes, *, kind: BillKind) -> Iterator[BillLine]:
    """Yield the lines of a bill, zipped or not, with flat memory. Raises BillDamaged."""
    sheet = Sheet(content)
    return read_trades(sheet) if kind == "trade" else read_funds(sheet)


def _hash(content: bytes) -> str:
    """Return the SHA-1 of what a bill unzips to, in pieces: a bill may be hundreds of megabytes."""
    digest = hashlib.sha1(usedforsecurity=False)
    if not content.startswith(GZIP_MAGIC):
        digest.update(content)
        return digest.hexdigest()
    unzip = zlib.decompressobj(wbits=_GZIP_WINDOW)
    try:
        waiting, unzipped = content, 0
        while waiting and not unzip.eof:
            piece = unzip.decompress(waiting, _PIECE_BYTES)
            unzipped += len(piece)
            if unzipped > UNPACKED_MAX_BYTES:
                raise BillDamaged("the bill unzips to too much")
            digest.update(piece)
            waiting = unzip.unconsumed_tail
        digest.update(unzip.flush())
    except zlib.error as error:
        raise BillDamaged(f"the bill cannot be unzipped: {error}") from error
    if not unzip.eof or unzip.unused_data:
        raise BillDamaged("the zipped bill is cut off, or has something after its end")
    return digest.hexdigest()
