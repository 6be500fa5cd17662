"""Top-ups: a pack is ordered, put into the wallet when it was paid, and taken back for a refund."""

from collections.abc import Callable

from plaudit.core.commands.command import Command, Grant, Plan
from plaudit.core.commands.references import Lookup
from plaudit.core.dues import ANSWER, Asked, system_grant
from plaudit.core.journal.facts import Fact, canonical
from plaudit.core.ledger.book import FREEZE_ALL, Book, Decision, Transfer, Use, Window
from plaudit.core.ledger.debts import Policy, losses_of, pay_in, take_back
from plaudit.core.ledger.reversals import unending
from plaudit.features.wallets.actions.base import FEATURE, policy_of, purse_of
from plaudit.features.wallets.actions.packs import PACK
from plaudit.features.wallets.model import Pack, check_on_sale, part_of, titles_of, unknown_pack
from plaudit.kernel.ids import valid_name
from plaudit.kernel.refusal import refused
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.payments import PaymentSucceeded, RefundApproved
from plaudit.vocabulary.facts.wallets import TopupClawedBack, TopupCredited, TopupOrdered


def order_topup(*, grant: Grant, key: str, viewer: str, pack: str) -> Command:
    """Return the journal command that opens the amount due for a pack, as it stands when it is decided.

    Raises Refusal `pack.unknown` (NOT_FOUND); under lock `pack.ended` and `account.frozen` (REFUSED).
    """
    if not valid_name(pack):
        raise unknown_pack(pack[:64])

    def plan(lookup: Lookup) -> Plan:
        found: Pack | None = lookup.one(PACK, pack)
        if found is None:
            raise unknown_pack(pack)
        wallet = chart.viewer_wallet(viewer=viewer, asset=found.asset)
        return Plan(_ordering(found, viewer, wallet), (wallet,))

    return Command(
        action="wallets.order_topup",
        permission="topup.order",
        grant=grant,
        key=key,
        content=canonical((viewer, pack)),
        plan=plan,
        targets=(FEATURE,),
    )


def credit_topup(asked: Asked[PaymentSucceeded, TopupOrdered]) -> Command:
    """Return the command that fulfils a paid pack: the money to the users' funds, the coins to the wallet.

    A due is fulfilled once. What the ledger refuses under lock (`account.frozen`, `ledger.range`) and a
    switch of wallets are reasons to give the money back.
    """
    said, ordered = asked.said, asked.due
    total_minor = ordered.topup_minor + ordered.bonus_minor
    standing = _standing(said.due)
    money = _money(ordered.asset)

    def plan(lookup: Lookup) -> Plan:
        purse = purse_of(lookup, viewer=ordered.payer, asset=ordered.topup_asset)

        def decide(book: Book) -> Decision:
            done = pay_in(
                book, source=purse.issuance, wallet=purse.wallet, debt=purse.debt, amount_minor=total_minor
            )
            fact = Fact(f"viewer/{ordered.payer}", _credited(said, ordered, done.repaid_minor))
            transfers = (Transfer(*money, ordered.amount_minor), *done.transfers)
            return Decision(fact, transfers, (Use(standing, ordered.amount_minor, ordered.amount_minor),))

        return Plan(decide, (*money, *purse.accounts), (standing,))

    return Command(
        action="wallets.credit_topup",
        permission=ANSWER,
        grant=system_grant(tenant_id=asked.tenant_id, feature="wallets"),
        key=f"topup/{said.due}",
        content=canonical((said.due, said.payment)),
        plan=plan,
        targets=(FEATURE,),
    )


