"""What can be asked about shows, what is sold of them, and codes. Seats are read from the ledger itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from plaudit.core.handles import Connection, Database
from plaudit.core.ledger import balances, counters
from plaudit.core.ledger.reversals import unending
from plaudit.features.presale.model.counters import code_counter, step_counter
from plaudit.features.presale.model.offers import Code, Offer, code_key, unknown_code, unknown_offer
from plaudit.features.presale.model.sale import Sale, sale_of
from plaudit.features.presale.model.shows import NAME_MAX, Show, unknown_show
from plaudit.features.presale.store import codes as code_store
from plaudit.features.presale.store import offers as offer_store
from plaudit.features.presale.store import shows as show_store
from plaudit.kernel.ids import valid_name
from plaudit.kernel.page import Page, check_limit, decode_cursor, encode_cursor
from plaudit.kernel.refusal import invalid
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.shows import ShowState

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What may be shown: with `everything` drafts and hidden offers too, with `code` those that it opens."""

    everything: bool
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offering:
    """An offer and how it stands now."""

    offer: Offer
    sale: Sale


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCode:
    """A code, how many seats are still kept for it, and how many were ordered with it."""

    code: Code
    kept: int
    used: int


async def show(*, database: Database, tenant_id: int, show: str, asking: Asking) -> Show:
    """Return a show. Raises Refusal `show.unknown` (NOT_FOUND), to most also for a draft."""
    if not valid_name(show, NAME_MAX):
        raise unknown_show(show)
    async with database.connection() as conn:
        found = (await show_store.load_shows(conn, tenant_id, [show])).get(show)
    if found is None or not _is_shown(found, asking):
        raise unknown_show(show)
    return found


