"""`python -m tests.proof`: run the parts, judge every claim, write docs/proof.json."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from plaudit.kernel.time import format_time
from tests.proof import page, parts
from tests.proof.claims import CLAIMS
from tests.proof.verdict import Verdict, judge

_PROOF: Final = parts.ROOT / "docs" / "proof.json"
_PAGE: Final = parts.ROOT / "docs" / "benchmarks.md"


@click.command()
@click.option("--part", "chosen", multiple=True, type=click.Choice(parts.names()), help="Only this part.")
@click.option("--seconds", type=float, help="How long each variant of a benchmark is counted.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), default=_PROOF, show_default=True)
def main(*, chosen: Sequence[str], seconds: float | None, out: Path) -> None:
    """Run everything that is claimed at its full size, or some parts of it, and write what came of it.

    Results of parts that are not run now are kept from the file. Exit code: 0 every claim holds; 1 not.
    """
    known: dict[str, Any] = msgspec.json.decode(out.read_bytes())["parts"] if out.exists() else {}
    for name in chosen or parts.names():
        click.echo(f"== {name}", err=True)
        extra = ("--seconds", str(seconds)) if seconds and name.startswith("bench.") else ()
        done = parts.run(name=name, extra=extra)
        known[name] = {
            "at": format_time(datetime.now(UTC)),
            "seconds": done.seconds,
            "problem": done.problem,
            "result": done.result,
        }
        # Written after each part: a run that is cut off keeps what it has.
        verdicts = _write(out, known)
        for verdict in verdicts:
            if verdict.part == name:
                click.echo(_line(verdict), err=True)
    failed = [verdict for verdict in verdicts if not verdict.holds]
    click.echo(f"{len(verdicts) - len(failed)} of {len(verdicts)} claims hold; see {out.name}", err=True)
    for verdict in failed:
        click.echo(_line(verdict), err=True)
    sys.exit(1 if failed else 0)


def _write(out: Path, known: dict[str, Any]) -> list[Verdict]:
    results = {name: part["result"] for name, part in known.items()}
    verdicts = [judge(claim, results) for claim in CLAIMS]
    proof = {
        "at": format_time(datetime.now(UTC)),
        "holds": all(verdict.holds for verdict in verdicts),
        "claims": msgspec.to_builtins(verdicts),
        "parts": {name: known[name] for name in parts.names() if name in known},
    }
    out.write_bytes(msgspec.json.format(msgspec.json.encode(proof)) + b"\n")
    if out == _PROOF:
        _PAGE.write_text(page.rewritten(_PAGE.read_text(encoding="utf-8"), proof), encoding="utf-8")
    return verdicts


def _line(verdict: Verdict) -> str:
    mark = "holds" if verdict.holds else "FAILS"
    return f"   {mark}  {verdict.name}: {verdict.measured} ({verdict.target})"


if __name__ == "__main__":
    main()
