"""Who can be tipped, and for whom a caller may speak."""

from dataclasses import dataclass
from typing import Final, Literal

from plaudit.kernel.actor import Actor
from plaudit.kernel.ids import valid_name
from plaudit.kernel.refusal import forbidden, invalid, refused

TIP: Final = "tip"
"""The prefix of the ids of tips: the number is the position of the fact."""

DUE: Final = "due"
"""The prefix of the ids of amounts due: the number is the position of the fact that opened it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Creator:
    """One revision of a registered creator, with its guild, if any, and its terms (None: the default)."""

    id: str
    guild: str | None
    terms: str | None
    revision: int

    def __post_init__(self) -> None:
        """Raise Refusal `creator.invalid` (INVALID) when a name does not follow the rule of names."""
        for field, name in (("creator", self.id), ("guild", self.guild), ("terms", self.terms)):
            if name is not None and not valid_name(name):
                raise invalid(
                    "creator.invalid",
                    "Write names with letters, digits and _ . : @ -, at most 64.",
                    field=field,
                )


def check_not_self(*, viewer: str, creator: str) -> None:
    """Raise Refusal `tip.self` (REFUSED) when a person would tip themselves: the same id on both sides."""
    if viewer == creator:
        raise refused("tip.self", "You cannot tip yourself; choose another creator.")


def check_person(*, actor: Actor, kind: Literal["viewer", "creator"], named: str | None) -> str:
    """Return whom a request means: the one it names, and for a token the person that the token names.

    Raises Refusal `scope.missing` (FORBIDDEN) when a token names somebody else or a person of the other
    kind, and `body.invalid` (INVALID) when an application names nobody.
    """
    if actor.kind in {"viewer", "creator"}:
        if actor.kind != kind or named not in {None, actor.id}:
            raise forbidden(
                "scope.missing", f"This token speaks for {actor.text} alone; use that id, or leave it out."
            )
        return actor.id
    if named is None:
        raise invalid("body.invalid", f"Say which {kind} is meant.", field=kind)
    return named
