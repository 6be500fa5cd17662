"""Facts as the journal holds them, and happenings made of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from plaudit.core.journal.facts import canonical
from plaudit.features.campaigns.model.happenings import Happening, Value
from plaudit.vocabulary.facts.base import FactData
from plaudit.vocabulary.facts.tipping import TipSent
from plaudit.vocabulary.facts.wallets import TopupCredited

AT = datetime(2026, 11, 26, 12, 30, tzinfo=UTC)
"""A Thursday in the last week of November; 20:30 in Shanghai."""


def stored(fact: FactData) -> dict[str, Any]:
    """Return a fact's data as it comes out of the journal: defaults are not there."""
    data: dict[str, Any] = msgspec.json.decode(canonical(fact))
    return data


def tip(**other: Any) -> TipSent:  # noqa: ANN401 - fields of the fact
    said: dict[str, Any] = {
        "viewer": "v1",
        "creator": "aurora",
        "asset": "coin",
        "amount_minor": 100,
        "creator_minor": 70,
        "guild_minor": 0,
        "platform_minor": 30,
        "terms": "standard",
        "terms_revision": 1,
    }
    return TipSent(**{**said, **other})


def topup(**other: Any) -> TopupCredited:  # noqa: ANN401 - fields of the fact
    said: dict[str, Any] = {
        "viewer": "v1",
        "due": 7,
        "payment": "pay_1",
        "pack": "small",
        "pack_revision": 2,
        "asset": "coin",
        "amount_minor": 120,
        "bonus_minor": 12,
        "paid_asset": "CNY",
        "paid_minor": 1200,
    }
    return TopupCredited(**{**said, **other})


def happened(
    *,
    paid_minor: int = 1000,
    asset: str = "CNY",
    at: datetime = AT,
    trigger: str = "tip",
    viewer: str = "v1",
    position: int = 1,
    values: dict[str, Value] | None = None,
    **shared: Value,
) -> Happening:
    """Return a happening of one amount paid with these attributes."""
    amounts = {"times": ("times", 1), "paid": (asset, paid_minor)}
    return Happening(trigger, position, at, viewer, amounts, {**shared, **(values or {})})
