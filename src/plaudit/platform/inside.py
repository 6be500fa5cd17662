"""Which addresses are inside the operator's network, and which of them may be called all the same.

Whoever may save a merchant account, a webhook or a mail server says where this server connects to. What only
this server can reach must not be reached through it. Whoever connects asks `addresses_of` first, and connects
to what it returns and not to the name: that may mean something else a moment later.
"""

from __future__ import annotations

import asyncio
import re
import socket
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final, Literal, TypeAlias

from plaudit.platform import failures

__all__ = ["Barred", "Inside", "Standing", "addresses_of", "is_inside"]

Address: TypeAlias = IPv4Address | IPv6Address

Standing: TypeAlias = Literal["admitted", "barred", "open"]
"""How a host stands before its name is resolved: `open` is of the world, or a name still to be looked at."""

_EVERYTHING: Final = "*"
_NAME: Final = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\Z"
)
# Behind these a gateway calls the IPv4 address in the last four bytes.
_TRANSLATED: Final = IPv6Network("64:ff9b::/96")


class Barred(failures.Final):
    """A host is inside the operator's network and not admitted, so nothing was sent to it."""


@dataclass(frozen=True, slots=True)
class Inside:
    """What of the inside may be called: everything, hosts by name, and networks.

    Networks are kept as text, since settings are handed to serving processes as JSON.
    """

    everything: bool = False
    names: frozenset[str] = frozenset()
    networks: tuple[str, ...] = ()

    @classmethod
    def of(cls, text: str) -> Inside:
        """Read a list such as "10.1.0.0/16, mail.internal". Raises ValueError naming what is neither."""
        names, networks = set(), []
        items = [item.strip().lower() for item in text.split(",") if item.strip()]
        for item in items:
            if item == _EVERYTHING:
                continue
            try:
                networks.append(str(ip_network(item)))
            except ValueError:
                if not _NAME.match(item) or re.fullmatch(r"[\d.]+", item):
                    message = f"has {item!r}, which is no network (10.1.0.0/16), no host name, and not *"
                    raise ValueError(message) from None
                names.add(item)
        return cls(_EVERYTHING in items, frozenset(names), tuple(networks))

    def admits_name(self, host: str) -> bool:
        """Tell whether a host may be called wherever it is."""
        return self.everything or host.lower().rstrip(".") in self.names

    def admits(self, text: str) -> bool:
        """Tell whether an address may be called: one outside, or one of the networks."""
        address = ip_address(text.partition("%")[0])
        return not is_inside(address) or self._holds(address)

    def standing(self, host: str) -> Standing:
        """Return what can be said of a host without resolving it; an address of IPv6 has no brackets."""
        if self.admits_name(host):
            return "admitted"
        try:
            address = ip_address(host)
        except ValueError:
            return "open"
        if self._holds(address):
            return "admitted"
        return "barred" if is_inside(address) else "open"

    def _holds(self, address: Address) -> bool:
        return any(address in ip_network(network) for network in self.networks)


async def addresses_of(host: str, *, port: int, inside: Inside) -> list[str]:
    """Return the addresses of a host, all of which may be called.

    One inside is enough to refuse it: a name may have several. Raises Barred then, without telling what the
    name had meant, and OSError when there is no such host.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError(str(error)) from error
    addresses = list(dict.fromkeys(str(place[0]) for *_, place in found))
    if not inside.admits_name(host) and not all(inside.admits(address) for address in addresses):
        message = (
            f"{host} is inside the operator's network, where nothing is called; use an address of the"
            " public internet, or have the operator admit it with PLAUDIT_OUTBOUND_INSIDE"
        )
        raise Barred(message)
    return addresses


def is_inside(address: Address) -> bool:
    """Tell whether an address is not one of the public internet.

    Loopback, private, link-local, shared, multicast, reserved, unspecified. One of IPv6 that stands for one
    of IPv4 is as that one.
    """
    meant = _meant(address)
    return meant.is_multicast or not meant.is_global


def _meant(address: Address) -> Address:
    if isinstance(address, IPv4Address):
        return address
    if address in _TRANSLATED:
        return IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour or address
