"""The doctor: every audit on one snapshot, while work goes on, and a report of what it found."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from plaudit.core import defences
from plaudit.core.findings import Audit, Finding
from plaudit.core.journal import audit as journal
from plaudit.core.ledger import audit as ledger
from plaudit.core.store import count_history, export_snapshot, open_snapshot
from plaudit.platform.db import Connection, Database

AUDITS: Final[tuple[Audit, ...]] = (*defences.AUDITS, *journal.AUDITS, *ledger.AUDITS)
"""Every audit of the house, in the order in which they are told."""

_WORKERS: Final = 2


@dataclass(frozen=True, slots=True)
class Result:
    """One audit's answer: what must hold, and what breaks it (nothing when it holds)."""

    audit: str
    sentence: str
    findings: tuple[Finding, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Progress:
    """An audit has begun (``result`` is None) or ended; ``ended`` of ``total`` have."""

    audit: str
    result: Result | None
    ended: int
    total: int


@dataclass(frozen=True, slots=True)
class Report:
    """What the doctor says. ``facts`` and ``entries`` are how many were examined."""

    results: Sequence[Result]
    facts: int
    entries: int
    seconds: float

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return all findings, audit by audit."""
        return tuple(finding for result in self.results for finding in result.findings)

    @property
    def green(self) -> bool:
        """Tell whether everything holds."""
        return not any(result.findings for result in self.results)

    def as_json(self) -> dict[str, Any]:
        """Return the report for programs."""
        return {
            "green": self.green,
            "facts": self.facts,
            "entries": self.entries,
            "seconds": round(self.seconds, 3),
            "audits": [
                {"audit": one.audit, "holds": not one.findings, "seconds": round(one.seconds, 3)}
                for one in self.results
            ],
            "findings": [
                {
                    "audit": one.audit,
                    "tenant_id": one.tenant_id,
                    "sentence": one.sentence,
                    "details": dict(one.details),
                }
                for one in self.findings
            ],
        }


async def examine(
    database: Database,
    *,
    progress: Callable[[Progress], None] | None = None,
    audits: Iterable[Audit] = AUDITS,
) -> Report:
    """Run audits and return what they found. Reads only; commands go on meanwhile and are not seen.

    All audits see one snapshot, on two connections at once. Takes about a minute for five million entries. An
    audit that cannot be carried out is a finding of its own. Needs two free connections of the pool.
    """
    chosen = tuple(audits)
    began = time.perf_counter()
    results: dict[str, Result] = {}
    tell = progress or _silent
    async with database.connection() as first, first.transaction():
        snapshot = await export_snapshot(first)
        waiting = iter(chosen)
        facts, entries = await count_history(first)

        async def work(conn: Connection) -> None:
            for audit in waiting:
                tell(Progress(audit.name, None, len(results), len(chosen)))
                results[audit.name] = result = await _carry_out(conn, audit)
                tell(Progress(audit.name, result, len(results), len(chosen)))

        async def work_beside() -> None:
            async with database.connection() as conn, conn.transaction():
                await open_snapshot(conn, snapshot=snapshot)
                await work(conn)

        async with asyncio.TaskGroup() as workers:
            workers.create_task(work(first))
            for _ in range(_WORKERS - 1):
                workers.create_task(work_beside())
    ordered = [results[audit.name] for audit in chosen]
    return Report(ordered, facts, entries, time.perf_counter() - began)


async def _carry_out(conn: Connection, audit: Audit) -> Result:
    began = time.perf_counter()
    try:
        async with conn.transaction():
            findings = [finding async for finding in audit.examine(conn)]
    except Exception as error:  # noqa: BLE001 - what keeps an audit from its answer must be told
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        findings = [Finding(audit.name, None, f"This could not be examined: {reason}", {})]
    return Result(audit.name, audit.sentence, tuple(findings), time.perf_counter() - began)


def _silent(_: Progress) -> None:
    """Take progress that nobody asked for."""
