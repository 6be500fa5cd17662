"""Rewards: given once for each friend who has paid, refused with a code, taken back when all seats went back.

Nobody asks for these; they follow from facts, and each has a key made from the fact that it answers.
"""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Final, Literal, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from plaudit.core.commands.command import Command, Grant, Plan
from plaudit.core.commands.references import Lookup
from plaudit.core.commands.tenants import ZONE
from plaudit.core.journal.facts import Fact, canonical
from plaudit.core.ledger.book import Book, Decision, Transfer, Use, Window
from plaudit.core.ledger.debts import losses_of, pay_in, take_what_is_there
from plaudit.core.ledger.reversals import unending
from plaudit.features.invitations.actions.base import FEATURE, rule_of
from plaudit.features.invitations.model.rules import Rule, assets_of
from plaudit.features.invitations.model.tickets import Ticket
from plaudit.kernel.actor import Actor
from plaudit.kernel.time import day_of
from plaudit.vocabulary import chart, switches
from plaudit.vocabulary.facts.base import FactData
from plaudit.vocabulary.facts.invitations import (
    InvitationRefused,
    InvitationReversed,
    InvitationRewarded,
    Reward,
    TakenBack,
)
from plaudit.vocabulary.facts.rewards import RewardDue, RewardRevoked

ANSWER: Final = "invitation.answer"
"""The permission of what invitations do by themselves; nobody is ever granted it."""

Side: TypeAlias = Literal["inviter", "friend"]
Announcement: TypeAlias = type[RewardDue] | type[RewardRevoked]


class _Part(NamedTuple):
    """An amount of one side in one asset."""

    viewer: str
    asset: str
    amount_minor: int

    @property
    def wallet(self) -> str:
        return chart.viewer_wallet(viewer=self.viewer, asset=self.asset)

    @property
    def debt(self) -> str:
        return chart.viewer_debt(viewer=self.viewer, asset=self.asset)

    @property
    def issuance(self) -> str:
        return chart.issuance(asset=self.asset)


def reward_ticket(
    *, tenant_id: int, ticket: Ticket, rights: Collection[str], debts: Collection[str]
) -> Command:
    """Return the command that rewards both sides for a ticket, or says why not: the rule and limits decide.

    `rights` are the accounts of the inviter's rights in the show, `debts` those of all debts of either side
    that are open. What the ledger or a switch refuses is to be recorded by `refuse_ticket`.
    """
    assert ticket.inviter is not None, ticket

    def plan(lookup: Lookup) -> Plan:
        rule = rule_of(lookup, ticket.show)
        if rule is None or not rule.is_open(ticket.at):
            over = Decision(_refusal(ticket, "invitation.over"))
            return Plan(lambda _book: over)
        windows = _windows(ticket.inviter or "", ticket.show, at=ticket.at, zone=lookup.one(ZONE, "*"))
        parts = _parts(ticket.inviter or "", rule.inviter, ticket.friend, rule.friend)
        owing = {part.debt for part in parts if part.debt in debts}
        accounts = {*rights, *owing, *(one for part in parts for one in (part.wallet, part.issuance))}
        decide = _rewarding(ticket, rule, parts=parts, rights=rights, owing=owing, windows=windows)
        return Plan(decide, tuple(sorted(accounts)), windows)

    return _command(
        verb="reward",
        tenant_id=tenant_id,
        key=f"ticket/{ticket.position}",
        plan=plan,
        targets=(FEATURE, switches.show(ticket.show)),
    )


def refuse_ticket(*, tenant_id: int, ticket: Ticket, code: str) -> Command:
    """Return the command that records why nobody is rewarded for a ticket."""
    decision = Decision(_refusal(ticket, code))
    return _command(
        verb="refuse",
        tenant_id=tenant_id,
        key=f"refusal/{ticket.position}",
        plan=lambda _lookup: Plan(lambda _book: decision),
    )


def take_back_reward(
    *, tenant_id: int, position: int, rewarded: InvitationRewarded, ticket_at: datetime
) -> Command:
    """Return the command that takes back what was rewarded at a position, by the rule that holds now.

    What is not there any more is owed up to the rule's limit or written off; it is never refused for that,
    for the friend's money goes back all the same. `ticket_at` is when the ticket had been issued: the day's
    limit gets back what it counted. No switch of invitations stops it.
    """
    parts = _parts(rewarded.inviter, rewarded.inviter_rewards, rewarded.friend, rewarded.friend_rewards)

    def plan(lookup: Lookup) -> Plan:
        rule = rule_of(lookup, rewarded.show)
        limit_minor = 0 if rule is None or rule.shortfall == "available" else rule.debt_limit_minor
        windows = _windows(rewarded.inviter, rewarded.show, at=ticket_at, zone=lookup.one(ZONE, "*"))
        accounts = {one for part in parts for one in (part.wallet, part.issuance, losses_of(part.wallet))}
        if limit_minor:
            accounts |= {part.debt for part in parts}
        decide = _taking_back(position, rewarded, parts=parts, limit_minor=limit_minor, windows=windows)
        return Plan(decide, tuple(sorted(accounts)), windows)

    return _command(verb="take_back", tenant_id=tenant_id, key=f"reversal/{rewarded.order}", plan=plan)


