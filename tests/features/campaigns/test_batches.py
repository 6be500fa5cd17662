"""What does not depend on where a batch of the journal begins and ends, nor on what became of it, live."""

from __future__ import annotations

from datetime import timedelta

import pytest

from plaudit.core.journal.subscriptions import Span
from plaudit.kernel.refusal import Refusal
from tests.features.campaigns.live import Live
from tests.features.campaigns.model.engine.scene import FIRST_EVER
from tests.features.campaigns.stage import NOON


async def test_a_budget_that_runs_dry_while_the_tenant_is_switched_off_is_told_once(live: Live) -> None:
    await live.campaign(budget_minor=25)
    first = await live.tip(200)
    await live.evaluate()
    second, third = await live.tip(100), await live.tip(10)
    await live.stage.acme.do("PUT", "/v1/switches/tenant", {"off": True})
    with pytest.raises(Refusal, match="switched off"):
        async with live.stage.house.database.transaction() as tx:
            await live.subscription().apply(tx, Span(live.stage.tenant_id, await live.reached(), third))
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
