"""Commands that only say something: nothing but the key stands between two of them."""

from __future__ import annotations

from plaudit.core.commands.command import Command, Plan
from plaudit.core.journal.facts import Fact, canonical
from plaudit.core.ledger.book import Decision, Use, Window
from plaudit.vocabulary.facts.identity import KeyRevoked
from tests.kit.house import grant

__all__ = ["note"]


def note(
    tenant_id: int,
    *,
    key: str,
    text: str = "",
    subject: str = "test",
    uses: tuple[Use, ...] = (),
    accounts: tuple[str, ...] = (),
) -> Command:
    """Return a command that records ``text`` under a key, moves nothing, and locks what it is told to."""
    decision = Decision(Fact(subject, KeyRevoked(key=text or key)), uses=uses)
    windows: tuple[Window, ...] = tuple(use.window for use in uses)
    plan = Plan(lambda _: decision, accounts=accounts, windows=windows)
    return Command("test.note", "test", grant(tenant_id), key, canonical([text]), lambda _: plan)
