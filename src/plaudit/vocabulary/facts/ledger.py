"""Facts about holds: amounts set aside in escrow until captured, released or past their deadline."""

from datetime import datetime
from typing import ClassVar

from plaudit.vocabulary.facts.base import FactData


class HoldData(FactData, frozen=True, kw_only=True):
    """What each fact about a hold says.

    `address` is the account held from, `amount_minor` what this fact moved, `remaining_minor` what is held
    after it.
    """

    hold: str
    address: str
    asset: str
    amount_minor: int
    remaining_minor: int
    deadline: datetime


class HoldOpened(HoldData, frozen=True, kw_only=True):
    """An amount was moved from an account into its escrow, to be captured before the deadline."""

    KIND: ClassVar[str] = "hold.opened"
    VERSION: ClassVar[int] = 1


class HoldCaptured(HoldData, frozen=True, kw_only=True):
    """A held amount, or part of it, was paid out of the escrow."""

    KIND: ClassVar[str] = "hold.captured"
    VERSION: ClassVar[int] = 1


class HoldReleased(HoldData, frozen=True, kw_only=True):
    """A held amount, or part of it, went back to its account."""

    KIND: ClassVar[str] = "hold.released"
    VERSION: ClassVar[int] = 1


class HoldExpired(HoldData, frozen=True, kw_only=True):
    """What was still held past the deadline went back to its account."""

    KIND: ClassVar[str] = "hold.expired"
    VERSION: ClassVar[int] = 1
