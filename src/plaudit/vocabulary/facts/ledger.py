"""Facts about holds: amounts set aside in escrow until captured, released or past their deadline."""

from datetime import datetime
from typing import ClassVar

from plaudit.vocabulary.facts.base import FactData


class HoldData(FactData, frozen=True, kw_only=True):
    """What each fact about a hold says.

    `address` is the account held from, `amount_minor` what this fact moved, `remaining_minor` what is held
    after it. The hold's number is the position of the fact that opened it.
    """

    address: str
    asset: str
    amount_minor: int
    remaining_minor: int
    deadline: datetime


class HoldDrawn(HoldData, frozen=True, kw_only=True):
    """What each fact about an open hold says: `hold` is the position of the fact that opened it."""

    hold: int


class HoldOpened(HoldData, frozen=True, kw_only=True):
    """An amount was moved from an account into its escrow, to be captured before the deadline."""

    KIND: ClassVar[str] = "hold.opened"
    VERSION: ClassVar[int] = 1


class HoldCaptured(HoldDrawn, frozen=True, kw_only=True):
    """A held amount, or part of it, was paid out of the escrow."""

    KIND: ClassVar[str] = "hold.captured"
    VERSION: ClassVar[int] = 1


class HoldReleased(HoldDrawn, frozen=True, kw_only=True):
    """A held amount, or part of it, went back to its account."""

    KIND: ClassVar[str] = "hold.released"
    VERSION: ClassVar[int] = 1


class HoldExpired(HoldDrawn, frozen=True, kw_only=True):
    """What was still held past the deadline went back to its account."""

    KIND: ClassVar[str] = "hold.expired"
    VERSION: ClassVar[int] = 1
