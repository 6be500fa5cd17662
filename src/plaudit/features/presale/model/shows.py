"""Shows: what is announced, when, and which states follow each other."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from plaudit.kernel.ids import valid_name
from plaudit.kernel.rate import WHOLE, Rate
from plaudit.kernel.refusal import Refusal, conflict, invalid, not_found, refused
from plaudit.vocabulary.facts.shows import ShowState, StreamRights

LANGUAGES: Final = ("en", "zh")
TITLE_MAX: Final = 100
REASON_MAX: Final = 500
TEXT_MAX: Final = 20_000
ADDRESS_MAX: Final = 500
STREAMS_MAX: Final = 16
RIGHTS_MAX: Final = 16
DEVICES_MAX: Final = 20
NAME_MAX: Final = 40
"""Names of shows, offers and rights are parts of addresses and of stream names, so they are short."""

_ADDRESS: Final = re.compile(r"https?://[^\s/?#@]+([/?#]\S*)?")
_AFTER: Final[Mapping[ShowState, frozenset[ShowState]]] = {
    "draft": frozenset({"presale", "on_sale", "cancelled"}),
    "presale": frozenset({"on_sale", "live", "cancelled"}),
    "on_sale": frozenset({"live", "cancelled"}),
    "live": frozenset({"ended", "cancelled"}),
    "ended": frozenset(),
    "cancelled": frozenset(),
}
SELLING: Final[frozenset[ShowState]] = frozenset({"presale", "on_sale", "live"})
"""The states in which offers can be ordered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """What a show's page says in one language."""

    title: str
    body: str = ""
    terms: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """One revision of a show.

    `texts` are by language, English and Chinese at least the title. `streams` name the rights of which any
    one lets a viewer watch. `commission` is the platform's part of what the show takes. `sale_at` is when the
    presale becomes the sale by itself, `ended_at` when the organiser ended the show. Constructing raises
    Refusal `show.invalid` (INVALID).
    """

    id: str
    revision: int
    state: ShowState
    organiser: str
    starts_at: datetime
    ends_at: datetime
    texts: Mapping[str, Text]
    streams: tuple[StreamRights, ...]
    commission: Rate = Rate(0, 1)  # noqa: RUF009 - an immutable value
    sale_at: datetime | None = None
    poster_url: str | None = None
    watch_url: str | None = None
    devices_max: int = 1
    ended_at: datetime | None = None

    def __post_init__(self) -> None:
        """Check every field."""
        _check_show(self)

    @property
    def over_at(self) -> datetime:
        """When it is over: at its end, or when its organiser ended it before that."""
        return self.ends_at if self.ended_at is None else min(self.ends_at, self.ended_at)

    @property
    def title_en(self) -> str:
        """The title in English."""
        return self.texts["en"].title

    @property
    def title_zh(self) -> str:
        """The title in Chinese."""
        return self.texts["zh"].title


def check_next(show: Show, state: ShowState) -> None:
    """Raise Refusal `show.state` (CONFLICT) unless the show may go on to a state."""
    if state not in _AFTER[show.state]:
        allowed = ", ".join(sorted(_AFTER[show.state])) or "none"
        raise conflict(
            "show.state",
            f"The show is {show.state}; from there it may become: {allowed}.",
            show=show.id,
            state=show.state,
        )


def check_changeable(show: Show) -> None:
    """Raise Refusal `show.over` (REFUSED) when a show has ended or was cancelled."""
    if show.state in {"ended", "cancelled"}:
        raise refused("show.over", f"This show is {show.state}; announce a new one.", show=show.id)


def check_selling(show: Show) -> None:
    """Raise Refusal unless tickets of a show can be ordered in its state.

    `show.unknown` (NOT_FOUND) for a draft, `show.over` (REFUSED) after its end or when it was cancelled.
    """
    if show.state == "draft":
        raise unknown_show(show.id)
    if show.state not in SELLING:
        raise refused("show.over", f"This show is {show.state}; no tickets are sold any more.", show=show.id)


