"""What table commands share: their plan comes from the work that is done in their transaction."""

from typing import NoReturn

from plaudit.core.commands.command import Plan, Work
from plaudit.core.commands.references import Item, Lookup
from plaudit.core.journal.facts import Fact, PrivatePart
from plaudit.core.ledger.book import Decision
from plaudit.vocabulary.facts.base import FactData


def work_of(
    subject: str, data: FactData, *, changed: tuple[Item, ...] = (), private: tuple[PrivatePart, ...] = ()
) -> Work:
    """Return work done that is told by one fact and moves nothing."""
    decision = Decision(Fact(subject, data, private))
    return Work(plan=Plan(lambda _book: decision), changed=changed)


def planned_by_work(lookup: Lookup) -> NoReturn:
    """Stand for the plan of a table command, which nobody may ask for before its work is done."""
    raise AssertionError(f"the plan of a table command comes from its work, not from {lookup}")
