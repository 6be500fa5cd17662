"""What the actions of notifications share: what they need of the house, table commands, sealed secrets."""

from collections.abc import Callable
from typing import Final, Protocol

from plaudit.core.commands.command import Command, Grant
from plaudit.core.commands.corridor import Corridor
from plaudit.core.commands.references import References
from plaudit.core.commands.table import planned_by_work
from plaudit.core.handles import Database
from plaudit.core.journal.facts import canonical
from plaudit.kernel.actor import Actor
from plaudit.kernel.time import Clock
from plaudit.platform.crypto import Vault
from plaudit.platform.outbound import Outbound
from plaudit.platform.settings import Settings
from plaudit.vocabulary import switches

WRITE: Final = "notification.write"
INBOX: Final = "inbox.read"
SEND: Final = "notification.send"
"""The permission of what notifications does by itself; nobody is ever granted it."""

WEBHOOK: Final = "notification.webhook"
"""The topic of webhooks; the key is the number as text."""
MAIL_SERVER: Final = "notification.mail_server"
"""The topic of the tenant's mail server, under one key."""
ONLY: Final = "*"
"""That key."""


class Means(Protocol):
    """What notifications needs of the assembled house, which fits."""

    @property
    def settings(self) -> Settings:
        """What the process was told."""

    @property
    def database(self) -> Database:
        """The database."""

    @property
    def references(self) -> References:
        """Reference rows."""

    @property
    def corridor(self) -> Corridor:
        """The way for commands."""

    @property
    def vault(self) -> Vault:
        """What seals secrets."""

    @property
    def outbound(self) -> Outbound:
        """The way out."""

    @property
    def clock(self) -> Clock:
        """The one clock."""

    @property
    def randomness(self) -> Callable[[int], bytes]:
        """The source of randomness."""


def system_grant(tenant_id: int) -> Grant:
    """Return the grant by which notifications acts by itself."""
    return Grant(tenant_id, Actor("system", "notifications"), frozenset({SEND}))


def table_command(*, verb: str, permission: str, grant: Grant, key: str, content: object) -> Command:
    """Return a command whose plan comes from its work."""
    return Command(
        action=f"notifications.{verb}",
        permission=permission,
        grant=grant,
        key=key,
        content=canonical(content),
        plan=planned_by_work,
        targets=(switches.feature("notifications"),),
    )


def context_of(place: str) -> str:
    """Return what a secret is sealed for: it opens at no other place."""
    return f"notifications/{place}"


def sealed(means: Means, *, text: bytes, place: str) -> bytes:
    """Return a secret sealed for its place."""
    return means.vault.seal(text=text, context=context_of(place), randomness=means.randomness)


def opened(means: Means, *, sealed_text: bytes, place: str) -> bytes:
    """Return what was sealed for a place. Raises platform.crypto.SealError when the key is another."""
    return means.vault.open(sealed=sealed_text, context=context_of(place))


def mark(means: Means, *, value: object, context: str) -> str:
    """Return what stands for personal or secret values, the same for the same and readable nowhere."""
    return means.vault.mark(text=canonical(value), context=f"notifications/{context}").hex()
