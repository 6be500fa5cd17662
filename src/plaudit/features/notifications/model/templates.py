"""Texts of messages: checked against what their kind has to say, rendered for one reader."""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from plaudit.features.notifications.model.kinds import Kind, Language, Text, kind_of
from plaudit.features.notifications.model.wording import Value, all_said
from plaudit.kernel.refusal import invalid

TITLE_MAX: Final = 120
BODY_MAX: Final = 2_000

_PARTS: Final = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_LINKS: Final = ("https://", "http://")
_SHOWN_MAX: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """What a kind of message says in one language; `revision` is 0 where nothing was saved.

    `text` is None where the built-in one is used.
    """

    kind: str
    language: Language
    revision: int
    text: Text | None
    saved_at: datetime | None = None

    @property
    def current(self) -> Text:
        """The text that is used."""
        return self.text or kind_of(self.kind).texts[self.language]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A message as its reader gets it: a title of one line, a body, and a link, or an empty one."""

    title: str
    body: str
    link: str


def check_text(text: Text, *, kind: Kind) -> None:
    """Raise Refusal (INVALID) unless a text can be rendered for every message of its kind.

    `template.length` unless the title has 1 to 120 characters in one line and the body 1 to 2,000;
    `template.braces` on a brace without its partner; `template.variable` on one that the kind does not have.
    """
    for field, value, most in (("title", text.title, TITLE_MAX), ("body", text.body, BODY_MAX)):
        lines = value.split("\n") if field == "body" else [value]
        printable = all(line.isprintable() for line in lines)
        if not 1 <= len(value.strip()) <= len(value) <= most or not printable:
            raise invalid(
                "template.length",
                f"Give a {field} of 1 to {most} printable characters; only a body may have several lines.",
                field=field,
                most=most,
            )
        for match in _PARTS.finditer(value):
            _check_part(match, field=field, kind=kind)


def render(
    text: Text, *, values: Mapping[str, Value], language: Language, zone: ZoneInfo, link: str
) -> Rendered:
    """Return a text with its variables put in, for a reader of a language in a zone.

    A line of the body all of whose variables are empty is left out. A variable that is not given is empty.
    """
    words = all_said(values, language=language, zone=zone)
    lines = [line for line in text.body.split("\n") if not _is_hollow(line, words)]
    return Rendered(
        title=_filled(text.title, words), body="\n".join(_filled(line, words) for line in lines), link=link
    )


def as_html(body: str, *, link: str) -> str:
    """Return a body as HTML: everything escaped, lines broken, and its link one that can be followed."""
    escaped = html.escape(body)
    if link.startswith(_LINKS):
        target = html.escape(link)
        escaped = escaped.replace(target, f'<a href="{target}">{target}</a>')
    return f"<html><body><p>{escaped.replace(chr(10), '<br>')}</p></body></html>"


def _check_part(match: re.Match[str], *, field: str, kind: Kind) -> None:
    part = match[0]
    if part in {"{", "}"}:
        raise invalid(
            "template.braces",
            "Close each brace that is opened; write {{ or }} for a brace itself.",
            field=field,
            at=match.start(),
        )
    name = match[1]
    if name is not None and name not in kind.variables:
        raise invalid(
            "template.variable",
            f"There is no variable {{{name[:_SHOWN_MAX]}}} in messages of this kind; use one that there is.",
            field=field,
            variable=name[:_SHOWN_MAX],
            variables=sorted(kind.variables),
        )


def _is_hollow(line: str, words: Mapping[str, str]) -> bool:
    names = [match[1] for match in _PARTS.finditer(line) if match[1] is not None]
    return bool(names) and not any(words.get(name) for name in names)


def _filled(line: str, words: Mapping[str, str]) -> str:
    def put(match: re.Match[str]) -> str:
        name = match[1]
        return match[0][0] if name is None else words.get(name, "")

    return _PARTS.sub(put, line)
