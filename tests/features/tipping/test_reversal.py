"""Taking tips back: by their own split, once, whole or in parts."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from plaudit.core.journal import private
from plaudit.features.tipping.queries import tip_fact
from plaudit.kernel.refusal import Refusal, RefusalKind
from plaudit.vocabulary.facts.tipping import TipReversed, TipSent
from tests.features.floor import Floor

pytestmark = pytest.mark.anyio


def reversed_of(data: object) -> TipReversed:
    assert isinstance(data, TipReversed)
    return data


async def test_a_whole_reversal_leaves_nothing_of_the_tip(floor: Floor) -> None:
    await floor.credit("v1", 1_000)
    await floor.register("c1", guild="g1")
    before = await floor.everything()
    outcome = await floor.reverse(await floor.tip("v1", "c1", 777, show="s1"))
    assert await floor.everything() == before
    fact = reversed_of(outcome.data)
    assert (fact.amount_minor, fact.reversed_minor, fact.show) == (777, 777, "s1")


async def test_parts_give_back_what_the_split_gave_and_end_at_the_whole(floor: Floor) -> None:
    await floor.credit("v1", 19)
    await floor.terms("odd", (0, "70%", "15%"))
    await floor.register("c1", guild="g1", terms="odd")
    before = await floor.everything()
    tip = await floor.tip("v1", "c1", 19)
    parts = [reversed_of((await floor.reverse(tip, amount_minor)).data) for amount_minor in (1, 5, 7, None)]
    assert [part.amount_minor for part in parts] == [1, 5, 7, 6]
    assert [part.reversed_minor for part in parts] == [1, 6, 13, 19]
    assert all(min(part.creator_minor, part.guild_minor, part.platform_minor) >= 0 for part in parts)
    assert await floor.everything() == before


async def test_more_than_still_stands_is_refused(floor: Floor) -> None:
    await floor.credit("v1", 100)
    await floor.register("c1")
    tip = await floor.tip("v1", "c1", 100)
    await floor.reverse(tip, 60)
    with pytest.raises(Refusal) as refusal:
        await floor.reverse(tip, 41)
    assert (refusal.value.code, refusal.value.details) == ("reversal.amount", {"standing_minor": 40})
    await floor.reverse(tip, 40)
    with pytest.raises(Refusal, match=r"reversal\.done"):
        await floor.reverse(tip)
    assert await floor.everything() == {"issuance/coin": -100, "viewer/v1/coin": 100}


@pytest.mark.parametrize("amount_minor", [0, -1])
async def test_an_amount_is_positive(floor: Floor, amount_minor: int) -> None:
    await floor.credit("v1", 100)
    await floor.register("c1")
    tip = await floor.tip("v1", "c1", 100)
    with pytest.raises(Refusal) as refusal:
        await floor.reverse(tip, amount_minor)
    assert (refusal.value.code, refusal.value.kind) == ("reversal.amount", RefusalKind.INVALID)


async def test_reversals_at_once_take_back_no_more_than_the_tip(floor: Floor) -> None:
    await floor.credit("v1", 100)
    await floor.register("c1")
    tip = await floor.tip("v1", "c1", 100)
    results = await asyncio.gather(*(floor.reverse(tip, 30) for _ in range(8)), return_exceptions=True)
    refusals = [result for result in results if isinstance(result, Refusal)]
    assert len(refusals) == 5
    assert {refusal.code for refusal in refusals} == {"reversal.amount"}
    assert await floor.balance("viewer/v1/coin") == 90


async def test_the_same_key_reverses_once(floor: Floor) -> None:
    await floor.credit("v1", 100)
    await floor.register("c1")
    tip = await floor.tip("v1", "c1", 100)
    first = await floor.reverse(tip, 30, key="r1")
    again = await floor.reverse(tip, 30, key="r1")
    assert (again.replayed, again.position, again.entries) == (True, first.position, dict(first.entries))
    assert await floor.balance("viewer/v1/coin") == 30


async def test_a_creator_who_has_been_paid_cannot_give_back(floor: Floor) -> None:
    await floor.credit("v1", 100)
    await floor.register("c1")
    tip = await floor.tip("v1", "c1", 100)
    await floor.reverse(tip, 10)
    # 63 are left to the creator; 60 leave by a correction, as a payout would take them.
    await floor.adjust("creator/c1/earnings/coin", -60)
    with pytest.raises(Refusal) as refusal:
        await floor.reverse(tip)
    assert refusal.value.code == "reversal.insufficient"
    assert refusal.value.details == {"party": "creator", "available_minor": 3, "asked_minor": 63}
    part = reversed_of((await floor.reverse(tip, 4)).data)
    assert (part.creator_minor, part.platform_minor) == (2, 2)


async def test_the_days_limit_and_the_months_volume_get_it_back_while_they_run(floor: Floor) -> None:
    await floor.credit("v1", 1_000)
    await floor.terms("rising", (0, "50%", None), (1_000, "100%", None))
    await floor.register("c1", terms="rising")
    await floor.policy(day_limit_minor=100)
    tip = await floor.tip("v1", "c1", 100)
    await floor.reverse(tip, 30)
    again = (await floor.tip("v1", "c1", 30)).data
    assert isinstance(again, TipSent)
    assert (again.volume_before_minor, again.day_before_minor) == (70, 70)
    floor.clock.advance(timedelta(days=1))
    await floor.reverse(tip, 10)
    tomorrow = (await floor.tip("v1", "c1", 100)).data
    assert isinstance(tomorrow, TipSent)
    assert (tomorrow.volume_before_minor, tomorrow.day_before_minor) == (90, 0)
    floor.clock.advance(timedelta(days=40))
    await floor.reverse(tip)
    june = (await floor.tip("v1", "c1", 1)).data
    assert isinstance(june, TipSent)
    assert june.volume_before_minor == 0


async def test_a_tip_that_did_not_count_takes_nothing_from_the_month(floor: Floor) -> None:
    await floor.credit("v1", 1_000)
    await floor.terms("rising", (0, "50%", None), (1_000, "100%", None))
    await floor.register("c1")
    uncounted = await floor.tip("v1", "c1", 100)
    await floor.register("c1", terms="rising")
    await floor.tip("v1", "c1", 100)
    await floor.reverse(uncounted)
    counted = (await floor.tip("v1", "c1", 1)).data
    assert isinstance(counted, TipSent)
    assert counted.volume_before_minor == 100


async def test_switches_that_stop_tips_leave_the_way_back_open(floor: Floor) -> None:
    await floor.credit("v1", 100)
    await floor.register("c1")
    tip = await floor.tip("v1", "c1", 100)
    await floor.flip("feature/tipping", off=True)
    await floor.flip("creator/c1", off=True)
    await floor.reverse(tip)
    assert await floor.balance("viewer/v1/coin") == 100


async def test_a_reversal_needs_a_reason_which_stands_beside_the_fact(floor: Floor) -> None:
    await floor.credit("v1", 100)
    await floor.register("c1")
    tip = await floor.tip("v1", "c1", 100)
    outcome = await floor.reverse(tip, 1)
    async with floor.database.connection() as conn:
        (text,) = await private.read(conn, tenant_id=floor.tenant_id, positions=[outcome.position])
    assert (text.part.name, text.part.owner, text.part.body) == ("reason", "viewer/v1", "sent by mistake")
    assert reversed_of(outcome.data).reason_hash == text.part.digest
    for reason in ("", "   ", "x" * 501, "a\0b"):
        with pytest.raises(Refusal, match=r"body\.invalid"):
            await floor.reverse(tip, reason=reason)


@pytest.mark.parametrize(
    ("tip", "code"),
    [("tip_0000000000001", "tip.unknown"), ("tip_1", "invalid.id"), ("tip_000000000000Z", "tip.unknown")],
)
async def test_only_a_tip_can_be_reversed(floor: Floor, tip: str, code: str) -> None:
    await floor.credit("v1", 100)
    with pytest.raises(Refusal) as refusal:
        await tip_fact(database=floor.database, tenant_id=floor.tenant_id, tip=tip)
    assert refusal.value.code == code
