"""In whatever order facts come, and however they are batched: what was paid is what stands."""

from __future__ import annotations

import random

import pytest

from plaudit.vocabulary.facts.invitations import InvitationReversed, InvitationRewarded
from plaudit.vocabulary.facts.rewards import RewardDue, RewardRevoked
from tests.features.invitations.stage import COINS, COUPON, POINTS, Stage

pytestmark = pytest.mark.anyio

FRIENDS = 12


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_rewards_paid_are_rewards_standing(stage: Stage, seed: int) -> None:
    """Friends order one to three seats; tickets and refunds, some told twice, come mixed and in batches."""
    chance = random.Random(seed)  # noqa: S311 - a case, not a secret
    await stage.rule(inviter=[COINS, COUPON], friend=[POINTS], per_day_max=8, per_show_max=8)
    link = await stage.holder("ann")
    seats: dict[int, int] = {}
    returned: dict[int, int] = {}
    steps: list[tuple[float, str, int, str, int]] = []
    for number in range(FRIENDS):
        friend, wanted = f"b{number}", chance.randint(1, 3)
        order = await stage.order(friend, link, quantity=wanted)
        seats[order] = wanted
        issued_at = chance.random()
        steps.append((issued_at, "issue", order, friend, wanted))
        for refund in range(chance.randint(0, wanted)):
            for _ in range(chance.randint(1, 2)):
                steps.append((issued_at + chance.random(), f"ref_{order}_{refund}", order, friend, 1))  # noqa: PERF401 - two loops read better
            returned[order] = returned.get(order, 0) + 1
    for _, what, order, friend, count in sorted(steps):
        if what == "issue":
            await stage.issue(order, friend, link, quantity=count)
            if chance.random() < 0.4:
                await stage.caught_up()
        else:
            await stage.tell_refund(order, friend, seats=count, refund=what)
    await stage.caught_up()
    rewarded = {one.order for one in await stage.said(InvitationRewarded)}
    undone = {one.order for one in await stage.said(InvitationReversed)}
    assert len(rewarded) == len(await stage.said(InvitationRewarded))
    assert len(undone) == len(await stage.said(InvitationReversed))
    assert undone == {order for order in rewarded if returned.get(order, 0) == seats[order]}
    assert len(rewarded) + len(await stage.codes()) == FRIENDS
    assert set(await stage.codes()) <= {"invitation.limit"}
    standing = len(rewarded - undone)
    assert standing <= 8
    assert (await stage.balance("ann"), await stage.issued("coin")) == (50 * standing, 50 * standing)
    assert await stage.issued("points") == 20 * standing
    due = {one.reference for one in await stage.said(RewardDue)}
    revoked = {one.reference for one in await stage.said(RewardRevoked)}
    assert (len(due), len(revoked), revoked <= due) == (len(rewarded), len(undone), True)
    totals = await stage.acme.get("/v1/invitation-totals")
    assert (totals["rewarded"], totals["reversed"]) == (standing, len(undone))
    assert (totals["coin_minor"], totals["points_minor"]) == (50 * standing, 20 * standing)
