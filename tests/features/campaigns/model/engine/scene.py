"""A journal in memory for the engine: campaigns are approved, viewers tip, tips are undone."""

from __future__ import annotations

# ruff: noqa: ANN401 - values of JSON
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

import msgspec

from plaudit.features.campaigns.model.engine.batch import run
from plaudit.features.campaigns.model.engine.foreseeing import Item, Step, StepData, reaches
from plaudit.features.campaigns.model.engine.life import Life
from plaudit.features.campaigns.model.engine.purse import Purse
from plaudit.features.campaigns.model.engine.state import Key, State
from plaudit.features.campaigns.model.engine.verdicts import Grant, Judged, Pause, TakeBack, Verdict, Withheld
from plaudit.features.campaigns.model.happenings import Described, Happening, Reversal
from plaudit.vocabulary.facts.campaigns import (
    BudgetApproved,
    CampaignApproved,
    CampaignEnded,
    CampaignPaused,
    CampaignResumed,
)

V = TypeVar("V", bound=Judged)

MONDAY: Final = datetime(2026, 11, 23, tzinfo=UTC)
PLENTY: Final = 10**12


def terms(**fields: Any) -> dict[str, Any]:
    """Return the terms of a campaign as a fact has them: a tenth of each tip back, but for `fields`."""
    plain: dict[str, Any] = {
        "trigger": "tip",
        "base": {"amount": "paid", "asset": "coin"},
        "conditions": {"node": "all", "of": []},
        "strategy": {"kind": "ratio", "ratio": "1/10"},
        "reward": {"kind": "coin", "asset": "coin"},
        "starts_at": "2026-11-01T00:00:00Z",
        "ends_at": "2027-02-01T00:00:00Z",
        "zone": "UTC",
        "texts": {"title_en": "Back", "title_zh": "返"},
    }
    return plain | fields


def asks(attribute: str, operator: str, value: Any) -> dict[str, Any]:
    """Return a comparison."""
    return {"node": "leaf", "attribute": attribute, "operator": operator, "value": value}


FIRST_EVER: Final = asks("first_ever", "is", value=True)
TIERS: Final = {
    "kind": "cumulative",
    "counted": "campaign",
    "tiers": [{"from_minor": 100, "reward_minor": 10}, {"from_minor": 500, "reward_minor": 60}],
}
"""From 100 on 10, from 500 on 60, of all in the campaign."""


@dataclass(slots=True)
class Scene:
    """A journal of items, each with the next position."""

    items: list[Item] = field(default_factory=list)
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def campaign(
        self, name: str = "c", *, budget_minor: int = PLENTY, revision: int = 1, **fields: Any
    ) -> int:
        """Fund a campaign and approve a revision."""
        if budget_minor:
            self.fund(name, budget_minor)
        approved = CampaignApproved(
            campaign=name,
            revision=revision,
            maker="ada",
            checker="bob",
            effective_from=MONDAY - timedelta(days=30),
            terms=terms(**fields),
            terms_hash="",
            seed_hash=None,
        )
        return self.step(approved)

    def fund(self, name: str = "c", budget_minor: int = PLENTY) -> int:
        """Move something into a budget."""
        data = BudgetApproved(
            campaign=name, transfer="t", asset="coin", amount_minor=budget_minor, maker="ada", checker="bob"
        )
        return self.step(data)

    def pause(self, name: str = "c", *, at: datetime = MONDAY) -> int:
        """Have an operator pause a campaign."""
        return self.step(CampaignPaused(campaign=name, cause="operator", maker="ada"), at=at)

    def resume(self, name: str = "c", *, at: datetime = MONDAY) -> int:
        """Have an operator let it go on."""
        return self.step(CampaignResumed(campaign=name, maker="ada"), at=at)

    def end(self, name: str = "c", *, at: datetime = MONDAY) -> int:
        """End a campaign."""
        return self.step(CampaignEnded(campaign=name, maker="ada"), at=at)

    def step(self, data: StepData, *, at: datetime = MONDAY - timedelta(days=25)) -> int:
        """Say something of a campaign."""
        position = next(self.numbers)
        self.items.append(Step(position, at, data))
        return position

    def tip(
        self, minor: int, *, viewer: str = "v", hours: float = 0, trigger: str = "tip", **values: Any
    ) -> int:
        """Have a viewer tip, so many hours after Monday began."""
        position = next(self.numbers)
        at = MONDAY + timedelta(hours=hours)
        amounts = {"times": ("times", 1), "paid": ("coin", minor)}
        self.items.append(Happening(trigger, position, at, viewer, amounts, values, f"pay_{position}"))
        return position

    def undo(
        self, target: int, total_minor: int, *, paid_minor: int | None = None, by_payment: bool = False
    ) -> int:
        """Undo so much of a tip, in all."""
        position = next(self.numbers)
        self.items.append(
            Reversal(
                position,
                MONDAY,
                "tip",
                None if by_payment else target,
                f"pay_{target}" if by_payment else None,
                total_minor,
                paid_minor,
            )
        )
        return position

    def describe(
        self, viewer: str = "v", *, level: int | None = None, tags: tuple[str, ...] = (), hours: float = -1
    ) -> int:
        """Say what a viewer is."""
        position = next(self.numbers)
        self.items.append(Described(viewer, position, MONDAY + timedelta(hours=hours), level, tags))
        return position