async def shows(
    *,
    database: Database,
    tenant_id: int,
    asking: Asking,
    state: ShowState | None,
    limit: int | None,
    cursor: str | None,
) -> Page[Show]:
    """Return a page of shows by when they start, those in one state if it is given.

    Raises Refusal `limit.invalid`, `cursor.invalid`.
    """
    size = check_limit(limit)
    async with database.connection() as conn:
        rows = await show_store.select_shows(
            conn,
            tenant_id=tenant_id,
            state=state,
            drafts=asking.everything,
            after=None if cursor is None else _start_of(cursor),
            limit=size + 1,
        )
    last = rows[size - 1] if len(rows) > size else None
    return Page(
        rows[:size],
        None if last is None else encode_cursor([(last.starts_at - _EPOCH) // _MICROSECOND, last.id]),
    )


async def offers(
    *,
    database: Database,
    tenant_id: int,
    show: Show,
    asking: Asking,
    now: datetime,
    limit: int | None,
    cursor: str | None,
) -> Page[Offering]:
    """Return a page of a show's offers by name, as they stand now.

    Raises Refusal `code.unknown` (NOT_FOUND) for a code that no offer of the show has, `limit.invalid`,
    `cursor.invalid`.
    """
    size = check_limit(limit)
    code = asking.code
    if code is not None and not valid_name(code, NAME_MAX):
        raise unknown_code()
    async with database.connection() as conn:
        if code is not None and not await code_store.opens_any(
            conn, tenant_id=tenant_id, show=show.id, code=code
        ):
            raise unknown_code()
        rows = await offer_store.select_offers(
            conn,
            tenant_id=tenant_id,
            show=show.id,
            hidden=asking.everything,
            code=code,
            after=_after(cursor),
            limit=size + 1,
        )
        codes = await _codes(conn, tenant_id, rows[:size], code)
        items = await _offerings(conn, tenant_id, rows[:size], show=show, codes=codes, now=now)
    return Page(items, encode_cursor([rows[size - 1].id]) if len(rows) > size else None)


async def offer(*, database: Database, tenant_id: int, offer: str, asking: Asking, now: datetime) -> Offering:
    """Return an offer as it stands now.

    Raises Refusal (NOT_FOUND) `offer.unknown`, to most also for one of a draft and for a hidden one without
    its code; `code.unknown` for a code that the offer does not have.
    """
    async with database.connection() as conn:
        found, show, codes = await shown_offer(conn, tenant_id=tenant_id, offer=offer, asking=asking)
        (offering,) = await _offerings(conn, tenant_id, [found], show=show, codes=codes, now=now)
    return offering


async def shown_offer(
    conn: Connection, *, tenant_id: int, offer: str, asking: Asking
) -> tuple[Offer, Show, dict[str, Code]]:
    """Return an offer with its show, and by its name the code that was given. Raises Refusal as `offer`."""
    if not valid_name(offer, NAME_MAX):
        raise unknown_offer(offer)
    code = asking.code
    found = (await offer_store.load_offers(conn, tenant_id, [offer])).get(offer)
    if found is None:
        raise unknown_offer(offer)
    show = (await show_store.load_shows(conn, tenant_id, [found.show]))[found.show]
    codes: dict[str, Code] = {}
    if code is not None and valid_name(code, NAME_MAX):
        codes = await _codes(conn, tenant_id, [found], code)
    if not _is_shown(show, asking) or (found.hidden and not asking.everything and not codes):
        raise unknown_offer(offer)
    if code is not None and not codes:
        raise unknown_code()
    return found, show, codes


async def codes(
    *, database: Database, tenant_id: int, offer: str, limit: int | None, cursor: str | None
) -> Page[KeptCode]:
    """Return a page of an offer's codes by name.

    Raises Refusal `offer.unknown` (NOT_FOUND), `limit.invalid`, `cursor.invalid`.
    """
    size = check_limit(limit)
    after = _after(cursor)
    if not valid_name(offer, NAME_MAX):
        raise unknown_offer(offer)
    async with database.connection() as conn:
        if offer not in await offer_store.load_offers(conn, tenant_id, [offer]):
            raise unknown_offer(offer)
        rows = await code_store.select_codes(
            conn, tenant_id=tenant_id, offer=offer, after=after, limit=size + 1
        )
        places = [chart.offer_code(offer=offer, code=one.code) for one in rows[:size]]
        windows = [unending(code_counter(offer=offer, code=one.code)) for one in rows[:size]]
        kept = await balances.balances(conn, tenant_id=tenant_id, addresses=places)
        used = await counters.used(conn, tenant_id=tenant_id, windows=windows)
    items = [
        KeptCode(code=one, kept=kept.get(place, 0), used=used[window])
        for one, place, window in zip(rows[:size], places, windows, strict=True)
    ]
    return Page(items, encode_cursor([rows[size - 1].code]) if len(rows) > size else None)


def _is_shown(show: Show, asking: Asking) -> bool:
    return asking.everything or show.state != "draft"


async def _codes(
    conn: Connection, tenant_id: int, offers: Sequence[Offer], code: str | None
) -> dict[str, Code]:
    """Return by offer what a code is there, where it is good."""
    if code is None:
        return {}
    keys = [code_key(offer=one.id, code=code) for one in offers]
    found = await code_store.load_codes(conn, tenant_id, keys)
    return {one.offer: one for one in found.values() if one.enabled}


async def _offerings(
    conn: Connection,
    tenant_id: int,
    offers: Sequence[Offer],
    *,
    show: Show,
    codes: dict[str, Code],
    now: datetime,
) -> list[Offering]:
    """Return offers as they stand: with a code that seats are kept for, these are those available."""
    places = [_place(one, codes.get(one.id)) for one in offers]
    steps = [[unending(step_counter(offer=one.id, step=n)) for n in range(len(one.steps))] for one in offers]
    free = await balances.balances(conn, tenant_id=tenant_id, addresses=places)
    taken = await counters.used(conn, tenant_id=tenant_id, windows=[w for windows in steps for w in windows])
    return [
        Offering(
            offer=one,
            sale=sale_of(
                one,
                show=show,
                available=free.get(place, 0),
                taken=[taken[window] for window in windows],
                now=now,
            ),
        )
        for one, place, windows in zip(offers, places, steps, strict=True)
    ]


def _place(offer: Offer, code: Code | None) -> str:
    if code is not None and code.reserved:
        return chart.offer_code(offer=offer.id, code=code.code)
    return chart.offer_stock(offer=offer.id)


def _after(cursor: str | None) -> str:
    return "" if cursor is None else str(decode_cursor(cursor, str)[0])


def _start_of(cursor: str) -> tuple[datetime, str]:
    microseconds, show = decode_cursor(cursor, int, str)
    try:
        return _EPOCH + int(microseconds) * _MICROSECOND, str(show)
    except OverflowError as wrong:
        raise invalid(
            "cursor.invalid", "Send the cursor exactly as the previous page gave it, or none."
        ) from wrong
