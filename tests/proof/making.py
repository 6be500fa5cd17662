"""How claims are mostly made: about a ratio or figure of a benchmark, or about what tests have told."""

from __future__ import annotations

from tests.proof.claim import Figure, Relation

__all__ = ["figure", "ratio", "told"]


def ratio(part: str, name: str, relation: Relation, target: float, *, sentence: str) -> Figure:
    """Return a claim about a ratio of a benchmark."""
    return Figure(
        name=f"{part}.{name}",
        sentence=sentence,
        part=f"bench.{part}",
        path=f"ratios.{name}",
        relation=relation,
        target=target,
    )


def figure(part: str, name: str, relation: Relation, target: float | str, *, sentence: str) -> Figure:
    """Return a claim about a figure of a benchmark."""
    return Figure(
        name=f"{part}.{name}",
        sentence=sentence,
        part=f"bench.{part}",
        path=f"figures.{name}",
        relation=relation,
        target=target,
    )


def told(
    name: str,
    path: str,
    relation: Relation,
    target: float,
    *,
    sentence: str,
    part: str = "tests.journeys",
) -> Figure:
    """Return a claim about what tests have told (`kit.figures`)."""
    return Figure(
        name=name,
        sentence=sentence,
        part=part,
        path=f"figures.{path}",
        relation=relation,
        target=target,
    )
