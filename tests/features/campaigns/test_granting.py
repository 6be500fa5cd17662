"""What viewers are granted, live: on PostgreSQL, through the ledger."""

from __future__ import annotations

import pytest

from plaudit.vocabulary.facts.campaigns import CampaignGranted
from tests.features.campaigns.live import Live
from tests.features.campaigns.stage import Stage


@pytest.fixture
def live(stage: Stage) -> Live:
    """Lend campaigns at work."""
    return Live(stage)


async def test_a_tip_earns_a_tenth_back_at_once_and_once(live: Live) -> None:
    await live.campaign()
    tip = await live.tip(200)
    await live.evaluate()
    assert await live.told() == [f"+20 v/c fact {tip}"]
    assert (await live.coins(), await live.budget()) == (20, 999_980)
    (granted,) = await live.stage.said(CampaignGranted)
    assert (granted.entitled_minor, granted.granted_minor, granted.revision) == (20, 20, 1)
    await live.undo(tip, 50)
    await live.undo(tip, 200)
    await live.evaluate(batch_max=1)
    assert (await live.coins(), await live.budget()) == (0, 1_000_000)
