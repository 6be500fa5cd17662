"""What an audit is, and what it finds."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from plaudit.kernel.refusal import Json
from plaudit.platform.db import Connection

FINDINGS_MAX: Final = 20
"""An audit stops after so many findings: the first ones tell what is wrong, a broken table has millions."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that must never be. ``tenant_id`` is None where it concerns no single tenant.

    ``sentence`` says what is wrong and names the thing; ``details`` hold its numbers for programs.
    """

    audit: str
    tenant_id: int | None
    sentence: str
    details: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Audit:
    """One invariant: its name ("ledger.sum_zero"), what must hold, and the search for what breaks it.

    ``examine`` is handed a connection inside a read-only transaction with one snapshot for all audits. It
    yields at most FINDINGS_MAX findings and keeps no more than a bounded number of rows in memory.
    """

    name: str
    sentence: str
    examine: Callable[[Connection], AsyncIterator[Finding]]
