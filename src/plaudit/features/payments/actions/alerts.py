"""Say that payments of a channel's method succeed less often than they did."""

from datetime import datetime

from plaudit.core.commands.command import Command, Plan
from plaudit.core.commands.references import Lookup
from plaudit.core.journal.facts import Fact, canonical
from plaudit.core.ledger.book import Decision
from plaudit.features.payments.actions.base import SETTLE, system_grant
from plaudit.features.payments.model.figures import Counted, Fall
from plaudit.kernel.time import format_time
from plaudit.vocabulary.facts.payments import PaymentAlerted


def alert(
    *,
    tenant_id: int,
    channel: str,
    method: str,
    span: tuple[datetime, datetime],
    counted: Counted,
    fall: Fall,
) -> Command:
    """Return the journal command of an alarm: one for a channel, a method and an hour of the clock."""
    starts_at, ends_at = span
    alerted = PaymentAlerted(
        channel=channel,
        method=method,
        starts_at=starts_at,
        ends_at=ends_at,
        attempted=counted.attempted,
        succeeded=counted.succeeded,
        rate_basis_points=fall.rate_basis_points,
        day_before_basis_points=fall.day_before_basis_points,
        week_before_basis_points=fall.week_before_basis_points,
    )
    decision = Decision(Fact(f"channel/{channel}", alerted))
    hour = format_time(ends_at.replace(minute=0, second=0, microsecond=0))

    def plan(_lookup: Lookup) -> Plan:
        return Plan(lambda _book: decision)

    return Command(
        action="payments.alert",
        permission=SETTLE,
        grant=system_grant(tenant_id),
        key=f"alert/{channel}/{method}/{hour}",
        # What the same hour's later looks count is another matter; the first alarm of the hour stands.
        content=canonical((channel, method, hour)),
        plan=plan,
    )
