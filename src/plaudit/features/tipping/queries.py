"""What can be asked about tips, totals, the catalogue, and a creator's earnings."""

from typing import Final

from plaudit.core.handles import Database
from plaudit.core.journal import private, read
from plaudit.core.journal.facts import Recorded
from plaudit.core.journal.subscriptions import wait_until
from plaudit.core.ledger import balances, statements
from plaudit.core.ledger.statements import Line
from plaudit.features.tipping.model import TIP, Creator, Gift, Policy, Terms, WordList
from plaudit.features.tipping.store import catalogue, tips
from plaudit.features.tipping.store.tips import Side, TipRow, Total
from plaudit.kernel.ids import decode_id, valid_name
from plaudit.kernel.page import Page, check_limit, decode_cursor, encode_cursor
from plaudit.kernel.refusal import invalid, not_found
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.tipping import TipSent

_NEWEST: Final = 2**63 - 1


async def tip_fact(*, database: Database, tenant_id: int, tip: str) -> Recorded:
    """Return the fact of a tip, which never changes.

    Raises Refusal `invalid.id`, `tip.unknown` (NOT_FOUND).
    """
    position = decode_id(TIP, tip)
    async with database.connection() as conn:
        fact = await read.fact_at(conn, tenant_id=tenant_id, position=position)
    if fact is None or fact.kind != TipSent.KIND:
        raise not_found("tip.unknown", "There is no such tip; check its id.")
    return fact


async def message(*, database: Database, tenant_id: int, position: int) -> str | None:
    """Return the message of a tip, None where there was none or it was erased."""
    async with database.connection() as conn:
        texts = await private.read(conn, tenant_id=tenant_id, positions=[position])
    return next((text.part.body for text in texts if text.part.name == "message"), None)


async def caught_up(*, database: Database, tenant_id: int, position: int) -> bool:
    """Wait until the projections have passed a position, at most 500 ms; False when they have not by then."""
    return await wait_until(database, tenant_id=tenant_id, subscription=tips.PROJECTION, position=position)


async def tip_row(*, database: Database, tenant_id: int, position: int) -> TipRow | None:
    """Return a tip as the projection has it."""
    async with database.connection() as conn:
        return await tips.select_tip(conn, tenant_id=tenant_id, position=position)


async def tip_page(
    *,
    database: Database,
    tenant_id: int,
    viewer: str | None,
    creator: str | None,
    show: str | None,
    limit: int | None,
    cursor: str | None,
) -> Page[TipRow]:
    """Return a page of tips, newest first. Raises Refusal `limit.invalid`, `cursor.invalid`."""
    size = check_limit(limit)
    before = _NEWEST if cursor is None else int(decode_cursor(cursor, int)[0])
    async with database.connection() as conn:
        rows = await tips.select_tips(
            conn,
            tenant_id=tenant_id,
            viewer=viewer,
            creator=creator,
            show=show,
            before=before,
            limit=size + 1,
        )
    return Page(rows[:size], encode_cursor([rows[size - 1].position]) if len(rows) > size else None)


async def totals(
    *, database: Database, tenant_id: int, by: Side, asset: str, show: str | None, limit: int | None
) -> list[Total]:
    """Return who gave or got most, net of reversals. Raises Refusal `limit.invalid`."""
    async with database.connection() as conn:
        found = await tips.select_totals(
            conn,
            tenant_id=tenant_id,
            side=by,
            asset=asset,
            show=tips.EVERYWHERE if show is None else show,
            limit=check_limit(limit),
        )
    return list(found)


async def statement(
    *, database: Database, tenant_id: int, creator: str, asset: str, limit: int | None, cursor: str | None
) -> Page[Line]:
    """Return a page of what a creator earned in one asset, newest first.

    Raises Refusal as `statements.page`.
    """
    address = chart.creator_earnings(creator=creator, asset=asset)
    async with database.connection() as conn:
        return await statements.page(conn, tenant_id=tenant_id, address=address, limit=limit, cursor=cursor)


async def units(*, database: Database, tenant_id: int, viewer: str) -> list[tuple[str, int]]:
    """Return the gifts of which a viewer has units in hand, by name, each with how many.

    Raises Refusal `body.invalid` (INVALID) for a name that nobody can have.
    """
    if not valid_name(viewer):
        raise invalid(
            "body.invalid", "Write ids with letters, digits and _ . : @ -, at most 64.", field="viewer"
        )
    prefix = f"viewer/{viewer}/gift/"
    async with database.connection() as conn:
        found = await balances.below(conn, tenant_id=tenant_id, prefix=prefix)
    counts = {chart.account_of(address).variables["gift"]: row[1] for address, row in found.items()}
    return sorted((gift, count) for gift, count in counts.items() if count)


async def creator(*, database: Database, tenant_id: int, creator: str) -> Creator:
    """Return a creator. Raises Refusal `creator.unknown` (NOT_FOUND)."""
    async with database.connection() as conn:
        found = await catalogue.load_creators(conn, tenant_id, [creator])
    if creator not in found:
        raise not_found("creator.unknown", "There is no such creator; register it first.")
    return found[creator]


async def creators(
    *, database: Database, tenant_id: int, limit: int | None, cursor: str | None
) -> Page[Creator]:
    """Return a page of creators by name. Raises Refusal `limit.invalid`, `cursor.invalid`."""
    size = check_limit(limit)
    async with database.connection() as conn:
        rows = await catalogue.select_creators(
            conn, tenant_id=tenant_id, after=_after(cursor), limit=size + 1
        )
    return Page(rows[:size], encode_cursor([rows[size - 1].id]) if len(rows) > size else None)


async def terms(*, database: Database, tenant_id: int, limit: int | None, cursor: str | None) -> Page[Terms]:
    """Return a page of terms by name. Raises Refusal `limit.invalid`, `cursor.invalid`."""
    size = check_limit(limit)
    async with database.connection() as conn:
        rows = await catalogue.select_terms(conn, tenant_id=tenant_id, after=_after(cursor), limit=size + 1)
    return Page(rows[:size], encode_cursor([rows[size - 1].id]) if len(rows) > size else None)


async def gifts(*, database: Database, tenant_id: int, limit: int | None, cursor: str | None) -> Page[Gift]:
    """Return a page of gifts by name. Raises Refusal `limit.invalid`, `cursor.invalid`."""
    size = check_limit(limit)
    async with database.connection() as conn:
        rows = await catalogue.select_gifts(conn, tenant_id=tenant_id, after=_after(cursor), limit=size + 1)
    return Page(rows[:size], encode_cursor([rows[size - 1].id]) if len(rows) > size else None)


async def policies(*, database: Database, tenant_id: int) -> list[Policy]:
    """Return the policies of the assets that have one, by asset."""
    async with database.connection() as conn:
        return await catalogue.select_policies(conn, tenant_id=tenant_id)


async def words(*, database: Database, tenant_id: int) -> WordList:
    """Return the word list, empty at revision 0 where none was saved."""
    async with database.connection() as conn:
        found = await catalogue.load_words(conn, tenant_id, [catalogue.WORDS_KEY])
    return found.get(catalogue.WORDS_KEY) or WordList(words=(), revision=0)


def _after(cursor: str | None) -> str:
    return "" if cursor is None else str(decode_cursor(cursor, str)[0])
