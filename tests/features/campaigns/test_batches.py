"""What does not depend on where a batch of the journal begins and ends, nor on what became of it, live."""

from __future__ import annotations

import hmac
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

import msgspec
import pytest

from plaudit.core.journal.subscriptions import Span
from plaudit.features.campaigns.model import triggers
from plaudit.features.campaigns.model.happenings import Happening, tie_of
from plaudit.kernel.refusal import Refusal
from plaudit.vocabulary.facts.campaigns import CampaignGranted
from plaudit.vocabulary.facts.tipping import TipSent
from tests.features.campaigns.live import PLENTY, Live
from tests.features.campaigns.model.engine.scene import FIRST_EVER, TIERS
from tests.features.campaigns.stage import NOON, PATH, TERMS

LUCKY: Final[dict[str, Any]] = TERMS | {
    "trigger": "tip",
    "base": {"amount": "paid", "asset": "coin"},
    "strategy": {"kind": "random", "low_minor": 1, "high_minor": 900},
    "starts_at": "2026-11-22T00:00:00Z",
}
"""From 1 to 900 for each tip."""


async def _in_one_batch(live: Live, upto: int) -> None:
    """Let the reaction take all up to a position at once, and lose it before it is committed."""
    after = await live.reached()
    with suppress(ConnectionError):
        async with live.stage.house.database.transaction() as tx:
            await live.subscription().apply(tx, Span(live.stage.tenant_id, after, upto))
            raise ConnectionError


async def test_a_budget_that_runs_dry_while_the_tenant_is_switched_off_is_told_once(live: Live) -> None:
    await live.campaign(budget_minor=25)
    first = await live.tip(200)
    await live.evaluate()
    second, third = await live.tip(100), await live.tip(10)
    await live.stage.acme.do("PUT", "/v1/switches/tenant", {"off": True})
    with pytest.raises(Refusal, match="switched off"):
        await _in_one_batch(live, third)
    await live.stage.acme.do("PUT", "/v1/switches/tenant", {"off": False})
    await live.evaluate()
    assert await live.told() == [
        f"+20 v/c fact {first}",
        f"no 10 v/c fact {second} campaign.budget",
        f"dry c fact {second}",
        f"no 1 v/c fact {third} campaign.paused",
    ]


@pytest.mark.parametrize("batch_max", [1, 2, 3, 4_000])
async def test_what_is_recorded_after_an_end_earns_nothing_however_early_it_happened(
    live: Live, batch_max: int
) -> None:
    await live.campaign()
    await live.campaign("other", conditions=FIRST_EVER)
    first = await live.tip(200, at=NOON - timedelta(hours=3))
    await live.evaluate()
    await live.end()
    await live.tip(300, at=NOON - timedelta(hours=1), viewer="w")
    undone = await live.undo(first, 100)
    await live.tip(400, at=NOON - timedelta(hours=2), viewer="w")
    await live.evaluate(batch_max=batch_max)
    assert [text for text in await live.told() if "/c " in text] == [
        f"+20 v/c fact {first}",
        f"-10 of 10 v/c fact {first} by {undone}",
    ]


async def test_a_random_reward_is_drawn_by_its_secret_though_an_old_fact_is_undone_beside_it(
    live: Live,
) -> None:
    stage = live.stage
    await live.campaign("old")
    old = await live.tip(200)
    await live.evaluate()
    await live.end("old")
    await live.evaluate()
    await stage.approved(LUCKY)
    await live.undo(old, 200)
    tip = await live.tip(300)
    # What fails is tried again in smaller batches, which would hide it.
    await _in_one_batch(live, tip)
    await live.evaluate()
    (granted,) = [one for one in await stage.said(CampaignGranted) if one.campaign == "first"]
    seed = bytes.fromhex((await stage.ada.do("POST", f"{PATH}/end"))["seed"])
    (sent,) = [data for position, data in await stage.placed(TipSent) if position == tip]
    happening = triggers.read(TipSent.KIND, tip, at=NOON, data=msgspec.to_builtins(sent))
    assert isinstance(happening, Happening)
    moment_us = int(NOON.timestamp()) * 1_000_000
    said = f"first/v/{moment_us}/".encode() + tie_of(happening)
    number = int.from_bytes(hmac.digest(seed, said, "sha256")[:8], "big")
    assert granted.amount_minor == 1 + (number * 900 >> 64)


@pytest.mark.parametrize("goes_on", [True, False])
@pytest.mark.parametrize("batch_max", [1, 4_000])
async def test_a_first_fact_that_is_first_no_more_is_judged_again_by_what_has_ended_too(
    live: Live, batch_max: int, *, goes_on: bool
) -> None:
    await live.campaign("c", conditions=FIRST_EVER, exclusive=True, priority=2)
    await live.campaign("d", strategy=TIERS, priority=1)
    first = await live.tip(100, at=NOON - timedelta(hours=3))
    await live.tip(100, at=NOON - timedelta(hours=2))
    await live.evaluate()
    assert (await live.budget("c"), await live.budget("d")) == (PLENTY - 10, PLENTY - 10)
    for name in ("c",) if goes_on else ("c", "d"):
        await live.end(name)
    await live.evaluate()
    await live.tip(1, at=NOON - timedelta(hours=4))
    await live.undo(first, 100)
    await live.evaluate(batch_max=batch_max)
    # What is left are 100, which reach the tier of d, and first was what came too late for c.
    assert (await live.budget("c"), await live.budget("d")) == (PLENTY, PLENTY - 10)
