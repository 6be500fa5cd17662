"""Comparing what was measured with what is claimed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from tests.proof.claim import Claim, Figure


class Verdict(Struct, frozen=True, kw_only=True):
    """One claim with its target, what was measured (None: nothing was), and whether it holds."""

    name: str
    sentence: str
    part: str
    target: str
    measured: Any
    holds: bool


def judge(claim: Claim, results: Mapping[str, Mapping[str, Any]]) -> Verdict:
    """Judge a claim by the results of the parts; what was not measured does not hold."""
    result = results.get(claim.part, {})
    if isinstance(claim, Figure):
        measured = _worst(claim, _values(result, claim.path.split(".")))
        target, holds = f"{claim.relation} {claim.target}", measured is not None and _holds(claim, measured)
    else:
        measured, holds = _passed(claim.tests, result.get("tests", {}))
        target = "all pass"
    return Verdict(
        name=claim.name,
        sentence=claim.sentence,
        part=claim.part,
        target=target,
        measured=measured,
        holds=holds,
    )


def _values(value: Any, path: Sequence[str]) -> list[Any]:  # noqa: ANN401 - JSON
    """Return what a path leads to: nothing, one value, or one for each element where it has a `*`."""
    if not path:
        return [value]
    step, rest = path[0], path[1:]
    if step == "*":
        return [found for one in value or () for found in _values(one, rest)]
    if step == "#":
        return [len(value)]
    if not isinstance(value, Mapping) or step not in value:
        return []
    return _values(value[step], rest)


def _worst(claim: Figure, values: Sequence[Any]) -> Any:  # noqa: ANN401 - JSON
    if not values:
        return None
    if claim.relation == "equal":
        return next((one for one in values if one != claim.target), values[0])
    return min(values) if claim.relation == "at least" else max(values)


def _holds(claim: Figure, measured: Any) -> bool:  # noqa: ANN401 - JSON
    if claim.relation == "equal":
        return bool(measured == claim.target)
    return bool(measured >= claim.target if claim.relation == "at least" else measured <= claim.target)


def _passed(wanted: Sequence[str], tests: Mapping[str, str]) -> tuple[str, bool]:
    """Say how many tests passed; it holds when each fragment has one that did, and none failed."""
    chosen = {name: outcome for name, outcome in tests.items() if any(part in name for part in wanted)}
    counts = {kind: sum(one == kind for one in chosen.values()) for kind in ("passed", "failed", "skipped")}
    found = all(any(part in name and one == "passed" for name, one in chosen.items()) for part in wanted)
    told = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count) or "none ran"
    return told, found and counts["failed"] == 0
