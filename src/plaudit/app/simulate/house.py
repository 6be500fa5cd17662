"""A simulator put together: books, till, channel, courier, and the mischief of requests."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from plaudit.app.simulate.books import BillHabit, Books, Merchant, Order, Payment, Refund, RefundHabit
from plaudit.app.simulate.channel import Channel
from plaudit.app.simulate.courier import Courier
from plaudit.app.simulate.desk import Desk
from plaudit.app.simulate.mischief import Mischief
from plaudit.app.simulate.till import Event, Till
from plaudit.app.simulate.timepiece import Timepiece
from plaudit.app.simulate.wire import Reply, Request

_SOON_S: Final = 0.05
_SAVE_PAUSE_S: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Make:
    """What makes a simulator that of one channel."""

    channel: Callable[[Desk], Channel]
    new_transaction: Callable[[datetime, int], str]
    new_refund: Callable[[datetime, int], str]


class House:
    """All parts of one simulator."""

    def __init__(
        self, make: Make, *, address: str, concurrency: int, state: Path | None, clock_file: Path | None
    ) -> None:
        """Go on from the file `state`, if it is there. Raises ValueError where it cannot be read."""
        self._state = state
        self.books = Books() if state is None else Books.load(state)
        self.time = Timepiece(clock_file=clock_file)
        self.time.offset = timedelta(seconds=self.books.offset_s)
        self.time.frozen_at = self.books.frozen_at
        self.till = Till(
            books=self.books,
            time=self.time,
            new_transaction=make.new_transaction,
            new_refund=make.new_refund,
            announce=self._announce,
        )
        desk = Desk(books=self.books, time=self.time, till=self.till, settle=self._settle, address=address)
        self.channel = make.channel(desk)
        self.courier = Courier(
            books=self.books, time=self.time, channel=self.channel, concurrency=concurrency
        )
        self.requests: Counter[str] = Counter()
        self._saving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to deliver, to settle what was left, and to write the state down."""
        await self.courier.start()
        for refund in self.books.refunds.values():
            if refund.state == "processing":
                self._settle(refund)
        if self._state is not None:
            self._saving = asyncio.create_task(self._keep_saving(self._state))

    async def close(self) -> None:
        """End, with everything written down."""
        if self._saving is not None:
            self._saving.cancel()
        await self.courier.close()
        if self._state is not None:
            self._save(self._state)

    async def new_merchant(
        self,
        facts: Mapping[str, str],
        *,
        mode: str = "public_key",
        fee_rate: str = "0.6%",
        refunds: RefundHabit = "soon",
        bills: BillHabit = "next_morning",
    ) -> Merchant:
        """Make a merchant; keys take their time and are made aside. Raises ValueError when there is one."""
        number, now = self.books.next_number(), self.time.now()
        whole = await asyncio.to_thread(self.channel.new_merchant, facts, number=number, now=now)
        name = self.channel.id_of(whole)
        if name in self.books.merchants:
            raise ValueError(f"there is a merchant {name}")
        merchant = Merchant(
            id=name,
            mode="certificate" if mode == "certificate" else "public_key",
            fee_rate=fee_rate,
            refunds=refunds,
            bills=bills,
            facts=whole,
        )
        self.books.merchants[name] = merchant
        return merchant

    async def rotate(self, merchant: Merchant) -> None:
        """Give the channel a new key for a merchant."""
        merchant.facts = await asyncio.to_thread(self.channel.rotated, merchant, now=self.time.now())

    async def serve(self, request: Request) -> Reply:
        """Answer as the channel does, or as mischief wants it."""
        mischief, kind = self.courier.mischief, f"{request.method} {request.path}"
        self.requests[kind] += 1
        name = f"{kind}|{self.requests[kind]}"
        if mischief.strikes("request_lose", name=name):
            return await _lost(mischief)
        if mischief.strikes("error", name=name):
            return _FAULT
        reply = await self.channel.serve(request)
        if mischief.strikes("answer_delay", name=name):
            await asyncio.sleep(mischief.share("pause", name=name) * mischief.answer_delay_ms / 1000)
        if mischief.strikes("answer_lose", name=name):
            return await _lost(mischief)
        return _FAULT if mischief.strikes("answer_error", name=name) else reply

    def _announce(
        self, event: Event, order: Order, *, payment: Payment | None, refund: Refund | None
    ) -> None:
        now = self.time.now()
        delivery = self.channel.notice(event, order, payment=payment, refund=refund, now=now)
        if delivery is not None:
            self.courier.post(delivery)

    def _settle(self, refund: Refund) -> None:
        """Let a refund take the course that its merchant's refunds take."""
        habit = self.books.merchants[refund.merchant].refunds
        if habit == "at_once":
            self.till.settle(refund, "succeeded")
        elif habit != "hold":
            asyncio.get_running_loop().call_later(_SOON_S, self._settle_later, refund)

    def _settle_later(self, refund: Refund) -> None:
        if refund.state == "processing":
            habit = self.books.merchants[refund.merchant].refunds
            self.till.settle(refund, "abnormal" if habit == "abnormal" else "succeeded")

    def _save(self, path: Path) -> None:
        self.books.offset_s = self.time.offset.total_seconds()
        self.books.frozen_at = self.time.frozen_at
        self.books.save(path)

    async def _keep_saving(self, path: Path) -> None:
        while True:
            await asyncio.sleep(_SAVE_PAUSE_S)
            self._save(path)


_FAULT: Final = Reply(status=500, body=b'{"code":"SYSTEM_ERROR","message":"system error"}')


async def _lost(mischief: Mischief) -> Reply:
    """Return nothing: the connection ends, after a while if so wished."""
    await asyncio.sleep(mischief.hang_ms / 1000)
    return Reply(cut=True)
