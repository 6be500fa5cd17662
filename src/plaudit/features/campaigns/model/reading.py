"""What a screen sent, read strictly: nothing missing, nothing unknown, every refusal with its place."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, get_args

from plaudit.kernel.ids import valid_name
from plaudit.kernel.money import MAX_MINOR
from plaudit.kernel.rate import Rate
from plaudit.kernel.refusal import invalid
from plaudit.kernel.time import parse_time

RATE_MAX: Final = 1_000_000
"""Minor units of a reward for each minor unit of the base, at most."""

_SHOWN_MAX: Final = 40


class Given:
    """A JSON object at its place. Raises Refusal (INVALID) when it is none, or has fields that are not known.

    The codes: `campaign.type` for another type, `campaign.unknown` for a field that there is not,
    `campaign.missing` for one that must be there, `campaign.value` for a value that cannot be.
    """

    __slots__ = ("_fields", "place")

    def __init__(self, raw: object, place: str, known: frozenset[str]) -> None:
        if not isinstance(raw, dict):
            raise invalid("campaign.type", "Send a JSON object here.", place=place)
        for name in raw:
            if name not in known:
                allowed = ", ".join(sorted(known))
                raise invalid(
                    "campaign.unknown",
                    f"There is no such field; these are: {allowed}.",
                    place=joined(place, str(name)[:_SHOWN_MAX]),
                )
        self._fields: dict[str, Any] = raw
        self.place = place

    def at(self, name: str) -> str:
        """Return the place of a field."""
        return joined(self.place, name)

    def raw(self, name: str) -> object:
        """Return a field as it was sent, None where it was not, or is null."""
        return self._fields.get(name)

    def has(self, name: str) -> bool:
        """Tell whether a field was sent and is not null."""
        return self._fields.get(name) is not None

    def need(self, name: str) -> object:
        """Return a field that must be there."""
        value = self._fields.get(name)
        if value is None:
            raise invalid("campaign.missing", "This must be there.", place=self.at(name))
        return value

    def text(self, name: str) -> str:
        """Return a text that must be there."""
        return text_of(self.need(name), self.at(name))

    def name(self, name: str) -> str:
        """Return an id that must be there."""
        text = self.text(name)
        if not valid_name(text):
            raise invalid(
                "campaign.value",
                "Write ids with letters, digits and _ . : @ -, at most 64.",
                place=self.at(name),
            )
        return text

    def choice(self, name: str, words: object) -> Any:  # noqa: ANN401 - one of the words
        """Return a text that must be there and be one of a Literal's words."""
        text = self.text(name)
        if text not in get_args(words):
            allowed = ", ".join(f'"{one}"' for one in get_args(words))
            raise invalid("campaign.value", f"Choose one of {allowed}.", place=self.at(name))
        return text

    def whole(self, name: str, *, low: int = 1, high: int = MAX_MINOR) -> int:
        """Return a whole number that must be there."""
        return whole_of(self.need(name), self.at(name), low=low, high=high)

    def maybe_whole(self, name: str, *, low: int = 1, high: int = MAX_MINOR) -> int | None:
        """Return a whole number, None where it was not sent."""
        return self.whole(name, low=low, high=high) if self.has(name) else None

    def flag(self, name: str) -> bool:
        """Return true or false, false where it was not sent."""
        value = self._fields.get(name)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise invalid("campaign.type", "Send true or false here.", place=self.at(name))
        return value

    def rate(self, name: str) -> str:
        """Return a ratio that must be there and above zero, in lowest terms: "20%" is "1/5"."""
        text = self.text(name)
        try:
            rate = Rate.parse(text)
        except ValueError:
            rate = None
        if rate is None or not 0 < rate.fraction <= RATE_MAX:
            raise invalid(
                "campaign.value",
                f'Write a ratio above 0 like "20%", "0.2" or "1/5", at most {RATE_MAX}.',
                place=self.at(name),
            )
        return str(rate)

    def maybe_rate(self, name: str) -> str | None:
        """Return a ratio, None where it was not sent."""
        return self.rate(name) if self.has(name) else None

    def moment(self, name: str) -> datetime:
        """Return a time that must be there, in UTC."""
        try:
            return parse_time(self.text(name))
        except ValueError:
            raise invalid(
                "campaign.value",
                'Write a time with its offset, like "2026-11-26T20:00:00+08:00".',
                place=self.at(name),
            ) from None

    def parts(self, name: str, *, most: int) -> Iterator[tuple[str, object]]:
        """Yield the entries of a list with their places; none where it was not sent."""
        if self.has(name):
            yield from entries_of(self.raw(name), self.at(name), most=most)


def joined(place: str, name: str) -> str:
    """Return the place of a field within a place."""
    return f"{place}.{name}" if place else name


def text_of(value: object, place: str) -> str:
    """Return a text. Raises Refusal `campaign.type` (INVALID)."""
    if not isinstance(value, str):
        raise invalid("campaign.type", "Send a text here.", place=place)
    return value


def whole_of(value: object, place: str, *, low: int, high: int) -> int:
    """Return a whole number. Raises Refusal `campaign.type` or `campaign.value` (INVALID)."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise invalid("campaign.type", "Send a whole number here.", place=place)
    if not low <= value <= high:
        raise invalid("campaign.value", f"Send a number from {low} to {high}.", place=place)
    return value


def entries_of(value: object, place: str, *, most: int) -> Iterator[tuple[str, object]]:
    """Yield the entries of a list with their places. Raises Refusal `campaign.type` or `campaign.size`."""
    if not isinstance(value, list | tuple):
        raise invalid("campaign.type", "Send a list here.", place=place)
    if len(value) > most:
        raise invalid("campaign.size", f"Send at most {most} of these.", place=place)
    for number, entry in enumerate(value):
        yield f"{place}[{number}]", entry
