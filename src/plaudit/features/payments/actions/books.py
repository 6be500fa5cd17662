"""The sandbox's books of one merchant account, and the callbacks that it sends."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal

import msgspec

from plaudit.core.handles import Connection, Database
from plaudit.features.payments.actions.base import Means, merchant_of
from plaudit.features.payments.model.sandbox import Entry, Trade, TradePayment, TradeRefund
from plaudit.features.payments.providers import opened
from plaudit.features.payments.providers.sandbox import Callback, SandboxSecrets, signed
from plaudit.features.payments.store import sandbox as store
from plaudit.platform import jobs
from plaudit.platform.failures import Final as FinalFailure
from plaudit.platform.failures import Retryable

_OK: Final = range(200, 300)


class SandboxNotice(msgspec.Struct, frozen=True, kw_only=True):
    """What a callback of the sandbox is about. `transaction` is the payment's, or the refund's for one.

    Each `payer` pays with an account of his own.
    """

    tenant_id: int
    account: int
    number: str
    event: Literal["paid", "failed", "refunded"]
    transaction: str
    refund_number: str | None = None
    payer: str | None = None


class Books:
    """The books of one merchant account: the port `Trades` of the sandbox on this database."""

    def __init__(self, *, database: Database, tenant_id: int, account: int) -> None:
        """Open the books."""
        self._database = database
        self._tenant_id = tenant_id
        self._account = account

    async def open(self, trade: Trade) -> Trade:
        """Keep a trade, and return it as it is kept."""
        async with self._database.transaction() as tx:
            await store.insert_trade(tx, tenant_id=self._tenant_id, account=self._account, trade=trade)
            kept = await self._lock(tx, trade.number)
            assert kept is not None, trade.number
            return kept

    async def find(self, number: str) -> Trade | None:
        """Return a trade with what was paid for it."""
        async with self._database.transaction() as tx:
            return await self._lock(tx, number)

    async def close(self, number: str) -> Trade | None:
        """Close a trade that nothing has become of, and return what it is now."""
        async with self._database.transaction() as tx:
            found = await self._lock(tx, number)
            if found is None or found.state != "pending":
                return found
            await store.set_trade_state(
                tx, tenant_id=self._tenant_id, account=self._account, number=number, state="closed"
            )
            return await self._lock(tx, number)

    async def refund(self, refund: TradeRefund) -> TradeRefund | None:
        """Refund a trade and enqueue the callback; None when less than that is left of what was paid."""
        async with self._database.transaction() as tx:
            trade = await self._lock(tx, refund.number)
            before = await self._refund(tx, refund.refund_number)
            if before is not None or trade is None:
                return before
            gone = await store.refunded_of(
                tx, tenant_id=self._tenant_id, account=self._account, number=refund.number
            )
            if gone + refund.amount_minor > sum(one.amount_minor for one in trade.payments):
                return None
            await store.insert_refund(tx, tenant_id=self._tenant_id, account=self._account, refund=refund)
            await enqueue_notice(
                tx,
                SandboxNotice(
                    tenant_id=self._tenant_id,
                    account=self._account,
                    number=refund.number,
                    event="refunded",
                    transaction=refund.transaction,
                    refund_number=refund.refund_number,
                ),
            )
            return refund

    async def find_refund(self, refund_number: str) -> TradeRefund | None:
        """Return a refund."""
        async with self._database.connection() as conn:
            return await self._refund(conn, refund_number)

    async def entries(self, *, since: datetime, until: datetime) -> list[Entry]:
        """Return what was paid and refunded in a half-open span, in order of time."""
        async with self._database.connection() as conn:
            return await store.select_entries(
                conn, tenant_id=self._tenant_id, account=self._account, since=since, until=until
            )

    async def balances(self, *, before: datetime) -> Mapping[str, int]:
        """Return what the sandbox kept for the merchant before a moment, by currency."""
        async with self._database.connection() as conn:
            return await store.select_balances(
                conn, tenant_id=self._tenant_id, account=self._account, before=before
            )

    async def _lock(self, tx: Connection, number: str) -> Trade | None:
        return await store.lock_trade(tx, tenant_id=self._tenant_id, account=self._account, number=number)

    async def _refund(self, conn: Connection, refund_number: str) -> TradeRefund | None:
        return await store.select_refund(
            conn, tenant_id=self._tenant_id, account=self._account, refund_number=refund_number
        )


async def enqueue_notice(tx: Connection, notice: SandboxNotice) -> None:
    """Have a callback sent once the caller's transaction is committed, again and again until it is taken."""
    await jobs.enqueue(tx, NOTIFY, arguments=notice)


async def notify(house: Any, attempt: jobs.Attempt[SandboxNotice]) -> None:  # noqa: ANN401 - the assembled house
    """Sign a callback and post it to the notify address of its trade or refund.

    Raises Failure when it is not answered with 2xx, so that it is sent again.
    """
    means: Means = house
    notice = attempt.arguments
    merchant = await merchant_of(means, tenant_id=notice.tenant_id, number=notice.account)
    assert merchant is not None, notice
    secrets = msgspec.convert(opened(merchant=merchant, vault=means.vault).secrets, SandboxSecrets)
    books = Books(database=means.database, tenant_id=notice.tenant_id, account=notice.account)
    url, callback = await _callback(books, notice, merchant.id)
    headers, body = signed(callback=callback, key=secrets.signing_key, now=means.clock.now())
    answer = await means.outbound.send(method="POST", url=url, headers=headers, body=body)
    if answer.status not in _OK:
        message = f"the sandbox's callback was answered with {answer.status}"
        raise Retryable(message)


NOTIFY: Final = jobs.Job(name="payments.sandbox_notify", arguments=SandboxNotice, work=notify)
"""The callback of the sandbox, sent until it is taken."""


async def _callback(books: Books, notice: SandboxNotice, account: str) -> tuple[str, Callback]:
    """Return where a callback goes and what it says."""
    trade = await books.find(notice.number)
    assert trade is not None, notice
    if notice.refund_number is not None:
        refund = await books.find_refund(notice.refund_number)
        assert refund is not None, notice
        return refund.notify_url, Callback(
            event="refunded",
            account=account,
            number=notice.number,
            transaction=notice.transaction,
            asset=trade.asset,
            amount_minor=refund.amount_minor,
            happened_at=refund.refunded_at,
            refund_number=refund.refund_number,
        )
    paid = _paid(trade, notice)
    return trade.notify_url, Callback(
        event=notice.event,
        account=account,
        number=notice.number,
        transaction=notice.transaction,
        asset=trade.asset,
        amount_minor=paid.amount_minor if paid else trade.amount_minor,
        happened_at=paid.paid_at if paid else trade.opened_at,
        payer=notice.payer,
    )


def _paid(trade: Trade, notice: SandboxNotice) -> TradePayment | None:
    if notice.event != "paid":
        return None
    for one in trade.payments:
        if one.transaction == notice.transaction:
            return one
    message = f"the sandbox has no payment for {notice}"
    raise FinalFailure(message)
