"""Simulators of payment channels as child processes, and clients of their control interface."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec

__all__ = ["Simulator", "account_of", "simulator"]

PLAUDIT: Final = Path(sys.executable).with_name("plaudit")


@dataclass(slots=True)
class Simulator:
    """A running simulator: where it answers, its process, and what can be told to it."""

    channel: str
    url: str
    process: asyncio.subprocess.Process
    client: httpx.AsyncClient

    async def tell(self, what: str, **wish: Any) -> Any:  # noqa: ANN401 - JSON
        """POST a wish to /control/`what`; fails the test unless it is done."""
        answer = await self.client.post(f"/control/{what}", content=msgspec.json.encode(wish))
        assert answer.is_success, (what, wish, answer.text)
        return answer.json()

    async def ask(self, what: str, **query: str | int) -> Any:  # noqa: ANN401 - JSON
        """GET /control/`what`."""
        answer = await self.client.get(f"/control/{what}", params=query)
        assert answer.is_success, (what, query, answer.text)
        return answer.json()

    async def merchant(self, **wish: Any) -> dict[str, Any]:  # noqa: ANN401 - handed on
        """Make a merchant; its `facts` are all that an account needs."""
        return dict(await self.tell("merchants", **wish))

    async def pay(self, number: str, **wish: Any) -> dict[str, Any]:  # noqa: ANN401 - handed on
        """Let somebody pay an order (`amount_minor`, `late`, `again`, `payer`)."""
        return dict(await self.tell("pay", number=number, **wish))

    async def pay_many(self, numbers: Sequence[str] | None = None) -> int:
        """Let the orders named, or all that wait, be paid at once; return how many were."""
        told = await self.tell("pay-many", numbers=None if numbers is None else list(numbers))
        return int(told["paid"])

    async def mischief(self, **probabilities: float) -> None:
        """Set what goes wrong from now on; nothing without arguments."""
        await self.tell("mischief", **probabilities)

    async def drive(
        self,
        *,
        at: datetime | None = None,
        running: bool = False,
        offset_s: float | None = None,
        advance_s: float | None = None,
    ) -> None:
        """Drive the time: freeze it (or let it run) at an instant, set its offset, or move it on."""
        await self.tell("time", at=at, running=running, offset_s=offset_s, advance_s=advance_s)

    async def flush(self, *, scheduled: bool = False) -> dict[str, Any]:
        """Have everything sent that is held back (with `scheduled` also next tries); return the figures."""
        return dict(await self.tell("flush", scheduled=scheduled))

    async def plant(self, *, merchant: str, day: date, kind: str, number: str, **wish: Any) -> None:  # noqa: ANN401
        """Put a difference into the trade bill of a day."""
        await self.tell("plantings", merchant=merchant, day=day, kind=kind, number=number, **wish)

    async def callbacks(self, **query: str | int) -> list[dict[str, Any]]:
        """Return callbacks and their attempts, by fields (order, event, state, merchant)."""
        return list((await self.ask("callbacks", **query))["items"])

    async def figures(self) -> dict[str, Any]:
        """Return what the simulator counts."""
        return dict(await self.ask("figures"))

    async def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        if self.process.returncode is None:
            self.process.send_signal(number)
        return await self.process.wait()


@asynccontextmanager
async def simulator(
    channel: str, folder: Path, *arguments: str, environ: Mapping[str, str] | None = None
) -> AsyncIterator[Simulator]:
    """Run a simulator ("wechat", "alipay") on a free port for the time of the block."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PLAUDIT_")}
    log = folder / f"simulate-{channel}.log"
    with log.open("ab") as lines:
        process = await asyncio.create_subprocess_exec(
            str(PLAUDIT),
            "simulate",
            channel,
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=lines,
            env={**kept, **(environ or {})},
        )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            told = await process.stdout.readline()
        assert told, log.read_text()
        url = msgspec.json.decode(told)["url"]
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as client:
            running = Simulator(channel, url, process, client)
            yield running
            await running.end()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def account_of(simulator: Simulator, merchant: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return settings and secrets of a Plaudit account for a merchant that the simulator made."""
    facts, mode = merchant["facts"], merchant["mode"]
    common = {"mode": mode, "fee_rate": merchant["fee_rate"]}
    if simulator.channel == "wechat":
        names = ("mchid", "appid", "serial_no", "public_key_id")
        return {
            "settings": {name: facts[name] for name in names} | {**common, "base_url": simulator.url},
            "secrets": {
                "private_key_pem": facts["private_key"],
                "apiv3_key": facts["apiv3_key"],
                "public_key_pem": facts["public_key"],
            },
        }
    settings = {name: facts[name] for name in ("app_id", "seller_id")}
    settings |= {**common, "gateway_url": f"{simulator.url}/gateway.do"}
    if mode == "certificate":
        settings |= {
            "app_cert_pem": facts["app_certificate"],
            "alipay_cert_pem": facts["alipay_certificate"],
            "alipay_root_cert_pem": facts["alipay_root_certificate"],
        }
    else:
        settings["alipay_public_key"] = facts["alipay_public_key"]
    return {"settings": settings, "secrets": {"private_key": facts["private_key"]}}
