"""Shows as far as watching them needs: how far each is, its streams, and who may watch them when."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from plaudit.kernel.actor import Actor
from plaudit.kernel.ids import valid_name
from plaudit.kernel.refusal import Refusal, forbidden, invalid, not_found, refused
from plaudit.kernel.time import format_time
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.shows import ShowState

PUBLISHING: Final = ("cohost", "publish")
"""The rights of which any one lets a viewer publish."""
_PERSONS: Final = frozenset({"viewer", "creator"})
OVER: Final = frozenset({"ended", "cancelled"})
"""The states in which nobody watches any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """A show as it was announced last. `streams` has the rights of which any one lets a viewer watch."""

    show: str
    state: ShowState
    starts_at: datetime
    ends_at: datetime
    devices_max: int
    streams: Mapping[str, tuple[str, ...]]

    def rights_for(self, stream: str, *, publish: bool) -> tuple[str, ...]:
        """Return the rights that open a stream to watch, or to publish to."""
        return PUBLISHING if publish else self.streams.get(stream, ())


def seen(show: Show | None, *, drafts: bool) -> Show | None:
    """Return a show to one who may know of it: of a draft only those may who read drafts."""
    return None if show is not None and show.state == "draft" and not drafts else show


def refusal_to_watch(
    show: Show | None, stream: str, *, held: Collection[str], publish: bool
) -> Refusal | None:
    """Return why a viewer who holds these rights may not watch a stream now, or publish to it; None: may.

    `show.unknown`, `stream.unknown` (NOT_FOUND), `show.over`, `show.not_live` (REFUSED), `right.missing`
    (FORBIDDEN). What is to be published may be tried before the show is live.
    """
    why = refusal_of_show(show, stream, publish=publish)
    if why is not None or show is None:
        return why
    if not any(right in held for right in show.rights_for(stream, publish=publish)):
        return forbidden("right.missing", "The viewer holds no right that opens this stream; get a ticket.")
    return None


def refusal_of_show(show: Show | None, stream: str, *, publish: bool) -> Refusal | None:
    """Return why nobody may watch a stream now, whatever rights they hold; None: those who hold one may."""
    if show is None:
        return not_found("show.unknown", "There is no such show; check its name.")
    if stream not in show.streams:
        return not_found("stream.unknown", "The show has no such stream; name one of its streams.")
    if show.state in OVER:
        return refused("show.over", "The show is over; there is nothing to watch any more.", state=show.state)
    if show.state != "live" and not publish:
        return refused(
            "show.not_live",
            "The show has not begun; ask again when it is live.",
            state=show.state,
            starts_at=format_time(show.starts_at),
        )
    return None


def right_addresses(*, viewer: str, show: str, rights: Sequence[str]) -> dict[str, str]:
    """Return by right the account in which a viewer holds it."""
    return {right: chart.viewer_right(viewer=viewer, show=show, right=right) for right in rights}


def viewer_of(*, actor: Actor, named: str | None) -> str | None:
    """Return who is meant: a viewer's token means itself, None means nobody in particular.

    Raises Refusal `scope.missing` (FORBIDDEN) for another viewer, `viewer.invalid` (INVALID) for no name.
    """
    if named is not None and not valid_name(named):
        raise invalid("viewer.invalid", "Name the viewer by letters, digits and _.:@-, up to 64.")
    if actor.kind not in _PERSONS:
        return named
    if actor.kind != "viewer" or named not in {None, actor.id}:
        raise forbidden(
            "scope.missing", f"This token speaks for {actor.text} alone; use that id, or leave it out."
        )
    return actor.id


def check_name(name: str, *, field: str) -> str:
    """Return the name of a show, stream or device. Raises Refusal `name.invalid` (INVALID) for none."""
    if not valid_name(name):
        raise invalid("name.invalid", "Send a name of letters, digits and _.:@-, up to 64.", field=field)
    return name
