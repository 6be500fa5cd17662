"""A message: once for each viewer, kind, thing and occasion, and how it goes out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from plaudit.features.notifications.model.contacts import Channel
from plaudit.features.notifications.model.deliveries import Failed, Sent
from plaudit.features.notifications.model.kinds import Language
from plaudit.features.notifications.model.templates import Rendered
from plaudit.features.notifications.model.wording import Value
from plaudit.kernel.refusal import Refusal, not_found

MESSAGE: Final = "msg"
"""The prefix of a message's id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """Something to tell one viewer. `thing` and `occasion` make it once; at `expires_at` it is of no use."""

    viewer: str
    kind: str
    thing: str
    occasion: str
    show: str | None = None
    values: Mapping[str, Value] = field(default_factory=dict)
    link: str = ""
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One way on which a message goes: what its delivery begins as."""

    channel: Channel
    endpoint: int = 0
    state: str
    next_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message ready to be inserted, with its ways. `shown` says that it is in the inbox."""

    news: News
    language: Language
    rendered: Rendered
    shown: bool
    routes: tuple[Route, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message as it is kept; `changed` is the number of its last change."""

    number: int
    changed: int
    viewer: str
    kind: str
    thing: str
    occasion: str
    language: Language
    rendered: Rendered
    shown: bool
    created_at: datetime
    expires_at: datetime | None
    read_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A message on its way by SMS or push: who gets it where, in their language. `id` is always the same."""

    tenant_id: int
    delivery: int
    id: str
    kind: str
    to: str
    rendered: Rendered


class Carrier(Protocol):
    """A provider of SMS or push."""

    async def send(self, parcel: Parcel) -> Sent | Failed:
        """Send a parcel, and say what came of it; the provider drops one whose id it has had."""
        ...


def unknown_message() -> Refusal:
    """Return the refusal of a message that there is not."""
    return not_found("message.unknown", "There is no message of this id in this inbox.")
