"""When a channel sends a callback again, and for how long it waits for an answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final


@dataclass(frozen=True, slots=True)
class Schedule:
    """`pauses` between one attempt and the next; afterwards the channel gives up. `timeout_ms` real time."""

    pauses: tuple[timedelta, ...]
    timeout_ms: int

    def after(self, attempts: int) -> timedelta | None:
        """Return the pause after so many attempts, None when it was the last."""
        return self.pauses[attempts - 1] if attempts <= len(self.pauses) else None


def _pauses(text: str) -> tuple[timedelta, ...]:
    units = {"s": 1, "m": 60, "h": 3600}
    return tuple(timedelta(seconds=int(one[:-1]) * units[one[-1]]) for one in text.split())


WECHAT: Final = Schedule(_pauses("15s 15s 30s 3m 10m 20m 30m 30m 30m 60m 3h 3h 3h 6h 6h"), 5_000)
"""As WeChat Pay documents it for payment and refund notices: 24 h 4 m in all."""

ALIPAY: Final = Schedule(_pauses("4m 10m 10m 1h 2h 6h 15h"), 15_000)
"""As Alipay documents it: eight notices in 25 hours. It names no time to wait; 15 s are taken here."""
