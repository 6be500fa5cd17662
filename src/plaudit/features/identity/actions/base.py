"""What all actions of identity are made of, and the corridor's authorizer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from plaudit.core.commands.command import Command, Grant, Plan, Work
from plaudit.core.commands.references import Lookup
from plaudit.core.handles import Connection
from plaudit.core.journal.facts import Fact, canonical
from plaudit.core.ledger.book import Book, Decision
from plaudit.kernel.refusal import Refusal, forbidden
from plaudit.vocabulary.permissions import PERMISSIONS

Randomness: TypeAlias = Callable[[int], bytes]
Doing: TypeAlias = Callable[[Connection], Awaitable[Work]]


def authorize(command: Command) -> None:
    """Raise Refusal `scope.missing` (FORBIDDEN) unless the grant reaches, and holds `import` for `at`."""
    held = command.grant.permissions
    if command.permission not in held:
        assert command.permission in PERMISSIONS, command.permission
        raise missing(command.permission)
    if command.at is not None and "import" not in held:
        raise missing("import")


@dataclass(frozen=True, slots=True)
class TableCommand:
    """A command, the work in its transaction, and the key to show once (None where there is none)."""

    command: Command
    work: Doing
    key: Callable[[], str | None] = lambda: None


def command_of(action: str, permission: str, *, grant: Grant, key: str, content: object) -> Command:
    """Return a command whose plan comes from its work in the transaction."""
    return Command(
        action=f"identity.{action}",
        permission=permission,
        grant=grant,
        key=key,
        content=canonical(content),
        plan=unplanned,
        targets=("feature/identity",),
    )


def decided(fact: Fact) -> Plan:
    """Return the plan that records a fact and moves nothing."""

    def decide(_: Book) -> Decision:
        return Decision(fact)

    return Plan(decide)


def unplanned(_: Lookup) -> Plan:
    """Fail: a table command is not planned before its transaction."""
    raise AssertionError("a table command makes its plan in its transaction")


def missing(scope: str) -> Refusal:
    """Return the refusal of a grant that lacks a scope."""
    return forbidden("scope.missing", f"This needs the scope {scope}; use a key that holds it.", scope=scope)
