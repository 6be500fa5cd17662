"""A claim: a figure compared with a target, or tests that must have passed."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

__all__ = ["Claim", "Figure", "Passing", "Relation"]

Relation = Literal["at least", "at most", "equal"]


class Figure(Struct, frozen=True, kw_only=True):
    """A figure of a part compared with a target. `path` names it inside the part's result.

    A `*` in the path stands for every element of a list; the worst of them counts, `#` is a list's length.
    """

    name: str
    sentence: str
    part: str
    path: str
    relation: Relation
    target: float | str


class Passing(Struct, frozen=True, kw_only=True):
    """Tests that must have run and passed: all whose id contains one of `tests`, at least one for each."""

    name: str
    sentence: str
    part: str
    tests: tuple[str, ...]


Claim = Figure | Passing
