"""Orders of packs and tips on a floor, and the packs and policies they go by."""

from __future__ import annotations

from typing import Any

from plaudit.core.commands.command import Outcome
from plaudit.features.tipping import actions as tipping
from plaudit.features.tipping.model import Wish
from plaudit.features.wallets import actions as wallets
from plaudit.features.wallets.model import Pack, TopupPolicy
from plaudit.vocabulary.facts.wallets import Clawback
from tests.features.floor import SALT, Floor


async def save_pack(floor: Floor, **fields: Any) -> Outcome:  # noqa: ANN401 - the fields of the model
    """Save a pack of 100 coins and 20 on top for 12 yuan, or another."""
    usual = {
        "id": "small",
        "price_asset": "CNY",
        "price_minor": 1_200,
        "asset": "coin",
        "amount_minor": 100,
        "bonus_minor": 20,
    }
    pack = Pack(revision=0, **{**usual, **fields})
    return await wallets.save_pack(corridor=floor.corridor, grant=floor.grant(), key=floor.key(), pack=pack)


async def policy(floor: Floor, clawback: Clawback, limit: int = 0) -> None:
    wanted = TopupPolicy(asset="coin", revision=0, clawback=clawback, debt_limit_minor=limit)
    await wallets.save_topup_policy(
        corridor=floor.corridor, grant=floor.grant(), key=floor.key(), policy=wanted
    )


async def order_topup(floor: Floor, viewer: str = "v1", pack: str = "small") -> Outcome:
    command = wallets.order_topup(grant=floor.grant(), key=floor.key(), viewer=viewer, pack=pack)
    return await floor.corridor.submit(command)


async def order_tip(floor: Floor, amount_minor: int | None = None, **fields: Any) -> Outcome:  # noqa: ANN401 - the fields of the model
    """Order a tip of v1 to c1 in yuan, or another."""
    beside = {name: fields.pop(name) for name in ("message", "anonymous") if name in fields}
    viewer, creator, key = fields.pop("viewer", "v1"), fields.pop("creator", "c1"), fields.pop("key", None)
    if amount_minor is not None:
        fields.setdefault("asset", "CNY")
    wish = Wish(amount_minor=amount_minor, **fields)
    command = tipping.order_tip(
        grant=floor.grant(),
        key=key or floor.key(),
        tip=tipping.Tip(viewer=viewer, creator=creator, wish=wish, **beside),
        now=floor.clock.now(),
        salt=SALT,
    )
    return await floor.corridor.submit(command)
