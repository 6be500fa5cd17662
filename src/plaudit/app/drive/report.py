"""What a replay did: the figures, as JSON and as text for people. Amounts are minor units in JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from plaudit.kernel.money import format_minor
from plaudit.vocabulary.assets import asset_of

LISTED_MAX: Final = 100
"""How many broken and refused rows a report lists; all are counted."""

_SHOWN_MAX: Final = 10


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the audits of the books found; `findings` is empty when green.

    `audits` is how many there were; `projections` names those that were compared with their rebuild.
    """

    green: bool
    findings: tuple[str, ...] = ()
    audits: int = 0
    projections: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Broken:
    """A line of the file that is no payment."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A payment the server said no to: at which `step` ("credit", "tip"), and what its answer said."""

    line: int
    show: str
    step: str
    status: int
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Ranked:
    """A payer or creator with the sum of their tips in one currency."""

    id: str
    amount_minor: int
    tips: int


@dataclass(frozen=True, slots=True)
class Latency:
    """Times from sending a tip to its answer, repeats included, in milliseconds."""

    p50: float
    p90: float
    p99: float
    max: float


def latency_of(*, seconds: Sequence[float]) -> Latency:
    """Return the percentiles (nearest rank) of times in seconds; zeros when there are none."""
    if not seconds:
        return Latency(p50=0.0, p90=0.0, p99=0.0, max=0.0)
    ordered = sorted(seconds)

    def rank_ms(percent: int) -> float:
        index = -(-len(ordered) * percent // 100) - 1
        return round(ordered[max(index, 0)] * 1000, 3)

    return Latency(p50=rank_ms(50), p90=rank_ms(90), p99=rank_ms(99), max=rank_ms(100))


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of one replay.

    `rows` counts the payments of the file, broken ones included; `done` the tips answered "done", of which
    `replayed` were already done by an earlier run. `sums` adds up the amounts the server answered,
    `file_sums` what the file says, both by currency in minor units; they are equal when nothing was refused.
    `platform` is the balance of the platform's revenue account after the run, `platform_share` what these
    tips added to it. `payers` and `creators` are the server's totals, over everything it has. `doctor` is
    None when the server is remote and its books cannot be audited from here.
    """

    ok: bool
    rows: int
    done: int
    refused: int
    broken: int
    replayed: int
    resent: int
    sums: Mapping[str, int]
    file_sums: Mapping[str, int]
    refused_by_code: Mapping[str, int]
    refusals: Sequence[Refused]
    broken_rows: Sequence[Broken]
    payers: Mapping[str, Sequence[Ranked]]
    creators: Mapping[str, Sequence[Ranked]]
    platform: Mapping[str, int]
    platform_share: Mapping[str, int]
    seconds: float
    tips_per_s: float
    latency_ms: Latency
    doctor: Verdict | None

    @property
    def exit_code(self) -> int:
        """0 when every row was done and the doctor, if asked, found nothing; else 1."""
        return 0 if self.ok else 1

    def to_json(self) -> bytes:
        """Return the report as one JSON object, its keys the names of the fields."""
        return msgspec.json.encode(self)


def render(*, report: Report) -> str:
    """Return the report as text for a terminal, amounts written as people read them."""
    parts = [
        _line("rows", f"{report.rows:,}"),
        _line(
            "done",
            f"{report.done:,}" + (f" ({report.replayed:,} of an earlier run)" if report.replayed else ""),
        ),
        _line("refused", f"{report.refused:,}"),
        _line("broken", f"{report.broken:,}"),
        _line("tips a second", f"{report.tips_per_s:,.0f} over {report.seconds:,.1f} s"),
        _line("latency", _latency(latency=report.latency_ms)),
        *_faults(report=report),
        "",
        "Sums by currency (done, in the file, platform's share)",
        *_sums(report=report),
        *_ranking(title="Top payers", ranking=report.payers),
        *_ranking(title="Top creators", ranking=report.creators),
        "",
        _line("doctor", _doctor(verdict=report.doctor)),
    ]
    if report.doctor is not None:
        parts += [f"  {finding}" for finding in report.doctor.findings]
    return "\n".join(parts)


def amount_text(*, amount_minor: int, currency: str) -> str:
    """Return an amount as people read it: 123456 of USD is "1,234.56 USD"."""
    return f"{format_minor(amount_minor=amount_minor, scale=asset_of(currency).scale)} {currency}"


def _line(name: str, value: str) -> str:
    return f"{name:<15}{value}"


def _latency(*, latency: Latency) -> str:
    return f"p50 {latency.p50:.1f} ms, p90 {latency.p90:.1f}, p99 {latency.p99:.1f}, max {latency.max:.1f}"


def _faults(*, report: Report) -> list[str]:
    lines = [f"  line {row.line}: {row.reason}" for row in report.broken_rows[:_SHOWN_MAX]]
    if report.broken > _SHOWN_MAX:
        lines.append(f"  and {report.broken - _SHOWN_MAX:,} more broken rows")
    for code, count in report.refused_by_code.items():
        lines.append(f"  refused {count:,} times: {code}")
    lines += [
        f"  line {row.line} ({row.show}), {row.step}: {row.status} {row.code}, {row.detail}"
        for row in report.refusals[:_SHOWN_MAX]
    ]
    if report.refused > _SHOWN_MAX:
        lines.append(f"  and {report.refused - _SHOWN_MAX:,} more refused rows")
    return lines


def _sums(*, report: Report) -> list[str]:
    lines = []
    for currency, in_file in report.file_sums.items():
        done = amount_text(amount_minor=report.sums.get(currency, 0), currency=currency)
        of_file = amount_text(amount_minor=in_file, currency=currency)
        share = amount_text(amount_minor=report.platform_share.get(currency, 0), currency=currency)
        lines.append(f"  {done:>22}{of_file:>22}{share:>22}")
    return lines


def _ranking(*, title: str, ranking: Mapping[str, Sequence[Ranked]]) -> list[str]:
    lines: list[str] = []
    for currency, ranked in ranking.items():
        if not ranked:
            continue
        lines += ["", f"{title} in {currency}"]
        for place, entry in enumerate(ranked, 1):
            amount = amount_text(amount_minor=entry.amount_minor, currency=currency)
            lines.append(f"  {place:>2}  {entry.id:<28}{amount:>20}  {entry.tips:,} tips")
    return lines


def _doctor(*, verdict: Verdict | None) -> str:
    if verdict is None:
        return "not asked (the server's books can be audited where it runs: plaudit doctor)"
    if not verdict.green:
        return "RED"
    if not verdict.audits:
        return "green"
    return (
        f"green ({verdict.audits} audits; equal to the rebuild: {', '.join(verdict.projections) or 'none'})"
    )
