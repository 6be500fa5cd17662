"""Take a tip back, whole or in part, by its own split: to where it came from, or to clearing for a refund.

A tip that units of a gift paid for goes back to issuance, and the units to the viewer once it is taken back
whole: there are no parts of a unit.
"""

from datetime import datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from plaudit.core.commands.command import Command, Grant, Plan
from plaudit.core.commands.references import Lookup
from plaudit.core.commands.tenants import ZONE
from plaudit.core.dues import ANSWER, Asked, system_grant
from plaudit.core.journal.facts import Fact, PrivatePart, Recorded, canonical
from plaudit.core.ledger.book import Book, Decision, Transfer, Use, Window
from plaudit.core.ledger.reversals import reversal_use, reversal_window, reversed_before
from plaudit.features.tipping.actions import windows
from plaudit.features.tipping.model import Policy, Shares, reversal_of
from plaudit.kernel.refusal import invalid, refused
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.payments import RefundApproved
from plaudit.vocabulary.facts.tipping import TipOrdered, TipReversed, TipSent

REASON_MAX: Final = 500


class _Wanted(NamedTuple):
    """What is taken back, and where it goes: to where it came from for a reason, or to clearing."""

    tip: Recorded
    sent: TipSent
    amount_minor: int | None
    now: datetime
    destination: str
    reason: PrivatePart | None = None
    refund: str | None = None


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
    a reason, `reversal.paid` (REFUSED) for a tip whose money came through a channel; under lock
    `reversal.done`, `reversal.amount` and `reversal.insufficient` (REFUSED). Switches that stop tips do not
    stop this.
    """
    text = reason.strip()
    if not 1 <= len(text) <= REASON_MAX or "\0" in text:
        raise invalid("body.invalid", f"Give a reason of 1 to {REASON_MAX} characters.", field="reason")
    sent = msgspec.convert(tip.data, TipSent)
    if sent.payment is not None:
        raise refused(
            "reversal.paid",
            "This tip was not paid from a wallet; refund its payment instead.",
            payment=sent.payment,
        )
    private = PrivatePart("reason", f"viewer/{sent.viewer}", text, salt)
    if sent.funded is None:
        source = chart.viewer_wallet(viewer=sent.viewer, asset=sent.asset)
    else:
        source = chart.issuance(asset=sent.asset)
    wanted = _Wanted(tip, sent, amount_minor, now, source, reason=private)
    return Command(
        action="tipping.reverse_tip",
        permission="tip.reverse",
        grant=grant,
        key=key,
        content=canonical((tip.position, amount_minor, text)),
        plan=lambda lookup: _plan(lookup, wanted),
    )


def return_tip(asked: Asked[RefundApproved, TipOrdered], *, tip: Recorded | None) -> Command:
    """Return the command that takes back what a refund asks for of the tip that was sent for its payment.

    By the tip's own split, the creator down to what the policy leaves, the rest out of the losses. `tip` is
    the fact `tip.sent`, None where no tip was sent for this amount due. Raises Refusal under lock as
    `reverse_tip`, and `tip.unsent` (REFUSED).
    """
    said = asked.said
    wanted: _Wanted | None = None
    if tip is not None:
        sent = msgspec.convert(tip.data, TipSent)
        clearing = chart.clearing(asset=sent.asset)
        wanted = _Wanted(tip, sent, said.amount_minor, asked.at, clearing, refund=said.refund)

    def plan(lookup: Lookup) -> Plan:
        if wanted is None:
            raise refused("tip.unsent", "No tip was sent for this payment; there is nothing to take back.")
        return _plan(lookup, wanted)

    return Command(
        action="tipping.return_tip",
        permission=ANSWER,
        grant=system_grant(tenant_id=asked.tenant_id, feature="tipping"),
        key=f"return/{said.refund}",
        content=canonical((said.refund, said.payment, said.amount_minor)),
        plan=plan,
    )


def _plan(lookup: Lookup, wanted: _Wanted) -> Plan:
    sent, position = wanted.sent, wanted.tip.position
    counted = _counters(lookup, sent, wanted.tip.at, wanted.now)
    parties = _parties(sent)
    once = reversal_window(position)
    losses = chart.losses(asset=sent.asset)
    back = _units_back(sent)
    beside: tuple[str, ...] = () if back is None else (back.source, back.destination)
    keeps_minor: int | None = None
    if wanted.refund is not None:
        policy: Policy | None = lookup.one("policy", sent.asset)
        keeps_minor = policy.creator_keeps_minor if policy else 0
        beside = (losses,)

    def decide(book: Book) -> Decision:
        before_minor = reversed_before(book, position)
        shares = Shares(sent.creator_minor, sent.guild_minor, sent.platform_minor)
        part = reversal_of(
            shares=shares, reversed_before_minor=before_minor, amount_minor=wanted.amount_minor
        )
        once_use = reversal_use(
            book, position=position, original_minor=sent.amount_minor, amount_minor=part.amount_minor
        )
        uses = [once_use, *_given_back(book, counted, part.amount_minor)]
        lost_minor = 0
        if keeps_minor is not None:
            left_minor = max(0, book.balance(parties[0][1]) - keeps_minor)
            lost_minor = max(0, part.creator_minor - left_minor)
        taken = Shares(part.creator_minor - lost_minor, part.guild_minor, part.platform_minor)
        transfers = _transfers(book, parties, taken, wanted.destination)
        if lost_minor:
            transfers = (*transfers, Transfer(losses, wanted.destination, lost_minor))
        whole = before_minor + part.amount_minor == sent.amount_minor
        units = 0
        if back is not None and whole:
            units, transfers = back.amount_minor, (*transfers, back)
        fact = _reversed(wanted, taken, lost_minor=lost_minor, before_minor=before_minor, units=units)
        return Decision(fact, transfers, tuple(uses))

    accounts = (wanted.destination, *(address for _, address in parties), *beside)
    return Plan(decide, accounts, (once, *counted))


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


def _units_back(sent: TipSent) -> Transfer | None:
    """Return the transfer that gives the viewer the units back, None where no units had paid."""
    if sent.funded is None:
        return None
    assert sent.gift is not None, "units of a gift pay for that gift"
    in_hand = chart.viewer_gift(viewer=sent.viewer, gift=sent.gift)
    return Transfer(chart.gift_issued(gift=sent.gift), in_hand, sent.count)


def _transfers(
    book: Book, parties: tuple[tuple[str, str], ...], part: Shares, destination: str
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
            transfers.append(Transfer(address, destination, amount_minor))
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


def _reversed(wanted: _Wanted, taken: Shares, *, lost_minor: int, before_minor: int, units: int) -> Fact:
    sent, reason = wanted.sent, wanted.reason
    amount_minor = taken.amount_minor + lost_minor
    fact = TipReversed(
        tip=wanted.tip.position,
        viewer=sent.viewer,
        creator=sent.creator,
        asset=sent.asset,
        amount_minor=amount_minor,
        creator_minor=taken.creator_minor,
        guild_minor=taken.guild_minor,
        platform_minor=taken.platform_minor,
        reversed_minor=before_minor + amount_minor,
        guild=sent.guild,
        show=sent.show,
        reason_hash=reason.digest if reason else None,
        anonymous=sent.anonymous,
        refund=wanted.refund,
        lost_minor=lost_minor,
        units=units,
    )
    return Fact(f"creator/{sent.creator}", fact, (reason,) if reason else ())
