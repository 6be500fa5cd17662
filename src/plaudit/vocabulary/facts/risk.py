"""Facts of the feature risk: switches and freezes."""

from typing import ClassVar, Literal, TypeAlias

from plaudit.vocabulary.facts.base import FactData

Freeze: TypeAlias = Literal["none", "debits", "all"]


class SwitchFlipped(FactData, frozen=True, kw_only=True):
    """A target was switched off or on again; `revision` counts the flips of this target."""

    KIND: ClassVar[str] = "switch.flipped"
    VERSION: ClassVar[int] = 1

    target: str
    off: bool
    revision: int
    reason_hash: str | None = None


class AccountFrozen(FactData, frozen=True, kw_only=True):
    """An account was frozen for debits or for everything, or released ("none")."""

    KIND: ClassVar[str] = "account.frozen"
    VERSION: ClassVar[int] = 1

    address: str
    freeze: Freeze
    reason_hash: str | None = None
