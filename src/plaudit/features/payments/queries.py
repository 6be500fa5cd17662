"""What can be asked about merchant accounts, payments and their attempts."""

from collections.abc import Sequence
from typing import Final, TypeAlias
from weakref import WeakKeyDictionary, ref

import msgspec

from plaudit.core.handles import Database
from plaudit.core.journal import read
from plaudit.core.journal.facts import Recorded
from plaudit.features.payments.model.accounts import PaymentPolicy, SealedMerchant, number_of, unknown_account
from plaudit.features.payments.model.intents import (
    DUE,
    PAYMENT,
    Attempt,
    Intent,
    IntentState,
    Placed,
    check_payer,
    payer_of,
    unknown_due,
    unknown_payment,
)
from plaudit.features.payments.model.refunds import REFUND, Refund, unknown_refund
from plaudit.features.payments.model.states import RefundState
from plaudit.features.payments.store import accounts, attempts, intents, refunds
from plaudit.kernel.actor import Actor
from plaudit.kernel.ids import decode_id
from plaudit.kernel.page import Page, check_limit, decode_cursor, encode_cursor
from plaudit.kernel.refusal import not_found
from plaudit.platform.gather import Gatherer
from plaudit.vocabulary.facts import DUES
from plaudit.vocabulary.facts.dues import AmountDue

_NEWEST: Final = 2**63 - 1
# A statement costs as much as ten look-ups in it, and what is answered together is recorded together.
_PAUSE_MS: Final = 2
_BATCH_MAX_MS: Final = 4_000
"""A channel waits for seconds."""

_Place: TypeAlias = tuple[int, int, str]
_Lookups: TypeAlias = Gatherer[_Place, Placed | None]

_LOOKUPS: Final[WeakKeyDictionary[Database, _Lookups]] = WeakKeyDictionary()


async def attempt_by_number(
    *, database: Database, tenant_id: int, account: int, number: str
) -> Placed | None:
    """Return what never changes of the attempt that an account's order number stands for.

    Many callbacks ask at once; all that ask while a statement runs are answered by the next one.
    """
    lookups = _LOOKUPS.get(database)
    if lookups is None:
        lookups = _LOOKUPS[database] = _lookups_on(database)
    return await lookups.ask((tenant_id, account, number))


def _lookups_on(database: Database) -> _Lookups:
    held = ref(database)

    async def serve(places: Sequence[_Place]) -> Sequence[Placed | None]:
        known = held()
        assert known is not None, "nobody asks without a database"
        async with known.connection() as conn:
            found = await attempts.select_placed(conn, wanted=list(dict.fromkeys(places)))
        return [found.get(place) for place in places]

    return Gatherer(serve, name="attempts-by-number", pause_ms=_PAUSE_MS, timeout_ms=_BATCH_MAX_MS)


async def account(*, database: Database, tenant_id: int, account: str) -> SealedMerchant:
    """Return a merchant account. Raises Refusal `invalid.id`, `channel_account.unknown` (NOT_FOUND)."""
    number = number_of(account, tenant_id=tenant_id)
    async with database.connection() as conn:
        found = await accounts.load_merchants(conn, tenant_id, [str(number)])
    if str(number) not in found:
        raise unknown_account()
    return found[str(number)]


async def account_page(
    *, database: Database, tenant_id: int, limit: int | None, cursor: str | None
) -> Page[SealedMerchant]:
    """Return a page of merchant accounts by number. Raises Refusal `limit.invalid`, `cursor.invalid`."""
    size = check_limit(limit)
    after = 0 if cursor is None else int(decode_cursor(cursor, int)[0])
    async with database.connection() as conn:
        rows = await accounts.select_accounts(conn, tenant_id=tenant_id, after=after, limit=size + 1)
    return Page(rows[:size], encode_cursor([rows[size - 1].number]) if len(rows) > size else None)


async def policy(*, database: Database, tenant_id: int, asset: str) -> PaymentPolicy:
    """Return the payment policy of a currency. Raises Refusal `payment_policy.unknown` (NOT_FOUND)."""
    async with database.connection() as conn:
        found = await accounts.load_policies(conn, tenant_id, [asset])
    if asset not in found:
        raise not_found("payment_policy.unknown", "There is no policy for this currency; save one first.")
    return found[asset]