@dataclass(slots=True)
class Judge:
    """The engine with its memory, fed in batches."""

    life: Life = field(default_factory=Life)
    state: State = field(default_factory=State)
    purse: Purse = field(default_factory=Purse)
    seen: dict[int, Happening] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)

    def hear(self, items: Sequence[Item]) -> list[Verdict]:
        """Judge a batch."""
        known = {item.position for item in items}
        back = reaches(items, state=self.state) - known
        self.state.originals = {position: self.seen[position] for position in back if position in self.seen}
        found = run(items, life=self.life, state=self.state, purse=self.purse)
        self.seen |= {item.position: item for item in items if isinstance(item, Happening)}
        self.verdicts += found
        return found

    def given(self) -> dict[tuple[str, str], int]:
        """Return what each viewer has of each campaign, net, by the verdicts."""
        sums: dict[tuple[str, str], int] = {}
        for one in self.verdicts:
            if isinstance(one, Grant | TakeBack):
                minor = one.amount_minor if isinstance(one, Grant) else -one.recovered_minor
                place = (one.campaign, one.viewer)
                sums[place] = sums.get(place, 0) + minor
        return {place: minor for place, minor in sums.items() if minor}


def judged(items: Sequence[Item], sizes: Iterable[int] = ()) -> Judge:
    """Judge items in batches of these sizes (each at least 1), the rest in one."""
    judge = Judge()
    rest = list(items)
    for size in sizes:
        judge.hear(rest[:size])
        rest = rest[size:]
    judge.hear(rest)
    return judge


def told(verdicts: Iterable[Verdict]) -> list[str]:
    """Return verdicts as short texts: "+10 v/c fact 3", "no 10 v/c fact 4 campaign.cap"."""
    texts = []
    for one in verdicts:
        if isinstance(one, Pause):
            texts.append(f"dry {one.campaign} fact {one.fact}")
            continue
        about = f"{one.viewer}/{one.campaign} fact {one.fact}"
        if one.cause != one.fact:
            about += f" by {one.cause}"
        if isinstance(one, Grant):
            texts.append(f"+{one.amount_minor} {about}")
        elif isinstance(one, Withheld):
            texts.append(f"no {one.amount_minor} {about} {one.code}")
        else:
            texts.append(f"-{one.recovered_minor} of {one.amount_minor} {about}")
    return texts


def standing(judge: Judge, window: str, *, viewer: str = "v", campaign: str = "c") -> tuple[int, int]:
    """Return what a window is worth and was given."""
    one = judge.state.standings[Key(campaign, viewer, window)]
    return one.entitled_minor, one.granted_minor


def reread(items: Sequence[Item]) -> list[Item]:
    """Return items as they would come from a journal: copies."""
    return [msgspec.structs.replace(item) for item in items]
