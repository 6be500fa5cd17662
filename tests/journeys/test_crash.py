"""Killed under load: the server, one backend, all of PostgreSQL. Nothing answered is lost or done twice."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import psycopg
import pytest

from plaudit.app.drive.client import Client, LostError, UnreachableError, is_replay
from plaudit.app.drive.http1 import Answer
from plaudit.platform.migrate import migrate
from plaudit.platform.postgres import Server, embedded
from tests.journeys.stage import Api, Opened, Process, examined, opened_tenants, started
from tests.kit.figures import tell
from tests.kit.scale import by_scale

Victim = Literal["server", "backend", "postgres"]

VICTIMS: Final[tuple[Victim, ...]] = ("server", "backend", "postgres")
ROUNDS: Final = by_scale(small=3, proof=12)
CONNECTIONS: Final = 64
VIEWERS: Final = 100
ANSWERED_MIN: Final = 500
IN_FLIGHT_MIN: Final = 20
POOR_EVERY: Final = 50
"""Each so many tips is one of a viewer without coins, so that refusals are among what is killed."""

_ROUND_TIMEOUT_S: Final = 60.0


@dataclass(slots=True)
class Ledger:
    """What the clients know: what was sent under each key, and what the server answered at last."""

    bodies: dict[str, bytes] = field(default_factory=dict)
    done: dict[str, int] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)

    @property
    def open(self) -> list[str]:
        """Keys that have no answer: they may have been done or not."""
        return [key for key in self.bodies if key not in self.done and key not in self.refused]

    def note(self, key: str, answer: Answer) -> None:
        """Keep an answer that tells what became of a tip; others leave it open."""
        if answer.status == 201:
            position = msgspec.json.decode(answer.body)["position"]
            assert self.done.setdefault(key, position) == position, key
        elif answer.status == 422:
            code = msgspec.json.decode(answer.body)["code"]
            assert code == "wallet.insufficient", answer.body
            assert key not in self.done, key
            self.refused.add(key)


@dataclass(slots=True)
class House:
    """PostgreSQL of its own, the serving process, and one tenant."""

    postgres: Server
    stack: ExitStack
    tenant: Opened
    data_dir: Path
    process: Process

    def restart(self) -> None:
        """Start the serving process again, on the port it had."""
        port = int(self.process.url.rpartition(":")[2])
        self.process = _served(self.stack, self.data_dir, port)


def _served(stack: ExitStack, data_dir: Path, port: int) -> Process:
    environ = {"PLAUDIT_DATA_DIR": str(data_dir), "PLAUDIT_SHARED_BUFFERS_MIB": "64"}
    return stack.enter_context(started(environ=environ, port=port))


@pytest.fixture
def house(data_dir: Path) -> Iterator[House]:
    """Run everything in a data folder of this test's own."""
    with ExitStack() as stack:
        postgres = stack.enter_context(embedded(data_dir=data_dir, shared_buffers_mib=64))
        migrate(postgres.owner_url)
        (tenant,) = opened_tenants(database_url=postgres.url, data_dir=data_dir, count=1)
        yield House(postgres, stack, tenant, data_dir, _served(stack, data_dir, 0))


@dataclass(slots=True)
class Load:
    """Tips from many connections at once, each sent once, until told to stop."""

    client: Client
    ledger: Ledger
    round_name: str
    in_flight: set[str] = field(default_factory=set)
    answered: int = 0
    stopped: bool = False

    async def lane(self, number: int) -> None:
        """Send one tip after the other; an attempt that fails leaves its key open."""
        for count in range(1_000_000):
            if self.stopped:
                return
            key = f"{self.round_name}-{number}-{count}"
            self.ledger.bodies[key] = body_of(key=key, number=number * 7 + count)
            request = request_of(self.client, self.ledger, key)
            self.in_flight.add(key)
            try:
                answer = await self.client.attempt(request=request)
            except (UnreachableError, LostError):
                await asyncio.sleep(0.01)
                continue
            finally:
                self.in_flight.remove(key)
            self.ledger.note(key, answer)
            self.answered += answer.status in {201, 422}


def body_of(*, key: str, number: int) -> bytes:
    """Return a tip whose fact carries its key, as the room."""
    viewer = "poor" if number % POOR_EVERY == 0 else f"v{number % VIEWERS}"
    body = {"viewer": viewer, "creator": f"c{number % 3}", "amount_minor": 1 + number % 9, "room": key}
    return msgspec.json.encode(body)


def request_of(client: Client, ledger: Ledger, key: str) -> bytes:
    return client._request(method="POST", path="/v1/tips", body=ledger.bodies[key], key=key)


