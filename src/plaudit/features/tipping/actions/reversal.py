"""Reverse a tip, whole or in part: each party gives back its part by the tip's own split."""

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from plaudit.core.commands.command import Command, Grant, Plan
from plaudit.core.commands.references import Lookup
from plaudit.core.commands.tenants import ZONE
from plaudit.core.journal.facts import Fact, PrivatePart, Recorded, canonical
from plaudit.core.ledger.book import Book, Decision, Transfer, Use, Window
from plaudit.core.ledger.reversals import reversal_use, reversal_window, reversed_before
from plaudit.features.tipping.actions import windows
from plaudit.features.tipping.model import Shares, reversal_of
from plaudit.kernel.refusal import invalid, refused
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.tipping import TipReversed, TipSent

REASON_MAX = 500


def reverse_tip(
    *,
    grant: Grant,
    key: str,
    tip: Recorded,
    amount_minor: int | None,
    reason: str,
    now: datetime,
    salt: bytes,
) -> Command:
    """Return the journal command that takes back `amount_minor` of a tip, or all that still stands of it.

    `tip` is the fact `tip.sent`, which never changes and so may be read before. Counters of the tip's day
    and month get back what they counted as long as they run. Raises Refusal `body.invalid` (INVALID) without
    a reason; under lock `reversal.done`, `reversal.amount` and `reversal.insufficient` (REFUSED). Switches
    that stop tips do not stop this.
    """
    text = reason.strip()
    if not 1 <= len(text) <= REASON_MAX or "\0" in text:
        raise invalid("body.invalid", f"Give a reason of 1 to {REASON_MAX} characters.", field="reason")
    sent = msgspec.convert(tip.data, TipSent)
    private = PrivatePart("reason", f"viewer/{sent.viewer}", text, salt)

    def plan(lookup: Lookup) -> Plan:
        counted = _counters(lookup, sent, tip.at, now)
        parties = _parties(sent)
        wallet = chart.viewer_wallet(viewer=sent.viewer, asset=sent.asset)
        once = reversal_window(tip.position)

        def decide(book: Book) -> Decision:
            before_minor = reversed_before(book, tip.position)
            shares = Shares(sent.creator_minor, sent.guild_minor, sent.platform_minor)
            part = reversal_of(shares=shares, reversed_before_minor=before_minor, amount_minor=amount_minor)
            once_use = reversal_use(
                book, position=tip.position, original_minor=sent.amount_minor, amount_minor=part.amount_minor
            )
            uses = [once_use, *_given_back(book, counted, part.amount_minor)]
            fact = Fact(
                f"creator/{sent.creator}",
                _reversed(
                    position=tip.position, sent=sent, part=part, before_minor=before_minor, private=private
                ),
                (private,),
            )
            return Decision(fact, _transfers(book, parties, part, wallet), tuple(uses))

        return Plan(decide, (wallet, *(address for _, address in parties)), (once, *counted))

    return Command(
        action="tipping.reverse_tip",
        permission="tip.reverse",
        grant=grant,
        key=key,
        content=canonical((tip.position, amount_minor, text)),
        plan=plan,
    )


def _parties(sent: TipSent) -> tuple[tuple[str, str], ...]:
    """Return who had a share, in the order of `Shares`, with the account it went to."""
    guild = (
        () if sent.guild is None else (("guild", chart.guild_earnings(guild=sent.guild, asset=sent.asset)),)
    )
    return (
        ("creator", chart.creator_earnings(creator=sent.creator, asset=sent.asset)),
        *guild,
        ("platform", chart.platform_revenue(asset=sent.asset)),
    )


def _transfers(
    book: Book, parties: tuple[tuple[str, str], ...], part: Shares, wallet: str
) -> tuple[Transfer, ...]:
    owed = {"creator": part.creator_minor, "guild": part.guild_minor, "platform": part.platform_minor}
    transfers = []
    for party, address in parties:
        amount_minor, balance_minor = owed[party], book.balance(address)
        if amount_minor > balance_minor:
            raise refused(
                "reversal.insufficient",
                f"The {party} has {balance_minor} left and would give back {amount_minor}; reverse less,"
                " or later.",
                party=party,
                available_minor=balance_minor,
                asked_minor=amount_minor,
            )
        if amount_minor:
            transfers.append(Transfer(address, wallet, amount_minor))
    return tuple(transfers)


def _counters(lookup: Lookup, sent: TipSent, at: datetime, now: datetime) -> tuple[Window, ...]:
    """Return the counters that the tip moved and whose window has not ended."""
    if sent.volume_before_minor is None and sent.day_before_minor is None:
        return ()
    zone: ZoneInfo = lookup.one(ZONE, "*")
    found: list[Window] = []
    if sent.volume_before_minor is not None:
        name = windows.month_volume(creator=sent.creator, asset=sent.asset)
        found += windows.months(name=name, zone=zone, at=at, now=now)
    if sent.day_before_minor is not None:
        name = windows.day_given(viewer=sent.viewer, asset=sent.asset)
        found += windows.days(name=name, zone=zone, at=at, now=now)
    return tuple(window for window in found if now < window.ends)


def _given_back(book: Book, counted: tuple[Window, ...], amount_minor: int) -> list[Use]:
    return [Use(window, -amount_minor) for window in counted if book.now < window.ends and book.used(window)]


def _reversed(
    *, position: int, sent: TipSent, part: Shares, before_minor: int, private: PrivatePart
) -> TipReversed:
    return TipReversed(
        tip=position,
        viewer=sent.viewer,
        creator=sent.creator,
        asset=sent.asset,
        amount_minor=part.amount_minor,
        creator_minor=part.creator_minor,
        guild_minor=part.guild_minor,
        platform_minor=part.platform_minor,
        reversed_minor=before_minor + part.amount_minor,
        guild=sent.guild,
        show=sent.show,
        reason_hash=private.digest,
        anonymous=sent.anonymous,
    )
