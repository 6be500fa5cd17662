"""Settling a show: what it took goes to its organiser, less the platform's commission."""

from plaudit.core.commands.command import Command, Grant, Plan
from plaudit.core.commands.references import Lookup
from plaudit.core.journal.facts import Fact, canonical
from plaudit.core.ledger.book import Book, Decision, Transfer
from plaudit.features.presale.actions.base import FEATURE, SHOW
from plaudit.features.presale.model.shows import Show, unknown_show
from plaudit.kernel.refusal import refused
from plaudit.vocabulary import chart, switches
from plaudit.vocabulary.assets import asset_of
from plaudit.vocabulary.facts.shows import ShowSettled


def settle_show(*, grant: Grant, key: str, show: str, asset: str) -> Command:
    """Return the journal command that pays a show's takings in one currency to its organiser's account.

    It may be done again when more has come in. Raises Refusal `asset.unknown`, `show.unknown` (NOT_FOUND);
    under lock (REFUSED) `show.not_ended`, `show.nothing_due`.
    """
    asset_of(asset)

    def plan(lookup: Lookup) -> Plan:
        found: Show | None = lookup.one(SHOW, show)
        if found is None:
            raise unknown_show(show)
        if found.state != "ended":
            raise refused("show.not_ended", f"The show is {found.state}; settle it when it has ended.")
        return _settling(found, asset)

    return Command(
        action="presale.settle_show",
        permission="show.settle",
        grant=grant,
        key=key,
        content=canonical((show, asset)),
        plan=plan,
        targets=(FEATURE, switches.show(show)),
    )


def _settling(show: Show, asset: str) -> Plan:
    takings = chart.show_takings(show=show.id, asset=asset)
    organiser = chart.creator_earnings(creator=show.organiser, asset=asset)
    revenue = chart.platform_revenue(asset=asset)

    def decide(book: Book) -> Decision:
        takings_minor = book.balance(takings)
        if not takings_minor:
            raise refused("show.nothing_due", f"Nothing of this show is due in {asset}.", asset=asset)
        # The odd unit goes to the organiser.
        commission_minor = show.commission.of(takings_minor)
        fact = ShowSettled(
            show=show.id,
            organiser=show.organiser,
            asset=asset,
            takings_minor=takings_minor,
            commission_minor=commission_minor,
            organiser_minor=takings_minor - commission_minor,
        )
        parts = ((revenue, commission_minor), (organiser, takings_minor - commission_minor))
        transfers = tuple(Transfer(takings, address, minor) for address, minor in parts if minor)
        return Decision(Fact(f"show/{show.id}", fact), transfers)

    return Plan(decide, (takings, organiser, revenue))