async def due(*, database: Database, tenant_id: int, due: str) -> tuple[Recorded, AmountDue]:
    """Return the fact that opened an amount due, and what it says.

    Raises Refusal `invalid.id` (INVALID) and `due.unknown` (NOT_FOUND).
    """
    position = decode_id(DUE, due)
    async with database.connection() as conn:
        fact = await read.fact_at(conn, tenant_id=tenant_id, position=position)
    if fact is None or fact.kind not in DUES:
        raise unknown_due()
    return fact, msgspec.convert(fact.data, DUES[fact.kind])


async def payment(
    *, database: Database, tenant_id: int, actor: Actor, payment: str
) -> tuple[Intent, Sequence[Attempt]]:
    """Return a payment and its attempts in order. Raises Refusal `invalid.id`, `payment.unknown`."""
    return await payment_of_number(
        database=database, tenant_id=tenant_id, actor=actor, number=decode_id(PAYMENT, payment)
    )


async def payment_of_number(
    *, database: Database, tenant_id: int, actor: Actor, number: int
) -> tuple[Intent, Sequence[Attempt]]:
    """Return a payment by its number, and its attempts in order. Raises Refusal `payment.unknown`."""
    async with database.connection() as conn:
        intent = await intents.select_intent(conn, tenant_id=tenant_id, number=number)
        if intent is None:
            raise unknown_payment()
        check_payer(actor=actor, payer=intent.payer, unknown=unknown_payment())
        return intent, await attempts.select_attempts(conn, tenant_id=tenant_id, intent=number)


async def payment_page(
    *,
    database: Database,
    tenant_id: int,
    payer: str | None,
    state: IntentState | None,
    limit: int | None,
    cursor: str | None,
) -> Page[Intent]:
    """Return a page of payments, newest first. Raises Refusal `limit.invalid`, `cursor.invalid`."""
    size = check_limit(limit)
    before = _NEWEST if cursor is None else int(decode_cursor(cursor, int)[0])
    async with database.connection() as conn:
        rows = await intents.select_intents(
            conn, tenant_id=tenant_id, payer=payer, state=state, before=before, limit=size + 1
        )
    return Page(rows[:size], encode_cursor([rows[size - 1].number]) if len(rows) > size else None)


async def refund_of_number(*, database: Database, tenant_id: int, number: int | None) -> Refund | None:
    """Return a refund by its number, None when there is none."""
    if number is None:
        return None
    async with database.connection() as conn:
        return await refunds.select_refund(conn, tenant_id=tenant_id, number=number)


async def refund(*, database: Database, tenant_id: int, actor: Actor, refund: str) -> Refund:
    """Return a refund. Raises Refusal `invalid.id` (INVALID), `refund.unknown` (NOT_FOUND)."""
    found = await refund_of_number(database=database, tenant_id=tenant_id, number=decode_id(REFUND, refund))
    if found is None:
        raise unknown_refund()
    check_payer(actor=actor, payer=found.owner.removeprefix("viewer/"), unknown=unknown_refund())
    return found


async def refund_page(
    *,
    database: Database,
    tenant_id: int,
    actor: Actor,
    state: RefundState | None,
    payment: str | None,
    limit: int | None,
    cursor: str | None,
) -> Page[Refund]:
    """Return a page of refunds, newest first; a viewer's token sees its own.

    Raises Refusal `limit.invalid`, `cursor.invalid`, `invalid.id`, and `scope.missing` to a creator's token.
    """
    size = check_limit(limit)
    payer = payer_of(actor=actor, named=None)
    before = _NEWEST if cursor is None else int(decode_cursor(cursor, int)[0])
    intent = None if payment is None else decode_id(PAYMENT, payment)
    async with database.connection() as conn:
        rows = await refunds.select_refunds(
            conn,
            tenant_id=tenant_id,
            state=state,
            intent=intent,
            owner=None if payer is None else f"viewer/{payer}",
            before=before,
            limit=size + 1,
        )
    return Page(rows[:size], encode_cursor([rows[size - 1].number]) if len(rows) > size else None)
