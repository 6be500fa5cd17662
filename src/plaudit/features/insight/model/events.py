"""Views and clicks as pages tell of them: what is taken, and under which name a campaign is counted."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final, Literal, TypeAlias, cast, get_args

from plaudit.kernel.ids import valid_name
from plaudit.kernel.refusal import invalid
from plaudit.kernel.time import parse_time

EVENTS_MAX: Final = 100
"""Events in one call."""

AGE_MAX: Final = timedelta(hours=48)
"""For so long an event may be told of, and told of again without being counted twice."""

LEAD_MAX: Final = timedelta(minutes=5)
"""How far the clock of a page may be ahead of ours; its time is then taken to be now."""

OTHER: Final = "(other)"
"""The campaign of those that come when a show has more channels than are told apart."""

Kind: TypeAlias = Literal["view", "click"]

_KINDS: Final = get_args(Kind)
_PAGE_MAX: Final = 500
_ELEMENT_MAX: Final = 100
_VISITOR_MAX: Final = 128
_PART_MAX: Final = 60
_NONE: Final = "-"
_DIGEST_BYTES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """The parameters of a link (`utm_source` and its four companions), as they stood in it."""

    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    content: str | None = None
    term: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One event as a page sent it. `at` is RFC 3339, None for now; `visitor` is the page's own word."""

    id: str
    kind: str
    show: str
    page: str | None = None
    element: str | None = None
    visitor: str | None = None
    campaign: Campaign | None = None
    invitation: str | None = None
    at: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One event that may be kept. Texts are empty where there is none.

    `event` are 16 bytes that stand for its id, `visitor` 16 for the visitor, zeros where none was named.
    """

    event: bytes
    kind: Kind
    show: str
    page: str
    element: str
    visitor: bytes
    campaign: str
    invitation: str
    at: datetime


def event_digest(event_id: str) -> bytes:
    """Return the 16 bytes by which an event is known again."""
    return blake2b(event_id.encode(), digest_size=_DIGEST_BYTES).digest()


def event_of(told: Told, *, visitor: bytes, now: datetime) -> Event:
    """Return an event as it is kept; `visitor` stands for the one that it names.

    Raises Refusal (INVALID) `event.id`, `event.kind`, `event.show`, `event.page`, `event.element`,
    `event.visitor`, `event.campaign`, `event.invitation`, `event.time`, `event.old`, `event.future`.
    """
    if not valid_name(told.id):
        raise invalid("event.id", "Give each event an id of its own: up to 64 letters, digits and _ . : @ -.")
    if told.kind not in _KINDS:
        raise invalid("event.kind", "Let kind be view or click.")
    if not valid_name(told.show):
        raise invalid("event.show", "Name the show that the page is about.")
    if told.invitation is not None and not valid_name(told.invitation):
        raise invalid("event.invitation", "Send the invitation's id as it stood in the link.")
    return Event(
        event=event_digest(told.id),
        kind=cast("Kind", told.kind),
        show=told.show,
        page=_page(told.page),
        element=_element(told.element),
        visitor=visitor if _names_visitor(told.visitor) else bytes(_DIGEST_BYTES),
        campaign=campaign_text(told.campaign),
        invitation=told.invitation or "",
        at=_time(told.at, now),
    )


def campaign_text(campaign: Campaign | None) -> str:
    """Return the one text under which a campaign is counted, empty for none.

    Source, medium, campaign, content and term in this order, each in lower case and composed form (NFKC),
    blanks and colons within as `-`, a missing one as `-`, trailing ones left out; joined by colons. Raises
    Refusal `event.campaign` (INVALID).
    """
    if campaign is None:
        return ""
    given = (campaign.source, campaign.medium, campaign.campaign, campaign.content, campaign.term)
    parts = [_part(one) for one in given]
    while parts and parts[-1] == _NONE:
        parts.pop()
    return ":".join(parts)


def _part(text: str | None) -> str:
    plain = unicodedata.normalize("NFKC", text or "").casefold()
    joined = _NONE.join(plain.replace(":", " ").split())
    if len(joined) > _PART_MAX or not joined.isprintable():
        raise invalid(
            "event.campaign", f"Send campaign parameters of at most {_PART_MAX} printable characters."
        )
    return joined or _NONE


def _page(text: str | None) -> str:
    """Return where the page stands; what follows a question mark or a hash may be about a person."""
    kept = (text or "").partition("?")[0].partition("#")[0]
    if len(kept) > _PAGE_MAX or not kept.isprintable():
        raise invalid("event.page", f"Send the page's address in at most {_PAGE_MAX} printable characters.")
    return kept


def _element(text: str | None) -> str:
    kept = text or ""
    if len(kept) > _ELEMENT_MAX or not kept.isprintable():
        raise invalid("event.element", f"Name the element in at most {_ELEMENT_MAX} printable characters.")
    return kept


def _names_visitor(text: str | None) -> bool:
    if text is not None and not 1 <= len(text) <= _VISITOR_MAX:
        raise invalid("event.visitor", f"Let visitor be a word of yours of 1 to {_VISITOR_MAX} characters.")
    return text is not None


def _time(text: str | None, now: datetime) -> datetime:
    if text is None:
        return now
    try:
        at = parse_time(text)
    except ValueError as error:
        raise invalid("event.time", str(error)) from error
    if at < now - AGE_MAX:
        raise invalid("event.old", "This happened more than 48 hours ago; it is not counted any more.")
    if at > now + LEAD_MAX:
        raise invalid("event.future", "This has not happened yet; check the clock, or leave out at.")
    return min(at, now)
