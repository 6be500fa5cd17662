"""A merchant account with attempts and refunds as they would have settled, and bills made up line by line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from plaudit.app.assembly import House
from plaudit.features.payments.actions import reconciliation as actions
from plaudit.features.payments.actions.base import merchant_of
from plaudit.features.payments.model.accounts import SealedMerchant
from plaudit.features.payments.model.bills import BillException, Reconciliation
from plaudit.features.payments.model.channel import BillDamaged, BillKind, BillLine, BillNotReady
from plaudit.features.payments.model.intents import CHANCE_BYTES, order_number
from plaudit.features.payments.model.refunds import refund_number
from plaudit.features.payments.store import reconciliations as store

DAY = date(2026, 5, 1)
ZONE = ZoneInfo("Asia/Shanghai")
SEALED = b"sealed"


def at(hour: int, minute: int = 0, *, day: date = DAY) -> datetime:
    """Return an instant by the channel's clock."""
    return datetime.combine(day, time(hour, minute), tzinfo=ZONE).astimezone(UTC)


@dataclass
class FakeChannel:
    """Bills as lists of lines; content is the name of one of them."""

    bills: dict[tuple[date, BillKind], Sequence[BillLine]] = field(default_factory=dict)
    damaged: dict[BillKind, int] = field(default_factory=dict)
    edition: int = 1

    async def fetch_bill(self, *, day: date, kind: BillKind) -> bytes:
        if (day, kind) not in self.bills:
            raise BillNotReady
        return f"{day} {kind} {self.edition} {self.bills[day, kind]!r}".encode()

    def read_bill(self, content: bytes, *, kind: BillKind) -> Iterator[BillLine]:
        day = date.fromisoformat(content.decode().split()[0])
        yield from self.bills[day, kind]
        if kind in self.damaged:
            message = "the count is wrong"
            raise BillDamaged(message, line=self.damaged[kind])


