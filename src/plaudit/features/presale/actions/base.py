"""What the actions of presale share: topics of reference rows, what stops them, commands that write rows."""

from collections.abc import Callable
from typing import Final, Protocol

from plaudit.core.commands.command import Command, Grant
from plaudit.core.commands.corridor import Corridor
from plaudit.core.commands.references import Item, References
from plaudit.core.commands.table import planned_by_work
from plaudit.core.handles import Database
from plaudit.core.journal.facts import canonical
from plaudit.kernel.refusal import refused
from plaudit.kernel.time import Clock
from plaudit.vocabulary import switches

NAME: Final = "presale"
FEATURE: Final = switches.feature(NAME)

SHOW: Final = "presale.show"
"""The topic of shows, by their id."""
OFFER: Final = "presale.offer"
"""The topic of offers, by their id."""
CODE: Final = "presale.code"
"""The topic of codes, by `model.offers.code_key`."""
GROUP_TOPIC: Final = "presale.group"
"""The topic of groups, by their id."""
SWITCHES: Final[Item] = ("switch", "*")
"""The reference row of what is switched off. The show of an order is known only when it is planned."""


class Means(Protocol):
    """What presale needs of the assembled house, which fits."""

    @property
    def corridor(self) -> Corridor:
        """The way for commands."""

    @property
    def database(self) -> Database:
        """The database."""

    @property
    def references(self) -> References:
        """The reference rows, kept per process."""

    @property
    def clock(self) -> Clock:
        """The one clock."""

    @property
    def randomness(self) -> Callable[[int], bytes]:
        """The source of randomness."""


def check_on(show: str, *, off: frozenset[str]) -> None:
    """Raise Refusal `switch.off` (REFUSED) when a show is switched off."""
    if switches.show(show) in off:
        raise refused("switch.off", "This show is switched off; try again later.", target=switches.show(show))


def table_command(
    *, verb: str, permission: str, grant: Grant, key: str, content: object, targets: tuple[str, ...] = ()
) -> Command:
    """Return a command whose plan comes from its work in the transaction."""
    return Command(
        action=f"presale.{verb}",
        permission=permission,
        grant=grant,
        key=key,
        content=canonical(content),
        plan=planned_by_work,
        targets=(FEATURE, *targets),
    )
