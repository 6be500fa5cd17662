"""How a viewer is reached: addresses, language and zone, what is muted, and quiet hours."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Final, Literal, TypeAlias, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from plaudit.features.notifications.model.kinds import KINDS, LANGUAGES, Language
from plaudit.kernel.actor import Actor
from plaudit.kernel.ids import valid_name
from plaudit.kernel.refusal import Refusal, forbidden, invalid
from plaudit.kernel.time import is_zone

Channel: TypeAlias = Literal["in_app", "email", "webhook", "sms", "push"]
CHANNELS: Final[tuple[Channel, ...]] = get_args(Channel)
OWN: Final[tuple[Channel, ...]] = ("in_app", "email", "sms", "push")
"""The channels that end at the viewer, who may mute them; webhooks end at the host platform."""
LOUD: Final[frozenset[Channel]] = frozenset({"email", "sms", "push"})
"""What makes itself heard, and so waits for the end of quiet hours."""

DEFAULT_LANGUAGE: Final[Language] = "en"

_EMAIL: Final = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
    r"(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+",
    re.ASCII,
)
ENCODED: Final = "=?"
"""How an encoded word begins (RFC 2047)."""
_PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,512}", re.ASCII)
_CLOCK: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
_EMAIL_MAX: Final = 254
_HOUR: Final = 60
_SHOWN_MAX: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """The quiet hours of each local day, in minutes since midnight; `from_min` after `until_min` spans it."""

    from_min: int
    until_min: int

    def holds(self, minute: int) -> bool:
        """Tell whether a minute of the day is quiet: the first one is, the last one is not."""
        if self.from_min <= self.until_min:
            return self.from_min <= minute < self.until_min
        return minute >= self.from_min or minute < self.until_min


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """How a viewer is reached.

    `time_zone` is None for the tenant's; `muted` has channels by kind of message.
    """

    viewer: str
    revision: int = 0
    language: Language = DEFAULT_LANGUAGE
    time_zone: str | None = None
    email: str | None = None
    phone: str | None = None
    push_token: str | None = None
    muted: Mapping[str, Sequence[str]] = field(default_factory=dict)
    quiet: Quiet | None = None

    def zone(self, tenants: ZoneInfo) -> ZoneInfo:
        """Return the viewer's zone, the tenant's where none is named or known any more."""
        if self.time_zone is None:
            return tenants
        try:
            return ZoneInfo(self.time_zone)
        except (ValueError, OSError, ZoneInfoNotFoundError):
            return tenants

    def takes(self, channel: Channel, *, kind: str) -> bool:
        """Tell whether messages of a kind go to a channel: not muted, and with an address there."""
        if channel in self.muted.get(kind, ()):
            return False
        return {
            "in_app": True,
            "email": self.email is not None,
            "sms": self.phone is not None,
            "push": self.push_token is not None,
        }.get(channel, False)

    def heard_at(self, now: datetime, *, tenants_zone: ZoneInfo, urgent: bool) -> datetime:
        """Return when a message of now may be heard: now, or the end of the quiet hours that now is in."""
        if urgent or self.quiet is None:
            return now
        zone = self.zone(tenants_zone)
        local = now.astimezone(zone)
        if not self.quiet.holds(local.hour * _HOUR + local.minute):
            return now
        hour, minute = divmod(self.quiet.until_min, _HOUR)
        end = datetime.combine(local.date(), time(hour, minute), tzinfo=zone)
        if end <= local:
            end = datetime.combine(local.date() + timedelta(days=1), time(hour, minute), tzinfo=zone)
        # Where clocks change meanwhile the end may be computed to lie behind: then it is over.
        return max(end.astimezone(UTC), now)


def check_contact(contact: Contact) -> None:
    """Raise Refusal (INVALID) unless a contact can be used.

    `contact.language`, `contact.time_zone`, `contact.email`, `contact.phone`, `contact.push_token`,
    `contact.muted` name what is wrong.
    """
    if contact.language not in LANGUAGES:
        raise invalid("contact.language", 'Let language be "en" or "zh".', field="language")
    if contact.time_zone is not None and not is_zone(contact.time_zone):
        raise invalid(
            "contact.time_zone", 'Name a time zone like "Asia/Shanghai", or none.', field="time_zone"
        )
    if contact.email is not None and not is_email(contact.email):
        raise invalid("contact.email", 'Write an e-mail address like "mira@mail.example".', field="email")
    if contact.phone is not None and not _PHONE.fullmatch(contact.phone):
        raise invalid("contact.phone", 'Write a phone number like "+8613800000000".', field="phone")
    if contact.push_token is not None and not _TOKEN.fullmatch(contact.push_token):
        raise invalid(
            "contact.push_token",
            "Send a push token of 1 to 512 visible ASCII characters.",
            field="push_token",
        )
    for kind, channels in contact.muted.items():
        if kind not in KINDS or not set(channels) <= set(OWN) or len(set(channels)) != len(channels):
            raise invalid(
                "contact.muted",
                "Let muted have channels by kind of message, each channel once.",
                field="muted",
                given=kind[:_SHOWN_MAX],
                kinds=list(KINDS),
                channels=list(OWN),
            )


def is_email(text: str) -> bool:
    """Tell whether a text is an address that mail can be sent to; ASCII alone.

    What looks like an encoded word is none: a header would hold what it encodes, which may be anything.
    """
    return len(text) <= _EMAIL_MAX and ENCODED not in text and _EMAIL.fullmatch(text) is not None


def quiet_of(starts: str | None, ends: str | None) -> Quiet | None:
    """Return quiet hours from local times "23:00" and "07:30", None where neither is given.

    Raises Refusal `contact.quiet` (INVALID) on other texts, one alone, or twice the same.
    """
    if starts is None and ends is None:
        return None
    first, last = (_CLOCK.fullmatch(text or "") for text in (starts, ends))
    if first is None or last is None or starts == ends:
        raise invalid(
            "contact.quiet",
            'Give quiet hours from and until two local times like "23:00" and "07:30", or none.',
            field="quiet",
        )
    return Quiet(
        from_min=int(first[1]) * _HOUR + int(first[2]), until_min=int(last[1]) * _HOUR + int(last[2])
    )


def clock_of(minute: int) -> str:
    """Return a minute of the day as "07:30"."""
    return f"{minute // _HOUR:02}:{minute % _HOUR:02}"


def check_viewer(*, actor: Actor, viewer: str | None) -> str:
    """Return whose things are meant: the viewer that was named, and for a viewer's token its own.

    Raises Refusal `scope.missing` (FORBIDDEN) when a token names another, `body.invalid` (INVALID) when
    nobody is named, or by what is no id.
    """
    if actor.kind in {"viewer", "creator"}:
        if actor.kind != "viewer" or viewer not in {None, actor.id}:
            raise _not_yours(actor)
        return actor.id
    if viewer is None:
        raise invalid("body.invalid", "Say which viewer is meant.", field="viewer")
    if not valid_name(viewer):
        raise invalid(
            "body.invalid", "Write ids with letters, digits and _ . : @ -, at most 64.", field="viewer"
        )
    return viewer


def _not_yours(actor: Actor) -> Refusal:
    return forbidden(
        "scope.missing", f"This token speaks for {actor.text} alone; use that id, or leave it out."
    )
