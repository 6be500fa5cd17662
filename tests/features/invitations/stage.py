"""Invitations alone with wallets: the test plays presale and payments, and drives the clock."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from plaudit.app.assembly import House, open_tenant
from plaudit.app.background import running
from plaudit.core import audit
from plaudit.core.commands import tenants
from plaudit.core.commands.command import Command, Grant, Plan
from plaudit.core.journal import read
from plaudit.core.journal.facts import Fact
from plaudit.core.journal.subscriptions import catch_up, differences
from plaudit.core.ledger import balances
from plaudit.core.ledger.book import Decision, Transfer
from plaudit.features.identity.feature import FEATURE as IDENTITY
from plaudit.features.invitations import reactions
from plaudit.features.invitations.feature import FEATURE as INVITATIONS
from plaudit.features.risk.feature import FEATURE as RISK
from plaudit.features.wallets.feature import FEATURE as WALLETS
from plaudit.kernel.actor import Actor
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.base import FactData
from plaudit.vocabulary.facts.invitations import InvitationRefused
from plaudit.vocabulary.facts.shows import ShowSaved
from plaudit.vocabulary.facts.tickets import (
    Attribution,
    OrderLine,
    TicketIssued,
    TicketOrdered,
    TicketRefunded,
    TicketTransferred,
)
from plaudit.vocabulary.facts.wallets import AdjustmentApproved
from tests.app.edge import Caller, UnderTest, under_test
from tests.kit.clock import StageClock

F = TypeVar("F", bound=FactData)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SHOW = "winter"
PRICE = 9_900
LANDING = "https://live.example/{show}?inv={invitation}"
COINS: dict[str, Any] = {"kind": "coin", "amount_minor": 50}
POINTS: dict[str, Any] = {"kind": "points", "amount_minor": 20}
COUPON: dict[str, Any] = {"kind": "coupon", "item": "ten-off", "quantity": 1}


@dataclass(slots=True)
class Stage:
    """A tenant with a show, the box office of which the test plays."""

    edge: UnderTest
    acme: Caller
    tenant_id: int
    clock: StageClock
    numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def house(self) -> House:
        return self.edge.house

    async def rule(self, show: str | None = SHOW, **fields: Any) -> Any:  # noqa: ANN401 - JSON
        """Save a rule: 50 coins for the inviter and 20 points for the friend, but for `fields`."""
        path = "/v1/invitation-rule" if show is None else f"/v1/invitation-rules/{show}"
        body = {"landing_url": LANDING, "inviter": [COINS], "friend": [POINTS]}
        return await self.acme.do("PUT", path, body | fields)

    async def announce(self, show: str = SHOW, **fields: Any) -> None:  # noqa: ANN401 - the fields of the fact
        """Play presale, which announces a show."""
        page: dict[str, Any] = {
            "revision": 1,
            "state": "on_sale",
            "organiser": "aurora",
            "starts_at": NOON + timedelta(days=32),
            "ends_at": NOON + timedelta(days=33),
            "title_en": "Winter concert",
            "title_zh": "冬日演唱会",
            "streams": (),
            "commission": "1/10",
        }
        await self.say(f"show/{show}", ShowSaved(show=show, **(page | fields)))
        await self.caught_up()

    async def give_right(
        self, viewer: str, *, show: str = SHOW, right: str = "main", back: bool = False
    ) -> None:
        """Play presale, which hands out a right of a show, or takes it `back`."""
        ends = (
            chart.show_right(show=show, right=right),
            chart.viewer_right(viewer=viewer, show=show, right=right),
        )
        source, destination = reversed(ends) if back else ends
        held = TicketTransferred(
            ticket="tkt_1",
            order=1,
            show=show,
            offer="vip",
            holder="somebody",
            recipient=viewer,
            rights=(right,),
        )
        await self.say(f"viewer/{viewer}", held, Transfer(source, destination, 1))

    async def invites(self, viewer: str, *, show: str = SHOW, **fields: Any) -> str:  # noqa: ANN401 - of the body
        """Have a viewer who holds a right ask for the link, and return its id."""
        made = await self.acme.do("POST", "/v1/invitations", {"viewer": viewer, "show": show, **fields})
        invitation: str = made["invitation"]
        return invitation

    async def holder(self, viewer: str, *, show: str = SHOW) -> str:
        """Give a viewer a right, and return the link."""
        await self.give_right(viewer, show=show)
        return await self.invites(viewer, show=show)

    async def order(
        self, viewer: str, invitation: str | None = None, *, show: str = SHOW, quantity: int = 1
    ) -> int:
        """Play presale, of whom a viewer orders seats, and return the order's position."""
        ordered = TicketOrdered(
            payer=viewer,
            asset="CNY",
            amount_minor=PRICE * quantity,
            due_until=self.clock.now() + timedelta(minutes=15),
            title_en="Winter concert",
            title_zh="冬日演唱会",
            show=show,
            offer="vip",
            offer_revision=1,
            mode="full",
            quantity=quantity,
            lines=_lines(quantity),
            total_minor=PRICE * quantity,
            held_until=self.clock.now() + timedelta(minutes=15),
            attribution=None if invitation is None else Attribution(invitation=invitation),
        )
        return await self.say(f"viewer/{viewer}", ordered)

    async def issue(
        self,
        order: int,
        viewer: str,
        invitation: str | None = None,
        *,
        show: str = SHOW,
        quantity: int = 1,
        instrument: str | None = None,
        deposit: str | None = None,
    ) -> int:
        """Play presale, which issues the tickets of a paid order; `deposit` is what that was paid with."""
        issued = TicketIssued(
            order=order,
            viewer=viewer,
            show=show,
            offer="vip",
            quantity=quantity,
            mode="full" if deposit is None else "deposit",
            lines=_lines(quantity),
            rights=("main",),
            asset="CNY",
            paid_minor=PRICE * quantity,
            payment="pay_0000000000001",
            instrument_hash=instrument,
            deposit_instrument_hash=deposit,
            attribution=None if invitation is None else Attribution(invitation=invitation),
        )
        return await self.say(f"viewer/{viewer}", issued)

    async def buys(self, viewer: str, invitation: str | None = None, **fields: Any) -> int:  # noqa: ANN401 - as above
        """Have a viewer order, pay and get tickets, let everybody react, and return the order's position."""
        beside = {name: fields[name] for name in ("show", "quantity") if name in fields}
        order = await self.order(viewer, invitation, **beside)
        await self.issue(order, viewer, invitation, **fields)
        await self.caught_up()
        return order

    async def refund(self, order: int, viewer: str, *, seats: int = 1, refund: str = "") -> None:
        """Play presale, which takes seats back for a refund, and let everybody react."""
        await self.tell_refund(order, viewer, seats=seats, refund=refund or f"ref_{next(self.numbers)}")
        await self.caught_up()

    async def tell_refund(self, order: int, viewer: str, *, seats: int, refund: str) -> None:
        """Play presale, which takes seats back for a refund."""
        said = TicketRefunded(
            order=order,
            viewer=viewer,
            show=SHOW,
            offer="vip",
            quantity=seats,
            payment="pay_0000000000001",
            refund=refund,
            asset="CNY",
            amount_minor=PRICE * seats,
            refunded_minor=PRICE * seats,
        )
        await self.say(f"viewer/{viewer}", said)

    async def say(self, subject: str, data: FactData, *transfers: Transfer) -> int:
        """Record a fact of another feature, with what it moves, and return its position."""
        decision = Decision(Fact(subject, data), transfers)
        accounts = tuple(address for one in transfers for address in (one.source, one.destination))
        key = f"said/{next(self.numbers)}"
        command = Command(
            action="test.say",
            permission="test",
            grant=Grant(self.tenant_id, Actor("system", "test"), frozenset({"test"})),
            key=key,
            content=key.encode(),
            plan=lambda _: Plan(lambda _book: decision, accounts),
        )
        return (await self.house.corridor.submit(command)).position

    async def caught_up(self) -> None:
        """Bring every follower of the journal to its head, and to what was said on the way there."""
        house = self.house
        for _ in range(2):
            await catch_up(database=house.database, subscriptions=house.subscriptions, clock=house.clock)

    async def balance(self, viewer: str, asset: str = "coin") -> int:
        """Return what a wallet holds, less what it owes."""
        addresses = [
            chart.viewer_wallet(viewer=viewer, asset=asset),
            chart.viewer_debt(viewer=viewer, asset=asset),
        ]
        return sum((await self.balances(*addresses)).values())

    async def issued(self, asset: str) -> int:
        """Return how much of an asset was issued and not taken back."""
        return -(await self.balances(chart.issuance(asset=asset))).get(chart.issuance(asset=asset), 0)

    async def balances(self, *addresses: str) -> dict[str, int]:
        """Return the balances of those accounts that are open."""
        async with self.house.database.connection() as conn:
            return await balances.balances(conn, tenant_id=self.tenant_id, addresses=addresses)

    async def spend(self, viewer: str, amount_minor: int, asset: str = "coin") -> None:
        """Have a viewer lose something to a correction."""
        wallet = chart.viewer_wallet(viewer=viewer, asset=asset)
        corrected = AdjustmentApproved(
            adjustment="adj_0000000000001",
            address=wallet,
            amount_minor=-amount_minor,
            maker="staff/s1",
            checker="staff/s2",
            reason_hash="0" * 64,
        )
        await self.say(
            f"account/{wallet}", corrected, Transfer(wallet, chart.adjustment(asset=asset), amount_minor)
        )

    async def said(self, kind: type[F]) -> list[F]:
        """Return what the journal has of one kind, in order."""
        async with self.house.database.connection() as conn:
            page = await read.page(conn, tenant_id=self.tenant_id, after=0, limit=10_000, kinds=[kind.KIND])
        return [msgspec.convert(fact.data, kind) for fact in page.facts]

    async def codes(self) -> list[str]:
        """Return the codes of all that was refused, in order."""
        return [one.code for one in await self.said(InvitationRefused)]

    async def friends(self, viewer: str, **query: Any) -> list[Any]:  # noqa: ANN401 - JSON
        """Return who came by a viewer's links."""
        shown = await self.acme.get("/v1/invitation-friends", viewer=viewer, **query)
        return list(shown["items"])

    async def assert_sound(self) -> None:
        """Check that the books hold, no fact was put aside, and that rebuilt projections are the same."""
        await self.caught_up()
        report = await audit.examine(self.house.database)
        assert report.green, report.findings
        for one in (await self.acme.get("/v1/subscriptions"))["items"]:
            assert not one["dead_letters"], one
        for projection in (reactions.SHOWS, reactions.FRIENDS):
            found = await differences(
                database=self.house.database, subscription=projection, tenant_id=self.tenant_id
            )
            assert found == [], found


def _lines(quantity: int) -> tuple[OrderLine, ...]:
    return (OrderLine(step=0, quantity=quantity, price_minor=PRICE),)


@asynccontextmanager
async def open_stage(
    database_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Stage]:
    """Open a tenant without payments and presale; in the end everything must hold."""

    def unhurried(house: House, **more: Any) -> Any:  # noqa: ANN401 - as running takes and returns
        return running(house, **(more | {"follow": False}))

    # What happens between two facts is the test's to say: nobody reacts before it lets them.
    monkeypatch.setattr("tests.app.edge.running", unhurried)
    clock = StageClock(NOON)
    alone = (IDENTITY, RISK, WALLETS, INVITATIONS)
    async with under_test(database_url, folder, clock=clock, features=alone) as edge:
        key = await open_tenant(edge.house, slug="acme", name="acme", time_zone="Asia/Shanghai")
        acme = edge.caller(key)
        async with edge.house.database.connection() as conn:
            (tenant,) = await tenants.tenants(conn)
        stage = Stage(edge, acme, tenant.tenant_id, clock)
        yield stage
        await stage.assert_sound()
