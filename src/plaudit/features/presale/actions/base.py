"""What the actions of presale share: topics of reference rows, what stops them, commands that write rows."""

from typing import Final, NoReturn

from plaudit.core.commands.command import Command, Grant, Plan, Work
from plaudit.core.commands.references import Item, Lookup
from plaudit.core.journal.facts import Fact, canonical
from plaudit.core.ledger.book import Decision
from plaudit.vocabulary import switches
from plaudit.vocabulary.facts.base import FactData

NAME: Final = "presale"
FEATURE: Final = switches.feature(NAME)

SHOW: Final = "presale.show"
"""The topic of shows, by their id."""
OFFER: Final = "presale.offer"
"""The topic of offers, by their id."""
CODE: Final = "presale.code"
"""The topic of codes, by `model.offers.code_key`."""


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
        plan=_planned_by_work,
        targets=(FEATURE, *targets),
    )


def work_of(subject: str, data: FactData, *, changed: tuple[Item, ...] = ()) -> Work:
    """Return work done that is told by one fact and moves nothing."""
    decision = Decision(Fact(subject, data))
    return Work(plan=Plan(lambda _book: decision), changed=changed)


def _planned_by_work(lookup: Lookup) -> NoReturn:
    raise AssertionError(f"the plan of a table command comes from its work, not from {lookup}")
