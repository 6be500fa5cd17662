"""Where a host leads: nobody reaches into our own network by naming one."""

import asyncio
import socket

from plaudit.features.notifications.model.webhooks import is_public


async def leads_outside(host: str, *, port: int) -> bool:
    """Tell whether a host is known and leads to public addresses alone."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return bool(found) and all(is_public(str(address[0])) for *_, address in found)
