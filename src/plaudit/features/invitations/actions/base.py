"""What the actions of invitations share: their switch, their rules, their table commands."""

from typing import Final

from plaudit.core.commands.command import Command, Grant
from plaudit.core.commands.references import Lookup
from plaudit.core.commands.table import planned_by_work
from plaudit.features.invitations.model.rules import EVERY_SHOW, RULE, Rule
from plaudit.vocabulary import switches

FEATURE: Final = switches.feature("invitations")


def rule_of(lookup: Lookup, show: str) -> Rule | None:
    """Return the rule of a show, its own or the tenant's, None where neither was saved."""
    own: Rule | None = lookup.one(RULE, show)
    if own is not None:
        return own
    every: Rule | None = lookup.one(RULE, EVERY_SHOW)
    return every


def table_command(
    *, verb: str, permission: str, grant: Grant, key: str, content: bytes, targets: tuple[str, ...] = ()
) -> Command:
    """Return a command whose plan comes from its work in the transaction."""
    return Command(
        action=f"invitations.{verb}",
        permission=permission,
        grant=grant,
        key=key,
        content=content,
        plan=planned_by_work,
        targets=targets,
    )
