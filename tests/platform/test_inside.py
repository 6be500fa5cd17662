"""What is inside the operator's network, and what of it is admitted."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from plaudit.platform.inside import Inside, is_inside


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
    "text", ["10.1.0.1/16", "300.1.1.1", "http://mail", "a b", "*.internal", "-x", "1.2"]
)
def test_what_is_neither_network_nor_name_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="no network"):
        Inside.of(f"10.0.0.0/8,{text}")
