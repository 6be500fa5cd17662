"""Where tickets are ordered: the test plays presale, with the facts and transfers that it records."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from plaudit.app.assembly import House
from plaudit.core.commands.command import Command, Grant, Outcome, Plan
from plaudit.core.journal.facts import Fact
from plaudit.core.journal.subscriptions import catch_up
from plaudit.core.ledger.book import Decision, Draw, Opening, Transfer
from plaudit.features.insight.store.intake import Intake
from plaudit.kernel.actor import Actor
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts import offers, shows, tickets
from plaudit.vocabulary.facts.base import FactData
from tests.app.edge import Caller, UnderTest
from tests.kit.clock import StageClock

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ASSET = "CNY"
CHANNEL = chart.channel_account(account="acc_0000004000001", asset=ASSET)
CLEARING = chart.clearing(asset=ASSET)


@dataclass(slots=True, kw_only=True)
class Sale:
    """An order of the box office."""

    order: int
    viewer: str
    show: str
    offer: str
    lines: tuple[tickets.OrderLine, ...]
    mode: tickets.OrderMode
    due: int
    due_minor: int
    due_kind: str = "ticket.ordered"

    @property
    def quantity(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def total_minor(self) -> int:
        return sum(line.quantity * line.price_minor for line in self.lines)

    @property
    def payment(self) -> str:
        return f"pay_{self.due:013d}"

    @property
    def about(self) -> dict[str, Any]:
        """What facts about an order say."""
        return {
            "order": self.order,
            "viewer": self.viewer,
            "show": self.show,
            "offer": self.offer,
            "quantity": self.quantity,
        }


@dataclass(slots=True)
class Desk:
    """A tenant behind the edge that takes orders for tickets of shows."""

    edge: UnderTest
    acme: Caller
    tenant_id: int
    slug: str
    clock: StageClock
    numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def house(self) -> House:
        return self.edge.house

    @property
    def intake(self) -> Intake:
        found: Intake = self.house.companions["insight"]
        return found

    async def say(
        self,
        subject: str,
        data: FactData,
        *transfers: Transfer,
        opening: Opening | None = None,
        draw: Draw | None = None,
    ) -> Outcome:
        """Record a fact with what it moves, the hold that it opens and what it takes of another."""
        draws = () if draw is None else (draw,)
        decision = Decision(Fact(subject, data), transfers, (), opening, draws)
        accounts = tuple(
            dict.fromkeys(address for one in transfers for address in (one.source, one.destination))
        )
        key = f"office-{next(self.numbers)}"
        command = Command(
            action="test.say",
            permission="test",
            grant=Grant(self.tenant_id, Actor("system", "office"), frozenset({"test"})),
            key=key,
            content=key.encode(),
            plan=lambda _: Plan(lambda _book: decision, accounts, holds=tuple(one.hold_id for one in draws)),
        )
        return await self.house.corridor.submit(command)

    async def announce(self, show: str = "winter", *, revision: int = 1) -> None:
        """Announce a show."""
        data = shows.ShowSaved(
            show=show,
            revision=revision,
            state="presale",
            organiser="aurora",
            starts_at=NOON + timedelta(days=30),
            ends_at=NOON + timedelta(days=30, hours=2),
            title_en="Winter concert",
            title_zh="冬日演唱会",
            streams=(shows.StreamRights(stream="main", rights=("main",)),),
            commission="1/10",
        )
        await self.say(f"show/{show}", data)
        await self.caught_up()

    async def offer(
        self, offer: str, *, seats: int, prices: Sequence[int], zone: str = "main", show: str = "winter"
    ) -> None:
        """Make an offer and its seats."""
        saved = offers.OfferSaved(
            offer=offer,
            show=show,
            revision=1,
            zone=zone,
            asset=ASSET,
            on_sale=True,
            steps=tuple(offers.PriceStep(price_minor=price) for price in prices),
            rights=(zone,),
            stock=seats,
            hold_s=900,
            per_order_max=9,
            per_person_max=9,
        )
        seat = Transfer(chart.offer_issued(offer=offer), chart.offer_stock(offer=offer), seats)
        await self.say(f"offer/{offer}", saved, seat)

    async def order(  # noqa: PLR0913 - one parameter for each thing an order says
        self,
        offer: str,
        *lines: tuple[int, int, int],
        viewer: str = "v1",
        show: str = "winter",
        deposit_minor: int | None = None,
        group: str | None = None,
        opens_group: bool = False,
        campaign: str | None = None,
        invitation: str | None = None,
        waiting: int | None = None,
    ) -> Sale:
        """Order seats; a line is (step, quantity, price)."""
        kept = tuple(
            tickets.OrderLine(step=step, quantity=seats, price_minor=price) for step, seats, price in lines
        )
        mode: tickets.OrderMode = "full"
        if deposit_minor is not None:
            mode = "deposit"
        elif group is not None or opens_group:
            mode = "group"
        total = sum(line.quantity * line.price_minor for line in kept)
        data = tickets.TicketOrdered(
            payer=viewer,
            asset=ASSET,
            amount_minor=total if deposit_minor is None else deposit_minor,
            due_until=self.clock.now() + timedelta(minutes=15),
            title_en="Winter concert",
            title_zh="冬日演唱会",
            show=show,
            offer=offer,
            offer_revision=1,
            mode=mode,
            quantity=sum(line.quantity for line in kept),
            lines=kept,
            total_minor=total,
            held_until=self.clock.now() + timedelta(minutes=15),
            source="stock" if waiting is None else "waiting",
            waiting=waiting,
            group=group,
            opens_group=opens_group,
            attribution=tickets.Attribution(invitation=invitation, campaign=campaign)
            if invitation or campaign
            else None,
        )
        stock, draw = chart.offer_stock(offer=offer), None
        moves = [Transfer(stock, chart.held(stock), data.quantity)]
        if waiting is not None:
            draw = Draw(waiting, data.quantity, "capture")
            moves.append(Transfer(chart.held(chart.offer_waiting(offer=offer)), stock, data.quantity))
        opening = Opening(stock, data.quantity, self.clock.now() + timedelta(minutes=15))
        outcome = await self.say(f"viewer/{viewer}", data, *moves, opening=opening, draw=draw)
        return Sale(
            order=outcome.position,
            viewer=viewer,
            show=show,
            offer=offer,
            lines=kept,
            mode=mode,
            due=outcome.position,
            due_minor=data.amount_minor,
        )

    async def offer_seats(self, offer: str, seats: int, *, viewer: str = "v9", show: str = "winter") -> int:
        """Hold seats for somebody on the waiting list, and return the position of that."""
        data = tickets.WaitingOffered(
            waiting=1,
            viewer=viewer,
            show=show,
            offer=offer,
            quantity=seats,
            deadline=self.clock.now() + timedelta(minutes=15),
        )
        stock, waiting = chart.offer_stock(offer=offer), chart.offer_waiting(offer=offer)
        moves = (Transfer(stock, waiting, seats), Transfer(waiting, chart.held(waiting), seats))
        opening = Opening(waiting, seats, data.deadline)
        return (await self.say(f"offer/{offer}", data, *moves, opening=opening)).position

    async def caught_up(self) -> None:
        """Bring every follower of the journal to its head."""
        await catch_up(database=self.house.database, subscriptions=self.house.subscriptions, clock=self.clock)
