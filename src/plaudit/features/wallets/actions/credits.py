"""Credits: an amount out of issuance into a wallet, after what the wallet owes."""

from datetime import datetime

from plaudit.core.commands.command import Command, Grant, Plan
from plaudit.core.commands.references import Lookup
from plaudit.core.journal.facts import Fact, canonical
from plaudit.core.ledger.book import Book, Decision, Transfer
from plaudit.core.ledger.debts import pay_in
from plaudit.features.wallets.actions.base import FEATURE, purse_of
from plaudit.features.wallets.model import Credit, check_credit
from plaudit.vocabulary.facts.wallets import WalletCredited


def credit(*, grant: Grant, key: str, request: Credit, at: datetime | None, now: datetime) -> Command:
    """Return the journal command that moves an amount from issuance into a viewer's wallet.

    What the wallet owes is paid off first. `at` is None for "when it is decided", else a time that has
    passed; `now` is read from the clock. Raises Refusal (INVALID) `credit.amount`, `body.invalid`, and
    `asset.unknown`.
    """
    check_credit(request, at=at, now=now)
    amount_minor = request.amount_minor

    def plan(lookup: Lookup) -> Plan:
        purse = purse_of(lookup, viewer=request.viewer, asset=request.asset)
        if purse.debt is None:
            decision = Decision(_fact(request, 0), (Transfer(purse.issuance, purse.wallet, amount_minor),))
            return Plan(lambda _book: decision, purse.accounts)

        def decide(book: Book) -> Decision:
            done = pay_in(
                book, source=purse.issuance, wallet=purse.wallet, debt=purse.debt, amount_minor=amount_minor
            )
            return Decision(_fact(request, done.repaid_minor), done.transfers)

        return Plan(decide, purse.accounts)

    return Command(
        action="wallets.credit",
        permission="wallet.credit",
        grant=grant,
        key=key,
        content=canonical((request, at)),
        plan=plan,
        at=at,
        targets=(FEATURE,),
    )


def _fact(request: Credit, repaid_minor: int) -> Fact:
    credited = WalletCredited(
        viewer=request.viewer,
        asset=request.asset,
        amount_minor=request.amount_minor,
        reference=request.reference,
        repaid_minor=repaid_minor,
    )
    return Fact(f"viewer/{request.viewer}", credited)
