"""What the ledger's benchmarks post: viewers with coins tip creators, some of whom everybody likes.

Viewers are drawn uniformly, creators by Zipf's law with exponent 1 (or one of them takes most), amounts from
10 to 500. One viewer in a hundred has no coins and is refused. Everything is drawn from a seeded generator.
"""

from bisect import bisect
from collections.abc import Iterator
from datetime import datetime
from itertools import accumulate
from random import Random
from typing import Final, NamedTuple

from plaudit.core.commands.command import Command, Grant, Plan
from plaudit.core.commands.references import Lookup
from plaudit.core.journal.facts import Fact
from plaudit.core.ledger.book import Book, Decision, Transfer, Use, Window
from plaudit.kernel.rate import Rate
from plaudit.kernel.refusal import not_found, refused
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.tipping import TipSent
from plaudit.vocabulary.facts.wallets import WalletCredited

ASSET: Final = "coin"
VIEWERS: Final = 100_000
CREATORS: Final = 1_000
POOR: Final = 1_000
CREDIT_MINOR: Final = 10_000_000_000
DAY_LIMIT_MINOR: Final = 1_000_000_000_000
_REFUSED_SHARE: Final = 0.01
_HOT_SHARE: Final = 0.9
_LEAST_MINOR, _MOST_MINOR = 10, 500


class Tip(NamedTuple):
    """Who gives how much to whom."""

    viewer: str
    creator: str
    amount_minor: int


class Audience:
    """Draws tips. ``hot``: one creator takes 90 % of them."""

    def __init__(
        self,
        *,
        randomness: Random,
        viewers: int,
        creators: int = CREATORS,
        refused_share: float = _REFUSED_SHARE,
        hot: bool = False,
    ) -> None:
        self._randomness = randomness
        self._viewers = viewers
        self._refused_share = refused_share
        self._hot = hot
        self._weights = list(accumulate(1 / rank for rank in range(1, creators + 1)))

    def tips(self, count: int) -> Iterator[Tip]:
        """Draw tips."""
        for _ in range(count):
            yield Tip(self._viewer(), self._creator(), self._randomness.randint(_LEAST_MINOR, _MOST_MINOR))

    def _viewer(self) -> str:
        draw = self._randomness.random
        if draw() < self._refused_share:
            return poor(int(draw() * POOR))
        return rich(int(draw() * self._viewers))

    def _creator(self) -> str:
        draw = self._randomness.random
        if self._hot and draw() < _HOT_SHARE:
            return creator(0)
        return creator(bisect(self._weights, draw() * self._weights[-1]))


def rich(number: int) -> str:
    """Return the id of a viewer with coins."""
    return f"v{number}"


def poor(number: int) -> str:
    """Return the id of a viewer without."""
    return f"poor{number}"


def creator(number: int) -> str:
    """Return the id of a creator."""
    return f"c{number}"


def addresses_of(tip: Tip) -> tuple[str, str, str]:
    """Return the accounts of a tip: the viewer's wallet, the creator's earnings, the platform's revenue."""
    return (
        chart.viewer_wallet(viewer=tip.viewer, asset=ASSET),
        chart.creator_earnings(creator=tip.creator, asset=ASSET),
        chart.platform_revenue(asset=ASSET),
    )


def window_of(wallet: str, *, day: tuple[datetime, datetime]) -> Window:
    """Return the counter of what a wallet gives on a day."""
    return Window("tip.day/" + wallet, *day)


def tip_command(*, grant: Grant, tip: Tip, key: str, day: tuple[datetime, datetime]) -> Command:
    """Build the command of a tip: floor, one limit, a split in two, a fact with the revisions used."""
    viewer, creator_, amount = tip
    wallet, earnings, revenue = addresses_of(tip)
    window = window_of(wallet, day=day)

    def plan(lookup: Lookup) -> Plan:
        rate: Rate | None = lookup.one("creator", creator_)
        if rate is None:
            raise not_found("creator.unknown", "Register the creator first.", creator=creator_)

        def decide(book: Book) -> Decision:
            held = book.balance(wallet)
            if held < amount:
                raise refused("wallet.insufficient", "Not enough coins; buy some more.", balance_minor=held)
            share = rate.of(amount)
            fact = tip_fact(tip, creator_minor=share, day_before_minor=book.used(window))
            return Decision(
                fact,
                (Transfer(wallet, earnings, share), Transfer(wallet, revenue, amount - share)),
                (Use(window, amount, DAY_LIMIT_MINOR),),
            )

        return Plan(decide, (wallet, earnings, revenue), (window,))

    content = b'{"amount_minor":%d,"asset":"coin","creator":"%s","viewer":"%s"}'
    return Command(
        "tipping.send_tip",
        "tip.send",
        grant,
        key,
        content % (amount, creator_.encode(), viewer.encode()),
        plan,
    )


def tip_fact(tip: Tip, *, creator_minor: int, day_before_minor: int) -> Fact:
    """Build the fact of a tip."""
    return Fact(
        "viewer/" + tip.viewer,
        TipSent(
            viewer=tip.viewer,
            creator=tip.creator,
            asset=ASSET,
            amount_minor=tip.amount_minor,
            creator_minor=creator_minor,
            guild_minor=0,
            platform_minor=tip.amount_minor - creator_minor,
            terms="default",
            terms_revision=1,
            policy_revision=1,
            day_before_minor=day_before_minor,
        ),
    )


def credit_command(*, grant: Grant, viewer: str, amount_minor: int) -> Command:
    """Build the command that gives a viewer coins."""
    wallet = chart.viewer_wallet(viewer=viewer, asset=ASSET)
    source = chart.issuance(asset=ASSET)
    fact = Fact("viewer/" + viewer, WalletCredited(viewer=viewer, asset=ASSET, amount_minor=amount_minor))

    def plan(_lookup: Lookup) -> Plan:
        def decide(_book: Book) -> Decision:
            return Decision(fact, (Transfer(source, wallet, amount_minor),))

        return Plan(decide, (wallet, source))

    return Command("wallets.credit", "wallet.credit", grant, f"credit-{viewer}", b"%d" % amount_minor, plan)
