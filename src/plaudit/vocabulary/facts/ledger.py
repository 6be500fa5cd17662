"""Facts about holds: amounts set aside in escrow until captured, released or past their deadline."""

from datetime import datetime
from typing import ClassVar

from plaudit.vocabulary.facts.base import FactData


class HoldOpened(FactData, frozen=True, kw_only=True):
    """An amount was moved from an account into its escrow, to be captured before `deadline`."""

    KIND: ClassVar[str] = "hold.opened"
    VERSION: ClassVar[int] = 1

    hold: str
    address: str
    asset: str
    amount_minor: int
    remaining_minor: int
    deadline: datetime


class HoldCaptured(FactData, frozen=True, kw_only=True):
    """A held amount, or part of it, was paid out; `remaining_minor` is still held."""

    KIND: ClassVar[str] = "hold.captured"
    VERSION: ClassVar[int] = 1

    hold: str
    address: str
    asset: str
    amount_minor: int
    remaining_minor: int
    deadline: datetime


class HoldReleased(FactData, frozen=True, kw_only=True):
    """A held amount, or part of it, went back to its account; `remaining_minor` is still held."""

    KIND: ClassVar[str] = "hold.released"
    VERSION: ClassVar[int] = 1

    hold: str
    address: str
    asset: str
    amount_minor: int
    remaining_minor: int
    deadline: datetime


class HoldExpired(FactData, frozen=True, kw_only=True):
    """What was still held past the deadline went back to its account."""

    KIND: ClassVar[str] = "hold.expired"
    VERSION: ClassVar[int] = 1

    hold: str
    address: str
    asset: str
    amount_minor: int
    remaining_minor: int
    deadline: datetime
