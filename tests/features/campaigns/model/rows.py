"""Campaigns by their own facts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec

from plaudit.features.campaigns.model.catalogue import Catalogue
from plaudit.features.campaigns.model.terms import (
    All,
    Base,
    Condition,
    Fixed,
    Reward,
    Strategy,
    Terms,
    Texts,
)
from plaudit.vocabulary.facts.campaigns import CampaignApproved
from tests.features.campaigns.model.facts import AT

SOON = AT - timedelta(days=1)
LATE = AT + timedelta(days=30)


def promised(
    condition: Condition | None = None,
    *,
    strategy: Strategy | None = None,
    **other: Any,  # noqa: ANN401 - fields of the terms
) -> Terms:
    """Return terms of a tip in CNY from a day before AT on."""
    fields: dict[str, Any] = {
        "trigger": "tip",
        "base": Base(amount="paid", asset="CNY"),
        "conditions": condition or All(of=()),
        "strategy": strategy or Fixed(reward_minor=5),
        "reward": Reward(kind="coin", asset="coin"),
        "starts_at": SOON,
        "ends_at": LATE,
        "zone": "Asia/Shanghai",
        "texts": Texts(title_en="T", title_zh="题"),
    }
    return Terms(**{**fields, **other})


def approved(
    campaign: str, terms: Terms, *, revision: int = 1, effective_from: datetime = SOON
) -> CampaignApproved:
    """Return the fact by which a revision holds."""
    return CampaignApproved(
        campaign=campaign,
        revision=revision,
        maker="staff/ann",
        checker="staff/bob",
        effective_from=effective_from,
        terms=msgspec.to_builtins(terms),
        terms_hash="00",
    )


def catalogue(**terms: Terms) -> Catalogue:
    """Return a catalogue that has heard, at position 0, that these were approved."""
    found = Catalogue()
    for campaign, one in terms.items():
        found.hear(approved(campaign, one), position=0, at=SOON)
    return found
