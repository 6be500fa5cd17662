"""Sending mail by SMTP. Whatever fails is classed by how far the conversation had got."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from aiosmtplib import SMTP, SMTPAuthenticationError, SMTPException, SMTPResponseException

from plaudit.features.notifications.model.deliveries import Failed, Sent, of_reply
from plaudit.features.notifications.model.mail import MailServer
from plaudit.platform.inside import Barred, Inside, addresses_of

_TIMEOUT_S: Final = 20.0
_NEXT_AFTER_S: Final = 2.0


class Rejected(Exception):
    """No conversation came about: the server is away, not to be trusted, or does not know us."""

    def __init__(self, failed: Failed) -> None:
        """Keep the result that every mail has that was to be sent."""
        super().__init__(failed.problem)
        self.failed = failed


class Post:
    """An open conversation with a mail server; one mail after the other."""

    def __init__(self, client: SMTP) -> None:
        """Speak through a client that is connected."""
        self._client = client

    async def send(self, mail: bytes, *, sender: str, to: str) -> Sent | Failed:
        """Hand over a mail, and return what came of it.

        A connection that breaks before the text was sent is retryable, after that unknown: the receiver then
        gets the same Message-ID again. 4xx is retryable, 5xx final.
        """
        client = self._client
        sent_text = False
        try:
            if not client.is_connected:
                return Failed(failure="retryable", problem="smtp.disconnected")
            await client.mail(sender)
            await client.rcpt(to)
            sent_text = True
            response = await client.data(mail)
        except SMTPResponseException as error:
            await self._begin_anew()
            return of_reply(error.code)
        except (SMTPException, OSError):
            if sent_text:
                return Failed(failure="unknown", problem="smtp.no_answer")
            return Failed(failure="retryable", problem="smtp.disconnected")
        return Sent(receipt=f"smtp.{response.code}")

    async def _begin_anew(self) -> None:
        """Forget the refused mail at the server, so that the next one can be sent."""
        try:
            await self._client.rset()
        except (SMTPException, OSError):
            self._client.close()


@asynccontextmanager
async def opened(server: MailServer, *, password: str | None, inside: Inside) -> AsyncIterator[Post]:
    """Open a conversation for the time of the block: TLS as the server's row says, then the user's name.

    Raises Rejected when it does not come about. That is final for a server inside the operator's network that
    `inside` does not admit; all else is retryable, since somebody can mend it.
    """
    context = _context(server)
    client = SMTP(
        hostname=server.host,
        sock=await _line(server, inside=inside),
        use_tls=server.security == "tls",
        start_tls=server.security == "starttls",
        tls_context=context,
        timeout=_TIMEOUT_S,
        local_hostname=server.domain,
    )
    try:
        await client.connect()
        if server.username is not None and password is not None:
            await client.login(server.username, password)
    except SMTPAuthenticationError as error:
        client.close()
        raise Rejected(Failed(failure="retryable", problem="smtp.login")) from error
    except ssl.SSLError as error:
        client.close()
        raise Rejected(Failed(failure="retryable", problem="smtp.tls")) from error
    except (SMTPException, OSError) as error:
        client.close()
        problem = "smtp.tls" if isinstance(error.__cause__, ssl.SSLError) else "smtp.unreachable"
        raise Rejected(Failed(failure="retryable", problem=problem)) from error
    try:
        yield Post(client)
    finally:
        await _left(client)


async def _line(server: MailServer, *, inside: Inside) -> socket.socket:
    """Connect to the first address of a server that answers; its name is for TLS alone from here on."""
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            addresses = await addresses_of(server.host, port=server.port, inside=inside)
            for address in addresses[:-1]:
                with suppress(OSError):
                    async with asyncio.timeout(_NEXT_AFTER_S):
                        return await _connected(address, port=server.port)
            return await _connected(addresses[-1], port=server.port)
    except Barred as error:
        raise Rejected(Failed(failure="final", problem="smtp.inside")) from error
    except OSError as error:
        raise Rejected(Failed(failure="retryable", problem="smtp.unreachable")) from error


async def _connected(address: str, *, port: int) -> socket.socket:
    line = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        line.settimeout(0)
        await asyncio.get_running_loop().sock_connect(line, (address, port))
    except BaseException:
        line.close()
        raise
    return line


async def _left(client: SMTP) -> None:
    try:
        if client.is_connected:
            await client.quit()
    except (SMTPException, OSError):
        client.close()


def _context(server: MailServer) -> ssl.SSLContext | None:
    if server.security == "none":
        return None
    try:
        return ssl.create_default_context(cadata=server.ca_pem)
    except ssl.SSLError as error:
        raise Rejected(Failed(failure="retryable", problem="smtp.tls")) from error
