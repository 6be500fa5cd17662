"""Stands in for payments: says that amounts due were paid and that refunds may go on, as payments would."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec
import pytest

from plaudit.core.audit import examine
from plaudit.core.commands.command import Command, Outcome, Plan
from plaudit.core.commands.references import Lookup
from plaudit.core.journal import read
from plaudit.core.journal.facts import Fact
from plaudit.core.journal.subscriptions import catch_up, dead_letters
from plaudit.core.ledger.book import Book, Decision, Transfer
from plaudit.features.tipping.feature import FEATURE as TIPPING
from plaudit.features.wallets.feature import FEATURE as WALLETS
from plaudit.kernel.ids import encode_id
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.base import FactData
from plaudit.vocabulary.facts.dues import AmountDue, DueKept, DueRejected, DueReturned
from plaudit.vocabulary.facts.payments import PaymentSucceeded, RefundApproved
from tests.features.floor import Floor

F = TypeVar("F", bound=FactData)
ACCOUNT = "acc_0000000000001"


@dataclass
class Payer:
    """Payments' part: what it has been paid and what goes back, on a floor with the features' reactions."""

    floor: Floor
    payments: dict[str, PaymentSucceeded] = field(default_factory=dict)
    going_back: dict[str, int] = field(default_factory=dict)
    refunds: int = 0

    async def pay(self, due: Outcome) -> str:
        """Say that an amount due was paid, its money in clearing, and return the payment's id."""
        owed = due.data
        assert isinstance(owed, AmountDue), owed
        said = PaymentSucceeded(
            payment=encode_id("pay", len(self.payments) + 1),
            due=due.position,
            due_kind=due.kind,
            payer=owed.payer,
            asset=owed.asset,
            amount_minor=owed.amount_minor,
            attempt=1,
            channel="sandbox",
            account=ACCOUNT,
            method="sandbox",
            transaction=f"t-{due.position}",
        )
        self.payments[said.payment] = said
        source = chart.channel_account(account=ACCOUNT, asset=owed.asset)
        await self._say(said, Transfer(source, chart.clearing(asset=owed.asset), owed.amount_minor))
        return said.payment

    async def refund(self, payment: str, amount_minor: int | None = None) -> str:
        """Say that a refund of a payment (all that is left of it) may go on, and return the refund's id."""
        paid = self.payments[payment]
        before_minor = self.going_back.get(payment, 0)
        if amount_minor is None:
            amount_minor = paid.amount_minor - before_minor
        self.refunds += 1
        said = RefundApproved(
            payment=payment,
            due=paid.due,
            due_kind=paid.due_kind,
            payer=paid.payer,
            asset=paid.asset,
            amount_minor=amount_minor,
            refund=encode_id("ref", self.refunds),
            cause="asked",
            paid_minor=paid.amount_minor,
            refunded_before_minor=before_minor,
        )
        self.going_back[payment] = before_minor + amount_minor
        await self._say(said)
        return said.refund

    async def answered(self) -> None:
        """Let wallets and tipping answer everything that was said."""
        floor = self.floor
        reactions = [one.bound(floor.corridor) for one in (*WALLETS.reactions, *TIPPING.reactions)]
        await catch_up(
            database=floor.database, clock=floor.clock, subscriptions=reactions, tenant_id=floor.tenant_id
        )
        async with floor.database.connection() as conn:
            for one in reactions:
                assert not await dead_letters(conn, tenant_id=floor.tenant_id, subscription=one.name)

    async def waits(self) -> None:
        """Let wallets and tipping try; there must be something that cannot be answered yet."""
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await self.answered()

    async def said(self, kind: type[F]) -> list[F]:
        """Return what the journal has of one kind, in order."""
        async with self.floor.database.connection() as conn:
            page = await read.page(
                conn, tenant_id=self.floor.tenant_id, after=0, limit=10_000, kinds=[kind.KIND]
            )
        return [msgspec.convert(fact.data, kind) for fact in page.facts]

    async def codes(self, kind: type[DueRejected | DueKept]) -> list[str]:
        """Return the codes of all rejections, or of all refusals to give back."""
        return [one.code for one in await self.said(kind)]

    async def money(self, asset: str = "CNY") -> dict[str, int]:
        """Return the balances in a currency; whatever has happened, they sum to zero."""
        found = await self.floor.everything()
        return {address: minor for address, minor in found.items() if address.endswith(f"/{asset}")}

    async def checked(self) -> None:
        """Let the doctor look: everything holds, and all money promised for refunds stands in clearing."""
        report = await examine(self.floor.database)
        assert report.green, report.findings
        promised = sum(one.amount_minor for one in await self.said(DueReturned))
        promised += sum(one.amount_minor for one in await self.said(DueRejected))
        assert await self.floor.balance("clearing/CNY") == promised

    async def _say(self, said: FactData, *transfers: Transfer) -> None:
        decision = Decision(Fact("payment", said), transfers)
        accounts = tuple(address for one in transfers for address in (one.source, one.destination))

        def plan(_lookup: Lookup) -> Plan:
            return Plan(_deciding(decision), accounts)

        await self.floor.corridor.submit(
            Command(
                action="test.say",
                permission="payment.open",
                grant=self.floor.grant(),
                key=self.floor.key(),
                content=b"",
                plan=plan,
            )
        )


def fact_of(outcome: Outcome, kind: type[F]) -> F:
    """Return the data of an outcome's fact."""
    assert isinstance(outcome.data, kind), outcome
    return outcome.data


def _deciding(decision: Decision) -> Callable[[Book], Decision]:
    def decide(_book: Book) -> Decision:
        return decision

    return decide