def claw_back_topup(asked: Asked[RefundApproved, TopupOrdered]) -> Command:
    """Return the command that takes back what a refunded part of a top-up's price had bought.

    By the policy that holds now. Raises under lock Refusal (REFUSED) `topup.returned` when less of the top-up
    still stands, `clawback.insufficient`, `clawback.limit`, and what the ledger refuses. No switch of wallets
    stops it.
    """
    said, ordered = asked.said, asked.due
    standing = _standing(said.due)
    money = _money(ordered.asset)
    issuance = chart.issuance(asset=ordered.topup_asset)
    wallet = chart.viewer_wallet(viewer=ordered.payer, asset=ordered.topup_asset)
    debt = chart.viewer_debt(viewer=ordered.payer, asset=ordered.topup_asset)

    def plan(lookup: Lookup) -> Plan:
        chosen = policy_of(lookup, ordered.topup_asset)
        policy = Policy(chosen.clawback, chosen.debt_limit_minor)
        beside = {"refuse": (), "debt": (debt,), "available": (losses_of(wallet),)}[policy.shortfall]

        def decide(book: Book) -> Decision:
            part_minor = _part(book, standing, said, ordered)
            taken = take_back(
                book, wallet=wallet, debt=debt, destination=issuance, amount_minor=part_minor, policy=policy
            )
            fact = TopupClawedBack(
                viewer=ordered.payer,
                due=said.due,
                payment=said.payment,
                refund=said.refund,
                asset=ordered.topup_asset,
                amount_minor=taken.taken_minor,
                debt_minor=taken.owed_minor,
                lost_minor=taken.lost_minor,
            )
            clearing, funds = money
            transfers = (Transfer(funds, clearing, said.amount_minor), *taken.transfers)
            return Decision(
                Fact(f"viewer/{ordered.payer}", fact), transfers, (Use(standing, -said.amount_minor),)
            )

        return Plan(decide, (*money, issuance, wallet, *beside), (standing,))

    return Command(
        action="wallets.claw_back_topup",
        permission=ANSWER,
        grant=system_grant(tenant_id=asked.tenant_id, feature="wallets"),
        key=f"clawback/{said.refund}",
        content=canonical((said.refund, said.payment, said.amount_minor)),
        plan=plan,
    )


def _ordering(pack: Pack, viewer: str, wallet: str) -> Callable[[Book], Decision]:
    title_en, title_zh = titles_of(pack)

    def decide(book: Book) -> Decision:
        check_on_sale(pack, at=book.now)
        if book.freeze(wallet) == FREEZE_ALL:
            raise refused(
                "account.frozen", "The account is frozen; ask the platform's support.", account=wallet
            )
        ordered = TopupOrdered(
            payer=viewer,
            asset=pack.price_asset,
            amount_minor=pack.price_minor,
            due_until=book.now + pack.pay_within,
            title_en=title_en,
            title_zh=title_zh,
            pack=pack.id,
            pack_revision=pack.revision,
            topup_asset=pack.asset,
            topup_minor=pack.amount_minor,
            bonus_minor=pack.bonus_minor,
        )
        return Decision(Fact(f"viewer/{viewer}", ordered))

    return decide


def _standing(due: int) -> Window:
    """Return the counter of how much of a top-up's price stands: paid, fulfilled and not refunded."""
    return unending(f"topup/{due}")


def _money(asset: str) -> tuple[str, str]:
    return chart.clearing(asset=asset), chart.user_funds(asset=asset)


def _part(book: Book, standing: Window, said: RefundApproved, ordered: TopupOrdered) -> int:
    standing_minor = book.used(standing)
    if said.amount_minor > standing_minor:
        raise refused(
            "topup.returned",
            f"Only {standing_minor} of this top-up's price still stands; refund that much or less.",
            standing_minor=standing_minor,
        )
    return part_of(
        total_minor=ordered.topup_minor + ordered.bonus_minor,
        paid_minor=ordered.amount_minor,
        returned_before_minor=ordered.amount_minor - standing_minor,
        returning_minor=said.amount_minor,
    )


def _credited(said: PaymentSucceeded, ordered: TopupOrdered, repaid_minor: int) -> TopupCredited:
    return TopupCredited(
        viewer=ordered.payer,
        due=said.due,
        payment=said.payment,
        pack=ordered.pack,
        pack_revision=ordered.pack_revision,
        asset=ordered.topup_asset,
        amount_minor=ordered.topup_minor,
        bonus_minor=ordered.bonus_minor,
        paid_asset=ordered.asset,
        paid_minor=ordered.amount_minor,
        repaid_minor=repaid_minor,
    )
