"""The tables of docs/benchmarks.md, written from docs/proof.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

BEGIN: Final = "<!-- figures: written by make proof -->"
END: Final = "<!-- end of figures -->"
_PLACES: Final = 3


def rewritten(page: str, proof: Mapping[str, Any]) -> str:
    """Return the page with the tables between its two marks replaced. Raises ValueError without the marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page lacks the lines {BEGIN} and {END}")
    return "\n".join([before + BEGIN, "", *tables(proof), "", END + after])


def tables(proof: Mapping[str, Any]) -> list[str]:
    """Return the claims as a table, with the machine and the time they were measured on."""
    machines = [part["result"]["machine"] for part in proof["parts"].values() if "machine" in part["result"]]
    places = sorted({f"{one['processor']}, {one['cores']} cores" for one in machines})
    return [
        f"Measured {proof['at']}{f' on {places[0]}' if places else ''}.",
        "",
        "| claim | target | measured | holds |",
        "|---|---|---|---|",
        *(_row(one) for one in proof["claims"]),
    ]


def _row(claim: Mapping[str, Any]) -> str:
    cells: Sequence[str] = (
        f"`{claim['name']}` {claim['sentence']}",
        claim["target"],
        _text(claim["measured"]),
        "yes" if claim["holds"] else "**no**",
    )
    return f"| {' | '.join(cells)} |"


def _text(value: object) -> str:
    if value is None:
        return "not measured"
    if isinstance(value, float):
        return f"{round(value, _PLACES):,}"
    return f"{value:,}" if isinstance(value, int) else str(value)
