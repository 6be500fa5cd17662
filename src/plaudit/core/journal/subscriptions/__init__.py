"""Following the journal: each subscription with a cursor per tenant, exactly once inside the database.

``subscription`` says what a subscription is, ``turn`` applies a batch or finds the fact that cannot be,
``runner`` keeps everybody up, ``upkeep`` is for waiting, lag and dead letters, ``rebuild`` builds projections
again.
"""

from plaudit.core.journal.subscriptions.rebuild import Difference, differences, rebuild
from plaudit.core.journal.subscriptions.runner import LAZY, PROMPT, Rhythm, Runner, catch_up
from plaudit.core.journal.subscriptions.store import DeadLetter, Lag
from plaudit.core.journal.subscriptions.subscription import Apply, Span, Subscription
from plaudit.core.journal.subscriptions.upkeep import (
    dead_letters,
    hold_cursor,
    lag,
    position_of,
    resume,
    retry_dead_letter,
    wait_until,
)

__all__ = [
    "LAZY",
    "PROMPT",
    "Apply",
    "DeadLetter",
    "Difference",
    "Lag",
    "Rhythm",
    "Runner",
    "Span",
    "Subscription",
    "catch_up",
    "dead_letters",
    "differences",
    "hold_cursor",
    "lag",
    "position_of",
    "rebuild",
    "resume",
    "retry_dead_letter",
    "wait_until",
]
