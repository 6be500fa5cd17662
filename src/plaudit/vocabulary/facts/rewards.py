"""Rewards that somebody has earned and another feature grants."""

from typing import ClassVar

from plaudit.vocabulary.facts.base import FactData


class RewardDue(FactData, frozen=True, kw_only=True):
    """A viewer has earned something that the feature which keeps its kind grants, once for each `reference`.

    `kind` names it ("coupon"), `item` which one; `cause` is the position of the fact that earned it.
    """

    KIND: ClassVar[str] = "reward.due"
    VERSION: ClassVar[int] = 1

    viewer: str
    kind: str
    item: str
    quantity: int
    cause: int
    reference: str


class RewardRevoked(FactData, frozen=True, kw_only=True):
    """What had earned a reward was undone: whoever granted it takes back what it can."""

    KIND: ClassVar[str] = "reward.revoked"
    VERSION: ClassVar[int] = 1

    viewer: str
    kind: str
    item: str
    quantity: int
    cause: int
    reference: str