def kill(house: House, victim: Victim) -> None:
    """End the victim as suddenly as the system can."""
    if victim == "server":
        house.process.kill()
    elif victim == "postgres":
        os.kill(house.postgres.postmaster_pid, signal.SIGKILL)
    else:
        with psycopg.connect(house.postgres.superuser_url, autocommit=True) as connection:
            row = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE usename = 'plaudit_app'"
                " ORDER BY xact_start IS NULL, state <> 'active', state_change DESC LIMIT 1"
            ).fetchone()
            assert row is not None
            os.kill(row[0], signal.SIGKILL)


async def crash(
    house: House, client: Client, ledger: Ledger, *, name: str, victim: Victim
) -> dict[str, object]:
    """Load, kill, restart, send again what is open; return the figures of the round."""
    load = Load(client, ledger, name)
    lanes = [asyncio.create_task(load.lane(number)) for number in range(CONNECTIONS)]
    deadline = time.monotonic() + _ROUND_TIMEOUT_S
    while load.answered < ANSWERED_MIN or len(load.in_flight) < IN_FLIGHT_MIN:
        assert time.monotonic() < deadline, (load.answered, len(load.in_flight))
        await asyncio.sleep(0.005)
    answered, in_flight = load.answered, frozenset(load.in_flight)
    kill(house, victim)
    load.stopped = True
    await asyncio.gather(*lanes)
    await asyncio.to_thread(house.restart if victim == "server" else house.postgres.wait_until_ready)
    # Some were answered when the database was back: to send them again as well must change nothing.
    unanswered = frozenset(ledger.open)
    keys = sorted(in_flight | unanswered)
    again = await asyncio.gather(*(send_again(client, ledger, key) for key in keys))
    for key, answer in zip(keys, again, strict=True):
        assert answer.status in {201, 422}, (key, answer)
        ledger.note(key, answer)
    assert not ledger.open
    assert (answered >= ANSWERED_MIN, len(in_flight) >= IN_FLIGHT_MIN) == (True, True)
    return {
        "victim": victim,
        "answered": answered,
        "in_flight": len(in_flight),
        "without_answer": len(unanswered),
        "sent_again": len(again),
        "had_been_done": sum(is_replay(answer=answer) for answer in again),
    }


async def send_again(client: Client, ledger: Ledger, key: str) -> Answer:
    return await client.send(method="POST", path="/v1/tips", body=ledger.bodies[key], key=key)


async def tips_of(client: Client) -> list[dict[str, Any]]:
    """Return every tip in the journal."""
    found: list[dict[str, Any]] = []
    after = 0
    while True:
        path = f"/v1/facts?after={after}&kinds=tip.sent&limit=200"
        answer = await client.send(method="GET", path=path)
        assert answer.status == 200, answer.body
        page = msgspec.json.decode(answer.body)
        if not page["facts"]:
            return found
        found += page["facts"]
        after = page["next_after"]


async def check(client: Client, ledger: Ledger) -> None:
    """Every done tip is in the journal once, at the position that was answered; nothing else is."""
    found = [(fact["data"]["room"], fact["position"]) for fact in await tips_of(client)]
    assert Counter(room for room, _ in found).most_common(1)[0][1] == 1
    assert dict(found) == ledger.done
    assert not ledger.refused & dict(found).keys()


@pytest.mark.timeout(by_scale(small=180, proof=900))
async def test_killed_under_load(house: House) -> None:
    with Api(house.process.url, house.tenant.key, house.tenant.slug, house.tenant.tenant_id) as api:
        await rounds_of(house, api)
    verdict = await asyncio.to_thread(
        examined, database_url=house.postgres.url, tenant_id=house.tenant.tenant_id
    )
    assert verdict.green, verdict.findings


async def rounds_of(house: House, api: Api) -> None:
    for creator in ("c0", "c1", "c2"):
        api.put(f"/v1/creators/{creator}", {})
    for number in range(VIEWERS):
        api.post(f"/v1/wallets/v{number}/credits", {"asset": "coin", "amount_minor": 10**9})
    ledger = Ledger()
    rounds: list[dict[str, object]] = []
    headers = {"Authorization": f"Bearer {house.tenant.key}"}
    async with Client(url=house.process.url, connections=CONNECTIONS, headers=headers) as client:
        for number in range(ROUNDS):
            victim = VICTIMS[number % len(VICTIMS)]
            rounds.append(await crash(house, client, ledger, name=f"r{number}", victim=victim))
            await check(client, ledger)
    assert len(ledger.refused) > ROUNDS
    tell(name="crash", rounds=rounds, done=len(ledger.done), refused=len(ledger.refused))
