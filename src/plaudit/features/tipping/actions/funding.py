"""What pays for a tip: the viewer's wallet, units of the gift in hand, or what came in through a channel.

A gift from a bundle was paid for with the bundle. Its unit goes back to where units come from, and its value
comes out of issuance, to be split as that of any tip.
"""

from typing import Final, NamedTuple

from plaudit.core.ledger.book import Book
from plaudit.features.tipping.model import Price
from plaudit.kernel.refusal import refused
from plaudit.vocabulary import chart

WALLET: Final = ("wallet",)
_GIFT: Final = ("gift",)


class Units(NamedTuple):
    """Units of a gift that pay for a tip of it: the account of those in hand, and where they came from."""

    in_hand: str
    issued: str


class Funding(NamedTuple):
    """What pays for a tip: the accounts and holds to lock, and the account that each share is drawn from.

    With `units` these go back to where they came from beside it.
    """

    accounts: tuple[str, ...]
    holds: tuple[int, ...]
    source: str
    units: Units | None = None


def fund(
    *, kinds: tuple[str, ...], viewer: str, asset: str, gift: str | None = None, paid: bool = False
) -> Funding:
    """Return what pays: the one place to teach a new kind. Raises Refusal `funding.unsupported` (REFUSED).

    With `paid` that is what came in through a channel, whatever the kinds; no caller can name it. `gift` is
    what is given, None for an amount or a preset.
    """
    if paid:
        clearing = chart.clearing(asset=asset)
        return Funding(accounts=(clearing,), holds=(), source=clearing)
    if kinds == WALLET:
        wallet = chart.viewer_wallet(viewer=viewer, asset=asset)
        return Funding(accounts=(wallet,), holds=(), source=wallet)
    if kinds != _GIFT:
        raise refused(
            "funding.unsupported",
            'Pay from the wallet or with units of the gift in hand: send [{"kind": "wallet"}] or'
            ' [{"kind": "gift"}].',
        )
    if gift is None:
        raise refused(
            "funding.unsupported",
            "Units of a gift pay for that gift alone; send a gift, or leave funding out.",
        )
    units = Units(chart.viewer_gift(viewer=viewer, gift=gift), chart.gift_issued(gift=gift))
    issuance = chart.issuance(asset=asset)
    return Funding(accounts=(*units, issuance), holds=(), source=issuance, units=units)


def check_funds(book: Book, *, funding: Funding, price: Price) -> None:
    """Refuse a price that what pays does not reach, by the locked balances.

    Raises Refusal (REFUSED) `wallet.insufficient` and `gift.insufficient`, both with what is there.
    """
    if funding.units is not None:
        _check_units(book.balance(funding.units.in_hand), price)
        return
    amount_minor, balance_minor = price.amount_minor, book.balance(funding.source)
    if balance_minor < amount_minor:
        raise refused(
            "wallet.insufficient",
            f"The wallet holds {balance_minor} and this costs {amount_minor}; add to it, or choose less.",
            balance_minor=balance_minor,
            amount_minor=amount_minor,
        )


def _check_units(in_hand: int, price: Price) -> None:
    if in_hand < price.count:
        raise refused(
            "gift.insufficient",
            f"There are {in_hand} of this gift in hand and this takes {price.count}; give fewer, or pay from"
            " the wallet.",
            gift=price.gift,
            in_hand=in_hand,
            count=price.count,
        )
