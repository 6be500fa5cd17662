"""What moves with tickets: seats to where they go back, rights and bundles out and in, and their counters."""

from collections.abc import Sequence

from plaudit.core.ledger.book import Book, Transfer, Use, Window
from plaudit.core.ledger.debts import losses_of, pay_in
from plaudit.features.presale.actions.counters import person_window, step_window, waiting_window
from plaudit.features.presale.model.offers import Offer
from plaudit.features.presale.model.pricing import given_back
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.offers import BundleItem
from plaudit.vocabulary.facts.tickets import OrderLine


def step_windows(offer: Offer) -> tuple[Window, ...]:
    """Return the counters of an offer's price steps, in order."""
    return tuple(step_window(offer=offer.id, step=number) for number in range(len(offer.steps)))


def home_accounts(offer: str) -> tuple[str, str]:
    """Return the accounts that seats go back to."""
    return chart.offer_waiting(offer=offer), chart.offer_stock(offer=offer)


def seats_home(book: Book, *, offer: str, source: str, quantity: int) -> tuple[Transfer, ...]:
    """Return the transfers of seats that come back: as many as are waited for to the waiting list.

    The plan names `home_accounts` and the window of those who wait.
    """
    waiting, stock = home_accounts(offer)
    wanted = max(0, book.used(waiting_window(offer=offer)) - book.balance(waiting))
    kept = min(quantity, wanted)
    parts = ((waiting, kept), (stock, quantity - kept))
    return tuple(Transfer(source, address, seats) for address, seats in parts if seats)


def uses_back(
    book: Book, *, offer: Offer, viewer: str, lines: Sequence[OrderLine], quantity: int
) -> tuple[Use, ...]:
    """Return the uses that give back the last `quantity` seats of an order to its limits.

    The plan names the person's window and those of the steps.
    """
    taken = [book.used(window) for window in step_windows(offer)]
    back = given_back(offer, lines=lines, quantity=quantity, taken=taken)
    steps = (Use(step_window(offer=offer.id, step=step), -seats) for step, seats in back.items())
    return Use(person_window(offer=offer.id, viewer=viewer), -quantity), *steps


def rights_accounts(*, show: str, viewers: Sequence[str], rights: Sequence[str]) -> tuple[str, ...]:
    """Return the accounts between which the rights of a show move."""
    issued = (chart.show_right(show=show, right=right) for right in rights)
    held = (chart.viewer_right(viewer=one, show=show, right=right) for one in viewers for right in rights)
    return (*issued, *held)


def rights_out(*, show: str, viewer: str, rights: Sequence[str], quantity: int) -> tuple[Transfer, ...]:
    """Return the transfers that give a viewer rights, one of each for every ticket."""
    return tuple(
        Transfer(
            chart.show_right(show=show, right=right),
            chart.viewer_right(viewer=viewer, show=show, right=right),
            quantity,
        )
        for right in rights
    )


def rights_in(
    book: Book, *, show: str, viewer: str, rights: Sequence[str], quantity: int, spare_frozen: bool = False
) -> tuple[Transfer, ...]:
    """Return the transfers that take rights back, as far as they are there.

    With `spare_frozen` a frozen account keeps what it has; without, the ledger refuses all of it.
    """
    found = []
    for right in rights:
        held = chart.viewer_right(viewer=viewer, show=show, right=right)
        there = min(quantity, _there(book, held, spare_frozen=spare_frozen))
        if there:
            found.append(Transfer(held, chart.show_right(show=show, right=right), there))
    return tuple(found)


def bundle_accounts(*, viewer: str, bundle: Sequence[BundleItem]) -> tuple[str, ...]:
    """Return the accounts between which a bundle moves, out or in."""
    accounts: list[str] = []
    for one in bundle:
        if one.kind == "gift":
            assert one.id is not None, one
            accounts += (chart.gift_issued(gift=one.id), chart.viewer_gift(viewer=viewer, gift=one.id))
        else:
            wallet = chart.viewer_wallet(viewer=viewer, asset=one.kind)
            debt = chart.viewer_debt(viewer=viewer, asset=one.kind)
            accounts += (chart.issuance(asset=one.kind), wallet, debt, losses_of(wallet))
    return tuple(accounts)


def bundle_out(
    book: Book, *, viewer: str, bundle: Sequence[BundleItem], quantity: int
) -> tuple[Transfer, ...]:
    """Return the transfers that give a viewer what comes with each of `quantity` tickets."""
    transfers: list[Transfer] = []
    for one in bundle:
        amount = one.amount_minor * quantity
        if one.kind == "gift":
            assert one.id is not None, one
            source, hand = chart.gift_issued(gift=one.id), chart.viewer_gift(viewer=viewer, gift=one.id)
            transfers.append(Transfer(source, hand, amount))
        else:
            paid = pay_in(
                book,
                source=chart.issuance(asset=one.kind),
                wallet=chart.viewer_wallet(viewer=viewer, asset=one.kind),
                debt=chart.viewer_debt(viewer=viewer, asset=one.kind),
                amount_minor=amount,
            )
            transfers += paid.transfers
    return tuple(transfers)


def bundle_in(
    book: Book, *, viewer: str, bundle: Sequence[BundleItem], quantity: int, spare_frozen: bool = False
) -> tuple[Transfer, ...]:
    """Return the transfers that take back what came with `quantity` tickets.

    Gifts as far as they are there; of coins and points the rest is a loss of the platform. `spare_frozen` as
    for rights.
    """
    transfers: list[Transfer] = []
    for one in bundle:
        amount = one.amount_minor * quantity
        if one.kind == "gift":
            assert one.id is not None, one
            hand = chart.viewer_gift(viewer=viewer, gift=one.id)
            there = min(amount, _there(book, hand, spare_frozen=spare_frozen))
            if there:
                transfers.append(Transfer(hand, chart.gift_issued(gift=one.id), there))
        else:
            wallet = chart.viewer_wallet(viewer=viewer, asset=one.kind)
            there = min(amount, _there(book, wallet, spare_frozen=spare_frozen))
            parts = ((wallet, there), (losses_of(wallet), amount - there))
            issuance = chart.issuance(asset=one.kind)
            transfers += [Transfer(source, issuance, minor) for source, minor in parts if minor]
    return tuple(transfers)


def _there(book: Book, address: str, *, spare_frozen: bool) -> int:
    return 0 if spare_frozen and book.freeze(address) else max(0, book.balance(address))
