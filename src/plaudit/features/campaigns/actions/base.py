"""What the actions of campaigns share: the means of the house, table commands, the seed of random rewards."""

from collections.abc import Callable
from typing import Final, Protocol

from plaudit.core.commands.command import Command, Grant
from plaudit.core.commands.corridor import Corridor
from plaudit.core.commands.references import References
from plaudit.core.commands.table import planned_by_work
from plaudit.core.handles import Connection, Database
from plaudit.core.journal.facts import canonical
from plaudit.features.campaigns.model.life import (
    Campaign,
    Revision,
    check_campaign,
    unknown_campaign,
    unknown_revision,
)
from plaudit.features.campaigns.store import life as store
from plaudit.kernel.actor import Actor
from plaudit.kernel.time import Clock
from plaudit.platform.crypto import Vault

NAME: Final = "campaigns"
WRITE: Final = "campaign.write"
CHECK: Final = "campaign.check"
TIME: Final = "campaign.time"
"""The permission of what happens by the clock alone; nobody is ever granted it."""


class Means(Protocol):
    """What campaigns needs of the assembled house, which fits."""

    @property
    def corridor(self) -> Corridor:
        """The way for commands."""

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
        """What seals secrets."""


def table_command(*, verb: str, permission: str, grant: Grant, key: str, content: object) -> Command:
    """Return a command whose plan comes from its work. No switch keeps a campaign from being stopped."""
    return Command(
        action=f"{NAME}.{verb}",
        permission=permission,
        grant=grant,
        key=key,
        content=canonical(content),
        plan=planned_by_work,
    )


def system_grant(tenant_id: int) -> Grant:
    """Return the grant by which campaigns itself acts."""
    return Grant(tenant_id, Actor("system", NAME), frozenset({TIME}))


async def locked(tx: Connection, *, tenant_id: int, campaign: str) -> Campaign:
    """Return a campaign, locked. Raises Refusal `campaign.unknown` (NOT_FOUND)."""
    found = await store.lock_campaign(tx, tenant_id=tenant_id, campaign=check_campaign(campaign))
    if found is None:
        raise unknown_campaign()
    return found


async def newest_of(tx: Connection, *, tenant_id: int, campaign: Campaign) -> Revision:
    """Return the newest revision of a campaign."""
    return await revision_of(tx, tenant_id=tenant_id, campaign=campaign.id, revision=campaign.newest)


async def revision_of(tx: Connection, *, tenant_id: int, campaign: str, revision: int) -> Revision:
    """Return a revision. Raises Refusal `revision.unknown` (NOT_FOUND)."""
    found = await store.select_revision(tx, tenant_id=tenant_id, campaign=campaign, revision=revision)
    if found is None:
        raise unknown_revision()
    return found


def subject_of(campaign: str) -> str:
    """Return whom facts of a campaign are about."""
    return f"campaign/{campaign}"


def seal_seed(means: Means, *, tenant_id: int, campaign: str, seed: bytes) -> bytes:
    """Return the seed of a campaign's random rewards as it is kept."""
    return means.vault.seal(text=seed, context=_place(tenant_id, campaign), randomness=means.randomness)


def open_seed(vault: Vault, *, tenant_id: int, campaign: str, sealed: bytes) -> bytes:
    """Return the seed that was sealed. Raises SealError when the installation's key is another."""
    return vault.open(sealed=sealed, context=_place(tenant_id, campaign))


def _place(tenant_id: int, campaign: str) -> str:
    return f"campaigns/seed/{tenant_id}/{campaign}"
