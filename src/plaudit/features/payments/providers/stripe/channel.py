"""Stripe: a page of Stripe's own (Checkout) for cards and whatever else the account has enabled.

Checkout finds no session by our number. It is found again by asking for it with the same idempotency key,
which Stripe keeps for a day and answers with the session that there is; failing that, in the list of sessions
of its time. A session that did not exist comes to be by that, and is closed when the order is.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from plaudit.features.payments.model.channel import (
    BillKind,
    BillLine,
    ChannelName,
    Notice,
    Order,
    OrderReport,
    OrderState,
    Presentation,
    RefundOrder,
    RefundReport,
    RefundState,
    Reply,
)
from plaudit.features.payments.providers.stripe import bills, notices
from plaudit.features.payments.providers.stripe.amounts import to_stripe
from plaudit.features.payments.providers.stripe.api import Api, Declined
from plaudit.features.payments.providers.stripe.objects import Refund, Session, id_of
from plaudit.features.payments.providers.stripe.settings import StripeSecrets, StripeSettings
from plaudit.kernel.time import Clock
from plaudit.platform.failures import Final as Refused
from plaudit.platform.failures import Unknown

LIFE_MIN: Final = timedelta(minutes=40)
"""Stripe wants a session to live for 30 minutes from its making, which may be some time after its opening."""
LIFE_MAX: Final = timedelta(hours=24)
"""Stripe lets none live longer."""

_SESSIONS: Final = "/v1/checkout/sessions"
_REFUNDS: Final = "/v1/refunds"
_EARLIER: Final = timedelta(minutes=1)
_SESSION_PAGES_MAX: Final = 200
_REFUND_PAGES_MAX: Final = 20
_NAME_MAX: Final = 250
_INTENT: Final = "pi_"
_REFUND_STATES: Final[Mapping[str, RefundState]] = {
    "pending": "processing",
    "requires_action": "processing",
    "succeeded": "succeeded",
    "failed": "failed",
    "canceled": "failed",
}
# States of a payment intent whose session is complete but not paid: a bank that takes days, or said no.
_LATER: Final[Mapping[str, OrderState]] = {"requires_payment_method": "failed", "canceled": "failed"}


class Stripe:
    """A merchant account at Stripe, ready to be used."""

    def __init__(self, *, settings: StripeSettings, secrets: StripeSecrets, api: Api, clock: Clock) -> None:
        """Use an account with its keys."""
        self.name: ChannelName = "stripe"
        self._settings = settings
        self._secrets = secrets
        self._api = api
        self._clock = clock

    async def open(self, order: Order) -> Presentation:
        """Return the address of Stripe's page. Raises Failure, Final for a currency or amount it cannot take.

        The page lives for 40 minutes at least and 24 hours at most; an order that ends earlier is closed by
        `close`. Without a `return_url` the payer comes back to the front page where our callbacks go.
        """
        session = await self._make(order)
        if session.url is None:
            raise Unknown(f"session {session.id} of order {order.number} has no address")
        return Presentation(kind="redirect", url=session.url)

    async def query(self, order: Order) -> OrderReport:
        """Ask what became of an order. Raises Failure."""
        session = await self._find(order)
        return OrderReport(state="absent") if session is None else _report(session)

    async def close(self, order: Order) -> OrderReport:
        """Close an order, or return what it is instead. Raises Failure."""
        session = await self._find(order)
        if session is None:
            return OrderReport(state="absent")
        if session.status != "open":
            return _report(session)
        try:
            closed = await self._api.post(f"{_SESSIONS}/{session.id}/expire", Session)
        except Declined:
            # It was paid, or expired, while we asked.
            return _report(await self._get(session.id))
        return _report(closed)

    async def refund(self, refund: RefundOrder) -> RefundReport:
        """Ask for a refund. Raises Failure.

        Stripe keeps an idempotency key for a day only, so the payment's refunds are looked through first.
        """
        found = await self._find_refund(refund)
        if found is not None:
            return _refund_report(found)
        try:
            made = await self._api.post(
                _REFUNDS,
                Refund,
                key=refund.number,
                payment_intent=refund.transaction,
                amount=_amount(refund.asset, refund.amount_minor),
                reason="requested_by_customer",
                metadata={"number": refund.number, "order": refund.order_number},
            )
        except Declined as error:
            return RefundReport(state="failed", code=error.code)
        return _refund_report(made)

    async def query_refund(self, refund: RefundOrder) -> RefundReport:
        """Ask what became of a refund. Raises Failure."""
        found = await self._find_refund(refund)
        return RefundReport(state="absent") if found is None else _refund_report(found)

    async def read_callback(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """Return what a callback says. Raises CallbackRejected.

        What is not about an order or refund of ours is "other", without a number.
        """
        return notices.read(
            headers=headers,
            body=body,
            secret=self._secrets.webhook_secret,
            account=self._settings.account,
            livemode=self._settings.livemode,
            now=now,
        )

    def reply(self, *, accepted: bool) -> Reply:
        """Return 200, at which Stripe stops sending, or 400."""
        return Reply(status=200 if accepted else 400)

    async def fetch_bill(self, *, day: date, kind: BillKind) -> bytes:
        """Return the movements of the balance on a day of UTC. Raises BillNotReady, Failure.

        Stripe has no files of bills: this one is written here, and both kinds are read from it.
        """
        del kind
        return await bills.fetch(
            api=self._api, day=day, account=self._settings.account, now=self._clock.now()
        )

    def read_bill(self, content: bytes, *, kind: BillKind) -> Iterator[BillLine]:
        """Yield the lines of a bill, checked at the end. Raises BillDamaged."""
        return bills.read(content, kind=kind, account=self._settings.account)

    async def _make(self, order: Order) -> Session:
        """Return the order's session, made once: what is asked is the same however often it is."""
        if order.method != "checkout":
            raise Refused(f"Stripe has no method {order.method}")
        callbacks = urlsplit(order.notify_url)
        back = order.return_url or f"{callbacks.scheme}://{callbacks.netloc}/"
        numbers = {"number": order.number}
        return self._ours(
            order,
            await self._api.post(
                _SESSIONS,
                Session,
                key=order.number,
                mode="payment",
                client_reference_id=order.number,
                metadata=numbers,
                payment_intent_data={"metadata": numbers},
                line_items=[
                    {
                        "quantity": 1,
                        "price_data": {
                            "currency": order.asset.lower(),
                            "unit_amount": _amount(order.asset, order.amount_minor),
                            "product_data": {"name": order.title[:_NAME_MAX] or order.number},
                        },
                    }
                ],
                success_url=back,
                cancel_url=back,
                expires_at=int(_end(order).timestamp()),
            ),
        )

    async def _find(self, order: Order) -> Session | None:
        try:
            return await self._get((await self._make(order)).id)
        except Refused:
            # The key was forgotten and the order is over by now, or something of the request has changed.
            return await self._search(order)

    async def _search(self, order: Order) -> Session | None:
        window = {
            "gte": int((order.opened_at - _EARLIER).timestamp()),
            "lte": int(_end(order).timestamp()),
        }
        async for session in self._api.every(
            _SESSIONS, Session, pages_max=_SESSION_PAGES_MAX, created=window
        ):
            if session.client_reference_id == order.number:
                return await self._get(session.id)
        return None

    async def _get(self, session_id: str) -> Session:
        return await self._api.get(
            f"{_SESSIONS}/{session_id}", Session, expand=["payment_intent.latest_charge"]
        )

    def _ours(self, order: Order, session: Session) -> Session:
        if session.client_reference_id != order.number or session.livemode is not self._settings.livemode:
            raise Refused(f"session {session.id} is not that of order {order.number}, or of another mode")
        return session

    async def _find_refund(self, refund: RefundOrder) -> Refund | None:
        if refund.transaction is None or not refund.transaction.startswith(_INTENT):
            raise Refused(f"refund {refund.number} needs the payment intent that was paid")
        async for one in self._api.every(
            _REFUNDS, Refund, pages_max=_REFUND_PAGES_MAX, payment_intent=refund.transaction
        ):
            if one.ours("number") == refund.number:
                return one
        return None


