"""Pure values and rules of risk: what a switch stops and says, and what a freeze means to the ledger."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from plaudit.kernel.refusal import Refusal, invalid, refused
from plaudit.vocabulary import switches
from plaudit.vocabulary.facts.risk import Freeze

REASON_MAX: Final = 500

DEFENCES: Final = frozenset({"switch.write", "account.freeze", "keys.write", "staff.write"})
"""Permissions whose commands no switch stops: what one needs to end whatever the switch was flipped for."""

_INSTEAD: Final = {
    "tenant": "This app is switched off; try again when it is on again.",
    "feature": "This is switched off; try again when it is on again.",
    "gift": "This gift is switched off; choose another gift.",
    "creator": "This creator is switched off; choose another creator.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """The state of one target, who flipped it last and when; `revision` counts its flips."""

    target: str
    off: bool
    revision: int
    flipped_by: str
    flipped_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """What was last said about freezing one account, by whom and when."""

    address: str
    freeze: Freeze
    frozen_by: str
    frozen_at: datetime


def stopped(target: str) -> Refusal:
    """Return the refusal of a command whose target is switched off."""
    kind = target.partition("/")[0]
    return refused("switch.off", _INSTEAD.get(kind, _INSTEAD["feature"]), target=target)


def check_reason(reason: str | None) -> str | None:
    """Return the reason without blanks around it, None where there is none. Raises Refusal `body.invalid`."""
    text = (reason or "").strip()
    if len(text) > REASON_MAX or "\0" in text:
        raise invalid("body.invalid", f"Give a reason of at most {REASON_MAX} characters.", field="reason")
    return text or None


def check_target(target: str) -> str:
    """Return the target as it is stored. Raises Refusal `switch.target` (INVALID) when there is none such."""
    return switches.target_of(target).text
