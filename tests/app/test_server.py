"""A server from its start to its end, in processes of its own."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from plaudit.app.assembly import assembled, open_tenant
from plaudit.platform.db import Connection, connect_async
from plaudit.platform.settings import Settings
from tests.app.served import PLAUDIT, Served, served
from tests.kit.servers import DatabaseUrls

STREAMS = 100
ENDS_WITHIN_S = 5.0


async def _tenant(database: DatabaseUrls, folder: Path) -> str:
    settings = Settings.from_environment({"PLAUDIT_DATA_DIR": str(folder)})
    async with assembled(settings, url=database.url) as house:
        return await open_tenant(house, slug="acme", name="Acme")


@asynccontextmanager
async def _client(server: Served, key: str) -> AsyncIterator[httpx.AsyncClient]:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, limits=limits, timeout=60) as client:
        yield client


async def _credit(client: httpx.AsyncClient, number: int) -> httpx.Response:
    return await client.post(
        f"/v1/wallets/v{number}/credits",
        json={"asset": "coin", "amount_minor": 1},
        headers={"Idempotency-Key": f"credit-{number}"},
    )


async def _follow(client: httpx.AsyncClient) -> str:
    """Read the stream to its end, which must be an orderly one."""
    text = ""
    async with client.stream("GET", "/v1/facts/stream") as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        async for piece in answer.aiter_text():
            text += piece
    return text


async def _poll(client: httpx.AsyncClient, after: int) -> httpx.Response:
    return await client.get("/v1/facts", params={"after": after, "wait_ms": 30_000, "kinds": "tip.sent"})


async def test_sigterm_ends_open_streams_and_answers_what_was_accepted(
    database: DatabaseUrls, tmp_path: Path
) -> None:
    key = await _tenant(database, tmp_path)
    answered: set[int] = set()
    async with served(database, tmp_path) as server, _client(server, key) as client:

        async def writes(first: int) -> None:
            for number in range(first, first + 100_000):
                try:
                    answer = await _credit(client, number)
                except httpx.TransportError:
                    return
                if answer.status_code == 503:
                    return
                assert answer.status_code == 201, answer.text
                answered.add(int(answer.json()["position"]))

        streams = [asyncio.create_task(_follow(client)) for _ in range(STREAMS // 2)]
        polls = [asyncio.create_task(_poll(client, 0)) for _ in range(STREAMS // 2)]
        writers = [asyncio.create_task(writes(n * 100_000)) for n in range(16)]
        while len(answered) < 300:  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.05)
        assert not any(task.done() for task in (*streams, *polls, *writers))

        started = time.monotonic()
        assert await server.end() == 0
        assert time.monotonic() - started < ENDS_WITHIN_S
        texts = await asyncio.gather(*streams)
        assert all("event: wallet.credited" in text for text in texts)
        assert {answer.status_code for answer in await asyncio.gather(*polls)} == {200}
        await asyncio.gather(*writers)

    async with served(database, tmp_path) as server, _client(server, key) as client:
        recorded: set[int] = set()
        after, head = 0, 1
        while after < head:
            page = (await client.get("/v1/facts", params={"after": after, "limit": 1000})).json()
            recorded |= {fact["position"] for fact in page["facts"] if fact["kind"] == "wallet.credited"}
            after, head = page["next_after"], page["head"]
        assert recorded == answered


async def test_several_processes_are_one_server(database: DatabaseUrls, tmp_path: Path) -> None:
    key = await _tenant(database, tmp_path)
    async with served(database, tmp_path, "--processes", "2") as server:
        assert len(server.children()) == 2
        answers: list[httpx.Response] = []
        for _ in range(20):
            # A connection each, so that both processes get some.
            async with _client(server, key) as client:
                answers += await asyncio.gather(*(client.get("/v1/tenant") for _ in range(3)))
        assert {answer.status_code for answer in answers} == {200}
        async with _client(server, key) as client:
            text = (await client.get("/metrics")).text
            counted = re.search(
                r'http_requests_total\{method="GET",route="/v1/tenant",status="200"\} (\d+)', text
            )
            assert counted is not None
            assert int(counted[1]) == len(answers)

            made = await client.post(
                "/v1/api-keys",
                json={"name": "app", "scopes": ["tip.read"], "rate_per_second": 30},
                headers={"Idempotency-Key": "k"},
            )
        limited = made.json()["key"]
        async with _client(server, limited) as one, _client(server, limited) as two:
            for _ in range(3):
                await asyncio.sleep(1 - time.time() % 1 + 0.05)
                began = int(time.time())
                done = await asyncio.gather(*((one, two)[n % 2].get("/v1/tenant") for n in range(60)))
                # On a busy machine the calls may reach into the next second, which has its own thirty.
                seconds = int(time.time()) - began + 1
                assert sum(answer.status_code == 200 for answer in done) <= 30 * seconds
        assert await server.end() == 0


async def test_a_child_that_dies_is_started_again(database: DatabaseUrls, tmp_path: Path) -> None:
    key = await _tenant(database, tmp_path)
    async with served(database, tmp_path, "--processes", "2") as server:
        victim, other = server.children()
        os.kill(victim, signal.SIGKILL)
        async with asyncio.timeout(30):
            while len(server.children()) < 2 or victim in server.children():  # noqa: ASYNC110 - nobody tells of it
                await asyncio.sleep(0.1)
        assert other in server.children()
        async with _client(server, key) as client:
            assert (await client.get("/v1/tenant")).status_code == 200
        assert await server.end(signal.SIGINT) == 0


async def test_children_end_with_their_starter(database: DatabaseUrls, tmp_path: Path) -> None:
    async with served(database, tmp_path, "--processes", "2") as server:
        children = server.children()
        await server.end(signal.SIGKILL)
        async with asyncio.timeout(10):
            while any(_runs(pid) for pid in children):  # noqa: ASYNC110 - nobody tells of it
                await asyncio.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


async def test_a_port_that_is_taken_is_refused(database: DatabaseUrls, tmp_path: Path) -> None:
    async with served(database, tmp_path) as server:
        port = server.url.rpartition(":")[2]
        second = await asyncio.to_thread(
            subprocess.run,
            [str(PLAUDIT), "serve", "--port", port],
            env={**os.environ, "PLAUDIT_DATABASE_URL": database.url, "PLAUDIT_DATA_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert second.returncode == 1
        assert f"cannot serve on 127.0.0.1:{port}" in second.stderr
        assert "Traceback" not in second.stderr
        assert await server.end() == 0


async def test_a_broken_invariant_stops_the_process(database: DatabaseUrls, tmp_path: Path) -> None:
    key = await _tenant(database, tmp_path)
    routes = "tests.app.broken:ROUTES"
    for processes in ("1", "2"):
        arguments = ("--routes", routes, "--processes", processes)
        async with served(
            database, tmp_path, *arguments, PYTHONPATH=str(Path(__file__).parents[2])
        ) as server:
            async with _client(server, key) as client:
                answer = await client.get("/v1/broken")
            assert (answer.status_code, answer.json()["code"]) == (500, "server.fault")
            async with asyncio.timeout(15):
                assert await server.process.wait() == 70
            assert "a broken invariant stops this process" in server.log.read_text()


async def test_sigterm_breaks_off_a_start_that_waits(database: DatabaseUrls, tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PLAUDIT_")}
    urls = {"PLAUDIT_DATABASE_URL": database.url, "PLAUDIT_DATABASE_OWNER_URL": database.owner_url}
    async with await connect_async(database.superuser_url, role=None) as superuser, superuser.transaction():
        await superuser.execute("LOCK TABLE commands.tenant IN ACCESS EXCLUSIVE MODE")
        process = await asyncio.create_subprocess_exec(
            str(PLAUDIT), "serve", "--port", "0", env={**kept, **urls, "PLAUDIT_DATA_DIR": str(tmp_path)}
        )
        try:
            await until_waiting(superuser)
            process.terminate()
            async with asyncio.timeout(10):
                assert await process.wait() == 0
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def until_waiting(superuser: Connection) -> None:
    """Return when another session waits for a lock."""
    async with asyncio.timeout(30):
        while True:
            cursor = await superuser.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if await cursor.fetchone() != (0,):
                return
            await asyncio.sleep(0.05)
