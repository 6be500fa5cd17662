"""A box office: the test plays presale and payments, with the facts and transfers that they record."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from plaudit.core.commands import tenants
from plaudit.core.journal.subscriptions import differences
from plaudit.core.ledger import balances
from plaudit.core.ledger.book import Draw, Transfer
from plaudit.features.identity.feature import FEATURE as IDENTITY
from plaudit.features.insight.feature import FEATURE
from plaudit.features.insight.feature import FEATURE as INSIGHT
from plaudit.features.risk.feature import FEATURE as RISK
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts import dues, payments, tickets
from tests.app.edge import UnderTest, under_test
from tests.features.insight.desk import ASSET, CHANNEL, CLEARING, NOON, Desk, Sale
from tests.kit.clock import StageClock

_ALONE = (IDENTITY, RISK, INSIGHT)
"""Presale and payments are played."""


@dataclass(slots=True)
class BoxOffice(Desk):
    """A tenant behind the edge that sells tickets for shows."""

    def _payment(self, sale: Sale) -> dict[str, Any]:
        return {
            "payment": sale.payment,
            "due": sale.due,
            "due_kind": sale.due_kind,
            "payer": sale.viewer,
            "asset": ASSET,
            "amount_minor": sale.due_minor,
        }

    def _attempt(self, sale: Sale) -> dict[str, Any]:
        return {
            **self._payment(sale),
            "attempt": 1,
            "channel": "wechat",
            "account": "acc_0000004000001",
            "method": "native",
        }

    async def fail(self, sale: Sale, code: str = "bank_declined") -> None:
        """Attempt to pay what is due, and be declined."""
        about = f"payment/{sale.payment}"
        await self.say(about, payments.PaymentAttempted(**self._attempt(sale), number="P1"))
        await self.say(about, payments.AttemptFailed(**self._attempt(sale), code=code))

    async def pay(self, sale: Sale) -> None:
        """Pay what is due of an order, and let nothing follow yet."""
        about = f"payment/{sale.payment}"
        await self.say(about, payments.PaymentAttempted(**self._attempt(sale), number="P1"))
        paid = payments.PaymentSucceeded(**self._attempt(sale), transaction="T1")
        await self.say(about, paid, Transfer(CHANNEL, CLEARING, sale.due_minor))

    async def issue(self, sale: Sale, *, late: bool = False) -> None:
        """Issue the tickets of an order whose last payment stands in clearing."""
        stock, sold = chart.offer_stock(offer=sale.offer), chart.offer_sold(offer=sale.offer)
        takings = chart.show_takings(show=sale.show, asset=ASSET)
        deposits = chart.show_deposits(show=sale.show, asset=ASSET)
        source, before_minor = (stock if late else chart.held(stock)), 0
        draw = None if late else Draw(sale.order, sale.quantity, "capture")
        moves = []
        if sale.mode == "group" or sale.due_kind == "ticket.deposited":
            source, draw = chart.offer_pledged(offer=sale.offer), None
            before_minor = sale.total_minor if sale.mode == "group" else sale.total_minor - sale.due_minor
            moves.append(Transfer(deposits, takings, before_minor))
        if sale.total_minor > before_minor:
            moves.append(Transfer(CLEARING, takings, sale.total_minor - before_minor))
        data = tickets.TicketIssued(
            **sale.about,
            mode=sale.mode,
            lines=sale.lines,
            rights=("main",),
            asset=ASSET,
            paid_minor=sale.total_minor,
            payment=sale.payment,
            late=late,
        )
        seats = Transfer(source, sold, sale.quantity)
        await self.say(f"order/{sale.order}", data, seats, *moves, draw=draw)

    async def sell(self, offer: str, *lines: tuple[int, int, int], **fields: Any) -> Sale:  # noqa: ANN401 - as `order`
        """Order, pay and issue."""
        sale = await self.order(offer, *lines, **fields)
        await self.pay(sale)
        await self.issue(sale)
        return sale

    async def deposit(self, sale: Sale) -> None:
        """Turn a paid deposit into seats that are pledged, and the balance into the next amount due."""
        balance = sale.total_minor - sale.due_minor
        data = tickets.TicketDeposited(
            payer=sale.viewer,
            asset=ASSET,
            amount_minor=balance,
            due_until=self.clock.now() + timedelta(days=9),
            title_en="Winter concert, balance",
            title_zh="冬日演唱会尾款",
            order=sale.order,
            show=sale.show,
            offer=sale.offer,
            quantity=sale.quantity,
            payment=sale.payment,
            deposit_minor=sale.due_minor,
            balance_from=self.clock.now(),
            balance_until=self.clock.now() + timedelta(days=8),
            forfeited="1",
        )
        draw = Draw(sale.order, sale.quantity, "capture")
        outcome = await self.say(f"order/{sale.order}", data, *self._pledging(sale), draw=draw)
        sale.due, sale.due_minor, sale.due_kind = outcome.position, balance, "ticket.deposited"

    async def pledge(self, sale: Sale, *, group: str, paid: int, size: int) -> None:
        """Count a paid member of a group."""
        data = tickets.TicketPledged(
            **sale.about,
            group=group,
            payment=sale.payment,
            asset=ASSET,
            paid_minor=sale.due_minor,
            paid=paid,
            size=size,
        )
        draw = Draw(sale.order, sale.quantity, "capture")
        await self.say(f"order/{sale.order}", data, *self._pledging(sale), draw=draw)

    def _pledging(self, sale: Sale) -> tuple[Transfer, ...]:
        held = chart.held(chart.offer_stock(offer=sale.offer))
        deposits = chart.show_deposits(show=sale.show, asset=ASSET)
        return (
            Transfer(held, chart.offer_pledged(offer=sale.offer), sale.quantity),
            Transfer(CLEARING, deposits, sale.due_minor),
        )

    async def end_group(self, sale: Sale, *, group: str, filled: bool, paid: int, size: int) -> None:
        """End a group."""
        data = tickets.GroupEnded(
            group=group, show=sale.show, offer=sale.offer, filled=filled, paid=paid, size=size
        )
        await self.say(f"order/{group}", data)

    async def end(self, sale: Sale) -> None:
        """Let an order end unpaid."""
        stock = chart.offer_stock(offer=sale.offer)
        data = tickets.OrderEnded(**sale.about, cause="expired")
        back = Transfer(chart.held(stock), stock, sale.quantity)
        draw = Draw(sale.order, sale.quantity, "release")
        await self.say(f"order/{sale.order}", data, back, draw=draw)

    async def leave(self, sale: Sale, *, group: str) -> None:
        """Let a member's seat of a group go back; the money stands in the deposits until it is refunded."""
        data = tickets.OrderEnded(
            **sale.about,
            cause="group",
            payment=sale.payment,
            asset=ASSET,
            paid_minor=sale.due_minor,
            group=group,
        )
        pledged, stock = chart.offer_pledged(offer=sale.offer), chart.offer_stock(offer=sale.offer)
        await self.say(f"order/{sale.order}", data, Transfer(pledged, stock, sale.quantity))

    async def forfeit(self, sale: Sale, *, forfeited_minor: int) -> None:
        """Let a deposit be forfeited in part."""
        deposit_minor = sale.total_minor - sale.due_minor
        deposits = chart.show_deposits(show=sale.show, asset=ASSET)
        pledged, stock = chart.offer_pledged(offer=sale.offer), chart.offer_stock(offer=sale.offer)
        data = tickets.TicketForfeited(
            **sale.about,
            payment=sale.payment,
            asset=ASSET,
            deposit_minor=deposit_minor,
            forfeited_minor=forfeited_minor,
            returned_minor=deposit_minor - forfeited_minor,
        )
        await self.say(
            f"order/{sale.order}",
            data,
            Transfer(pledged, stock, sale.quantity),
            Transfer(deposits, chart.show_takings(show=sale.show, asset=ASSET), forfeited_minor),
        )

    async def refund(
        self,
        sale: Sale,
        *,
        seats: int,
        amount_minor: int,
        cause: payments.RefundCause = "asked",
        pledged: bool = False,
    ) -> None:
        """Give seats and money back."""
        taken = chart.offer_pledged if pledged else chart.offer_sold
        kept = chart.show_deposits if pledged else chart.show_takings
        about, refund = f"payment/{sale.payment}", f"ref_{next(self.numbers):013d}"
        told = {**self._payment(sale), "amount_minor": amount_minor, "refund": refund, "cause": cause}
        await self.say(about, payments.RefundRequested(**told, maker="staff/ann"))
        back = tickets.TicketRefunded(
            **{**sale.about, "quantity": seats},
            payment=sale.payment,
            refund=refund,
            asset=ASSET,
            amount_minor=amount_minor,
            refunded_minor=amount_minor,
        )
        moves = [Transfer(kept(show=sale.show, asset=ASSET), CLEARING, amount_minor)]
        if seats:
            stock = chart.offer_stock(offer=sale.offer)
            moves.append(Transfer(taken(offer=sale.offer), stock, seats))
        await self.say(f"order/{sale.order}", back, *moves)
        done = payments.PaymentRefunded(
            **told,
            channel="wechat",
            account="acc_0000004000001",
            paid_minor=sale.total_minor,
            refunded_minor=amount_minor,
        )
        await self.say(about, done, Transfer(CLEARING, CHANNEL, amount_minor))

    async def revoke(self, sale: Sale, code: str) -> None:
        """Say that the show takes back by itself what was sold."""
        data = dues.DueRevoked(
            due=sale.due,
            due_kind=sale.due_kind,
            payment=sale.payment,
            asset=ASSET,
            amount_minor=sale.due_minor,
            code=code,
        )
        await self.say(f"payment/{sale.payment}", data)

    async def board(self, show: str = "winter", **query: Any) -> Any:  # noqa: ANN401 - JSON
        """Return the board of a show as it is now."""
        await self.caught_up()
        return await self.acme.get(f"/v1/shows/{show}/board", **query)

    async def funnel(self, by: str, show: str = "winter", **query: Any) -> dict[str | None, Any]:  # noqa: ANN401 - JSON
        """Return the lines of a funnel by their key."""
        await self.caught_up()
        found = await self.acme.get(f"/v1/shows/{show}/funnel", by=by, **query)
        return {one["key"]: one for one in found["items"]}

    async def balance(self, address: str) -> int:
        """Return the balance of an account."""
        async with self.house.database.connection() as conn:
            found = await balances.balances(conn, tenant_id=self.tenant_id, addresses=[address])
        return found.get(address, 0)

    async def differing(self) -> list[Any]:
        """Return what a rebuild of insight's projections would change: nothing."""
        await self.caught_up()
        found = []
        for one in FEATURE.subscriptions:
            found += await differences(
                database=self.house.database, subscription=one, tenant_id=self.tenant_id
            )
        return found


@dataclass(slots=True)
class Hall:
    """The house that box offices share, and its clock."""

    edge: UnderTest
    clock: StageClock
    offices: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    async def office(self, *, time_zone: str = "Asia/Kolkata") -> BoxOffice:
        """Open a box office of a tenant of its own, which has announced a show, at noon."""
        self.clock.time = NOON
        slug = f"acme-{next(self.offices)}"
        acme = await self.edge.tenant(slug, time_zone=time_zone)
        async with self.edge.house.database.connection() as conn:
            (tenant,) = [one for one in await tenants.tenants(conn) if one.slug == slug]
        office = BoxOffice(self.edge, acme, tenant.tenant_id, slug, self.clock)
        await office.announce()
        return office


@asynccontextmanager
async def open_hall(database_url: str, folder: Path, **environ: str) -> AsyncIterator[Hall]:
    """Open a house on a clock to drive."""
    clock = StageClock(NOON)
    async with under_test(database_url, folder, clock=clock, features=_ALONE, **environ) as edge:
        yield Hall(edge, clock)