@dataclass
class Desk:
    """One merchant account of one tenant, its channel, and what a test wants to do and know."""

    house: House
    tenant_id: int
    account: int
    channel: FakeChannel
    numbers: int = 0

    async def execute(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        async with self.house.database.connection() as conn:
            cursor = await conn.execute(statement, values)
            return await cursor.fetchall() if cursor.description else []

    async def merchant(self) -> SealedMerchant:
        found = await merchant_of(self.house, tenant_id=self.tenant_id, number=self.account)
        assert found is not None
        return found

    async def paid(
        self,
        amount_minor: int,
        *,
        settled_at: datetime | None = None,
        state: str = "paid",
        transaction: str | None = None,
        asset: str = "CNY",
    ) -> BillLine:
        """Settle an attempt, and return the line that the channel would write for it."""
        self.numbers += 1
        when = settled_at or at(12)
        over = state in {"paid", "surplus", "failed", "closed"}
        (row,) = await self.execute(
            "INSERT INTO payments.intent (tenant_id, due, due_kind, payer, asset, amount, title_en,"
            " title_zh, state, attempts, paid_attempt, opened_at, expires_at, settled_at)"
            " VALUES (%s, %s, 'topup.ordered', 'v1', %s, %s, 'coins', '金币', %s, 1, %s, %s,"
            " %s, %s) RETURNING number",
            (
                self.tenant_id,
                self.numbers,
                asset,
                amount_minor,
                "succeeded" if state == "paid" else "closed",
                1 if state == "paid" else None,
                when - timedelta(minutes=1),
                when,
                when,
            ),
        )
        number = order_number(intent=row[0], attempt=1, chance=bytes(CHANCE_BYTES))
        told = transaction or f"42000{row[0]:07}"
        await self.execute(
            "INSERT INTO payments.attempt (tenant_id, intent, attempt, account, channel, method, number,"
            " asset, amount, state, transaction, opened_at, settled_at)"
            " VALUES (%s, %s, 1, %s, 'wechat', 'native', %s, %s, %s, %s, %s, %s, %s)",
            (
                self.tenant_id,
                row[0],
                self.account,
                number,
                asset,
                amount_minor,
                state,
                told if state in {"paid", "surplus"} else None,
                when,
                when if over else None,
            ),
        )
        return BillLine(
            line=self.numbers,
            kind="payment",
            asset=asset,
            amount_minor=amount_minor,
            number=number,
            transaction=told,
            fee_minor=round(amount_minor * 6 / 1000),
            state="SUCCESS",
            happened_at=when,
        )

    async def refunded(
        self,
        of: BillLine,
        amount_minor: int,
        *,
        state: str = "succeeded",
        settled_at: datetime | None = None,
        told: str = "SUCCESS",
        retries: int = 0,
    ) -> BillLine:
        """Refund a payment, and return the line that the channel would write for the last try."""
        self.numbers += 1
        when = settled_at or at(13)
        (row,) = await self.execute(
            "INSERT INTO payments.refund (tenant_id, intent, attempt, account, channel, order_number, asset,"
            " amount, cause, state, maker, owner, requested_at, settled_at, retries) SELECT tenant_id,"
            " intent, attempt, account, channel, number, asset, %s, 'asked', %s, 'staff/s1', 'viewer/v1',"
            " %s, %s, %s FROM payments.attempt WHERE tenant_id = %s AND number = %s RETURNING number",
            (
                amount_minor,
                state,
                when,
                when if state in {"succeeded", "failed"} else None,
                retries,
                self.tenant_id,
                of.number,
            ),
        )
        return BillLine(
            line=self.numbers,
            kind="refund",
            asset=of.asset,
            amount_minor=-amount_minor,
            number=of.number,
            transaction=of.transaction,
            refund_number=refund_number(row[0], order=of.number, retry=retries),
            channel_refund=f"50000{row[0]:07}",
            fee_minor=0,
            state=told,
            happened_at=when,
        )

    async def surplus(self, of: BillLine, amount_minor: int, transaction: str) -> BillLine:
        """Let the same order be paid once more: the money is on its way back."""
        self.numbers += 1
        await self.execute(
            "INSERT INTO payments.refund (tenant_id, intent, attempt, account, channel, order_number,"
            " transaction, asset, amount, cause, state, maker, owner, requested_at) SELECT tenant_id,"
            " intent, attempt, account, channel, number, %s, asset, %s, 'double', 'sending',"
            " 'system/payments',"
            " 'viewer/v1', %s"
            " FROM payments.attempt WHERE tenant_id = %s AND number = %s",
            (transaction, amount_minor, at(12, 30), self.tenant_id, of.number),
        )
        return BillLine(
            line=self.numbers,
            kind="payment",
            asset=of.asset,
            amount_minor=amount_minor,
            number=of.number,
            transaction=transaction,
            fee_minor=round(amount_minor * 6 / 1000),
            state="SUCCESS",
            happened_at=at(12, 30),
        )

    def bill(self, *lines: BillLine, day: date = DAY, funds: Sequence[BillLine] = ()) -> None:
        """Have the channel publish the bills of a day, or publish others in their place."""
        self.channel.bills[day, "trade"] = lines
        self.channel.bills[day, "funds"] = funds
        self.channel.edition += 1

    async def reconcile(self, day: date = DAY) -> Reconciliation:
        return await actions.reconcile(self.house, merchant=await self.merchant(), day=day)

    async def exceptions(self, state: Any = None) -> list[BillException]:  # noqa: ANN401 - a state
        async with self.house.database.connection() as conn:
            return await store.select_exceptions(conn, tenant_id=self.tenant_id, state=state, limit=100)

    async def facts(self, kind: str) -> list[dict[str, Any]]:
        rows = await self.execute(
            "SELECT data FROM journal.fact WHERE tenant_id = %s AND kind = %s ORDER BY position",
            (self.tenant_id, kind),
        )
        return [row[0] for row in rows]

    async def balance(self, address: str) -> int:
        rows = await self.execute(
            "SELECT balance FROM ledger.account WHERE tenant_id = %s AND address = %s",
            (self.tenant_id, address),
        )
        return int(rows[0][0]) if rows else 0


async def open_desk(house: House, *, tenant_id: int, fee_rate: str | None = "0.6%") -> Desk:
    """Open a merchant account at WeChat Pay without going through anybody."""
    async with house.database.transaction() as tx:
        cursor = await tx.execute(
            "INSERT INTO payments.account (tenant_id, channel, name, settings, secrets, secret_names,"
            " secrets_at, enabled, priority, assets, methods, devices, minimum, maximum, revision, saved_by,"
            " saved_at) VALUES (%s, 'wechat', 'main', jsonb_build_object('fee_rate', %s::text), %s, '{}', %s,"
            " true, 1, '{CNY}', '{native}', '{}', 1, 1000000, 1, 'staff/s1', %s) RETURNING number",
            (tenant_id, fee_rate, SEALED, at(0), at(0)),
        )
        row = await cursor.fetchone()
        assert row is not None
    return Desk(house, tenant_id, row[0], FakeChannel())


def summary(ended: Reconciliation) -> dict[str, int]:
    """Lines by class."""
    return {one.difference: one.lines for one in ended.classes}
