"""Delivers callbacks: on the channel's schedule by the driven time, many at once, with whatever mischief."""

from __future__ import annotations

import asyncio
import heapq
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from plaudit.app.drive.client import Client, LostError, UnreachableError, request_head, server_of
from plaudit.app.drive.http1 import Answer
from plaudit.app.simulate.books import Attempt, Books, Delivery, Merchant
from plaudit.app.simulate.channel import Channel, Signed
from plaudit.app.simulate.mischief import Mischief
from plaudit.app.simulate.timepiece import Timepiece

_LOOK_S: Final = 0.2
_SIGNERS: Final = 2
_FLUSH_ROUNDS_MAX: Final = 32


@dataclass(slots=True, eq=False)
class _Errand:
    """One try: `number` counts the tries of its delivery from 1; an `extra` one is not repeated."""

    delivery: Delivery
    number: int
    extra: bool = False
    held: bool = False


class Courier:
    """Sends what is due; what did not get the exact answer goes again after the channel's pause."""

    def __init__(self, *, books: Books, time: Timepiece, channel: Channel, concurrency: int) -> None:
        """Send nothing yet; `concurrency` bounds the callbacks under way."""
        self._books = books
        self._time = time
        self._channel = channel
        self._concurrency = concurrency
        self._due: list[tuple[datetime, int]] = []
        self._ready: asyncio.Queue[_Errand] = asyncio.Queue()
        self._held: dict[_Errand, asyncio.TimerHandle] = {}
        self._wake = asyncio.Event()
        self._clients: dict[str, Client] = {}
        self._signers = ThreadPoolExecutor(_SIGNERS, thread_name_prefix="sign")
        self._tasks: list[asyncio.Task[None]] = []
        self.mischief = Mischief()

    async def start(self) -> None:
        """Begin, with whatever was waiting when the simulator ended."""
        for delivery in self._books.deliveries:
            if delivery.state == "waiting" and delivery.next_at is not None:
                heapq.heappush(self._due, (delivery.next_at, delivery.id))
        self._tasks = [asyncio.create_task(self._work()) for _ in range(self._concurrency)]
        self._tasks.append(asyncio.create_task(self._watch()))

    async def close(self) -> None:
        """Stop; what is under way is cut off and stays waiting."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for timer in self._held.values():
            timer.cancel()
        self._signers.shutdown(cancel_futures=True)
        for client in self._clients.values():
            await client.__aexit__(None, None, None)

    def post(self, delivery: Delivery) -> None:
        """Take a new callback; it is due at once."""
        delivery.id = len(self._books.deliveries)
        self._books.deliveries.append(delivery)
        if self.mischief.strikes("vanish", name=_name(delivery)):
            delivery.state = "vanished"
            return
        delivery.next_at = self._time.now()
        self._ready.put_nowait(_Errand(delivery, 1))

    def look(self) -> None:
        """Look at the time: it has been driven."""
        self._wake.set()

    async def flush(self, *, scheduled: bool) -> None:
        """Send what is held back, and with `scheduled` what waits for its next try, and wait for it.

        A callback that fails again waits for its next pause.
        """
        for errand, timer in list(self._held.items()):
            timer.cancel()
            self._release(errand)
        if scheduled:
            due, self._due = self._due, []
            for _, delivery_id in sorted(due):
                self._make_ready(delivery_id)
        for _ in range(_FLUSH_ROUNDS_MAX):
            await self._ready.join()
            if not self._held:
                return
            for errand, timer in list(self._held.items()):
                timer.cancel()
                self._release(errand)

    async def send_once(
        self, delivery: Delivery, *, merchant: Merchant, at: datetime, probe: bool
    ) -> tuple[str, bytes]:
        """Send a callback aside from any schedule; return its outcome (or what went wrong) and body."""
        signed = await self._signed(delivery, merchant, at=at, probe=probe)
        outcome, answer = await self._exchange(delivery.url, signed)
        return outcome, answer.body if answer else b""

    async def _watch(self) -> None:
        while True:
            now = self._time.now()
            while self._due and self._due[0][0] <= now:
                self._make_ready(heapq.heappop(self._due)[1])
            self._wake.clear()
            # A clock file moves without telling, so the time is looked at now and then.
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self._wake.wait()

    def _make_ready(self, delivery_id: int) -> None:
        delivery = self._books.deliveries[delivery_id]
        if delivery.state == "waiting":
            self._ready.put_nowait(_Errand(delivery, _tries(delivery) + 1))

    def _release(self, errand: _Errand) -> None:
        self._held.pop(errand, None)
        self._ready.put_nowait(errand)

    def _hold(self, errand: _Errand, delay_ms: float) -> None:
        errand.held = True
        loop = asyncio.get_running_loop()
        self._held[errand] = loop.call_later(delay_ms / 1000, self._release, errand)

    async def _work(self) -> None:
        while True:
            errand = await self._ready.get()
            try:
                await self._run(errand)
            finally:
                self._ready.task_done()

    async def _run(self, errand: _Errand) -> None:
        delivery, mischief = errand.delivery, self.mischief
        name = f"{_name(delivery)}|{errand.number}"
        if not errand.held and not errand.extra:
            for what, most_ms in (("delay", mischief.delay_ms), ("reorder", mischief.reorder_ms)):
                if mischief.strikes(what, name=name):
                    self._hold(errand, mischief.share("pause", name=name) * most_ms)
                    return
        if not errand.extra and mischief.strikes("double", name=name):
            self._ready.put_nowait(_Errand(delivery, errand.number, extra=True))
        if not errand.extra and mischief.strikes("lose", name=name):
            self._ended(errand, "lost")
            return
        merchant = self._books.merchants[delivery.merchant]
        if not errand.extra and mischief.strikes("probe", name=name):
            await self.send_once(delivery, merchant=merchant, at=self._time.now(), probe=True)
        signed = await self._signed(delivery, merchant, at=self._time.now(), probe=False)
        corrupt = not errand.extra and mischief.strikes("corrupt", name=name)
        if corrupt:
            signed = _corrupted(signed, mischief.share("where", name=name))
        began = asyncio.get_running_loop().time()
        outcome, answer = await self._exchange(delivery.url, signed)
        took_ms = round(1000 * (asyncio.get_running_loop().time() - began))
        right = answer is not None and self._channel.accepted(status=answer.status, body=answer.body)
        self._ended(errand, outcome, right=right, took_ms=took_ms, corrupt=corrupt)

    def _ended(
        self, errand: _Errand, outcome: str, *, right: bool = False, took_ms: int = 0, corrupt: bool = False
    ) -> None:
        """Write down one try, and when the next one is."""
        delivery, now = errand.delivery, self._time.now()
        mischief = "doubled" if errand.extra else "corrupted" if corrupt else ""
        delivery.attempts.append(Attempt(at=now, outcome=outcome, took_ms=took_ms, mischief=mischief))
        if right:
            delivery.state, delivery.next_at = "done", None
        elif not errand.extra and delivery.state == "waiting":
            pause = self._channel.schedule.after(errand.number)
            if pause is None:
                delivery.state, delivery.next_at = "given_up", None
            else:
                delivery.next_at = now + pause
                heapq.heappush(self._due, (delivery.next_at, delivery.id))

    async def _signed(self, delivery: Delivery, merchant: Merchant, *, at: datetime, probe: bool) -> Signed:
        def sign() -> Signed:
            return self._channel.sign(delivery, merchant, at=at, probe=probe)

        return await asyncio.get_running_loop().run_in_executor(self._signers, sign)

    async def _exchange(self, url: str, signed: Signed) -> tuple[str, Answer | None]:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            client = self._client(origin)
            head = request_head(
                server=server_of(url=origin),
                method="POST",
                path=target,
                headers={**signed.headers, "Content-Length": str(len(signed.body))},
            )
            answer = await client.attempt(request=head + b"\r\n" + signed.body)
        except UnreachableError:
            return "unreachable", None
        except LostError:
            return "no answer", None
        except ValueError:
            return "no such address", None
        return str(answer.status), answer

    def _client(self, origin: str) -> Client:
        if origin not in self._clients:
            self._clients[origin] = Client(
                url=origin,
                connections=self._concurrency,
                headers={},
                timeout_ms=self._channel.schedule.timeout_ms,
            )
        return self._clients[origin]


def _name(delivery: Delivery) -> str:
    return f"{delivery.merchant}|{delivery.event}|{delivery.order}|{delivery.refund}"


def _tries(delivery: Delivery) -> int:
    return sum(one.mischief != "doubled" for one in delivery.attempts)


def _corrupted(signed: Signed, share: float) -> Signed:
    """Return it with one byte of the body changed, somewhere after its beginning."""
    body = bytearray(signed.body)
    place = len(body) // 2 + int(share * (len(body) // 2 - 2))
    body[place] = ord("0") if body[place] != ord("0") else ord("1")
    return Signed(headers=signed.headers, body=bytes(body))
