"""The sandbox as a channel."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from plaudit.features.payments.model.accounts import account_id
from plaudit.features.payments.model.channel import (
    BillKind,
    BillLine,
    BillNotReady,
    CallbackRejected,
    ChannelName,
    Merchant,
    Notice,
    Order,
    OrderReport,
    Presentation,
    RefundOrder,
    RefundReport,
    Reply,
)
from plaudit.features.payments.providers.sandbox import bill, signing
from plaudit.features.payments.providers.sandbox.settings import SandboxSecrets
from plaudit.features.payments.providers.sandbox.trades import Trade, TradeRefund, Trades
from plaudit.kernel.ids import new_token
from plaudit.kernel.time import Clock
from plaudit.platform import failures

_TRANSACTION_BYTES: Final = 16


class Sandbox:
    """A merchant account at the sandbox; see `Channel` for what each call does and raises."""

    name: ChannelName = "sandbox"

    def __init__(
        self,
        *,
        merchant: Merchant,
        clock: Clock,
        randomness: Callable[[int], bytes],
        secrets: SandboxSecrets,
        trades: Trades,
    ) -> None:
        """Take the account and its books."""
        self._account = account_id(tenant_id=merchant.tenant_id, number=merchant.number)
        self._clock = clock
        self._randomness = randomness
        self._key = secrets.signing_key
        self._trades = trades

    async def open(self, order: Order) -> Presentation:
        """Keep a trade for the order. Raises Final when the number stands for another one."""
        kept = await self._trades.open(
            Trade(
                number=order.number,
                asset=order.asset,
                amount_minor=order.amount_minor,
                title=order.title,
                notify_url=order.notify_url,
                state="pending",
                opened_at=self._clock.now(),
                expires_at=order.expires_at,
            )
        )
        if (kept.asset, kept.amount_minor) != (order.asset, order.amount_minor):
            message = "the sandbox has another order of this number"
            raise failures.Final(message)
        return Presentation(kind="page")

    async def query(self, order: Order) -> OrderReport:
        """Say what became of an order."""
        return _report(await self._trades.find(order.number))

    async def close(self, order: Order) -> OrderReport:
        """Close an order that was not paid."""
        return _report(await self._trades.close(order.number))

    async def refund(self, refund: RefundOrder) -> RefundReport:
        """Give money back at once; a callback follows."""
        done = await self._trades.refund(
            TradeRefund(
                refund_number=refund.number,
                number=refund.order_number,
                transaction=_new_transaction(self._randomness),
                asset=refund.asset,
                amount_minor=refund.amount_minor,
                notify_url=refund.notify_url,
                refunded_at=self._clock.now(),
            )
        )
        if done is None:
            return RefundReport(state="failed", code="not_enough")
        return _refunded(done)

    async def query_refund(self, refund: RefundOrder) -> RefundReport:
        """Say what became of a refund."""
        found = await self._trades.find_refund(refund.number)
        return RefundReport(state="absent") if found is None else _refunded(found)

    async def read_callback(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """Return what a callback says once signature, time and addressee are right."""
        told = signing.read(headers=headers, body=body, key=self._key, now=now)
        if told.account != self._account:
            raise CallbackRejected("addressee", "the callback is for another merchant account")
        return Notice(
            told=told.event,
            number=told.number,
            transaction=told.transaction,
            asset=told.asset,
            amount_minor=told.amount_minor,
            happened_at=told.happened_at,
            refund_number=told.refund_number,
            payer=told.payer,
        )

    def reply(self, *, accepted: bool) -> Reply:
        """Return 204, or 400 for what was not taken."""
        return Reply(status=204) if accepted else Reply(status=400, body=b"refused")

    async def fetch_bill(self, *, day: date, kind: BillKind) -> bytes:
        """Return the bill of a day, which is one of UTC. Raises BillNotReady until it has ended."""
        since = datetime.combine(day, time(), UTC)
        until = since + timedelta(days=1)
        if self._clock.now() < until:
            message = f"the bill of {day} is made when the day has ended"
            raise BillNotReady(message)
        entries = await self._trades.entries(since=since, until=until)
        balances = await self._trades.balances(before=since) if kind == "funds" else {}
        return bill.write(entries=entries, kind=kind, balances=balances)

    def read_bill(self, content: bytes, *, kind: BillKind) -> Iterator[BillLine]:  # noqa: ARG002 - both look alike
        """Yield the lines of a bill. Raises BillDamaged."""
        return bill.read(content)


def _new_transaction(randomness: Callable[[int], bytes]) -> str:
    return new_token(random_bytes=randomness, size_bytes=_TRANSACTION_BYTES)


def _report(trade: Trade | None) -> OrderReport:
    if trade is None:
        return OrderReport(state="absent")
    if not trade.payments:
        return OrderReport(state=trade.state, transaction=None, asset=trade.asset)
    first = trade.payments[0]
    return OrderReport(
        state="paid",
        transaction=first.transaction,
        asset=trade.asset,
        amount_minor=first.amount_minor,
        happened_at=first.paid_at,
    )


def _refunded(refund: TradeRefund) -> RefundReport:
    return RefundReport(
        state="succeeded",
        channel_refund=refund.transaction,
        amount_minor=refund.amount_minor,
        happened_at=refund.refunded_at,
    )
