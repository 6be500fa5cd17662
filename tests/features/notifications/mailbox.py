"""A mail server in the test's process: keeps what came, answers as it is told, with TLS or without."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.kit.listener import closed


@dataclass
class Mailbox:
    """A mail server: what came, and how it answers the next ones."""

    port: int = 0
    came: list[tuple[Envelope, EmailMessage]] = field(default_factory=list)
    answers: list[Callable[[SMTP], str]] = field(default_factory=list)
    refused: str | None = None
    users: list[str] = field(default_factory=list)
    visits: int = 0

    async def handle_RCPT(  # noqa: N802 - as the server calls it
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.refused is not None:
            return self.refused
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - as the server calls it
        content = envelope.content
        assert isinstance(content, bytes)
        self.came.append((envelope, message_from_bytes(content, policy=policy.default)))
        return self.answers.pop(0)(server) if self.answers else "250 taken"

    def authenticate(self, *given: Any) -> AuthResult:  # noqa: ANN401 - as the server calls it
        auth = given[-1]
        assert isinstance(auth, LoginPassword)
        self.users.append(auth.login.decode())
        return AuthResult(success=auth.password == b"the right one", handled=False)


def hang_up(server: SMTP) -> str:
    assert isinstance(server.transport, asyncio.WriteTransport)
    server.transport.abort()
    return "250 never said"


@asynccontextmanager
async def open_mailbox(
    context: ssl.SSLContext | None = None, *, from_the_start: bool = False
) -> AsyncIterator[Mailbox]:
    """Open a mail server; with a context it insists on STARTTLS and a user, or is TLS `from_the_start`."""
    mailbox = Mailbox()
    demanding = context is not None and not from_the_start

    def visited() -> SMTP:
        mailbox.visits += 1
        return SMTP(
            mailbox,
            hostname="localhost",
            tls_context=context if demanding else None,
            require_starttls=demanding,
            auth_required=demanding,
            authenticator=mailbox.authenticate,
        )

    server = await asyncio.get_running_loop().create_server(
        visited, host="127.0.0.1", port=0, ssl=context if from_the_start else None
    )
    mailbox.port = server.sockets[0].getsockname()[1]
    try:
        yield mailbox
    finally:
        await closed(server)


def certificate(folder: Path) -> tuple[str, ssl.SSLContext]:
    """Return a certificate of localhost that signs itself, and the context of a server with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = signed.public_bytes(serialization.Encoding.PEM)
    path = folder / "server.pem"
    path.write_bytes(
        pem
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return pem.decode(), context
