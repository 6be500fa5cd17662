"""Every failure is of one class, and what may have been done is sent again under the same key."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable

import pytest

from plaudit.app.drive.client import (
    Client,
    Failure,
    UnansweredError,
    failure_of,
    is_replay,
    request_head,
    server_of,
)
from plaudit.app.drive.http1 import Answer
from tests.app.drive.fake_api import FakeApi, Seen, Told, serving, whole

CREDIT = b'{"asset":"coin","amount_minor":5}'


def run(api: FakeApi, use: Callable[[Client], Awaitable[None]], **options: int) -> None:
    async def main() -> None:
        async with (
            serving(api) as url,
            Client(url=url, connections=2, headers={"Authorization": "Bearer k"}, **options) as client,
        ):
            await use(client)

    asyncio.run(main())


async def credit(client: Client, *, key: str = "k1") -> Answer:
    return await client.send(method="POST", path="/v1/wallets/v1/credits", body=CREDIT, key=key)


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (200, None),
        (201, None),
        (302, Failure.FINAL),
        (400, Failure.FINAL),
        (404, Failure.FINAL),
        (409, Failure.FINAL),
        (422, Failure.FINAL),
        (429, Failure.RETRYABLE),
        (503, Failure.RETRYABLE),
        (500, Failure.UNKNOWN),
        (502, Failure.UNKNOWN),
    ],
)
def test_classes(status: int, failure: Failure | None) -> None:
    assert failure_of(status=status) is failure


def test_a_write_carries_credential_key_and_type() -> None:
    api = FakeApi()

    async def use(client: Client) -> None:
        answer = await credit(client)
        assert answer.status == 201

    run(api, use)
    (seen,) = api.seen
    assert (seen.method, seen.target, seen.key, seen.body) == ("POST", "/v1/wallets/v1/credits", "k1", CREDIT)
    assert seen.headers["authorization"] == "Bearer k"
    assert seen.headers["content-type"] == "application/json"
    assert seen.headers["host"].startswith("127.0.0.1:")


def test_a_connection_lost_mid_answer_is_sent_again_with_the_same_key() -> None:
    api = FakeApi()

    async def cut(_seen: Seen, writer: asyncio.StreamWriter) -> bool:
        if len(api.seen) > 1:
            return False
        writer.write(whole(told=Told(201, {"amount_minor": 5}))[:-3])
        await writer.drain()
        writer.close()
        return True

    api.fault = cut

    async def use(client: Client) -> None:
        answer = await credit(client)
        assert answer.status == 201
        assert is_replay(answer=answer)
        assert client.resent == 1

    run(api, use)
    assert [seen.key for seen in api.seen] == ["k1", "k1"]
    assert api.seen[0].body == api.seen[1].body
    assert api.wallets["v1", "coin"] == 5


def test_busy_waits_as_the_server_says() -> None:
    api = FakeApi()
    api.before = lambda _: (
        Told(503, {"code": "queue.full"}, {"Retry-After": "1"}) if len(api.seen) == 1 else None
    )

    async def use(client: Client) -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()
        assert (await credit(client)).status == 201
        assert loop.time() - started >= 0.99

    run(api, use)
    assert [seen.key for seen in api.seen] == ["k1", "k1"]


def test_a_no_is_returned_at_once() -> None:
    api = FakeApi()
    api.before = lambda _: Told(422, {"code": "wallet.insufficient", "detail": "Buy coins."})

    async def use(client: Client) -> None:
        assert (await credit(client)).status == 422

    run(api, use)
    assert len(api.seen) == 1


def test_a_server_fault_is_returned_after_five() -> None:
    api = FakeApi()
    api.before = lambda _: Told(500, {"code": "fault"})

    async def use(client: Client) -> None:
        assert (await credit(client)).status == 500

    run(api, use)
    assert [seen.key for seen in api.seen] == ["k1"] * 5


def test_an_answer_too_late_is_asked_for_again_on_another_connection() -> None:
    api = FakeApi()

    async def dawdle(_seen: Seen, _writer: asyncio.StreamWriter) -> bool:
        if len(api.seen) == 1:
            await asyncio.sleep(5)
        return False

    api.fault = dawdle

    async def use(client: Client) -> None:
        assert is_replay(answer=await credit(client))

    run(api, use, timeout_ms=100)
    assert api.wallets["v1", "coin"] == 5


def test_a_server_that_is_not_there_yet_is_waited_for() -> None:
    api = FakeApi()

    async def main() -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            port: int = taken.getsockname()[1]
        async with Client(url=f"http://127.0.0.1:{port}", connections=1, headers={}) as client:
            sending = asyncio.create_task(credit(client))
            await asyncio.sleep(0.2)
            assert not sending.done()
            async with serving(api, port=port):
                assert (await sending).status == 201

    asyncio.run(main())


def test_patience_ends() -> None:
    async def main() -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        async with Client(url=url, connections=1, headers={}, patience_ms=150) as client:
            with pytest.raises(UnansweredError, match="retryable"):
                await credit(client)

    asyncio.run(main())


def test_a_cancelled_request_leaves_no_answer_to_the_next() -> None:
    api = FakeApi()
    gate = asyncio.Event()

    async def hold(seen: Seen, _writer: asyncio.StreamWriter) -> bool:
        if seen.key == "first":
            await gate.wait()
        return False

    api.fault = hold

    async def use(client: Client) -> None:
        for _ in range(2):
            sending = asyncio.create_task(credit(client, key="first"))
            await asyncio.sleep(0.05)
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
        gate.set()
        answer = await client.send(method="GET", path="/v1/subscriptions")
        assert b"totals" in answer.body

    run(api, use)


def test_many_requests_share_the_connections() -> None:
    api = FakeApi()

    async def use(client: Client) -> None:
        answers = await asyncio.gather(*(credit(client, key=f"k{number}") for number in range(300)))
        assert {answer.status for answer in answers} == {201}

    run(api, use)
    assert api.wallets["v1", "coin"] == 1500


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:80", "ftp://host", "http://", "http://a@host", "http://host/?q=1"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="address of a server"):
        server_of(url=url)


def test_addresses() -> None:
    plain = server_of(url="http://[::1]:81/api/")
    assert (plain.authority, plain.prefix, plain.tls) == ("[::1]:81", "/api", None)
    secure = server_of(url="https://host")
    assert secure.port == 443
    assert isinstance(secure.tls, ssl.SSLContext)


def test_headers_cannot_be_smuggled() -> None:
    server = server_of(url="http://host")
    with pytest.raises(ValueError, match="line break"):
        request_head(server=server, method="GET", path="/", headers={"A": "b\r\nC: d"})
