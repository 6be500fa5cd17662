"""What insight needs of the house."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from plaudit.core.commands.references import References
from plaudit.core.handles import Database
from plaudit.kernel.time import Clock
from plaudit.platform.crypto import Vault
from plaudit.platform.settings import Settings


class Means(Protocol):
    """What insight needs of the assembled house, which fits."""

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
    def clock(self) -> Clock:
        """The one clock."""

    @property
    def randomness(self) -> Callable[[int], bytes]:
        """The source of randomness."""

    @property
    def vault(self) -> Vault:
        """What makes marks that only this installation can make."""

    @property
    def companions(self) -> Mapping[str, Any]:
        """What features keep in the memory of this process."""
