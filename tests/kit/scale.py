"""How much a test does: `PLAUDIT_SCALE=proof` for every size that is claimed, small otherwise."""

from __future__ import annotations

import os
from typing import Final, TypeVar

__all__ = ["PROOF", "by_scale"]

PROOF: Final = os.environ.get("PLAUDIT_SCALE", "small") == "proof"

T = TypeVar("T")


def by_scale(*, small: T, proof: T) -> T:
    """Return the size for this run."""
    return proof if PROOF else small
