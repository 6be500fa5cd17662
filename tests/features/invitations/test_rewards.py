"""When the friend has paid, and only then, both are rewarded, once; a refund takes it back."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from plaudit.vocabulary.facts.invitations import (
    InvitationReversed,
    InvitationRewarded,
    Reward,
    TakenBack,
)
from plaudit.vocabulary.facts.payments import PaymentSucceeded
from plaudit.vocabulary.facts.rewards import RewardDue, RewardRevoked
from tests.features.invitations.stage import COINS, COUPON, POINTS, SHOW, Stage

pytestmark = pytest.mark.anyio


async def pays_with(stage: Stage, viewer: str, instrument: str) -> None:
    """Play payments: a viewer has paid for something with an instrument."""
    said = PaymentSucceeded(
        payment="pay_0000000000009",
        due=1,
        due_kind="test.due",
        payer=viewer,
        asset="CNY",
        amount_minor=100,
        attempt=1,
        channel="sandbox",
        account="acc_0000000000001",
        method="sandbox",
        transaction="t-1",
        instrument_hash=instrument,
    )
    await stage.say("payment", said)


async def test_both_are_rewarded_when_the_friend_has_paid_and_not_before(stage: Stage) -> None:
    await stage.rule(inviter=[COINS, COUPON], friend=[POINTS, COINS])
    link = await stage.holder("ann")
    order = await stage.order("bob", link)
    await stage.caught_up()
    assert (await stage.balance("ann"), await stage.said(InvitationRewarded)) == (0, [])
    ticket = await stage.issue(order, "bob", link)
    await stage.caught_up()
    assert await stage.balance("ann") == 50
    assert (await stage.balance("bob"), await stage.balance("bob", "points")) == (50, 20)
    (rewarded,) = await stage.said(InvitationRewarded)
    assert (rewarded.inviter, rewarded.friend, rewarded.order, rewarded.ticket) == (
        "ann",
        "bob",
        order,
        ticket,
    )
    assert (rewarded.rule_revision, rewarded.own_rule, rewarded.invitation) == (1, True, link)
    assert rewarded.inviter_rewards[1] == Reward(kind="coupon", item="ten-off", quantity=1)
    (due,) = await stage.said(RewardDue)
    assert due == RewardDue(
        viewer="ann",
        kind="coupon",
        item="ten-off",
        quantity=1,
        cause=ticket,
        reference=f"invitation/{ticket}/inviter/1",
    )


async def test_a_ticket_without_an_invitation_rewards_nobody(stage: Stage) -> None:
    await stage.rule()
    await stage.buys("bob")
    assert await stage.said(InvitationRewarded) == []
    assert await stage.codes() == []


async def test_the_rule_of_the_tenant_holds_where_a_show_has_none(stage: Stage) -> None:
    await stage.rule(None, inviter=[{"kind": "coin", "amount_minor": 7}], friend=[])
    link = await stage.holder("ann")
    await stage.buys("bob", link)
    assert await stage.balance("ann") == 7
    await stage.rule(SHOW)
    await stage.buys("cat", link)
    assert await stage.balance("ann") == 57
    assert [one.own_rule for one in await stage.said(InvitationRewarded)] == [False, True]


async def test_who_is_refused_and_why(stage: Stage) -> None:
    await stage.rule()
    await stage.rule("summer")
    link = await stage.holder("ann")
    other = await stage.holder("ann", show="summer")
    await pays_with(stage, "ann", "card-1")
    await stage.buys("eve", "no id at all")
    await stage.buys("eva", other)
    await stage.buys("ann", link)
    await stage.buys("bob", link, instrument="card-1")
    await stage.buys("cat")
    await stage.buys("cat", link)
    assert await stage.codes() == [
        "invitation.unknown",
        "invitation.unknown",
        "invitation.self",
        "invitation.instrument",
        "invitation.repeat",
    ]
    assert await stage.said(InvitationRewarded) == []
    assert (await stage.balance("ann"), await stage.balance("bob", "points")) == (0, 0)


async def test_a_deposit_paid_with_what_the_inviter_has_paid_with_rewards_nobody(stage: Stage) -> None:
    await stage.rule()
    link = await stage.holder("ann")
    await pays_with(stage, "ann", "card-9")
    await stage.buys("bob", link, deposit="card-9", instrument="card-1")
    await stage.buys("cat", link, deposit="card-9")
    assert await stage.codes() == ["invitation.instrument", "invitation.instrument"]
    await stage.buys("dan", link, deposit="card-2", instrument="card-3")
    assert [one.friend for one in await stage.said(InvitationRewarded)] == ["dan"]


async def test_what_a_deposit_was_paid_with_counts_as_an_instrument_of_the_inviter(stage: Stage) -> None:
    await stage.rule()
    await stage.buys("ann", deposit="card-9", instrument="card-1")
    link = await stage.holder("ann")
    await stage.buys("bob", link, instrument="card-9")
    assert await stage.codes() == ["invitation.instrument"]


async def test_an_instrument_of_a_ticket_counts_as_one_of_a_payment(stage: Stage) -> None:
    await stage.rule()
    await stage.buys("ann", instrument="card-1")
    link = await stage.holder("ann")
    await stage.buys("bob", link, instrument="card-1")
    await stage.buys("cat", link, instrument="card-2")
    assert await stage.codes() == ["invitation.instrument"]
    assert [one.friend for one in await stage.said(InvitationRewarded)] == ["cat"]


@pytest.mark.parametrize("length", [2, 3])
@pytest.mark.parametrize("at_once", [False, True])
async def test_a_circle_is_not_rewarded(stage: Stage, length: int, at_once: bool) -> None:
    """The first got a ticket from somebody else, invites the next, and is invited by the last."""
    await stage.rule()
    chain = [f"v{number}" for number in range(length)]
    links = [await stage.holder(viewer) for viewer in chain]
    for inviter, friend in [*zip(links, chain[1:], strict=False), (links[-1], chain[0])]:
        order = await stage.order(friend, inviter)
        await stage.issue(order, friend, inviter)
        if not at_once:
            await stage.caught_up()
    await stage.caught_up()
    assert await stage.codes() == ["invitation.circle"]
    assert [one.friend for one in await stage.said(InvitationRewarded)] == chain[1:]


async def test_a_chain_that_comes_back_to_somebody_else_is_no_circle(stage: Stage) -> None:
    await stage.rule()
    links = {viewer: await stage.holder(viewer) for viewer in ("ann", "bob", "cat")}
    await stage.buys("bob", links["ann"])
    await stage.buys("ann", links["bob"])
    await stage.buys("cat", links["ann"])
    await stage.buys("dan", links["cat"])
    assert await stage.codes() == ["invitation.circle"]
    assert [one.friend for one in await stage.said(InvitationRewarded)] == ["bob", "cat", "dan"]


async def test_the_rule_must_be_on_when_the_ticket_is_issued(stage: Stage) -> None:
    await stage.rule(valid_until="2026-11-23T00:00:00Z")
    link = await stage.holder("ann")
    order = await stage.order("bob", link)
    stage.clock.advance(hours=12)
    await stage.issue(order, "bob", link)
    await stage.caught_up()
    await stage.rule(enabled=False)
    await stage.buys("cat", link)
    assert await stage.codes() == ["invitation.over", "invitation.over"]


async def test_an_inviter_without_a_ticket_is_not_rewarded(stage: Stage) -> None:
    await stage.rule()
    link = await stage.holder("ann")
    await stage.give_right("ann", back=True)
    await stage.buys("bob", link)
    assert await stage.codes() == ["invitation.no_ticket"]
    await stage.give_right("ann", right="vip")
    await stage.buys("cat", link)
    assert await stage.balance("ann") == 50


async def test_two_friends_at_once_at_the_days_limit_are_one(stage: Stage) -> None:
    await stage.rule(per_day_max=2)
    link = await stage.holder("ann")
    await stage.buys("bob", link)
    orders = {friend: await stage.order(friend, link) for friend in ("cat", "dan")}
    await asyncio.gather(*(stage.issue(order, friend, link) for friend, order in orders.items()))
    await stage.caught_up()
    assert len(await stage.said(InvitationRewarded)) == 2
    assert await stage.codes() == ["invitation.limit"]
    assert await stage.balance("ann") == 100


async def test_days_are_those_of_the_tenants_zone_and_the_show_has_a_limit_of_its_own(stage: Stage) -> None:
    """It is 20:00 in Shanghai."""
    await stage.rule(per_day_max=1, per_show_max=2)
    link = await stage.holder("ann")
    await stage.buys("b1", link)
    stage.clock.advance(hours=3, minutes=59)
    await stage.buys("b2", link)
    stage.clock.advance(minutes=1)
    await stage.buys("b3", link)
    stage.clock.advance(days=1)
    await stage.buys("b4", link)
    assert await stage.codes() == ["invitation.limit", "invitation.limit"]
    assert [one.friend for one in await stage.said(InvitationRewarded)] == ["b1", "b3"]


async def test_a_refund_takes_it_back_from_both_once(stage: Stage) -> None:
    await stage.rule(inviter=[COINS], friend=[POINTS, COUPON])
    link = await stage.holder("ann")
    order = await stage.buys("bob", link)
    await stage.refund(order, "bob", refund="ref_1")
    await stage.refund(order, "bob", refund="ref_1")
    await stage.refund(order, "bob", refund="ref_2")
    assert (await stage.balance("ann"), await stage.balance("bob", "points")) == (0, 0)
    (undone,) = await stage.said(InvitationReversed)
    assert undone.parts == (
        TakenBack(viewer="ann", asset="coin", amount_minor=50),
        TakenBack(viewer="bob", asset="points", amount_minor=20),
    )
    (due,) = await stage.said(RewardDue)
    (revoked,) = await stage.said(RewardRevoked)
    assert (revoked.reference, revoked.viewer, revoked.quantity) == (due.reference, "bob", 1)
    assert await stage.balances("issuance/coin", "issuance/points") == {
        "issuance/coin": 0,
        "issuance/points": 0,
    }


async def test_a_part_of_the_seats_takes_nothing_back(stage: Stage) -> None:
    await stage.rule()
    link = await stage.holder("ann")
    order = await stage.buys("bob", link, quantity=3)
    await stage.refund(order, "bob", seats=2, refund="ref_1")
    await stage.refund(order, "bob", seats=2, refund="ref_1")
    assert await stage.balance("ann") == 50
    await stage.refund(order, "bob", seats=1, refund="ref_2")
    assert await stage.balance("ann") == 0


async def test_a_refund_gives_back_what_the_limits_counted(stage: Stage) -> None:
    await stage.rule(per_day_max=1, per_show_max=1)
    link = await stage.holder("ann")
    order = await stage.buys("bob", link)
    await stage.refund(order, "bob")
    await stage.buys("cat", link)
    assert await stage.codes() == []
    assert await stage.balance("ann") == 50


async def test_a_friend_who_buys_again_after_a_refund_is_not_a_new_friend(stage: Stage) -> None:
    await stage.rule()
    link = await stage.holder("ann")
    order = await stage.buys("bob", link)
    await stage.refund(order, "bob")
    await stage.buys("bob", link)
    assert await stage.codes() == ["invitation.repeat"]
    assert await stage.balance("ann") == 0


SPENT: list[tuple[dict[str, Any], TakenBack]] = [
    ({"shortfall": "available"}, TakenBack(viewer="ann", asset="coin", amount_minor=20, lost_minor=30)),
    (
        {"shortfall": "debt", "debt_limit_minor": 100},
        TakenBack(viewer="ann", asset="coin", amount_minor=20, debt_minor=30),
    ),
    (
        {"shortfall": "debt", "debt_limit_minor": 10},
        TakenBack(viewer="ann", asset="coin", amount_minor=20, debt_minor=10, lost_minor=20),
    ),
]


@pytest.mark.parametrize(("fields", "part"), SPENT)
async def test_what_was_spent_is_owed_or_written_off(
    stage: Stage, fields: dict[str, Any], part: TakenBack
) -> None:
    await stage.rule(**fields)
    link = await stage.holder("ann")
    order = await stage.buys("bob", link)
    await stage.spend("ann", 30)
    await stage.refund(order, "bob")
    (undone,) = await stage.said(InvitationReversed)
    assert undone.parts[0] == part
    assert await stage.balance("ann") == -part.debt_minor


async def test_a_reward_pays_off_what_the_wallet_owes_first(stage: Stage) -> None:
    await stage.rule(shortfall="debt", debt_limit_minor=100)
    link = await stage.holder("ann")
    order = await stage.buys("bob", link)
    await stage.spend("ann", 50)
    await stage.refund(order, "bob")
    assert await stage.balances("viewer/ann/debt/coin") == {"viewer/ann/debt/coin": -50}
    await stage.buys("cat", link)
    assert await stage.balances("viewer/ann/debt/coin", "viewer/ann/coin") == {
        "viewer/ann/debt/coin": 0,
        "viewer/ann/coin": 0,
    }


async def test_a_frozen_wallet_gets_nothing_and_gives_nothing(stage: Stage) -> None:
    await stage.rule(shortfall="debt", debt_limit_minor=100)
    link = await stage.holder("ann")
    order = await stage.buys("bob", link)
    await stage.acme.do("PUT", "/v1/freezes/viewer/ann/coin", {"freeze": "all", "reason": "x"})
    await stage.buys("cat", link)
    assert await stage.codes() == ["account.frozen"]
    assert await stage.balance("cat", "points") == 0
    await stage.refund(order, "bob")
    (undone,) = await stage.said(InvitationReversed)
    assert undone.parts[0] == TakenBack(viewer="ann", asset="coin", debt_minor=50)


async def test_a_switch_stops_rewards_and_not_their_return(stage: Stage) -> None:
    await stage.rule()
    link = await stage.holder("ann")
    order = await stage.buys("bob", link)
    await stage.acme.do("PUT", "/v1/switches/feature/invitations", {"off": True, "reason": "x"})
    await stage.buys("cat", link)
    await stage.refund(order, "bob")
    assert await stage.codes() == ["switch.off"]
    assert await stage.balance("ann") == 0


async def test_while_the_tenant_is_off_nothing_is_decided(stage: Stage) -> None:
    await stage.rule()
    link = await stage.holder("ann")
    await stage.issue(await stage.order("bob", link), "bob", link)
    await stage.acme.do("PUT", "/v1/switches/tenant", {"off": True, "reason": "x"})
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await stage.caught_up()
    assert await stage.codes() == []
    await stage.acme.do("PUT", "/v1/switches/tenant", {"off": False, "reason": "x"})
    await stage.caught_up()
    assert await stage.balance("ann") == 50


async def test_what_is_refunded_before_anybody_reacts_is_rewarded_and_taken_back(stage: Stage) -> None:
    await stage.rule()
    link = await stage.holder("ann")
    order = await stage.order("bob", link)
    await stage.issue(order, "bob", link)
    await stage.refund(order, "bob")
    assert len(await stage.said(InvitationRewarded)) == len(await stage.said(InvitationReversed)) == 1
    assert await stage.balance("ann") == 0