def _end(order: Order) -> datetime:
    shortest, longest = order.opened_at + LIFE_MIN, order.opened_at + LIFE_MAX
    return min(max(order.expires_at, shortest), longest)


def _amount(asset: str, amount_minor: int) -> int:
    try:
        return to_stripe(asset=asset, amount_minor=amount_minor)
    except ValueError as error:
        raise Refused(str(error)) from error


def _report(session: Session) -> OrderReport:
    try:
        asset, amount_minor = session.due
        intent: Mapping[str, Any] = session.payment_intent if isinstance(session.payment_intent, dict) else {}
        charge = intent.get("latest_charge")
        paid_at = charge.get("created") if isinstance(charge, dict) else None
        state = _state(session, intent)
        return OrderReport(
            state=state,
            transaction=session.transaction,
            asset=asset,
            amount_minor=amount_minor,
            happened_at=datetime.fromtimestamp(paid_at, UTC) if state == "paid" and paid_at else None,
            payer=id_of(session.customer),
            code=intent.get("status") if state == "failed" else None,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise Unknown(f"session {session.id} cannot be read: {error!r}") from error


def _state(session: Session, intent: Mapping[str, Any]) -> OrderState:
    if session.payment_status == "paid":
        return "paid"
    if session.status == "expired":
        return "closed"
    if session.status == "complete":
        return _LATER.get(str(intent.get("status")), "pending")
    return "pending"


def _refund_report(refund: Refund) -> RefundReport:
    try:
        _, amount_minor = refund.back
    except ValueError as error:
        raise Unknown(f"refund {refund.id} cannot be read: {error}") from error
    state = _REFUND_STATES.get(refund.status or "", "processing")
    return RefundReport(
        state=state,
        channel_refund=refund.id,
        amount_minor=amount_minor,
        happened_at=datetime.fromtimestamp(refund.created, UTC) if state == "succeeded" else None,
        code=(refund.failure_reason or refund.status) if state == "failed" else None,
    )
