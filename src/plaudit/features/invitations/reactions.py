"""What invitations does when something happened elsewhere.

A ticket that was issued rewards whoever invited, or says why not; a ticket that went back whole takes it
back; an erasure reaches the names on posters. Beside these, the projections.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from plaudit.core import dues
from plaudit.core.commands.command import Command, Outcome
from plaudit.core.commands.corridor import Corridor
from plaudit.core.feature import Reaction
from plaudit.core.handles import Connection
from plaudit.core.journal import read
from plaudit.core.journal.subscriptions import Span, Subscription
from plaudit.core.ledger import balances
from plaudit.features.invitations import actions
from plaudit.features.invitations.actions.rewards import Announcement
from plaudit.features.invitations.model.rules import WALLET_KINDS, others_of
from plaudit.features.invitations.model.tickets import Ticket, objection
from plaudit.features.invitations.store import figures, links, tickets
from plaudit.kernel.refusal import Refusal
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.identity import ViewerErased
from plaudit.vocabulary.facts.invitations import (
    InvitationRefused,
    InvitationReversed,
    InvitationRewarded,
)
from plaudit.vocabulary.facts.payments import PaymentSucceeded
from plaudit.vocabulary.facts.rewards import RewardDue, RewardRevoked
from plaudit.vocabulary.facts.shows import ShowSaved
from plaudit.vocabulary.facts.tickets import (
    OrderEnded,
    TicketForfeited,
    TicketIssued,
    TicketOrdered,
    TicketRefunded,
)


async def _answer(corridor: Corridor, conn: Connection, span: Span) -> None:
    """Decide about the tickets of a span, then take back what those rewarded that went back whole."""
    if await tickets.take_notes(conn, tenant_id=span.tenant_id, after=span.after, upto=span.upto):
        await _decide(corridor, conn, span)
        await _undo(corridor, conn, span)


async def _decide(corridor: Corridor, conn: Connection, span: Span) -> None:
    tenant_id = span.tenant_id
    found = await tickets.select_tickets(conn, tenant_id=tenant_id, after=span.after, upto=span.upto)
    codes = {ticket.position: code for ticket in found if (code := objection(ticket)) is not None}
    worthy = [ticket for ticket in found if ticket.position not in codes]
    commands = await _rewards(conn, tenant_id, worthy)
    rewarded: dict[int, int] = {}
    follow_up: list[Command] = []
    for ticket, result in zip(worthy, await dues.recorded(corridor, conn, commands=commands), strict=True):
        if isinstance(result, Refusal):
            codes[ticket.position] = result.code
        elif isinstance(result, Outcome) and isinstance(result.data, InvitationRewarded):
            rewarded[ticket.order] = result.position
            follow_up += _announced(RewardDue, tenant_id, result.data)
    follow_up += [
        actions.refuse_ticket(tenant_id=tenant_id, ticket=ticket, code=codes[ticket.position])
        for ticket in found
        if ticket.position in codes
    ]
    await _must_record(corridor, conn, follow_up)
    if rewarded:
        await tickets.save_rewarded(conn, tenant_id=tenant_id, rewarded=rewarded)


async def _rewards(conn: Connection, tenant_id: int, worthy: Sequence[Ticket]) -> list[Command]:
    """Return the commands that reward tickets, with the accounts that they have to look at. Two queries."""
    if not worthy:
        return []
    places = {
        ticket.position: chart.viewer_rights(viewer=ticket.inviter or "", show=ticket.show)
        for ticket in worthy
    }
    rights = await balances.below_each(conn, tenant_id=tenant_id, prefixes=sorted({*places.values()}))
    viewers = {viewer for ticket in worthy for viewer in (ticket.inviter or "", ticket.friend)}
    debts = await balances.balances(
        conn,
        tenant_id=tenant_id,
        addresses=[
            chart.viewer_debt(viewer=viewer, asset=asset)
            for viewer in sorted(viewers)
            for asset in sorted(WALLET_KINDS)
        ],
    )
    return [
        actions.reward_ticket(
            tenant_id=tenant_id, ticket=ticket, rights=tuple(rights[places[ticket.position]]), debts=debts
        )
        for ticket in worthy
    ]


async def _undo(corridor: Corridor, conn: Connection, span: Span) -> None:
    tenant_id = span.tenant_id
    undone = await tickets.select_undone(conn, tenant_id=tenant_id, after=span.after, upto=span.upto)
    positions = sorted({position for one in undone for position in (one.rewarded, one.issued)})
    facts = {
        fact.position: fact for fact in await read.facts_at(conn, tenant_id=tenant_id, positions=positions)
    }
    given = [msgspec.convert(facts[one.rewarded].data, InvitationRewarded) for one in undone]
    commands = [
        actions.take_back_reward(
            tenant_id=tenant_id, position=one.rewarded, rewarded=rewarded, ticket_at=facts[one.issued].at
        )
        for one, rewarded in zip(undone, given, strict=True)
    ]
    outcomes = await _must_record(corridor, conn, commands)
    reverted: dict[int, int] = {}
    follow_up: list[Command] = []
    for rewarded, outcome in zip(given, outcomes, strict=True):
        reverted[rewarded.order] = outcome.position
        follow_up += _announced(RewardRevoked, tenant_id, rewarded)
    await _must_record(corridor, conn, follow_up)
    if reverted:
        await tickets.save_reversed(conn, tenant_id=tenant_id, reverted=reverted)


def _announced(kind: Announcement, tenant_id: int, rewarded: InvitationRewarded) -> list[Command]:
    sides = (("inviter", rewarded.inviter_rewards), ("friend", rewarded.friend_rewards))
    return [
        actions.announce_due(
            kind,
            tenant_id=tenant_id,
            rewarded=rewarded,
            side="inviter" if side == "inviter" else "friend",
            place=place,
            reward=reward,
        )
        for side, rewards in sides
        for place, reward in others_of(rewards)
    ]


async def _must_record(corridor: Corridor, conn: Connection, commands: Sequence[Command]) -> list[Outcome]:
    """Record commands that nothing refuses: the facts that they answer are each looked at once."""
    outcomes = []
    for result in await dues.recorded(corridor, conn, commands=commands):
        if isinstance(result, Refusal):
            raise result
        assert isinstance(result, Outcome), result
        outcomes.append(result)
    return outcomes


async def _show(conn: Connection, span: Span) -> None:
    await figures.apply_shows(conn, tenant_id=span.tenant_id, after=span.after, upto=span.upto)


async def _follow(conn: Connection, span: Span) -> None:
    await figures.apply_friends(conn, tenant_id=span.tenant_id, after=span.after, upto=span.upto)


async def _forget(conn: Connection, span: Span) -> None:
    viewers = [str(fact.data["viewer"]) for fact in await span.facts(conn)]
    await links.erase_names(conn, tenant_id=span.tenant_id, viewers=viewers)


TICKETS: Final = Reaction(
    name="invitations.tickets",
    kinds=(TicketIssued.KIND, TicketRefunded.KIND, PaymentSucceeded.KIND),
    react=_answer,
)
ERASURE: Final = Subscription(
    name="invitations.erasure", kinds=(ViewerErased.KIND,), apply=_forget, kind="reaction"
)
SHOWS: Final = Subscription(
    name=figures.SHOWS,
    kinds=(ShowSaved.KIND,),
    apply=_show,
    kind="projection",
    tables=("invitations.show",),
)
FRIENDS: Final = Subscription(
    name=figures.FRIENDS,
    kinds=(
        TicketOrdered.KIND,
        OrderEnded.KIND,
        TicketForfeited.KIND,
        TicketRefunded.KIND,
        InvitationRewarded.KIND,
        InvitationRefused.KIND,
        InvitationReversed.KIND,
    ),
    apply=_follow,
    kind="projection",
    tables=("invitations.friend", "invitations.tally"),
)
