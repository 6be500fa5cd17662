"""What can be asked about wallets and any other account. Reads the ledger itself and never waits."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from plaudit.core.handles import Database
from plaudit.core.ledger import balances, statements
from plaudit.core.ledger.statements import Line
from plaudit.features.wallets.model import (
    Adjustment,
    Pack,
    State,
    TopupPolicy,
    default_policy,
    unknown_pack,
)
from plaudit.features.wallets.store import adjustments as store
from plaudit.features.wallets.store import packs as pack_store
from plaudit.kernel.page import Page, check_limit, decode_cursor, encode_cursor
from plaudit.kernel.refusal import not_found
from plaudit.vocabulary import chart
from plaudit.vocabulary.assets import UNITS, asset_of

_SHOWN_MAX = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What one asset of a wallet holds to spend, what is set aside, and what is owed, in minor units."""

    asset: str
    balance_minor: int
    held_minor: int
    owed_minor: int


async def wallet(
    *, database: Database, tenant_id: int, viewer: str, as_of: datetime | None = None
) -> list[Balance]:
    """Return a viewer's balances by asset, now or as the ledger had recorded them at a moment."""
    prefix = f"viewer/{viewer}/"
    async with database.connection() as conn:
        free = await balances.below(conn, tenant_id=tenant_id, prefix=prefix)
        held = await balances.below(conn, tenant_id=tenant_id, prefix=chart.held(prefix))
        amounts = {address: row[1] for address, row in (free | held).items()}
        if as_of is not None and amounts:
            amounts = await balances.recorded_at(
                conn, tenant_id=tenant_id, addresses=list(amounts), as_of=as_of
            )
    return [
        Balance(
            asset=asset,
            balance_minor=amounts.get(chart.viewer_wallet(viewer=viewer, asset=asset), 0),
            held_minor=amounts.get(chart.held(chart.viewer_wallet(viewer=viewer, asset=asset)), 0),
            owed_minor=-amounts.get(chart.viewer_debt(viewer=viewer, asset=asset), 0),
        )
        for asset in sorted(_assets(amounts))
    ]


async def account(*, database: Database, tenant_id: int, address: str, as_of: datetime | None = None) -> int:
    """Return the balance of any account, now or as recorded at a moment.

    Raises Refusal `account.unknown` (NOT_FOUND) when the chart has no such address or nothing ever moved on
    it.
    """
    chart.account_of(address)
    async with database.connection() as conn:
        found = await balances.balances(conn, tenant_id=tenant_id, addresses=[address])
        if found and as_of is not None:
            found = await balances.recorded_at(conn, tenant_id=tenant_id, addresses=[address], as_of=as_of)
    if not found:
        raise not_found("account.unknown", "Nothing has moved on this account yet.", address=address)
    return found[address]


async def entries(
    *, database: Database, tenant_id: int, address: str, limit: int | None, cursor: str | None
) -> Page[Line]:
    """Return a page of an account's statement, newest first. Raises Refusal as `statements.page`."""
    async with database.connection() as conn:
        return await statements.page(conn, tenant_id=tenant_id, address=address, limit=limit, cursor=cursor)


async def adjustments(
    *, database: Database, tenant_id: int, state: State | None, limit: int | None, cursor: str | None
) -> Page[Adjustment]:
    """Return a page of adjustments in the order they were made.

    Raises Refusal `limit.invalid`, `cursor.invalid`.
    """
    size = check_limit(limit)
    after = 0 if cursor is None else int(decode_cursor(cursor, int)[0])
    async with database.connection() as conn:
        rows = await store.select_adjustments(
            conn, tenant_id=tenant_id, state=state, after=after, limit=size + 1
        )
    return Page(rows[:size], encode_cursor([rows[size - 1].number]) if len(rows) > size else None)


async def packs(*, database: Database, tenant_id: int, limit: int | None, cursor: str | None) -> Page[Pack]:
    """Return a page of packs by name. Raises Refusal `limit.invalid`, `cursor.invalid`."""
    size = check_limit(limit)
    after = "" if cursor is None else str(decode_cursor(cursor, str)[0])
    async with database.connection() as conn:
        rows = await pack_store.select_packs(conn, tenant_id=tenant_id, after=after, limit=size + 1)
    return Page(rows[:size], encode_cursor([rows[size - 1].id]) if len(rows) > size else None)


async def pack(*, database: Database, tenant_id: int, pack: str) -> Pack:
    """Return a pack. Raises Refusal `pack.unknown` (NOT_FOUND)."""
    async with database.connection() as conn:
        found = await pack_store.load_packs(conn, tenant_id, [pack])
    if pack not in found:
        raise unknown_pack(pack[:_SHOWN_MAX])
    return found[pack]


async def topup_policy(*, database: Database, tenant_id: int, asset: str) -> TopupPolicy:
    """Return the policy of an asset, the default one at revision 0 where none was saved.

    Raises Refusal `asset.unknown` (NOT_FOUND).
    """
    asset_of(asset)
    async with database.connection() as conn:
        found = await pack_store.load_policies(conn, tenant_id, [asset])
    return found.get(asset) or default_policy(asset=asset)


def _assets(addresses: Iterable[str]) -> set[str]:
    """Return the assets of what was found below a viewer. Units (gifts, rights) are in no wallet."""
    return {address.rsplit("/", 1)[1] for address in addresses} - UNITS.keys()
