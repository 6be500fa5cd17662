"""Opening an intent for an amount due, closing it, and the link to its cashier."""

import hmac
import re
from typing import Final

from plaudit.core.commands.command import Grant, Outcome, Work
from plaudit.core.commands.table import work_of
from plaudit.core.handles import Connection
from plaudit.core.journal.facts import Recorded
from plaudit.features.payments.actions.base import OPEN, Means, NothingToDo, table_command
from plaudit.features.payments.model.intents import (
    PAYMENT,
    Intent,
    check_open,
    check_payer,
    unknown_due,
    unknown_payment,
)
from plaudit.features.payments.model.states import after_intent
from plaudit.features.payments.store import attempts as attempts_store
from plaudit.features.payments.store import intents as store
from plaudit.kernel.ids import decode_id, encode_id
from plaudit.kernel.refusal import Refusal, invalid, refused
from plaudit.platform.crypto import Vault
from plaudit.vocabulary.facts.dues import AmountDue
from plaudit.vocabulary.facts.payments import PaymentClosed, PaymentOpened

_URL: Final = re.compile(r"https?://[^\s/?#@]+([/?#]\S*)?", re.ASCII)
_URL_MAX: Final = 1_024
_MARK_DIGITS: Final = 32
_CONTEXT: Final = "payments/cashier"


async def open_payment(
    means: Means, *, grant: Grant, key: str, due: Recorded, data: AmountDue, return_url: str | None
) -> tuple[Intent, Outcome | None]:
    """Open the intent of an amount due, or return the one that it has; the outcome is None then.

    `due` is the fact that opened it, `data` that fact's data. Raises Refusal `due.unknown` (NOT_FOUND) to a
    token of somebody else, `due.expired` (REFUSED), `payment.return_url` (INVALID).
    """
    check_payer(actor=grant.actor, payer=data.payer, unknown=unknown_due())
    check_url(return_url)
    now = means.clock.now()

    async def work(tx: Connection) -> Work:
        if await store.select_intent_of_due(tx, tenant_id=grant.tenant_id, due=due.position):
            raise NothingToDo
        if now >= data.due_until:
            raise refused("due.expired", "The time to pay this has passed; order again.")
        number = await store.insert_intent(
            tx,
            tenant_id=grant.tenant_id,
            due=due.position,
            due_kind=due.kind,
            data=data,
            return_url=return_url,
            now=now,
        )
        if number is None:
            raise NothingToDo
        payment = encode_id(PAYMENT, number)
        opened = PaymentOpened(
            payment=payment,
            due=due.position,
            due_kind=due.kind,
            payer=data.payer,
            asset=data.asset,
            amount_minor=data.amount_minor,
            expires_at=data.due_until,
        )
        return work_of(f"payment/{payment}", opened)

    command = table_command(
        verb="open_payment", permission=OPEN, grant=grant, key=key, content=(due.position, return_url)
    )
    try:
        outcome = await means.corridor.run(command, work)
    except NothingToDo:
        outcome = None
    async with means.database.connection() as conn:
        intent = await store.select_intent_of_due(conn, tenant_id=grant.tenant_id, due=due.position)
    assert intent is not None, due
    return intent, outcome


async def close_payment(means: Means, *, grant: Grant, key: str, payment: str) -> Outcome:
    """Close an intent that was not paid; its open attempts are closed at their channels soon after.

    Raises Refusal `payment.unknown` (NOT_FOUND), `payment.closed` and `payment.settled` (REFUSED).
    """
    number = decode_id(PAYMENT, payment)
    now = means.clock.now()

    async def work(tx: Connection) -> Work:
        intent = await locked(tx, grant=grant, number=number)
        check_open(intent)
        state = after_intent(intent.state, "close")
        assert state is not None, intent
        await store.set_state(
            tx,
            tenant_id=grant.tenant_id,
            number=number,
            state=state,
            attempts=intent.attempts,
            settled_at=now,
        )
        await attempts_store.ask_now(tx, tenant_id=grant.tenant_id, intent=number, now=now)
        closed = PaymentClosed(
            payment=intent.id,
            due=intent.due,
            due_kind=intent.due_kind,
            payer=intent.payer,
            asset=intent.asset,
            amount_minor=intent.amount_minor,
            cause="asked",
        )
        return work_of(f"payment/{intent.id}", closed)

    command = table_command(verb="close_payment", permission=OPEN, grant=grant, key=key, content=number)
    return await means.corridor.run(command, work)


async def locked(tx: Connection, *, grant: Grant, number: int) -> Intent:
    """Return an intent that the caller may pay, locked. Raises Refusal `payment.unknown` (NOT_FOUND)."""
    intent = await store.lock_intent(tx, tenant_id=grant.tenant_id, number=number)
    if intent is None:
        raise unknown_payment()
    check_payer(actor=grant.actor, payer=intent.payer, unknown=unknown_payment())
    return intent


def check_url(url: str | None) -> None:
    """Raise Refusal `payment.return_url` (INVALID) for what no payer can be sent to."""
    if url is not None and (len(url) > _URL_MAX or not _URL.fullmatch(url)):
        raise invalid(
            "payment.return_url",
            f"Give an address that begins with https:// or http://, at most {_URL_MAX} characters.",
            field="return_url",
        )


def cashier_url(*, vault: Vault, public_url: str, tenant_id: int, payment: str) -> str:
    """Return the link to a payment's cashier, which proves itself: whoever has it may pay."""
    return f"{public_url}/pay/{cashier_token(vault=vault, tenant_id=tenant_id, payment=payment)}"


def cashier_token(*, vault: Vault, tenant_id: int, payment: str) -> str:
    """Return what names a payment in its cashier's link, and proves that we made the link."""
    place = f"{tenant_id}-{payment}"
    return _token(place, vault.mark(text=place.encode(), context=_CONTEXT))


def _token(place: str, mark: bytes) -> str:
    return f"{place}-{mark.hex()[:_MARK_DIGITS]}"


def read_cashier_token(*, vault: Vault, token: str) -> tuple[int, int]:
    """Return the tenant and the number of the intent in a cashier's link.

    Raises Refusal `payment.unknown` (NOT_FOUND) for a link that we did not make.
    """
    tenant, _, rest = token.partition("-")
    payment = rest.partition("-")[0]
    try:
        tenant_id, number = int(tenant), decode_id(PAYMENT, payment)
    except (ValueError, Refusal):
        raise unknown_payment() from None
    place = f"{tenant_id}-{payment}"
    # A link that was given out before the key was changed is ours as well.
    marks = vault.marks(text=place.encode(), context=_CONTEXT)
    if not any(hmac.compare_digest(_token(place, mark).encode(), token.encode()) for mark in marks):
        raise unknown_payment()
    return tenant_id, number