def announce_due(
    kind: Announcement,
    *,
    tenant_id: int,
    rewarded: InvitationRewarded,
    side: Side,
    place: int,
    reward: Reward,
) -> Command:
    """Return the command that tells whoever grants it of one reward of another kind, due or revoked.

    `place` is the reward's in the list of its side, and with the ticket makes its reference.
    """
    assert reward.item is not None, reward
    viewer = rewarded.inviter if side == "inviter" else rewarded.friend
    said = kind(
        viewer=viewer,
        kind=reward.kind,
        item=reward.item,
        quantity=reward.quantity,
        cause=rewarded.ticket,
        reference=f"invitation/{rewarded.ticket}/{side}/{place}",
    )
    decision = Decision(Fact(f"viewer/{viewer}", said))
    return _command(
        verb="announce",
        tenant_id=tenant_id,
        key=f"{said.KIND}/{said.reference}",
        plan=lambda _lookup: Plan(lambda _book: decision),
    )


def _rewarding(
    ticket: Ticket,
    rule: Rule,
    *,
    parts: tuple[_Part, ...],
    rights: Collection[str],
    owing: Collection[str],
    windows: tuple[Window, Window],
) -> Callable[[Book], Decision]:
    assert ticket.inviter is not None, ticket
    assert ticket.invitation is not None, ticket
    rewarded = InvitationRewarded(
        ticket=ticket.position,
        order=ticket.order,
        show=ticket.show,
        friend=ticket.friend,
        invitation=ticket.invitation,
        inviter=ticket.inviter,
        inviter_rewards=rule.inviter,
        friend_rewards=rule.friend,
        rule_revision=rule.revision,
        own_rule=rule.show == ticket.show,
    )
    limits = (rule.per_day_max, rule.per_show_max)

    def decide(book: Book) -> Decision:
        if not any(book.balance(right) > 0 for right in rights):
            return Decision(_refusal(ticket, "invitation.no_ticket"))
        if any(book.used(window) >= limit for window, limit in zip(windows, limits, strict=True)):
            return Decision(_refusal(ticket, "invitation.limit"))
        transfers: list[Transfer] = []
        for part in parts:
            debt = part.debt if part.debt in owing else None
            transfers += pay_in(
                book, source=part.issuance, wallet=part.wallet, debt=debt, amount_minor=part.amount_minor
            ).transfers
        uses = tuple(Use(window, 1, limit) for window, limit in zip(windows, limits, strict=True))
        return Decision(_about(rewarded.inviter, rewarded), tuple(transfers), uses)

    return decide


def _taking_back(
    position: int,
    rewarded: InvitationRewarded,
    *,
    parts: tuple[_Part, ...],
    limit_minor: int,
    windows: tuple[Window, Window],
) -> Callable[[Book], Decision]:
    def decide(book: Book) -> Decision:
        transfers: list[Transfer] = []
        told: list[TakenBack] = []
        for part in parts:
            taken = take_what_is_there(
                book,
                wallet=part.wallet,
                debt=part.debt if limit_minor else None,
                destination=part.issuance,
                amount_minor=part.amount_minor,
                debt_limit_minor=limit_minor,
            )
            transfers += taken.transfers
            told.append(
                TakenBack(
                    viewer=part.viewer,
                    asset=part.asset,
                    amount_minor=taken.taken_minor,
                    debt_minor=taken.owed_minor,
                    lost_minor=taken.lost_minor,
                )
            )
        undone = InvitationReversed(
            ticket=rewarded.ticket,
            order=rewarded.order,
            show=rewarded.show,
            friend=rewarded.friend,
            rewarded=position,
            invitation=rewarded.invitation,
            inviter=rewarded.inviter,
            parts=tuple(told),
        )
        uses = tuple(Use(window, -1) for window in windows)
        return Decision(_about(rewarded.inviter, undone), tuple(transfers), uses)

    return decide


def _parts(
    inviter: str, inviter_rewards: tuple[Reward, ...], friend: str, friend_rewards: tuple[Reward, ...]
) -> tuple[_Part, ...]:
    sides = ((inviter, inviter_rewards), (friend, friend_rewards))
    return tuple(_Part(viewer, *credit) for viewer, rewards in sides for credit in assets_of(rewards))


def _windows(inviter: str, show: str, *, at: datetime, zone: ZoneInfo) -> tuple[Window, Window]:
    """Return the counters of an inviter's rewards: of the day on which the ticket was issued, of the show."""
    day = day_of(at, zone)
    return (
        Window(f"invitations/day/{inviter}", day.start, day.end),
        unending(f"invitations/show/{show}/{inviter}"),
    )


def _refusal(ticket: Ticket, code: str) -> Fact:
    refused = InvitationRefused(
        ticket=ticket.position,
        order=ticket.order,
        show=ticket.show,
        friend=ticket.friend,
        code=code,
        invitation=ticket.invitation,
        inviter=ticket.inviter,
    )
    return _about(ticket.inviter or ticket.friend, refused)


def _about(viewer: str, data: FactData) -> Fact:
    return Fact(f"viewer/{viewer}", data)


def _command(
    *,
    verb: str,
    tenant_id: int,
    key: str,
    plan: Callable[[Lookup], Plan],
    targets: tuple[str, ...] = (),
) -> Command:
    return Command(
        action=f"invitations.{verb}",
        permission=ANSWER,
        grant=Grant(tenant_id, Actor("system", "invitations"), frozenset({ANSWER})),
        key=key,
        content=canonical(key),
        plan=plan,
        targets=targets,
    )
