"""Facts of the feature presale about shows: what is announced, how far it is, what it earned."""

from datetime import datetime
from typing import ClassVar, Literal, TypeAlias

import msgspec

from plaudit.vocabulary.facts.base import FactData

ShowState: TypeAlias = Literal["draft", "presale", "on_sale", "live", "ended", "cancelled"]


class StreamRights(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A stream of a show, and the rights of which any one lets a viewer watch it."""

    stream: str
    rights: tuple[str, ...]


class ShowSaved(FactData, frozen=True, kw_only=True):
    """A show was announced or changed; its page stands in the feature's own rows.

    `starts_before` is when it was to start until now, given when the show was moved. `commission` is the
    platform's part of the takings, an exact ratio. `devices_max` is on how many devices at once a viewer may
    watch. `watch_url` may have `{show}` in it. Titles are for messages, by language.
    """

    KIND: ClassVar[str] = "show.saved"
    VERSION: ClassVar[int] = 1

    show: str
    revision: int
    state: ShowState
    organiser: str
    starts_at: datetime
    ends_at: datetime
    title_en: str
    title_zh: str
    streams: tuple[StreamRights, ...]
    commission: str
    devices_max: int = 1
    watch_url: str | None = None
    starts_before: datetime | None = None


class ShowStateChanged(FactData, frozen=True, kw_only=True):
    """A show went on to its next state, or was cancelled: then everybody is refunded."""

    KIND: ClassVar[str] = "show.state.changed"
    VERSION: ClassVar[int] = 1

    show: str
    revision: int
    before: ShowState
    state: ShowState
    reason_hash: str | None = None


class ShowSettled(FactData, frozen=True, kw_only=True):
    """What a show took in one currency went to its organiser, less the platform's commission."""

    KIND: ClassVar[str] = "show.settled"
    VERSION: ClassVar[int] = 1

    show: str
    organiser: str
    asset: str
    takings_minor: int
    commission_minor: int
    organiser_minor: int
