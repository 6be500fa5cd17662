"""What goes wrong on the way, on purpose and reproducibly.

Whether something happens to a callback or a request is drawn from the seed and its own name, not from a
sequence: the same payments meet the same fate in whatever order they come.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

Probability: TypeAlias = Annotated[float, Meta(ge=0, le=1)]
Milliseconds: TypeAlias = Annotated[int, Meta(ge=0, le=600_000)]

_WHOLE = 2**64


class Mischief(Struct, kw_only=True, forbid_unknown_fields=True, frozen=True):
    """Probabilities, from 0 to 1, each by itself. Milliseconds are real time, up to which is drawn evenly.

    To callbacks: `lose` one attempt (the next follows by the schedule), let the whole callback `vanish`,
    `delay` an attempt, `double` it, hold it back until others have gone (`reorder`), `corrupt` a byte of it,
    send a `probe` with a deliberately wrong signature before it. To requests: `request_lose` before anything
    is done, `answer_lose` afterwards (the connection is cut, or with `hang_ms` kept that long first),
    `answer_delay`, `error` (500 before anything is done), `answer_error` (500 afterwards).
    """

    seed: int = 0
    lose: Probability = 0.0
    vanish: Probability = 0.0
    delay: Probability = 0.0
    delay_ms: Milliseconds = 1_000
    double: Probability = 0.0
    reorder: Probability = 0.0
    reorder_ms: Milliseconds = 500
    corrupt: Probability = 0.0
    probe: Probability = 0.0
    request_lose: Probability = 0.0
    answer_lose: Probability = 0.0
    hang_ms: Milliseconds = 0
    answer_delay: Probability = 0.0
    answer_delay_ms: Milliseconds = 1_000
    error: Probability = 0.0
    answer_error: Probability = 0.0

    def strikes(self, what: str, *, name: str) -> bool:
        """Tell whether `what` (a field) happens to the thing of that name."""
        probability: float = getattr(self, what)
        return probability > 0 and self.share(what, name=name) < probability

    def share(self, what: str, *, name: str) -> float:
        """Return an even draw from 0 up to 1 that belongs to the name."""
        digest = blake2b(f"{self.seed}|{what}|{name}".encode(), digest_size=8).digest()
        return int.from_bytes(digest) / _WHOLE
