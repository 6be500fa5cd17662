"""The verbs of wallets: credit; request, approve and reject an adjustment."""

from datetime import datetime

from plaudit.core.commands.command import Command, Grant, Plan
from plaudit.core.commands.references import Lookup
from plaudit.core.journal.facts import Fact, canonical
from plaudit.core.ledger.book import Book, Decision, Transfer
from plaudit.features.wallets.model import Credit, check_credit
from plaudit.vocabulary import chart, switches
from plaudit.vocabulary.facts.wallets import WalletCredited

_FEATURE = switches.feature("wallets")


def credit(*, grant: Grant, key: str, request: Credit, at: datetime | None, now: datetime) -> Command:
    """Return the journal command that moves an amount from issuance into a viewer's wallet.

    `at` is None for "when it is decided", else a time that has passed; `now` is read from the clock. Raises Refusal
    (INVALID) `credit.invalid`, and `asset.unknown`.
    """
    check_credit(request, at=at, now=now)
    source = chart.issuance(asset=request.asset)
    wallet = chart.viewer_wallet(viewer=request.viewer, asset=request.asset)
    fact = Fact(
        f"viewer/{request.viewer}",
        WalletCredited(
            viewer=request.viewer,
            asset=request.asset,
            amount_minor=request.amount_minor,
            reference=request.reference,
        ),
    )
    decision = Decision(fact, (Transfer(source, wallet, request.amount_minor),))

    def decide(_book: Book) -> Decision:
        return decision

    def plan(_lookup: Lookup) -> Plan:
        return Plan(decide, (source, wallet))

    return Command(
        action="wallets.credit",
        permission="wallet.credit",
        grant=grant,
        key=key,
        content=canonical((request, at)),
        plan=plan,
        at=at,
        targets=(_FEATURE,),
    )
