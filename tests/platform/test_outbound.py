"""Calls outside: what comes back is handed on, what fails is classed by what may be done next."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from plaudit.platform.failures import Final, Retryable, Unknown
from plaudit.platform.inside import Inside
from plaudit.platform.outbound import Outbound, opened
from tests.kit.listener import Handle, listening

ELSEWHERE = "http://127.0.0.1:1"


def reaching(
    inside: str = "127.0.0.1", own_url: str = ELSEWHERE, trust: str | None = None
) -> AbstractAsyncContextManager[Outbound]:
    """Open a client that may call what is admitted of the inside."""
    return opened(inside=Inside.of(inside), own_url=own_url, trust=trust)


@asynccontextmanager
async def serving(handle: Handle, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    async with listening(handle, tls=tls) as port:
        yield f"http{'s' if tls else ''}://127.0.0.1:{port}"


@dataclass(frozen=True)
class Shown:
    """A server's TLS, showing a certificate, and its root: the certificate itself."""

    tls: ssl.SSLContext
    root: str


def showing(name: str, folder: Path) -> Shown:
    """Return the TLS of a server whose certificate is for one name."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, SHA256())
    )
    root = certificate.public_bytes(Encoding.PEM)
    (folder / "both.pem").write_bytes(
        root + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(folder / "both.pem")
    return Shown(tls, root.decode())


def saying(answer: bytes, *, seen: list[bytes] | None = None) -> Handle:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if seen is not None:
            seen.append(head)
        writer.write(answer)
        writer.close()

    return handle


async def test_an_answer_is_handed_on_whatever_its_status() -> None:
    seen: list[bytes] = []
    said = b"HTTP/1.1 409 Conflict\r\nX-Told: Yes\r\nContent-Length: 2\r\n\r\nno"
    async with serving(saying(said, seen=seen)) as url, reaching() as outbound:
        answer = await outbound.send(method="POST", url=f"{url}/a?b=c", headers={"X-Asked": "1"}, body=b"")
    assert (answer.status, answer.headers["x-told"], answer.body) == (409, "Yes", b"no")
    assert seen[0].startswith(b"POST /a?b=c HTTP/1.1\r\n")
    assert b"X-Asked: 1" in seen[0]


async def test_redirects_are_not_followed() -> None:
    said = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n"
    async with serving(saying(said)) as url, reaching() as outbound:
        assert (await outbound.send(method="GET", url=url)).status == 302


async def test_a_server_that_is_not_there_has_done_nothing() -> None:
    async with reaching() as outbound:
        with pytest.raises(Retryable, match="did not reach its server"):
            await outbound.send(method="GET", url="http://127.0.0.1:9/")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
    ],
    ids=["none", "cut off", "not HTTP", "not what it says"],
)
async def test_an_answer_that_cannot_be_read_leaves_it_unknown(answer: bytes) -> None:
    async with serving(saying(answer)) as url, reaching() as outbound:
        with pytest.raises(Unknown, match="has no answer"):
            await outbound.send(method="POST", url=url)


async def test_an_answer_that_does_not_come_in_time_leaves_it_unknown() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with serving(silent) as url, reaching() as outbound:
        with pytest.raises(Unknown):
            await outbound.send(method="GET", url=url, timeout_ms=100)


async def test_an_answer_that_is_too_large_is_final() -> None:
    said = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000
    async with serving(saying(said)) as url, reaching() as outbound:
        with pytest.raises(Final, match="larger than 1000 bytes"):
            await outbound.send(method="GET", url=url, answer_max_bytes=1_000)


async def test_what_was_sent_and_is_answered_too_largely_may_have_been_done() -> None:
    said = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000
    async with serving(saying(said)) as url, reaching() as outbound:
        with pytest.raises(Unknown, match="larger than 1000 bytes"):
            await outbound.send(method="POST", url=url, answer_max_bytes=1_000)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "http://", "127.0.0.1"])
async def test_what_is_no_address_is_final(url: str) -> None:
    async with reaching() as outbound:
        with pytest.raises(Final, match="cannot be sent"):
            await outbound.send(method="GET", url=url)


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def resolving(monkeypatch: pytest.MonkeyPatch, **names: list[str]) -> list[str]:
    """Let names have these addresses; return where the names that are looked up are noted."""
    asked: list[str] = []

    def addresses(host: str, port: int, *_: object, **__: object) -> list[Any]:
        asked.append(host)
        found = names[host.partition(".")[0]]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", addresses)
    return asked


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.8.8.8",
        "localhost",
        "[::1]",
        "0.0.0.0",  # noqa: S104 - called, not listened on
        "[::]",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "[fe80::1]",
        "[fd00::1]",
        "[ff02::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "2130706433",
        "0x7f.1",
    ],
)
async def test_nothing_inside_is_called_however_it_is_written(host: str) -> None:
    async with serving(saying(OK)) as url, reaching(inside="") as outbound:
        port = url.rpartition(":")[2]
        with pytest.raises(Final, match="is inside the operator's network"):
            await outbound.send(method="POST", url=f"http://{host}:{port}/")


async def test_a_name_is_judged_by_its_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, rebound=["127.0.0.1"], mixed=["203.0.114.9", "10.0.0.1"])
    async with serving(saying(OK)) as url, reaching(inside="") as outbound:
        port = url.rpartition(":")[2]
        for name in ("rebound.example.com", "mixed.example.com"):
            with pytest.raises(Final, match=f"{name} is inside") as failure:
                await outbound.send(method="GET", url=f"http://{name}:{port}/")
            assert "10.0.0.1" not in str(failure.value), "what a name means inside is nobody's business"


async def test_what_was_looked_at_is_what_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = resolving(monkeypatch, shop=["127.0.0.1"])
    async with serving(saying(OK)) as url, reaching(inside="127.0.0.0/8") as outbound:
        port = url.rpartition(":")[2]
        answer = await outbound.send(method="GET", url=f"http://shop.example.com:{port}/")
    assert (answer.body, asked) == (b"ok", ["shop.example.com"])


async def test_the_next_address_is_tried_when_one_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, shop=["127.0.0.2", "127.0.0.1"])
    async with serving(saying(OK)) as url, reaching(inside="127.0.0.0/8") as outbound:
        port = url.rpartition(":")[2]
        assert (await outbound.send(method="GET", url=f"http://shop.example.com:{port}/")).status == 200


async def test_a_name_that_there_is_not_was_not_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    async with reaching() as outbound:
        with pytest.raises(Retryable, match="did not reach its server"):
            await outbound.send(method="GET", url="http://nowhere.example.com/")


async def test_what_the_operator_admits_and_the_own_address_are_called() -> None:
    async with serving(saying(OK)) as url:
        named = url.replace("127.0.0.1", "localhost")
        for inside, own_url, called in (
            ("127.0.0.0/8", ELSEWHERE, url),
            ("localhost", ELSEWHERE, named),
            ("*", ELSEWHERE, url),
            ("", url, f"{url}/v1/callbacks"),
        ):
            async with reaching(inside=inside, own_url=own_url) as outbound:
                assert (await outbound.send(method="GET", url=called)).status == 200
        for inside, own_url, called in (
            ("127.0.0.2", ELSEWHERE, url),
            ("localhost", ELSEWHERE, url),
            ("", "http://127.0.0.1", url),
        ):
            async with reaching(inside=inside, own_url=own_url) as outbound:
                with pytest.raises(Final, match="is inside"):
                    await outbound.send(method="GET", url=called)


async def test_through_tls_the_name_is_proved_and_the_address_looked_at_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = resolving(monkeypatch, shop=["127.0.0.1"], other=["127.0.0.1"])
    shown = showing("shop.example.com", tmp_path)
    async with serving(saying(OK), tls=shown.tls) as url:
        port = url.rpartition(":")[2]
        async with reaching(inside="127.0.0.0/8", trust=shown.root) as outbound:
            answer = await outbound.send(method="POST", url=f"https://shop.example.com:{port}/", body=b"x")
            assert (answer.body, asked) == (b"ok", ["shop.example.com"])
            with pytest.raises(Retryable, match="did not reach its server"):
                await outbound.send(method="POST", url=f"https://other.example.com:{port}/", body=b"x")


async def test_a_certificate_of_nobody_is_sent_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolving(monkeypatch, shop=["127.0.0.1"])
    seen: list[bytes] = []
    shown = showing("shop.example.com", tmp_path)
    async with serving(saying(OK, seen=seen), tls=shown.tls) as url, reaching("127.0.0.0/8") as outbound:
        port = url.rpartition(":")[2]
        with pytest.raises(Retryable, match="did not reach its server"):
            await outbound.send(method="POST", url=f"https://shop.example.com:{port}/", body=b"x")
    assert seen == []


async def test_nothing_inside_is_called_through_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, shop=["127.0.0.1"])
    shown = showing("shop.example.com", tmp_path)
    async with serving(saying(OK), tls=shown.tls) as url, reaching("", trust=shown.root) as outbound:
        port = url.rpartition(":")[2]
        with pytest.raises(Final, match="is inside the operator's network"):
            await outbound.send(method="POST", url=f"https://shop.example.com:{port}/", body=b"x")


async def test_one_connection_carries_many_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = resolving(monkeypatch, shop=["127.0.0.1"])

    async def keeping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readline():
            await reader.readuntil(b"\r\n\r\n")
            writer.write(OK)
        writer.close()

    async with serving(keeping) as url, reaching(inside="127.0.0.0/8") as outbound:
        port = url.rpartition(":")[2]
        for _ in range(3):
            assert (await outbound.send(method="GET", url=f"http://shop.example.com:{port}/")).body == b"ok"
    assert asked == ["shop.example.com"]
