"""A tenant with shows and viewers to tell of them: the test plays presale, and drives the clock."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from plaudit.app.assembly import House
from plaudit.core.commands import tenants
from plaudit.core.commands.command import Command, Grant, Plan
from plaudit.core.journal.facts import Fact
from plaudit.core.journal.subscriptions import catch_up
from plaudit.core.ledger.book import Decision
from plaudit.features.notifications import schedule
from plaudit.kernel.actor import Actor
from plaudit.kernel.ids import encode_id
from plaudit.vocabulary.facts.base import FactData
from plaudit.vocabulary.facts.shows import ShowSaved, ShowState, ShowStateChanged
from plaudit.vocabulary.facts.tickets import (
    EndCause,
    OrderEnded,
    OrderLine,
    TicketDeposited,
    TicketForfeited,
    TicketIssued,
    TicketPledged,
    TicketRefunded,
    TicketTransferred,
)
from tests.app.edge import Caller, UnderTest, settled, under_test
from tests.kit.clock import StageClock

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECRET = "0123456789abcdef" * 4


@dataclass(slots=True)
class Theatre:
    """A tenant behind the edge, what happens in it, and what its viewers are told."""

    edge: UnderTest
    acme: Caller
    tenant_id: int
    clock: StageClock
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    revisions: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    key_id: str = ""

    @property
    def house(self) -> House:
        return self.edge.house

    async def happens(self, data: FactData) -> int:
        """Record a fact of another feature, and return where it stands."""
        decision = Decision(Fact("test/stage", data))
        key = f"happens-{next(self.numbers)}"
        command = Command(
            action="test.happens",
            permission="test",
            grant=Grant(self.tenant_id, Actor("system", "stage"), frozenset({"test"})),
            key=key,
            content=key.encode(),
            plan=lambda _: Plan(lambda _book: decision),
        )
        return (await self.house.corridor.submit(command)).position

    async def show(
        self,
        show: str = "winter",
        *,
        starts_at: datetime,
        starts_before: datetime | None = None,
        watch_url: str | None = "https://live.example/{show}",
        title_en: str = "Winter concert",
    ) -> None:
        """Announce a show, or move it."""
        await self.happens(
            ShowSaved(
                show=show,
                revision=next(self.revisions),
                state="presale",
                organiser="aurora",
                starts_at=starts_at,
                ends_at=starts_at + timedelta(hours=2),
                title_en=title_en,
                title_zh="冬日演唱会",
                streams=(),
                commission="1/10",
                watch_url=watch_url,
                starts_before=starts_before,
            )
        )

    async def becomes(self, state: ShowState, show: str = "winter") -> None:
        await self.happens(
            ShowStateChanged(show=show, revision=next(self.revisions), before="presale", state=state)
        )

    async def buys(self, viewer: str, *, order: int = 0, quantity: int = 1, show: str = "winter") -> int:
        """Have tickets issued, and return the order."""
        order = order or next(self.numbers) + 1_000
        await self.happens(
            TicketIssued(
                order=order,
                viewer=viewer,
                show=show,
                offer="main",
                quantity=quantity,
                mode="full",
                lines=(OrderLine(step=0, quantity=quantity, price_minor=9_900),),
                rights=("main",),
                asset="CNY",
                paid_minor=9_900 * quantity,
                payment="pay_0000000000001",
            )
        )
        return order

    async def deposits(
        self, viewer: str, *, balance_until: datetime, balance_from: datetime = NOON, show: str = "winter"
    ) -> int:
        """Have a deposit paid, and return the order."""
        order = next(self.numbers) + 1_000
        await self.happens(
            TicketDeposited(
                payer=viewer,
                asset="CNY",
                amount_minor=7_900,
                due_until=balance_until + timedelta(hours=6),
                title_en="Winter concert",
                title_zh="冬日演唱会",
                order=order,
                show=show,
                offer="main",
                quantity=1,
                payment="pay_0000000000001",
                deposit_minor=2_000,
                balance_from=balance_from,
                balance_until=balance_until,
                forfeited="1",
            )
        )
        return order

    async def pledges(self, viewer: str, *, show: str = "winter") -> int:
        """Have a place in a group paid, and return the order."""
        order = next(self.numbers) + 1_000
        await self.happens(
            TicketPledged(
                order=order,
                viewer=viewer,
                show=show,
                offer="main",
                quantity=1,
                group="grp_0000000000001",
                payment="pay_0000000000001",
                asset="CNY",
                paid_minor=7_900,
                paid=1,
                size=3,
            )
        )
        return order

    async def ends(
        self, viewer: str, order: int, *, cause: EndCause = "left", paid: bool = True, show: str = "winter"
    ) -> None:
        """Have an order end without a ticket; payments have none of it, so that nothing goes back."""
        await self.happens(
            OrderEnded(
                order=order,
                viewer=viewer,
                show=show,
                offer="main",
                quantity=1,
                cause=cause,
                payment="pay_0000000000001" if paid else None,
                asset="CNY" if paid else None,
            )
        )

    async def refunded(
        self,
        viewer: str,
        order: int,
        *,
        quantity: int = 1,
        holders: tuple[str, ...] = (),
        show: str = "winter",
    ) -> None:
        await self.happens(
            TicketRefunded(
                order=order,
                viewer=viewer,
                show=show,
                offer="main",
                quantity=quantity,
                payment="pay_0000000000001",
                refund="ref_0000000000001",
                asset="CNY",
                amount_minor=9_900,
                refunded_minor=9_900,
                holders=holders or (viewer,),
            )
        )

    async def forfeits(self, viewer: str, order: int, *, show: str = "winter") -> None:
        await self.happens(
            TicketForfeited(
                order=order,
                viewer=viewer,
                show=show,
                offer="main",
                quantity=1,
                payment="pay_0000000000001",
                asset="CNY",
                deposit_minor=2_000,
                forfeited_minor=2_000,
                returned_minor=0,
            )
        )

    async def hands_on(self, holder: str, recipient: str, order: int, *, show: str = "winter") -> None:
        await self.happens(
            TicketTransferred(
                ticket="tkt_0000000000001",
                order=order,
                show=show,
                offer="main",
                holder=holder,
                recipient=recipient,
                rights=("main",),
            )
        )

    async def caught_up(self) -> None:
        """Bring every follower of the journal to its head."""
        house = self.house
        await catch_up(database=house.database, subscriptions=house.subscriptions, clock=house.clock)

    async def tidy(self) -> None:
        """Do what is due on time, and let it have its effects."""
        await self.caught_up()
        await schedule.tidy(self.house)
        await self.sent()

    async def sent(self) -> None:
        """Wait until nothing is due to be sent any more, and no job waits."""

        async def nothing_is_due() -> bool:
            async with self.house.database.connection() as conn:
                cursor = await conn.execute(
                    "SELECT (SELECT count(*) FROM jobs.procrastinate_jobs WHERE task_name LIKE 'notif%%'"
                    " AND status IN ('todo', 'doing'))"
                    " + (SELECT count(*) FROM notifications.reminder WHERE due_at <= %s)",
                    (self.clock.now(),),
                )
                return await cursor.fetchone() == (0,)

        await settled(nothing_is_due)

    async def contact(self, viewer: str, **fields: Any) -> Any:  # noqa: ANN401 - JSON
        """Save how a viewer is reached."""
        return await self.acme.do("PUT", f"/v1/viewers/{viewer}/contact", fields)

    async def inbox(self, viewer: str) -> list[Any]:
        """Return what a viewer was told, oldest first."""
        items: list[Any] = (await self.acme.get("/v1/inbox", viewer=viewer, limit=200))["items"]
        return items[::-1]

    async def told(self, viewer: str) -> list[str]:
        """Return the kinds of what a viewer was told, oldest first."""
        return [one["kind"] for one in await self.inbox(viewer)]

    async def deliveries(self, **query: Any) -> list[Any]:  # noqa: ANN401 - JSON
        """Return deliveries, oldest first."""
        items: list[Any] = (await self.acme.get("/v1/deliveries", limit=200, **query))["items"]
        return items[::-1]

    async def facts(self, kind: str) -> list[Any]:
        """Return the data of all facts of one kind."""
        found = (await self.acme.get("/v1/facts", limit=1000, kinds=kind))["facts"]
        return [one["data"] for one in found]

    async def viewer(self, name: str) -> Caller:
        """Return a caller with a viewer's token."""
        if not self.key_id:
            pinned = await self.acme.do("POST", "/v1/token-keys", {"algorithm": "HS256", "secret": SECRET})
            self.key_id = pinned["id"]
        return self.edge.caller(self.edge.token(kid=self.key_id, secret=SECRET, sub=name))


def order_id(order: int) -> str:
    return encode_id("ord", order)


@asynccontextmanager
async def open_theatre(
    database_url: str, folder: Path, *, inside: str = "127.0.0.1,localhost"
) -> AsyncIterator[Theatre]:
    """Open a tenant on a clock to drive. `inside` is what of this machine webhooks and mail may reach."""
    clock = StageClock(NOON)
    async with under_test(database_url, folder, clock=clock, PLAUDIT_OUTBOUND_INSIDE=inside) as edge:
        acme = await edge.tenant("acme")
        async with edge.house.database.connection() as conn:
            (tenant,) = await tenants.tenants(conn)
        yield Theatre(edge, acme, tenant.tenant_id, clock)
