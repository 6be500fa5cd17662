"""Units of gifts as a bundle gives them: what presale does when a ticket is paid for."""

from __future__ import annotations

from plaudit.core.commands.command import Command, Grant, Plan
from plaudit.core.journal.facts import Fact
from plaudit.core.ledger.book import Decision, Transfer
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.tickets import OrderLine, TicketIssued


def bundle(*, grant: Grant, key: str, viewer: str, gift: str, count: int) -> Command:
    """Return the command that gives a viewer units of a gift, as a ticket's bundle does."""
    issued = TicketIssued(
        order=1,
        viewer=viewer,
        show="gala",
        offer="vip",
        quantity=1,
        mode="full",
        lines=(OrderLine(step=0, quantity=1, price_minor=100),),
        rights=(),
        asset="CNY",
        paid_minor=100,
        payment="pay_0000000000001",
    )
    source, destination = chart.gift_issued(gift=gift), chart.viewer_gift(viewer=viewer, gift=gift)
    decision = Decision(Fact(f"viewer/{viewer}", issued), (Transfer(source, destination, count),))
    plan = Plan(lambda _book: decision, (source, destination))
    return Command(
        action="test.bundle",
        permission="tip.send",
        grant=grant,
        key=key,
        content=key.encode(),
        plan=lambda _lookup: plan,
    )
