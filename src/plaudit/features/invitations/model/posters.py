"""Posters: what one says, in which words, and where its lines break."""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

from plaudit.kernel.refusal import invalid

Language: TypeAlias = Literal["en", "zh"]

LAYOUT: Final = 1
"""Counts changes of how posters are drawn, so that nobody is shown one from before."""

_WEEKDAYS_EN: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WEEKDAYS_ZH: Final = "一二三四五六日"
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NEVER_FIRST: Final = frozenset("，。、；：？！）】》〉」』”’…—～·,.;:?!)]}%")
_NEVER_LAST: Final = frozenset("（【《〈「『“‘([{")
_WIDE: Final = frozenset("WF")
_BLANKS: Final = re.compile(r"\s+")
_MINUTES: Final = 60
_ELLIPSIS: Final = "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Poster:
    """Everything that is on a poster. `picture` is a JPEG of ours, None for the drawn ground."""

    language: Language
    title: str
    when: str | None
    name: str | None
    url: str
    picture: bytes | None
    picture_digest: str | None

    @property
    def digest(self) -> str:
        """What differs as soon as the poster does: 32 hex digits."""
        said = (
            str(LAYOUT),
            self.language,
            self.title,
            self.when or "",
            self.name or "",
            self.url,
            self.picture_digest or "",
        )
        return hashlib.sha256("\0".join(said).encode()).hexdigest()[:32]


def invite_of(language: Language, name: str | None) -> str:
    """Return the line that invites, with the name of who does where it is shown."""
    if language == "zh":
        return f"{name} 邀请你一起看" if name else "邀请你一起看"
    return f"{name} invites you" if name else "You are invited"


def scan_of(language: Language) -> str:
    """Return the line beside the QR code."""
    return "扫码购票，双方有礼" if language == "zh" else "Scan for your ticket"


def language_of(text: str) -> Language:
    """Return a language by its code. Raises Refusal `query.invalid` (INVALID) for one without posters."""
    if text == "zh":
        return "zh"
    if text == "en":
        return "en"
    raise invalid("query.invalid", 'Ask for the poster in "zh" or "en".')


def when_of(at: datetime, *, zone: ZoneInfo, language: Language) -> str:
    """Return when a show starts as people write it, in a zone: "2026年12月24日 周四 20:00 (GMT+8)"."""
    here = at.astimezone(zone)
    time = f"{here.hour:02}:{here.minute:02} ({_offset(here)})"
    if language == "zh":
        return f"{here.year}年{here.month}月{here.day}日 周{_WEEKDAYS_ZH[here.weekday()]} {time}"
    return f"{_WEEKDAYS_EN[here.weekday()]} {here.day} {_MONTHS[here.month - 1]} {here.year}, {time}"


def tidied(text: str, *, is_drawn: Callable[[str], bool]) -> str:
    """Return a text in which every character can be drawn: composed, one blank for many, the rest left out.

    Emoji, which a font of letters does not have, go with what joins and colours them.
    """
    text = _BLANKS.sub(" ", unicodedata.normalize("NFC", text))
    kept = "".join(one for one in text if one == " " or is_drawn(one))
    return _BLANKS.sub(" ", kept).strip()


def wrapped(text: str, *, width: int, lines_max: int, measure: Callable[[str], int]) -> list[str]:
    """Return a text as lines no wider than `width`, at most `lines_max`; the last ends in … if text is left.

    Latin words break at blanks, and within only if they are wider than a line; Chinese breaks anywhere but
    before closing and after opening marks. `measure` returns how wide a text is.
    """
    lines: list[str] = []
    line = ""
    for piece in _pieces(text):
        if not line or measure((line + piece).rstrip()) <= width:
            line += piece
        else:
            lines.append(line.rstrip())
            line = piece.lstrip()
        while measure(line.rstrip()) > width and len(line) > 1:
            fit = _fitting(line, width, measure)
            lines.append(line[:fit])
            line = line[fit:]
    if line.strip():
        lines.append(line.rstrip())
    if len(lines) > lines_max:
        last = lines[lines_max - 1]
        while last and measure(last + _ELLIPSIS) > width:
            last = last[:-1]
        lines = [*lines[: lines_max - 1], last.rstrip() + _ELLIPSIS]
    return lines


def balanced(text: str, *, width: int, lines_max: int, measure: Callable[[str], int]) -> list[str]:
    """Return a text as `wrapped` does, its lines of much the same width: none ends alone on a line."""
    lines = wrapped(text, width=width, lines_max=lines_max, measure=measure)
    if len(lines) > 1 and "".join(lines).replace(" ", "") == text.replace(" ", ""):
        for narrower in range(width * 19 // 20, width // 2, -width // 20):
            tried = wrapped(text, width=narrower, lines_max=lines_max + 1, measure=measure)
            if len(tried) > len(lines):
                break
            lines = tried
    return lines


def _pieces(text: str) -> Sequence[str]:
    """Return what is not broken: words with the blanks before them, single wide characters, with marks."""
    pieces: list[str] = []
    for one in text:
        before = pieces[-1][-1] if pieces else ""
        joins = (
            one in _NEVER_FIRST
            or before in _NEVER_LAST
            or unicodedata.combining(one)
            or (before == " " and one != " ")
            or not (one == " " or _is_wide(one) or _is_wide(before))
        )
        if one in _NEVER_FIRST and before == " " and len(pieces) > 1:
            blank = pieces.pop()
            pieces[-1] += blank + one
        elif before and joins:
            pieces[-1] += one
        else:
            pieces.append(one)
    return pieces


def _fitting(line: str, width: int, measure: Callable[[str], int]) -> int:
    """Return how many characters of a line fit, one at least."""
    fit = 1
    while fit < len(line) and measure(line[: fit + 1]) <= width:
        fit += 1
    return fit


def _is_wide(one: str) -> bool:
    return bool(one) and unicodedata.east_asian_width(one) in _WIDE


def _offset(here: datetime) -> str:
    gap = here.utcoffset()
    assert gap is not None, here
    minutes = gap.days * 24 * _MINUTES + gap.seconds // _MINUTES
    hours, rest = divmod(abs(minutes), _MINUTES)
    sign = "-" if minutes < 0 else "+"
    if not minutes:
        return "GMT"
    return f"GMT{sign}{hours}" + (f":{rest:02}" if rest else "")
