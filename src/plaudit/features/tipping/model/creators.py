"""Who can be tipped."""

from dataclasses import dataclass

from plaudit.kernel.ids import valid_name
from plaudit.kernel.refusal import invalid, refused


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
