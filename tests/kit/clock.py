"""A clock for stages of tests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

__all__ = ["StageClock"]


@dataclass(slots=True)
class StageClock:
    """Time stands still until the test moves it."""

    time: datetime

    def now(self) -> datetime:
        return self.time

    def advance(self, **gap: float) -> None:
        """Move it on by what `timedelta` takes."""
        self.time += timedelta(**gap)
