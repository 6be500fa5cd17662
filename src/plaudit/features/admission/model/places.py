"""Places before a show: on how many devices at once a viewer watches, decided for one who asks.

Each viewer has as many places in a show as the show allows devices, numbered from 1, and the place 0 to
publish from. A place is taken by inserting its number; that two cannot have the same one is kept by the
table's key, however many ask at once.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

import msgspec

from plaudit.features.admission.model.media import client_of
from plaudit.features.admission.model.servers import AtLimit
from plaudit.features.admission.model.shows import Show, refusal_to_watch
from plaudit.features.admission.model.tokens import elsewhere
from plaudit.kernel.refusal import Refusal, conflict, refused, unauthenticated

SESSION: Final = "ses"
"""The prefix of the ids of sessions."""
STAGE: Final = 0
"""The place of a viewer who publishes."""
SEEN_AGAIN: Final = timedelta(minutes=1)
"""Who is seen again within this time is not written down again."""


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """A client at a media server that wants to begin, with a token of ours.

    `not_of` are streams that it may be asking for as well: where the show has one, it is that one's.
    """

    viewer: str
    show: str
    stream: str
    device: str
    publish: bool
    serial: int
    server: int
    client: str
    protocol: str
    at_limit: AtLimit
    at: datetime
    ends_at: datetime | None = None
    not_of: tuple[str, ...] = ()


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A place that is taken: by which client of which server, with which token, since when."""

    number: int
    viewer: str
    show: str
    slot: int
    server: int
    client: str
    protocol: str
    stream: str
    device: str
    serial: int
    since: datetime
    seen_at: datetime
    ends_at: datetime | None

    def over(self, at: datetime) -> bool:
        """Tell whether its time is over."""
        return self.ends_at is not None and self.ends_at <= at

    def is_of(self, ask: Ask) -> bool:
        """Tell whether it is the very client that asks."""
        return self.client == ask.client and self.server == ask.server

    def is_left_by(self, ask: Ask) -> bool:
        """Tell whether the client that asks goes to another stream, and may still be at this one.

        That is so of clients that we have named; what a server calls a client is at one stream at a time.
        """
        named = client_of(viewer=ask.viewer, device=ask.device, publish=ask.publish)
        return self.is_of(ask) and self.stream != ask.stream and ask.client == named

    @property
    def on_stage(self) -> bool:
        """Whether it is the place to publish from."""
        return self.slot == STAGE


Act: TypeAlias = Literal["keep", "take", "replace"]


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done for one who may watch: keep a place, take a free one, or replace `before` in its."""

    act: Act
    slot: int
    before: Place | None = None


def decide(
    ask: Ask, *, show: Show | None, held: Collection[str], places: Sequence[Place]
) -> Verdict | Refusal:
    """Return what becomes of an ask, by the rights held and the places that the viewer has in the show.

    The same client again is no other device. A newer token of the same device takes the place of the one
    before; the same token with a second client counts as another device. Refusals: those of
    `refusal_to_watch`, `token.elsewhere`, `token.replaced`, `device.limit`, `stream.busy`.
    """
    why = refusal_to_watch(show, ask.stream, held=held, publish=ask.publish)
    if why is not None:
        return why
    assert show is not None, "an unknown show is refused"
    if not show.streams.keys().isdisjoint(ask.not_of):
        return elsewhere()
    for place in places:
        if place.is_of(ask) and place.on_stage is ask.publish:
            same = place.serial == ask.serial and place.stream == ask.stream
            act: Act = "keep" if same and place.ends_at == ask.ends_at else "replace"
            return Verdict(act=act, slot=place.slot, before=place)
    if ask.publish:
        return _on_stage(ask, places)
    return _before_it(ask, places, most=show.devices_max)


def _on_stage(ask: Ask, places: Sequence[Place]) -> Verdict | Refusal:
    before = next((place for place in places if place.on_stage), None)
    if before is None:
        return Verdict(act="take", slot=STAGE)
    if ask.serial > before.serial or before.over(ask.at):
        return Verdict(act="replace", slot=STAGE, before=before)
    return conflict("stream.busy", "The viewer publishes already; stop that first, or ask for a new token.")


def _before_it(ask: Ask, places: Sequence[Place], *, most: int) -> Verdict | Refusal:
    watching = [place for place in places if not place.on_stage]
    for place in watching:
        if place.device == ask.device and place.serial != ask.serial and not place.over(ask.at):
            if ask.serial < place.serial:
                return unauthenticated("token.replaced", "This device has had a newer token since; use that.")
            return Verdict(act="replace", slot=place.slot, before=place)
    taken = {place.slot for place in watching}
    free = next((slot for slot in range(1, most + 1) if slot not in taken), None)
    if free is not None:
        return Verdict(act="take", slot=free)
    within = [place for place in watching if place.slot <= most]
    gone = next((place for place in within if place.over(ask.at)), None)
    if gone is None and ask.at_limit == "replace_oldest":
        gone = min(within, key=lambda place: place.since)
    if gone is not None:
        return Verdict(act="replace", slot=gone.slot, before=gone)
    return refused(
        "device.limit", "The viewer watches on as many devices as the show allows.", devices_max=most
    )
