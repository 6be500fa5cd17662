"""A switch flipped under load stops tips in every process within a second, notifications or not."""

from __future__ import annotations

import asyncio
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec
import pytest

from plaudit.app.drive.client import Client
from tests.journeys.stage import Api, Opened, examined, opened_tenants, started
from tests.kit.figures import tell
from tests.kit.scale import PROOF, by_scale
from tests.kit.servers import FOLDER, DatabaseUrls

PROCESSES: Final = 4
RATE: Final = 2_000
LANES: Final = 32
"""Connections to each process."""

BEFORE_S: Final = by_scale(small=1.5, proof=10.0)
AFTER_S: Final = by_scale(small=2.0, proof=5.0)
LIMIT_S: Final = 1.0
_LANE_PAUSE_S: Final = PROCESSES * LANES / RATE


@dataclass(slots=True)
class Answers:
    """When (seconds of the loop's clock) each answer of one process came, by what it said."""

    done: list[float] = field(default_factory=list)
    off: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Four:
    """Four serving processes on one database; the last one hears no notification."""

    urls: list[str]
    tenant: Opened
    database_url: str


@pytest.fixture
def four(database: DatabaseUrls) -> Iterator[Four]:
    """Run four servers on one database."""
    with (
        tempfile.TemporaryDirectory(prefix="switch-", dir=os.environ[FOLDER]) as folder,
        ExitStack() as stack,
    ):
        (tenant,) = opened_tenants(database_url=database.url, data_dir=Path(folder), count=1)
        environ = {
            "PLAUDIT_DATABASE_URL": database.url,
            "PLAUDIT_DATABASE_OWNER_URL": database.owner_url,
            "PLAUDIT_DATA_DIR": folder,
        }
        urls = [
            stack.enter_context(
                started(environ={**environ, "PLAUDIT_LISTEN": "off" if number == PROCESSES - 1 else "on"})
            ).url
            for number in range(PROCESSES)
        ]
        yield Four(urls, tenant, database.url)


class Load:
    """Tips to every process at a steady pace until told to stop."""

    def __init__(self) -> None:
        self.stopped = False

    async def lane(self, client: Client, answers: Answers, number: int) -> None:
        """Send a tip at each beat; a late answer only delays the beats of its own lane."""
        loop = asyncio.get_running_loop()
        name = secrets.token_hex(6)
        due = loop.time() + _LANE_PAUSE_S * number / LANES
        for count in range(1_000_000):
            await asyncio.sleep(max(due - loop.time(), 0))
            if self.stopped:
                return
            due = max(due + _LANE_PAUSE_S, loop.time() - _LANE_PAUSE_S)
            body = msgspec.json.encode(
                {"viewer": f"v{number}", "creator": f"c{count % 3}", "amount_minor": 1}
            )
            answer = await client.send(method="POST", path="/v1/tips", body=body, key=f"{name}-{count}")
            if answer.status == 201:
                answers.done.append(loop.time())
            else:
                assert msgspec.json.decode(answer.body)["code"] == "switch.off", answer.body
                answers.off.append(loop.time())


async def flipped(client: Client, *, off: bool) -> float:
    """Flip the switch of tipping and return when the answer came."""
    body = msgspec.json.encode({"off": off, "reason": "a drill"})
    path = "/v1/switches/feature/tipping"
    answer = await client.send(method="PUT", path=path, body=body, key=secrets.token_hex(8))
    assert answer.status == 200, answer.body
    return asyncio.get_running_loop().time()


@pytest.mark.timeout(180)
async def test_a_switch_holds_everywhere_within_a_second(four: Four) -> None:
    with Api(four.urls[0], four.tenant.key, four.tenant.slug, four.tenant.tenant_id) as api:
        for creator in ("c0", "c1", "c2"):
            api.put(f"/v1/creators/{creator}", {})
        for number in range(LANES):
            api.post(f"/v1/wallets/v{number}/credits", {"asset": "coin", "amount_minor": 10**9})
    headers = {"Authorization": f"Bearer {four.tenant.key}"}
    answers = [Answers() for _ in four.urls]
    load = Load()
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(Client(url=url, connections=LANES + 1, headers=headers))
            for url in four.urls
        ]
        lanes = [
            asyncio.create_task(load.lane(client, told, number))
            for client, told in zip(clients, answers, strict=True)
            for number in range(LANES)
        ]
        await asyncio.sleep(BEFORE_S)
        off_at = await flipped(clients[0], off=True)
        await asyncio.sleep(AFTER_S)
        # A tip may be done again from the moment that the flip is on its way, not only once it is answered.
        on_sent_at = asyncio.get_running_loop().time()
        on_at = await flipped(clients[1], off=False)
        await asyncio.sleep(AFTER_S)
        load.stopped = True
        await asyncio.gather(*lanes)
    rate = sum(at < off_at for told in answers for at in told.done) / BEFORE_S
    last_done_s = []
    for number, told in enumerate(answers):
        late = [at - off_at for at in told.done if off_at < at < on_sent_at]
        assert max(late, default=0.0) <= LIMIT_S, f"process {number} did a tip {max(late):.3f} s after"
        assert any(off_at < at < on_at for at in told.off), f"process {number} refused nothing"
        still_off = [at - on_at for at in told.off if at > on_at]
        assert max(still_off, default=0.0) <= LIMIT_S, (
            f"process {number} was off {max(still_off):.3f} s after"
        )
        last_done_s.append(round(max(late, default=0.0), 3))
    tell(name="switch", tips_per_s=round(rate), processes=PROCESSES, last_done_s=last_done_s)
    if PROOF:
        assert rate >= RATE * 0.95, rate
    verdict = await asyncio.to_thread(
        examined, database_url=four.database_url, tenant_id=four.tenant.tenant_id
    )
    assert verdict.green, verdict.findings
