"""What the actions of admission are made of: the means of the house, and commands that write rows."""

from collections.abc import Callable
from typing import Final, Protocol

from plaudit.core.commands.command import Command, Grant
from plaudit.core.commands.corridor import Corridor
from plaudit.core.commands.references import References
from plaudit.core.commands.table import planned_by_work
from plaudit.core.handles import Database
from plaudit.core.journal.facts import canonical
from plaudit.features.admission.model.servers import MediaServer
from plaudit.features.admission.providers import Ready, ready
from plaudit.kernel.actor import Actor
from plaudit.kernel.refusal import busy
from plaudit.kernel.time import Clock
from plaudit.platform import log
from plaudit.platform.crypto import SealError, Vault
from plaudit.platform.outbound import Outbound
from plaudit.platform.settings import Settings
from plaudit.vocabulary import switches

_log = log.logger("admission")

READ: Final = "access.read"
WRITE: Final = "access.write"
DRAFTS: Final = "show.read"
"""Who may know of drafts."""
REVOKE: Final = "access.revoke"
"""The permission of what admission does by itself; nobody is ever granted it."""
SERVER: Final = "media_server"
"""The topic of media servers; the key is the number as text."""
SERVERS: Final = "media_servers"
"""The topic of the list of all media servers, under one key."""

SYSTEM: Final = Actor("system", "admission")


class Means(Protocol):
    """What admission needs of the assembled house, which fits."""

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


def ready_of(means: Means, server: MediaServer) -> Ready:
    """Return a media server ready for use. Raises Refusal `media_server.unusable` (BUSY)."""
    try:
        return ready(server=server, vault=means.vault, outbound=means.outbound, clock=means.clock)
    except (SealError, ValueError) as error:
        _log.error("media server cannot be used", server=server.id, exc_info=error)
        raise busy(
            "media_server.unusable", "This media server cannot be used now; save it again.", retry_after_s=60
        ) from error


def system_grant(tenant_id: int) -> Grant:
    """Return the grant by which admission itself acts."""
    return Grant(tenant_id, SYSTEM, frozenset({REVOKE}))


def table_command(*, verb: str, permission: str, grant: Grant, key: str, content: object) -> Command:
    """Return a command whose plan comes from its work."""
    return Command(
        action=f"admission.{verb}",
        permission=permission,
        grant=grant,
        key=key,
        content=canonical(content),
        plan=planned_by_work,
        targets=(switches.feature("admission"),),
    )
