"""What is inside the operator's network, and what of it is admitted."""

from __future__ import annotations

import socket
from ipaddress import ip_address

import msgspec
import pytest

from plaudit.platform.inside import Barred, Inside, addresses_of, is_inside


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("127.0.0.1", True),
        ("0.0.0.0", True),  # noqa: S104 - an address to judge
        ("10.0.0.1", True),
        ("172.31.255.255", True),
        ("172.32.0.1", False),
        ("192.168.0.1", True),
        ("169.254.169.254", True),
        ("100.64.0.1", True),
        ("224.0.1.1", True),
        ("239.255.255.250", True),
        ("240.0.0.1", True),
        ("255.255.255.255", True),
        ("8.8.8.8", False),
        ("::", True),
        ("::1", True),
        ("fe80::1", True),
        ("fd12::1", True),
        ("ff0e::1", True),
        ("2606:4700::1111", False),
        ("::ffff:10.0.0.1", True),
        ("::ffff:8.8.8.8", False),
        ("64:ff9b::7f00:1", True),
        ("64:ff9b::808:808", False),
        ("2002:7f00:1::", True),
    ],
)
def test_what_is_inside(address: str, inside: bool) -> None:
    assert is_inside(ip_address(address)) == inside
    assert Inside().admits(address) != inside


def test_what_is_admitted() -> None:
    some = Inside.of(" 10.1.0.0/16, Mail.Internal,::1 ")
    assert [some.admits(one) for one in ("10.1.2.3", "10.2.0.1", "::1", "127.0.0.1", "8.8.8.8")] == [
        True,
        False,
        True,
        False,
        True,
    ]
    assert some.admits("fe80::1%eth0") is False
    assert [some.admits_name(one) for one in ("mail.internal", "MAIL.internal.", "internal")] == [
        True,
        True,
        False,
    ]
    assert Inside.of("*").admits_name("anything")
    assert Inside.of("") == Inside()


@pytest.mark.parametrize(
    ("host", "standing"),
    [
        ("10.1.2.3", "admitted"),
        ("Mail.Internal", "admitted"),
        ("::1", "admitted"),
        ("10.2.0.1", "barred"),
        ("fe80::1%eth0", "barred"),
        ("::ffff:127.0.0.1", "barred"),
        ("8.8.8.8", "open"),
        ("2606:4700::1111", "open"),
        ("localhost", "open"),
        ("2130706433", "open"),
    ],
)
def test_how_a_host_stands_before_it_is_resolved(host: str, standing: str) -> None:
    assert Inside.of("10.1.0.0/16,mail.internal,::1").standing(host) == standing
    assert Inside.of("*").standing(host) == "admitted"


def test_what_is_admitted_is_handed_to_serving_processes_whole() -> None:
    for text in ("", "*", "10.1.0.0/16,fd00::/8,mail.internal"):
        told = msgspec.json.encode(Inside.of(text))
        assert msgspec.json.decode(told, type=Inside) == Inside.of(text)


async def test_a_name_is_judged_by_all_its_addresses_unless_it_is_admitted_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def addresses(host: str, port: int, *_: object, **__: object) -> list[object]:
        if host != "mixed.example":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        places = [("203.0.114.9", port), ("10.1.0.1", port), ("203.0.114.9", port)]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", place) for place in places]

    monkeypatch.setattr(socket, "getaddrinfo", addresses)
    for text in ("10.1.0.0/16", "mixed.example", "*"):
        found = await addresses_of("mixed.example", port=25, inside=Inside.of(text))
        assert found == ["203.0.114.9", "10.1.0.1"]
    with pytest.raises(Barred, match=r"mixed\.example is inside") as barred:
        await addresses_of("mixed.example", port=25, inside=Inside.of("10.2.0.0/16"))
    assert "10.1.0.1" not in str(barred.value)
    with pytest.raises(OSError, match="not known"):
        await addresses_of("nowhere.example", port=25, inside=Inside())
    monkeypatch.undo()
    with pytest.raises(OSError, match="label"):
        await addresses_of("a" * 64 + ".example", port=25, inside=Inside())


@pytest.mark.parametrize(
    "text", ["10.1.0.1/16", "300.1.1.1", "http://mail", "a b", "*.internal", "-x", "1.2"]
)
def test_what_is_neither_network_nor_name_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="no network"):
        Inside.of(f"10.0.0.0/8,{text}")
