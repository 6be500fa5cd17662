"""Buyers of a show that is sold before it starts, and what each of them must have in the end."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any, Final, Literal

from plaudit.core.commands import sweeps
from plaudit.features.notifications import schedule as notifications
from plaudit.features.presale import schedule as presale
from plaudit.kernel.time import format_time
from plaudit.platform.jobs import Pace, Worker
from tests.journeys.stage import Json
from tests.journeys.town import CHINA, Desk, Town, caught_up
from tests.kit.scale import PROOF

__all__ = ["SHOW", "Buyer", "Season"]

SHOW: Final = "winter"
LANES: Final = 8
SETTLED_S: Final = 240.0
_LOOK_S: Final = 0.05
_LAST_WORDS_S: Final = 0.5
_AT_SEA: Final = {"pending", "processing"}
"""States of a payment that is paid at the channel, and not known to be here."""


@dataclass(slots=True)
class Buyer:
    """Somebody who orders, what he has paid and must have back, hold, and be told.

    `went_back_minor` and `forfeited_minor` are by the terms of the offer; `told` the kinds of his messages.
    """

    name: str
    language: Literal["en", "zh"]
    offer: str
    wants: dict[str, Any] = field(default_factory=dict)
    order: str = ""
    due: str = ""
    amount_minor: int = 0
    payments: list[str] = field(default_factory=list)
    came_minor: int = 0
    went_back_minor: int = 0
    forfeited_minor: int = 0
    seats: int = 0
    in_hand: int = 0
    told: list[str] = field(default_factory=list)

    @property
    def worth_minor(self) -> int:
        """What the seats that he keeps are worth, when everything is over."""
        return self.came_minor - self.went_back_minor - self.forfeited_minor

    def has_it(self, seats: int | None = None) -> None:
        """Take down that his tickets were issued."""
        self.seats = int(self.wants.get("quantity", 1)) if seats is None else seats
        self.in_hand += self.seats
        self.told.append("ticket.bought")

    def gives_back(self, amount_minor: int, *, seats: int) -> None:
        """Take down that money goes back, and with it so many seats."""
        self.went_back_minor += amount_minor
        self.seats -= seats
        self.in_hand -= seats


@dataclass(slots=True)
class Season:
    """The whole sale of one show, at one server, in the time of the town."""

    town: Town
    desk: Desk
    began: datetime
    buyers: list[Buyer] = field(default_factory=list)
    kills: list[dict[str, int]] = field(default_factory=list)
    names: Counter[str] = field(default_factory=Counter)
    paid: set[str] = field(default_factory=set)

    def hires(self, role: str, count: int, offer: str, **wants: Any) -> list[Buyer]:  # noqa: ANN401 - the fields of an order
        """Return buyers of one sort, half of whom read Chinese."""
        made = []
        for _ in range(count):
            self.names[role] += 1
            number = len(self.buyers)
            made.append(Buyer(f"{role}-{self.names[role]}", "zh" if number % 2 else "en", offer, dict(wants)))
            self.buyers.append(made[-1])
        return made

    def at(self, days: int, hour: int, minute: int = 0) -> datetime:
        """Return an hour in China, so many days on from the first."""
        day = self.began.astimezone(CHINA).date() + timedelta(days=days)
        return datetime.combine(day, time(hour, minute), tzinfo=CHINA)

    def text(self, days: int, hour: int, minute: int = 0) -> str:
        """Return the same as a request has it."""
        return format_time(self.at(days, hour, minute))

    async def until(self, days: int, hour: int, minute: int = 0) -> None:
        """Let time pass until an hour of a day, and everything happen that is due by then."""
        await self.passes((self.at(days, hour, minute) - self.town.now).total_seconds() + 1)

    async def passes(self, seconds: float) -> None:
        """Let time pass. What the server does on time within seconds is done here as well, at once."""
        assert seconds > 0, seconds
        await self.delivered()
        await self.town.passes(seconds)
        await self.tidied()
        await self.settled()
        await self.delivered()

    async def delivered(self) -> None:
        """Wait until nothing is on its way to viewers: what time overtakes is dropped, and rightly so."""
        async with asyncio.timeout(SETTLED_S):
            for state in ("queued", "waiting", "failed"):
                path = f"/v1/deliveries?state={state}&limit=1"
                while True:
                    if not (await self.desk.get(path))["items"]:
                        break
                    await asyncio.sleep(_LOOK_S)

    async def tidied(self) -> None:
        """Have done what is due on time, by this process beside the server."""
        house = self.town.house
        await sweeps.expire_holds(
            database=house.database, corridor=house.corridor, clock=house.clock, expiries=house.expiries
        )
        for one in (presale.SALES, presale.TIDY):
            await one.work(house)
        await caught_up(self.desk)
        await notifications.tidy(house)

    async def settled(self) -> None:
        """Wait until what was paid is known here, what goes back is there, and everybody has read of it."""
        async with asyncio.timeout(SETTLED_S):
            while True:
                await caught_up(self.desk)
                head = await self._head()
                if not await self._at_sea():
                    await caught_up(self.desk)
                    if await self._head() == head:
                        return
                await asyncio.sleep(_LOOK_S)

    async def _at_sea(self) -> bool:
        found = [
            one["payment"]
            for state in sorted(_AT_SEA)
            for one in await self.desk.pages(f"/v1/payments?state={state}")
        ]
        if self.paid.intersection(found):
            return True
        return any(
            [
                (await self.desk.get(f"/v1/refunds?state={state}&limit=1"))["items"]
                for state in ("review", "approved", "sending")
            ]
        )

    async def _head(self) -> int:
        return int((await self.desk.get("/v1/facts?after=0&limit=1"))["head"])

    async def each(
        self,
        work: Callable[[Buyer], Awaitable[None]],
        buyers: Sequence[Buyer],
        *,
        kill_at: int | None = None,
    ) -> None:
        """Let many do the same at once, and kill the server when so many are done."""
        waiting, reached = iter(buyers), asyncio.Event()
        done = busy = 0

        async def lane() -> None:
            nonlocal done, busy
            for buyer in waiting:
                busy += 1
                await work(buyer)
                busy -= 1
                done += 1
                if done == kill_at:
                    reached.set()

        async def killer() -> None:
            await reached.wait()
            self.kills.append({"done": done, "in_flight": busy})
            await self.killed()

        async with asyncio.TaskGroup() as group:
            if kill_at is not None:
                assert 0 < kill_at < len(buyers) - LANES // 2, (kill_at, len(buyers))
                group.create_task(killer())
            for _ in range(LANES):
                group.create_task(lane())

    async def killed(self) -> None:
        """End the server as a power cut would, and start it again.

        Jobs that it had begun are found within two minutes; in the small size they are found at once.
        """
        town = self.town
        await asyncio.to_thread(town.process.kill)
        if not PROOF:
            # PostgreSQL finishes the statements that were under way, one of which may take a job.
            await asyncio.sleep(_LAST_WORDS_S)
            finder = Worker(database=town.house.database, house=town.house, pace=Pace(stalled_s=0.0))
            await finder.rescue()
        await asyncio.to_thread(town.serve, int(town.process.url.rpartition(":")[2]))

    def wish(self, buyer: Buyer) -> Json:
        """Return the body of a buyer's order."""
        return {"viewer": buyer.name, "offer": buyer.offer, **buyer.wants}

    async def orders(self, buyer: Buyer) -> None:
        """Order, with how the buyer came."""
        made = await self.desk.post("/v1/ticket-orders", self.wish(buyer), key=f"{buyer.name}-order")
        buyer.order, buyer.due, buyer.amount_minor = made["order"], made["due"], made["amount_minor"]
        if made["group"] is not None:
            buyer.wants["group"] = made["group"]

    async def opens(self, buyer: Buyer) -> None:
        """Open the payment of what is due, and go to the sandbox with it."""
        number = len(buyer.payments)
        opened = await self.desk.post("/v1/payments", {"due": buyer.due}, key=f"{buyer.name}-open-{number}")
        payment = str(opened["payment"])
        made = await self.desk.post(
            f"/v1/payments/{payment}/attempts", {"method": "sandbox"}, key=f"{buyer.name}-try-{number}"
        )
        assert made["state"] == "open", made
        buyer.payments.append(payment)

    async def acts(self, buyer: Buyer, act: str = "pay") -> None:
        """Pay there."""
        payment = buyer.payments[-1]
        await self.desk.post(
            f"/v1/payments/{payment}/sandbox", {"act": act}, key=f"{buyer.name}-{act}-{len(buyer.payments)}"
        )
        buyer.came_minor += buyer.amount_minor
        self.paid.add(payment)

    async def buys(self, buyer: Buyer) -> None:
        """Order and pay at once."""
        await self.orders(buyer)
        await self.opens(buyer)
        await self.acts(buyer)

    async def owes(self, buyer: Buyer) -> None:
        """Open the payment of the balance."""
        seen = await self.seen(buyer)
        assert seen["state"] == "pledged", seen
        buyer.due, buyer.amount_minor = seen["balance_due"], seen["balance_minor"]
        await self.opens(buyer)

    async def pays_balance(self, buyer: Buyer) -> None:
        """Pay the balance of a deposit."""
        await self.owes(buyer)
        await self.acts(buyer)

    async def refunds(self, buyer: Buyer, amount_minor: int | None = None, *, seats: int = 1) -> None:
        """Ask for the money of a buyer's last payment back, or a part of it."""
        body: dict[str, Any] = {"reason": "cannot come"}
        if amount_minor is not None:
            body["amount_minor"] = amount_minor
        made = await self.desk.post(
            f"/v1/payments/{buyer.payments[-1]}/refunds", body, key=f"{buyer.name}-refund"
        )
        buyer.gives_back(made["amount_minor"], seats=seats)

    async def seen(self, buyer: Buyer) -> Json:
        """Return a buyer's order as it is now."""
        return await self.desk.get(f"/v1/ticket-orders/{buyer.order}")

    async def states(self, buyers: Sequence[Buyer]) -> set[str]:
        """Return the states of the orders of some."""
        return {one["state"] for one in await asyncio.gather(*(self.seen(buyer) for buyer in buyers))}

    def reminds(self, kind: str, buyers: Sequence[Buyer]) -> None:
        """Take down that these are told something now."""
        for one in buyers:
            one.told.append(kind)

    def holders(self) -> list[Buyer]:
        """Return who has a ticket in hand."""
        return [one for one in self.buyers if one.in_hand]