def check_reason(reason: str) -> str:
    """Return the reason without blanks around it. Raises Refusal `body.invalid` (INVALID) without one."""
    text = reason.strip()
    if not 1 <= len(text) <= REASON_MAX or "\0" in text:
        raise invalid("body.invalid", f"Give a reason of 1 to {REASON_MAX} characters.", field="reason")
    return text


def unknown_show(show: str) -> Refusal:
    """Return the refusal `show.unknown` (NOT_FOUND)."""
    return not_found("show.unknown", "There is no such show; load the shows again.", show=show[:64])


def commission_of(text: str) -> Rate:
    """Return the platform's part as a ratio. Raises Refusal `show.invalid` (INVALID)."""
    try:
        return Rate.parse(text)
    except ValueError as wrong:
        raise _wrong("commission", "Write the commission as a ratio such as 10% or 1/10.") from wrong


def are_rights(rights: tuple[str, ...]) -> bool:
    """Tell whether these are names of rights, not too many and each once."""
    fits = len(rights) <= RIGHTS_MAX and len(set(rights)) == len(rights)
    return fits and all(valid_name(right, NAME_MAX) for right in rights)


def _check_show(show: Show) -> None:
    if not valid_name(show.id, NAME_MAX):
        raise _wrong("show", f"Name the show with letters, digits and _ . : @ -, at most {NAME_MAX}.")
    if not valid_name(show.organiser):
        raise _wrong("organiser", "Name the organiser by the id of a creator.")
    if show.ends_at <= show.starts_at:
        raise _wrong("ends_at", "Let the show end after it starts.")
    if show.sale_at is not None and show.sale_at >= show.ends_at:
        raise _wrong("sale_at", "Let the sale begin before the show ends.")
    if not show.commission.fraction <= WHOLE.fraction:
        raise _wrong("commission", "Let the commission be at most the whole.")
    if not 1 <= show.devices_max <= DEVICES_MAX:
        raise _wrong("devices_max", f"Let a viewer watch on 1 to {DEVICES_MAX} devices at once.")
    for field, address in (("poster_url", show.poster_url), ("watch_url", show.watch_url)):
        if address is not None and not _is_address(address):
            raise _wrong(
                field,
                f"Give an address that begins with https:// or http://, at most {ADDRESS_MAX} characters.",
            )
    _check_texts(show.texts)
    _check_streams(show.streams)


def _check_texts(texts: Mapping[str, Text]) -> None:
    if set(texts) != set(LANGUAGES):
        raise _wrong("texts", "Give the texts in English and in Chinese: en and zh.")
    for language, text in texts.items():
        if not 1 <= len(text.title.strip()) <= TITLE_MAX or "\n" in text.title:
            raise _wrong(f"texts.{language}.title", f"Give a title of 1 to {TITLE_MAX} characters.")
        for field, words in (("body", text.body), ("terms", text.terms)):
            if len(words) > TEXT_MAX:
                raise _wrong(f"texts.{language}.{field}", f"Use at most {TEXT_MAX} characters.")


def _check_streams(streams: tuple[StreamRights, ...]) -> None:
    names = [one.stream for one in streams]
    if not 1 <= len(names) <= STREAMS_MAX or len(set(names)) != len(names):
        raise _wrong("streams", f"Give 1 to {STREAMS_MAX} streams, each once.")
    for one in streams:
        if not valid_name(one.stream, NAME_MAX) or not one.rights or not are_rights(one.rights):
            raise _wrong("streams", "Give each stream a name and the names of the rights that open it.")


def _is_address(text: str) -> bool:
    return len(text) <= ADDRESS_MAX and text.isprintable() and _ADDRESS.fullmatch(text) is not None


def _wrong(field: str, message: str) -> Refusal:
    return invalid("show.invalid", message, field=field)
