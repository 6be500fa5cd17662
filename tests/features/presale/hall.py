"""A stage with a teller: the test plays payments, whose facts presale answers; and what must always hold."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from plaudit.app.assembly import House
from plaudit.core import audit
from plaudit.core.commands import sweeps
from plaudit.core.commands.command import Command, Grant, Plan
from plaudit.core.journal import read
from plaudit.core.journal.facts import Fact
from plaudit.core.journal.subscriptions import catch_up
from plaudit.core.ledger.book import Decision, Transfer
from plaudit.features.identity.feature import FEATURE as IDENTITY
from plaudit.features.presale import schedule
from plaudit.features.presale.feature import FEATURE as PRESALE
from plaudit.features.risk.feature import FEATURE as RISK
from plaudit.features.wallets.feature import FEATURE as WALLETS
from plaudit.kernel.actor import Actor
from plaudit.kernel.ids import decode_id, encode_id
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.base import FactData
from plaudit.vocabulary.facts.dues import DueKept, DueRejected, DueReturned, DueRevoked
from plaudit.vocabulary.facts.payments import (
    PaymentClosed,
    PaymentFailed,
    PaymentRefunded,
    PaymentSucceeded,
    RefundApproved,
)
from tests.app.edge import Caller, settled
from tests.features.presale.stage import Stage, open_stage
from tests.kit.books import Books, read_books

F = TypeVar("F", bound=FactData)
ACCOUNT = "acc_0000000000001"
CHANNEL = chart.channel_account(account=ACCOUNT, asset="CNY")
CLEARING = chart.clearing(asset="CNY")


@dataclass(slots=True)
class Hall:
    """A show that is sold, and the teller's book: what was paid and what goes back."""

    stage: Stage
    paid: dict[str, PaymentSucceeded] = field(default_factory=dict)
    going_back: dict[str, int] = field(default_factory=dict)
    gone_back: dict[str, int] = field(default_factory=dict)
    heard: int = 0
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def acme(self) -> Caller:
        return self.stage.acme

    @property
    def house(self) -> House:
        return self.stage.edge.house

    async def order(self, viewer: str = "v1", offer: str = "vip", **fields: Any) -> Any:  # noqa: ANN401 - JSON
        """Order tickets for a viewer."""
        body = {"viewer": viewer, "offer": offer, **fields}
        return await self.acme.do("POST", "/v1/ticket-orders", body)

    async def refused(self, viewer: str = "v1", offer: str = "vip", **fields: Any) -> str:  # noqa: ANN401 - JSON
        """Order what must be refused, and return the code."""
        body = {"viewer": viewer, "offer": offer, **fields}
        answer = await self.acme.send("POST", "/v1/ticket-orders", body)
        assert answer.status_code >= 400, answer.text
        code: str = answer.json()["code"]
        return code

    async def seen(self, order: str) -> Any:  # noqa: ANN401 - JSON
        """Return an order as it is now."""
        return await self.acme.get(f"/v1/ticket-orders/{order}")

    async def pay(self, due: str, *, instrument: str | None = None) -> str:
        """Say that an amount due was paid, let presale answer, and return the payment's id."""
        payment = await self.pay_without_answer(due, instrument=instrument)
        await self.caught_up()
        return payment

    async def pay_without_answer(self, due: str, *, instrument: str | None = None) -> str:
        """Say that an amount due was paid; nothing has come of it yet."""
        position = decode_id("due", due)
        (fact,) = (await self.acme.get("/v1/facts", after=position - 1, limit=1))["facts"]
        said = PaymentSucceeded(
            payment=encode_id("pay", next(self.numbers)),
            due=position,
            due_kind=fact["kind"],
            payer=fact["data"]["payer"],
            asset=fact["data"]["asset"],
            amount_minor=fact["data"]["amount_minor"],
            attempt=1,
            channel="sandbox",
            account=ACCOUNT,
            method="sandbox",
            transaction=f"t-{position}",
            instrument_hash=instrument,
        )
        self.paid[said.payment] = said
        await self.say(said, Transfer(CHANNEL, CLEARING, said.amount_minor))
        return said.payment

    async def fail(self, order: Any, *, close: bool = False) -> None:  # noqa: ANN401 - JSON
        """Say that the payment of an order came to nothing."""
        words = {
            "payment": encode_id("pay", next(self.numbers)),
            "due": decode_id("due", order["due"]),
            "due_kind": "ticket.ordered",
            "payer": order["viewer"],
            "asset": order["asset"],
            "amount_minor": order["amount_minor"],
        }
        said = PaymentClosed(**words, cause="asked") if close else PaymentFailed(**words, code="NOAUTH")
        await self.say(said)
        await self.caught_up()

    async def refund(self, payment: str, amount_minor: int | None = None) -> None:
        """Say that a refund of a payment (all that is left of it) may go on, and let presale answer."""
        await self.approve(payment, amount_minor)
        await self.caught_up()

    async def approve(self, payment: str, amount_minor: int | None = None) -> None:
        """Say that a refund of a payment may go on; nothing has come of it yet."""
        paid = self.paid[payment]
        before_minor = self.going_back.get(payment, 0)
        left_minor = paid.amount_minor - before_minor
        amount_minor = left_minor if amount_minor is None else min(amount_minor, left_minor)
        if not amount_minor:
            return
        self.going_back[payment] = before_minor + amount_minor
        said = RefundApproved(
            **self._words(paid),
            amount_minor=amount_minor,
            refund=encode_id("ref", next(self.numbers)),
            cause="asked",
            paid_minor=paid.amount_minor,
            refunded_before_minor=before_minor,
        )
        await self.say(said)

    async def caught_up(self) -> None:
        """Let everybody who follows the journal come to its end, and the teller with them."""
        house = self.house
        while True:
            before = await self._head()
            await catch_up(database=house.database, subscriptions=house.subscriptions, clock=house.clock)
            if not await self._hear() and await self._head() == before and not await self._behind():
                return

    async def refunded(self) -> None:
        """Let a cancelled show's refunds be asked for, and go back."""

        async def asked() -> bool:
            progress = await self.acme.get("/v1/shows/winter/cancellation")
            return bool(progress["asked"] == progress["orders"])

        await settled(asked)
        await self.caught_up()

    async def tidy(self, **gap: float) -> None:
        """Let time pass, and do what is due then."""
        if gap:
            self.stage.clock.advance(**gap)
        await self.sweep()
        for work in (schedule.open_sales, schedule.forfeit_deposits, schedule.fail_groups):
            await work(self.house, tenant_id=self.stage.tenant_id)
        await self.caught_up()

    async def sweep(self) -> None:
        """Give back what holds past their deadline hold."""
        house = self.house
        await sweeps.expire_holds(
            database=house.database,
            corridor=house.corridor,
            clock=house.clock,
            expiries=PRESALE.expiries or {},
        )
        await self.caught_up()

    async def facts(self, kind: type[F]) -> list[F]:
        """Return what the journal has of one kind, in order."""
        found = await self.stage.facts(kind.KIND)
        return [msgspec.convert(data, kind) for data in found]

    async def balances(self) -> dict[str, int]:
        """Return every balance that is not zero; in each asset they sum to it."""
        books = await self.books()
        return {address: minor for address, minor in books.balances.items() if minor}

    async def books(self) -> Books:
        async with self.house.database.connection() as conn:
            books = await read_books(conn, tenant_id=self.stage.tenant_id)
        assert (books.unbalanced, books.astray) == (0, 0)
        return books

    async def seats(self, offer: str = "vip") -> dict[str, int]:
        """Return an offer's seats by where they are, without those that are nowhere."""
        prefix = f"offer/{offer}/"
        found: dict[str, int] = {}
        for address, count in (await self.balances()).items():
            held = address.startswith("held/")
            bare = address.removeprefix("held/")
            if bare.startswith(prefix):
                name = bare.removeprefix(prefix).removesuffix("/seat")
                found[f"held {name}" if held else name] = count
        return found

    async def rights(self, viewer: str, show: str = "winter") -> dict[str, int]:
        """Return a viewer's rights in a show."""
        prefix = f"viewer/{viewer}/right/{show}/"
        return {
            address.removeprefix(prefix).removesuffix("/right"): count
            for address, count in (await self.balances()).items()
            if address.startswith(prefix)
        }

    async def money(self) -> dict[str, int]:
        """Return the balances in CNY that are not zero."""
        return {
            address: minor for address, minor in (await self.balances()).items() if address.endswith("CNY")
        }

    async def say(self, said: FactData, *transfers: Transfer) -> None:
        """Record a fact as payments would."""
        decision = Decision(Fact("payment", said), transfers)
        accounts = tuple(address for one in transfers for address in (one.source, one.destination))
        key = f"say/{next(self.numbers)}"
        command = Command(
            action="test.say",
            permission="test",
            grant=Grant(self.stage.tenant_id, Actor("system", "teller"), frozenset({"test"})),
            key=key,
            content=key.encode(),
            plan=lambda _: Plan(lambda _book: decision, accounts),
        )
        await self.house.corridor.submit(command)

    async def assert_sound(self) -> None:
        """Check that the doctor finds nothing, no fact was put aside, and what must always hold does.

        What came in stands with the show, was refunded, or is in clearing on its way; each offer's seats are
        somewhere.
        """
        report = await audit.examine(self.house.database)
        assert report.green, report.findings
        for one in (await self.acme.get("/v1/subscriptions"))["items"]:
            assert not one["dead_letters"], one
        balances = await self.balances()
        assert balances.get(CLEARING, 0) == 0, balances
        came = sum(one.amount_minor for one in self.paid.values())
        went = sum(self.gone_back.values())
        assert -balances.get(CHANNEL, 0) == came - went

    async def _behind(self) -> bool:
        """Tell whether somebody still follows: the house's own loop may be at it, and turns us away."""
        return any(one["lag"] for one in (await self.acme.get("/v1/subscriptions"))["items"])

    async def _head(self) -> int:
        async with self.house.database.connection() as conn:
            return dict(await read.heads(conn))[self.stage.tenant_id]

    async def _hear(self) -> bool:
        """Do what payments does on what was said since it last heard; tell whether there was anything."""
        kinds = (DueRejected, DueReturned, DueKept, DueRevoked)
        wanted = ",".join(kind.KIND for kind in kinds)
        found = (await self.acme.get("/v1/facts", after=self.heard, limit=1000, kinds=wanted))["facts"]
        for one in found:
            self.heard = max(self.heard, one["position"])
            data = one["data"]
            payment, minor = data["payment"], data["amount_minor"]
            if one["kind"] == DueRevoked.KIND:
                await self.approve(payment, minor)
            elif one["kind"] == DueKept.KIND:
                self.going_back[payment] -= minor
            else:
                await self._send_back(
                    payment, minor, data.get("refund") or encode_id("ref", next(self.numbers))
                )
        return bool(found)

    async def _send_back(self, payment: str, minor: int, refund: str) -> None:
        paid = self.paid[payment]
        self.gone_back[payment] = self.gone_back.get(payment, 0) + minor
        said = PaymentRefunded(
            **self._words(paid),
            amount_minor=minor,
            refund=refund,
            cause="asked",
            channel="sandbox",
            account=ACCOUNT,
            paid_minor=paid.amount_minor,
            refunded_minor=self.gone_back[payment],
        )
        await self.say(said, Transfer(CLEARING, CHANNEL, minor))

    def _words(self, paid: PaymentSucceeded) -> dict[str, Any]:
        return {
            "payment": paid.payment,
            "due": paid.due,
            "due_kind": paid.due_kind,
            "payer": paid.payer,
            "asset": paid.asset,
        }


@asynccontextmanager
async def open_hall(database_url: str, folder: Path) -> AsyncIterator[Hall]:
    """Open a stage without payments, whose part the test plays."""
    async with open_stage(database_url, folder, features=(IDENTITY, RISK, WALLETS, PRESALE)) as stage:
        yield Hall(stage)
