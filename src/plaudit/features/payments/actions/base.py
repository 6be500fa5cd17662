"""What the actions of payments are made of: the means of the house, and commands that write rows."""

from collections.abc import Callable
from functools import lru_cache
from typing import Final, Protocol

from plaudit.core.commands.command import Command, Grant
from plaudit.core.commands.corridor import Corridor
from plaudit.core.commands.references import References
from plaudit.core.commands.table import planned_by_work
from plaudit.core.handles import Database
from plaudit.core.journal.facts import canonical
from plaudit.features.payments.model.accounts import SealedMerchant
from plaudit.kernel.actor import Actor
from plaudit.kernel.time import Clock
from plaudit.platform.crypto import Vault
from plaudit.platform.outbound import Outbound
from plaudit.platform.settings import Settings
from plaudit.vocabulary import switches

OPEN: Final = "payment.open"
SETTLE: Final = "payment.settle"
"""The permission of what payments does by itself; nobody is ever granted it."""
MERCHANT: Final = "merchant"
"""The topic of merchant accounts; the key is the number as text."""
MERCHANTS: Final = "merchants"
"""The topic of the list of all merchant accounts, under one key."""
POLICY: Final = "payment.policy"
"""The topic of payment policies; the key is the currency."""

SYSTEM: Final = Actor("system", "payments")

_GRANTS_MAX: Final = 1_024


class Means(Protocol):
    """What payments needs of the assembled house, which fits."""

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


async def merchant_of(means: Means, *, tenant_id: int, number: int) -> SealedMerchant | None:
    """Return a merchant account as it is now, None when there is none of this number."""
    found: SealedMerchant | None = await means.references.get(
        tenant_id=tenant_id, topic=MERCHANT, key=str(number)
    )
    return found


class NothingToDo(Exception):
    """Raised within the work of a command when what it is for has happened already; nothing is written."""


@lru_cache(_GRANTS_MAX)
def system_grant(tenant_id: int) -> Grant:
    """Return the grant by which payments itself acts, and goes on with what somebody began."""
    return Grant(tenant_id, SYSTEM, frozenset({OPEN, SETTLE}))


def table_command(*, verb: str, permission: str, grant: Grant, key: str, content: object) -> Command:
    """Return a command whose plan comes from its work."""
    return Command(
        action=f"payments.{verb}",
        permission=permission,
        grant=grant,
        key=key,
        content=canonical(content),
        plan=planned_by_work,
        targets=(switches.feature("payments"),),
    )
