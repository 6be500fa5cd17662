"""Sending mail by SMTP. Whatever fails is classed by how far the conversation had got."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from typing import Final

from aiosmtplib import SMTP, SMTPAuthenticationError, SMTPException, SMTPResponseException

from plaudit.features.notifications.model.deliveries import Failed, Sent, of_reply
from plaudit.features.notifications.model.mail import MailServer
from plaudit.features.notifications.providers.addresses import leads_outside

_TIMEOUT_S: Final = 20.0


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

    async def send(self, mail: EmailMessage) -> Sent | Failed:
        """Hand over a mail, and return what came of it.

        A connection that breaks before the text was sent is retryable, after that unknown: the receiver then
        gets the same Message-ID again. 4xx is retryable, 5xx final.
        """
        client = self._client
        sent_text = False
        try:
            if not client.is_connected:
                return Failed(failure="retryable", problem="smtp.disconnected")
            await client.mail(_address(mail["From"]))
            await client.rcpt(_address(mail["To"]))
            sent_text = True
            response = await client.data(mail.as_bytes())
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
async def opened(server: MailServer, *, password: str | None, private_targets: bool) -> AsyncIterator[Post]:
    """Open a conversation for the time of the block: TLS as the server's row says, then the user's name.

    Raises Rejected when it does not come about; all of that is retryable, since somebody can mend it.
    """
    if not private_targets and not await leads_outside(server.host, port=server.port):
        raise Rejected(Failed(failure="retryable", problem="smtp.address"))
    client = SMTP(
        hostname=server.host,
        port=server.port,
        use_tls=server.security == "tls",
        start_tls=server.security == "starttls",
        tls_context=_context(server),
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


async def _left(client: SMTP) -> None:
    try:
        if client.is_connected:
            await client.quit()
    except (SMTPException, OSError):
        client.close()


def _context(server: MailServer) -> ssl.SSLContext | None:
    if server.security == "none":
        return None
    return ssl.create_default_context(cadata=server.ca_pem)


def _address(header: str) -> str:
    """Return the bare address of a header that this house has written."""
    return header.rpartition("<")[2].rstrip(">")
