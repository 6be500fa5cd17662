"""A tip through the corridor."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from plaudit.features.tipping.actions import Tip, save_creator, send_tip
from plaudit.features.tipping.feature import FEATURE
from plaudit.features.tipping.model import Wish
from plaudit.features.wallets.actions import credit
from plaudit.features.wallets.model import Credit
from plaudit.platform.db import Database
from tests.kit.house import SALT, House, open_house

pytestmark = pytest.mark.anyio


@pytest.fixture
async def house(db: Database) -> AsyncIterator[House]:
    async with open_house(db, [FEATURE]) as house:
        yield house


async def test_a_tip_lands_on_three_accounts(house: House) -> None:
    await house.corridor.submit(
        credit(
            grant=house.grant(),
            key=house.key(),
            request=Credit(viewer="v1", asset="coin", amount_minor=1_000),
            at=None,
            now=house.clock.now(),
        )
    )
    await save_creator(
        corridor=house.corridor, grant=house.grant(), key=house.key(), creator="c1", guild="g1", terms=None
    )
    outcome = await house.corridor.submit(
        send_tip(
            grant=house.grant("viewer", "v1"),
            key=house.key(),
            tip=Tip(viewer="v1", creator="c1", wish=Wish(amount_minor=100)),
            at=None,
            now=house.clock.now(),
            salt=SALT,
        )
    )
    assert outcome.kind == "tip.sent"
    assert await house.everything() == {
        "issuance/coin": -1_000,
        "viewer/v1/coin": 900,
        "creator/c1/earnings/coin": 70,
        "guild/g1/earnings/coin": 5,
        "platform/revenue/coin": 25,
    }
