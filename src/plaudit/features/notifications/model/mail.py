"""E-mail: the server that takes it, and a message as it is sent."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from typing import Final, Literal, TypeAlias, get_args

from plaudit.features.notifications.model.contacts import ENCODED, is_email
from plaudit.features.notifications.model.templates import Rendered, as_html
from plaudit.features.notifications.model.webhooks import Standing
from plaudit.kernel.refusal import invalid

Security: TypeAlias = Literal["tls", "starttls", "none"]
SECURITIES: Final[tuple[Security, ...]] = get_args(Security)

_HOST_MAX: Final = 253
_NAME_MAX: Final = 100
_WORD_MAX: Final = 512
_PEM_MAX: Final = 20_000
_PORT_MAX: Final = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """The server that takes a tenant's mail. `ca_pem` has whom to trust instead of the usual authorities.

    `password` is sealed, None where there is no user.
    """

    enabled: bool
    host: str
    port: int
    security: Security
    username: str | None
    password: bytes | None
    from_address: str
    from_name: str
    ca_pem: str | None
    revision: int = 0
    saved_at: datetime | None = None

    @property
    def domain(self) -> str:
        """The domain of the sender, which Message-IDs are made in."""
        return self.from_address.partition("@")[2]


def check_server(server: MailServer, *, standing_of: Callable[[str], Standing]) -> None:
    """Raise Refusal `mail_server.invalid` (INVALID), naming the field, unless mail may be sent by a server.

    A password is never sent in the clear. `standing_of` judges the host; what a name leads to is looked at
    with each connection.
    """
    named = server.username is not None
    wrong = next(
        (
            field
            for field, good in (
                ("host", _is_host(server.host) and standing_of(server.host) != "barred"),
                ("port", 1 <= server.port <= _PORT_MAX),
                ("security", server.security in SECURITIES and not (named and server.security == "none")),
                ("username", server.username is None or _is_line(server.username, _WORD_MAX)),
                ("from_address", is_email(server.from_address)),
                ("from_name", server.from_name == "" or _is_name(server.from_name)),
                ("ca_pem", server.ca_pem is None or _is_pem(server.ca_pem)),
            )
            if not good
        ),
        None,
    )
    if wrong is not None:
        raise invalid(
            "mail_server.invalid",
            "Correct this field: a host and port that are reached from the world or admitted by the operator"
            " (PLAUDIT_OUTBOUND_INSIDE), tls, starttls or (without a user) none, and an address and name to"
            " send from.",
            field=wrong,
        )


def check_password(password: str | None, *, username: str | None) -> None:
    """Raise Refusal `mail_server.password` (INVALID) unless a password comes exactly with a user."""
    fits = (password is None) == (username is None)
    if not fits or (password is not None and not 1 <= len(password) <= _WORD_MAX):
        raise invalid(
            "mail_server.password",
            f"Send user and password together, or neither; a password has 1 to {_WORD_MAX} characters.",
            field="password",
        )


def mail_of(*, server: MailServer, to: str, id: str, rendered: Rendered, at: datetime) -> EmailMessage:  # noqa: A002 - the header is named so
    """Return a message as it is sent: plain text first, then HTML. `id` makes its Message-ID.

    Raises ValueError when it cannot be written, as to an address that was saved before such were refused.
    """
    if not is_email(to) or not is_email(server.from_address):
        raise ValueError("an address that no mail can be sent to")
    mail = EmailMessage(policy=SMTP)
    name = _as_header(server.from_name)
    mail["From"] = formataddr((name, server.from_address)) if name else server.from_address
    mail["To"] = to
    mail["Subject"] = _as_header(rendered.title)
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{id}@{server.domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(rendered.body)
    mail.add_alternative(as_html(rendered.body, link=rendered.link), subtype="html")
    return mail


def _as_header(text: str) -> str:
    """Return a text in one line that means nothing but itself in a header.

    What looks like an encoded word there would become what it encodes: line breaks, and headers after them.
    """
    return " ".join(text.splitlines()).replace(ENCODED, "= ?")


def _is_host(text: str) -> bool:
    return 1 <= len(text) <= _HOST_MAX and all(c.isascii() and (c.isalnum() or c in ".-:") for c in text)


def _is_line(text: str, most: int) -> bool:
    return 1 <= len(text.strip()) <= len(text) <= most and text.isprintable()


def _is_name(text: str) -> bool:
    return _is_line(text, _NAME_MAX) and ENCODED not in text


def _is_pem(text: str) -> bool:
    return len(text) <= _PEM_MAX and "-----BEGIN CERTIFICATE-----" in text and text.isascii()
