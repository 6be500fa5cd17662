"""The message that comes with a tip: its form, and the list of words that holds it back."""

import unicodedata
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from plaudit.kernel.refusal import Refusal, invalid

MESSAGE_MAX: Final = 500
WORDS_MAX: Final = 20_000
WORD_MAX: Final = 64

Verdict: TypeAlias = Literal["shown", "held"]

_REFUSED_CATEGORIES: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Control characters, halves of surrogate pairs, and the line and paragraph separators."""

_TURNS_TEXT: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Embeddings, overrides and isolates of direction: they would turn what stands beside the message."""

_ACCENT_BLOCKS: Final = (
    (0x0300, 0x036F),
    (0x1AB0, 0x1AFF),
    (0x1DC0, 0x1DFF),
    (0x20D0, 0x20FF),
    (0xFE00, 0xFE0F),
    (0xFE20, 0xFE2F),
    (0xE0100, 0xE01EF),
)
"""Marks that decorate any letter; those of one script, such as the vowels of Thai or Hindi, spell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WordList:
    """One revision of the words that hold a message back for a person to look at.

    Constructing raises Refusal `words.invalid` (INVALID) on too many words, a word too long, or a word
    without any letter or digit, which would match nothing or everything.
    """

    words: tuple[str, ...]
    revision: int
    bare: frozenset[str] = field(init=False, repr=False, compare=False)
    lengths: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the words and bring them to the form that messages are compared in."""
        if len(self.words) > WORDS_MAX:
            raise _wrong(f"Give at most {WORDS_MAX} words.")
        bare = set()
        for word in self.words:
            letters = bare_letters(word)
            if not letters or len(word) > WORD_MAX:
                raise _wrong(f"Give every word a letter or digit and at most {WORD_MAX} characters.")
            bare.add(letters)
        object.__setattr__(self, "bare", frozenset(bare))
        object.__setattr__(self, "lengths", tuple(sorted({len(word) for word in bare})))


def clean_message(text: str) -> str:
    """Return the message in Unicode's composed form (NFC), without spaces around it; "" when nothing is left.

    Raises Refusal `tip.message` (INVALID) above 500 characters, and on control characters: the space is the
    only blank a message may have, a line break is refused too.
    """
    if len(text) > MESSAGE_MAX:
        raise _too_long()
    for character in text:
        if unicodedata.category(character) in _REFUSED_CATEGORIES or character in _TURNS_TEXT:
            raise invalid(
                "tip.message", "Write the message on one line, without line breaks or control characters."
            )
    composed = unicodedata.normalize("NFC", text).strip(" ")
    if len(composed) > MESSAGE_MAX:
        raise _too_long()
    return composed


def screen_message(*, message: str, words: WordList) -> Verdict:
    """Return "held" when the message contains a word of the list, else "shown".

    Case, width (NFKC), accents set apart, spaces and punctuation between the letters do not hide a word, in
    any script. A word is also found inside a longer one: a message is held for a person to decide, not lost.
    """
    if not words.bare or not message:
        return "shown"
    letters = bare_letters(message)
    for length in words.lengths:
        for start in range(len(letters) - length + 1):
            if letters[start : start + length] in words.bare:
                return "held"
    return "shown"


def bare_letters(text: str) -> str:
    """Return only the letters, digits and spelling marks of `text`, in one form (NFKC) and case."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return "".join(character for character in folded if _spells(character))


def _spells(character: str) -> bool:
    group = unicodedata.category(character)[0]
    if group == "M":
        code = ord(character)
        return not any(first <= code <= last for first, last in _ACCENT_BLOCKS)
    return group in "LN"


def _too_long() -> Refusal:
    return invalid(
        "tip.message", f"Shorten the message to {MESSAGE_MAX} characters.", max_characters=MESSAGE_MAX
    )


def _wrong(message: str) -> Refusal:
    return invalid("words.invalid", message, field="words")
