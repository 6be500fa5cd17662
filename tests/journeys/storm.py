"""Viewers who pay in all the ways that people do, while callbacks and answers get lost."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from tests.journeys.town import Desk, Town, caught_up
from tests.kit.simulators import Simulator

__all__ = ["PACKS", "Storm", "Viewer", "viewers"]

Fate = Literal["pays", "pays_twice", "changes", "pays_another_amount", "pays_late", "leaves"]

PACKS: Final = {"small": (600, 60, 0), "medium": (1_200, 120, 5), "large": (5_000, 500, 50)}
"""Price in fen, coins, and coins on top."""
FATES: Final[tuple[Fate, ...]] = (
    *("pays",) * 39,
    *("pays_twice",) * 2,
    *("changes",) * 2,
    *("pays_another_amount",) * 2,
    *("pays_late",) * 2,
    *("leaves",) * 3,
)
MISCHIEF: Final = {
    "lose": 0.05,
    "double": 0.1,
    "reorder": 0.1,
    "reorder_ms": 600,
    "delay": 0.1,
    "delay_ms": 1_000,
    "corrupt": 0.03,
    "vanish": 0.01,
    "probe": 0.02,
    "request_lose": 0.01,
    "answer_lose": 0.01,
    "error": 0.01,
    "answer_error": 0.01,
    "answer_delay": 0.03,
    "answer_delay_ms": 400,
}
PACE_S: Final = (20, 20, 40, 60, *(300,) * 7)
"""How time passes until the deadlines are over: callbacks again, a question, then one in five minutes."""

_ATTEMPTS_MAX: Final = 8
_AT_ONCE: Final = 100
_ROUNDS_MAX: Final = 40
_SETTLED_ROUND_S: Final = 60


@dataclass(slots=True)
class Viewer:
    """Who orders which pack and what he does then; `shown` are the orders that he could pay."""

    number: int
    name: str
    pack: str
    fate: Fate
    payment: str = ""
    shown: list[str] = field(default_factory=list)

    @property
    def price_minor(self) -> int:
        """What the pack costs."""
        return PACKS[self.pack][0]

    @property
    def is_credited(self) -> bool:
        """Whether the wallet must hold the pack in the end."""
        return self.fate in {"pays", "pays_twice", "changes"}

    @property
    def cause(self) -> str | None:
        """Why some of the money goes back, None where none does."""
        causes = {"pays_twice": "double", "pays_another_amount": "amount", "pays_late": "late"}
        return causes.get(self.fate)

    @property
    def other_minor(self) -> int:
        """What somebody pays who pays another amount."""
        return self.price_minor + (100 if self.number % 2 else -100)

    @property
    def returned_minor(self) -> int:
        """What goes back."""
        if self.cause is None:
            return 0
        return self.other_minor if self.cause == "amount" else self.price_minor


def viewers(count: int) -> list[Viewer]:
    """Return so many orders, some of the same viewers."""
    names = max(count // 3, 1)
    return [
        Viewer(n, f"v{n % names}", tuple(PACKS)[n % len(PACKS)], FATES[n * 7 % len(FATES)])
        for n in range(count)
    ]


class Storm:
    """All of them at once."""

    def __init__(self, town: Town, desk: Desk, wechat: Simulator, orders: Sequence[Viewer]) -> None:
        self.town = town
        self.desk = desk
        self.wechat = wechat
        self.orders = orders
        self.opened = 0
        self.busy = 0
        self.kills: list[dict[str, int]] = []
        self.attempts: Counter[str] = Counter()
        self._to_pay: asyncio.Queue[Viewer | None] = asyncio.Queue()

    async def rages(self, *, lanes: int, kill_at: Sequence[int]) -> None:
        """Let everybody order and pay, and kill the server when so many have ordered."""
        waiting = iter(self.orders)
        marks = {number: asyncio.Event() for number in kill_at}

        async def lane() -> None:
            for viewer in waiting:
                self.busy += 1
                await self.orders_pack(viewer)
                self.busy -= 1
                self.opened += 1
                self._to_pay.put_nowait(viewer)
                if self.opened in marks:
                    marks[self.opened].set()

        async def killer() -> None:
            for reached in marks.values():
                await reached.wait()
                self.kills.append({"opened": self.opened, "in_flight": self.busy})
                await asyncio.to_thread(self.town.kill)

        async with asyncio.TaskGroup() as group:
            paying = group.create_task(self._pay())
            group.create_task(killer())
            async with asyncio.TaskGroup() as ordering:
                for _ in range(lanes):
                    ordering.create_task(lane())
            self._to_pay.put_nowait(None)
            await paying

    async def orders_pack(self, viewer: Viewer) -> None:
        """Order, open the payment, and attempt it until there is something to pay."""
        mark = f"storm-{viewer.number}"
        due = await self.desk.post(
            "/v1/topups", {"viewer": viewer.name, "pack": viewer.pack}, key=f"{mark}-order"
        )
        opened = await self.desk.post("/v1/payments", {"due": due["due"]}, key=f"{mark}-open")
        viewer.payment = opened["payment"]
        wanted = 2 if viewer.fate in {"pays_twice", "changes"} else 1
        for attempt in range(_ATTEMPTS_MAX):
            made = await self.desk.post(
                f"/v1/payments/{viewer.payment}/attempts", {"method": "native"}, key=f"{mark}-try-{attempt}"
            )
            self.attempts[made["state"]] += 1
            if made["state"] == "open":
                assert made["presentation"]["url"].startswith("weixin://"), made
                viewer.shown.append(made["number"])
            if len(viewer.shown) == wanted:
                return
        raise AssertionError(f"{viewer} found nothing to pay in {_ATTEMPTS_MAX} attempts")

    async def _pay(self) -> None:
        """Let payers pay as they come, many at once."""
        ended = False
        while not ended:
            some = [await self._to_pay.get()]
            while not self._to_pay.empty() and len(some) < _AT_ONCE:
                some.append(self._to_pay.get_nowait())
            ended = None in some
            await self.pay([one for one in some if one is not None])

    async def pay(self, some: Sequence[Viewer]) -> None:
        """Let viewers pay at WeChat what they pay in time."""
        numbers: list[str] = []
        for one in some:
            if one.fate in {"pays", "pays_twice"}:
                numbers += one.shown
            elif one.fate == "changes":
                numbers.append(one.shown[-1])
            elif one.fate == "pays_another_amount":
                await self.wechat.pay(one.shown[0], amount_minor=one.other_minor)
        if numbers:
            assert await self.wechat.pay_many(numbers) == len(numbers)

    async def pays_late(self) -> None:
        """Let those pay whose order was closed before."""
        for one in self.orders:
            if one.fate == "pays_late":
                found = await self.wechat.ask(f"orders/{one.shown[0]}")
                assert found["state"] == "closed", found
                await self.wechat.pay(one.shown[0], late=True)

    async def passes(self) -> None:
        """Let time pass until every deadline is over and nothing is open on any side."""
        for seconds in PACE_S:
            await self.town.passes(seconds)
        await self.settles()

    async def settles(self) -> None:
        """Let time pass until nothing is open on any side."""
        left: list[str] = []
        for _ in range(_ROUNDS_MAX):
            await self.town.tidied()
            # Asked before the journal is read to its end: what a callback told has had its effect by then.
            waiting = (await self.wechat.figures())["callbacks"].get("waiting", 0)
            await caught_up(self.desk)
            left = await self.left() + [f"{waiting} callbacks"] * bool(waiting)
            if not left:
                return
            await self.town.passes(_SETTLED_ROUND_S)
        raise AssertionError(f"still open: {left}")

    async def left(self) -> list[str]:
        """Return what is not settled, here and there."""
        paths = [f"/v1/payments?state={state}" for state in ("pending", "processing", "failed")]
        paths += [f"/v1/refunds?state={state}" for state in ("review", "approved", "sending", "failed")]
        found = [path for path in paths if (await self.desk.get(f"{path}&limit=1"))["items"]]
        figures = await self.wechat.figures()
        found += [f"orders {state} there" for state in ("pending", "failed") if figures["orders"].get(state)]
        found += [f"refunds {state} there" for state in figures["refunds"] if state != "succeeded"]
        return found
