"""Who acts: one person, application or the system itself."""

from dataclasses import dataclass
from typing import Final, Literal, Self, TypeAlias, cast, get_args

ActorKind: TypeAlias = Literal["viewer", "creator", "staff", "app", "system"]

_KINDS: Final = frozenset(get_args(ActorKind))


@dataclass(frozen=True, slots=True)
class Actor:
    """Who a command comes from; `id` is the viewer's, creator's, staff member's or key's id."""

    kind: ActorKind
    id: str

    @property
    def text(self) -> str:
        """The actor as the journal keeps it: "viewer/v1"."""
        return f"{self.kind}/{self.id}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the actor written as `text`. Raises ValueError when it is none."""
        kind, slash, name = text.partition("/")
        if kind not in _KINDS or not slash or not name:
            message = f"{text[:80]!r} names no actor"
            raise ValueError(message)
        return cls(cast("ActorKind", kind), name)
