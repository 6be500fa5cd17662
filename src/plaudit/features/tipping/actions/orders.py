"""Tips paid straight through a channel: ordered first, sent when the money is there."""

from datetime import datetime, timedelta
from typing import Final

from plaudit.core.commands.command import Command, Grant, Plan
from plaudit.core.commands.references import Lookup
from plaudit.core.commands.tenants import ZONE
from plaudit.core.dues import ANSWER, Asked, system_grant
from plaudit.core.journal.facts import Fact, PrivatePart, canonical
from plaudit.core.ledger.book import Book, Decision, Window
from plaudit.features.tipping.actions import tip as tips
from plaudit.features.tipping.actions import windows
from plaudit.features.tipping.actions.tip import Ground, Paid, Tip
from plaudit.features.tipping.model import Price, Wish, check_day_limit
from plaudit.kernel.money import format_minor
from plaudit.kernel.refusal import refused
from plaudit.vocabulary.assets import asset_of
from plaudit.vocabulary.facts.payments import PaymentSucceeded
from plaudit.vocabulary.facts.tipping import TipOrdered

PAY_WITHIN: Final = timedelta(minutes=30)
"""How long an order may be paid."""


def order_tip(*, grant: Grant, key: str, tip: Tip, now: datetime, salt: bytes) -> Command:
    """Return the journal command that opens the amount due of a tip; nothing moves before it is paid.

    What would refuse the tip now refuses its order, but for the wallet, which pays nothing. Raises Refusal as
    `send_tip`, and under lock `order.asset` (REFUSED) when the tip is not in money.
    """
    asked = tips.asked_of(tip=tip, at=None, now=now, salt=salt)

    def plan(lookup: Lookup) -> Plan:
        ground = tips.ground_of(lookup, asked)
        _check_money(ground.price.asset)
        days = _days(ground, lookup)
        titles = _titles(ground)

        def decide(book: Book) -> Decision:
            tips.check_open(ground, book)
            if days:
                check_day_limit(
                    policy=ground.policy,
                    given_today_minor=book.used(windows.running(days, book.now)),
                    amount_minor=ground.price.amount_minor,
                )
            return Decision(_ordered(ground, titles, book.now))

        return Plan(decide, (ground.earnings,), days)

    return Command(
        action="tipping.order_tip",
        permission="tip.send",
        grant=grant,
        key=key,
        content=canonical((tip, asked.message.body if asked.message else "")),
        plan=plan,
        targets=tips.targets_of(tip),
    )


def send_paid_tip(asked: Asked[PaymentSucceeded, TipOrdered], *, message: PrivatePart | None) -> Command:
    """Return the command that sends a tip which was paid, out of clearing, as of when it was paid.

    `message` is the order's private part, None where there was none or it was erased. The price is the one
    ordered; everything else is decided now: whatever refuses the tip under lock, a switch as well, is a
    reason to give the money back.
    """
    said, ordered = asked.said, asked.due
    wish = Wish(gift=ordered.gift, count=ordered.count, show=ordered.show, room=ordered.room)
    tip = Tip(viewer=ordered.payer, creator=ordered.creator, wish=wish, anonymous=ordered.anonymous)
    price = Price(
        asset=ordered.asset,
        amount_minor=ordered.amount_minor,
        count=ordered.count,
        gift=ordered.gift,
        gift_revision=ordered.gift_revision,
        policy_revision=0,
    )
    paid = Paid(said.due, said.payment, price)
    wanted = tips.Asked(tip, message, asked.at, asked.at, paid)
    return Command(
        action="tipping.send_paid_tip",
        permission=ANSWER,
        grant=system_grant(tenant_id=asked.tenant_id, feature="tipping"),
        key=f"tip/{said.due}",
        content=canonical((said.due, said.payment)),
        plan=lambda lookup: tips.plan_of(tips.ground_of(lookup, wanted), lookup),
        at=asked.at,
        targets=tips.targets_of(tip),
    )


def _check_money(asset: str) -> None:
    if asset_of(asset).kind != "money":
        raise refused(
            "order.asset", "Order tips in money; what is in a wallet is tipped from there.", asset=asset
        )


def _days(ground: Ground, lookup: Lookup) -> tuple[Window, ...]:
    if ground.policy.day_limit_minor is None:
        return ()
    name = windows.day_given(viewer=ground.asked.tip.viewer, asset=ground.price.asset)
    return windows.days(name=name, zone=lookup.one(ZONE, "*"), at=None, now=ground.asked.now)


def _titles(ground: Ground) -> tuple[str, str]:
    """Return what the payer is told that the money is for, in English and Chinese."""
    price, gift = ground.price, ground.gift
    if gift is not None:
        times = f" x {price.count}" if price.count > 1 else ""
        return gift.name_en + times, gift.name_zh + times
    scale = asset_of(price.asset).scale
    amount = f"{format_minor(amount_minor=price.amount_minor, scale=scale)} {price.asset}"
    return f"Tip {amount}", f"打赏 {amount}"


def _ordered(ground: Ground, titles: tuple[str, str], now: datetime) -> Fact:
    price, message, tip = ground.price, ground.asked.message, ground.asked.tip
    ordered = TipOrdered(
        payer=tip.viewer,
        asset=price.asset,
        amount_minor=price.amount_minor,
        due_until=now + PAY_WITHIN,
        title_en=titles[0],
        title_zh=titles[1],
        creator=tip.creator,
        gift=price.gift,
        gift_revision=price.gift_revision,
        count=price.count,
        show=tip.wish.show,
        room=tip.wish.room,
        anonymous=tip.anonymous,
        message_hash=message.digest if message else None,
    )
    return Fact(f"creator/{tip.creator}", ordered, (message,) if message else ())
