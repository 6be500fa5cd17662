"""The message with a tip: its form, and the words that hold it back."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.features.tipping.model import WordList, clean_message, screen_message
from plaudit.kernel.refusal import Refusal, RefusalKind

WORDS = WordList(words=("badword", "赌博", "Straße", "v1agra"), revision=2)


@pytest.mark.parametrize(
    "text", ["", "  ", "加油\uff01", "Bravo, encore 🎉", "👩‍👩‍👧 from all of us", "x" * 500, "नमस्ते"]
)
def test_an_ordinary_message_passes_as_it_is(text: str) -> None:
    assert clean_message(text) == text.strip(" ")


def test_a_message_is_kept_in_composed_form() -> None:
    assert clean_message("Cafe\u0301") == "Café"


@pytest.mark.parametrize(
    "text",
    [
        "a\nb",
        "a\r\nb",
        "a\tb",
        "\x00",
        "a\x7f",
        "\x1b[31m",
        "a\u2028b",
        "a\u2029b",
        "\u0085",
        "\ud800",
        "abc\u202edcb",
        "\u2066a",
    ],
)
def test_control_characters_are_refused(text: str) -> None:
    with pytest.raises(Refusal) as refusal:
        clean_message(text)
    assert (refusal.value.code, refusal.value.kind) == ("tip.message", RefusalKind.INVALID)


@pytest.mark.parametrize("text", ["x" * 501, "好" * 501, "\u0958" * 300])
def test_a_message_has_at_most_500_characters(text: str) -> None:
    with pytest.raises(Refusal, match=r"tip\.message"):
        clean_message(text)


@given(st.text(max_size=520))
def test_whatever_passes_is_clean(text: str) -> None:
    try:
        message = clean_message(text)
    except Refusal as refusal:
        assert refusal.code == "tip.message"  # noqa: PT017 - both ends are lawful
        return
    assert len(message) <= 500
    assert unicodedata.is_normalized("NFC", message)
    assert clean_message(message) == message
    assert not any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in message)


@pytest.mark.parametrize(
    "message",
    [
        "badword",
        "what a BadWord!",
        "b a d w o r d",
        "b.a-d_w*o~r/d",
        "".join(chr(ord(letter) + 0xFEE0) for letter in "BADWORD"),
        "b\u200bad\u200dword",
        "b\u0336a\u0336d\u0336word",
        "".join(chr(ord(letter) - ord("a") + 0x1D41A) for letter in "badword"),
        "notabadwordatall",
        "来赌博吧",
        "赌 博",
        "赌\uff0c博",
        "赌🎲博",
        "STRASSE",
        "straße",
        "V1AGRA",
        "ⓥ①agra",
    ],
)
def test_a_listed_word_holds_the_message_however_it_is_dressed(message: str) -> None:
    assert screen_message(message=message, words=WORDS) == "held"


@pytest.mark.parametrize(
    "message", ["", "bad", "word bad", "博赌", "赌一把博一次", "加油\uff01", "b4dword", "!!! ..."]
)
def test_other_messages_are_shown(message: str) -> None:
    assert screen_message(message=message, words=WORDS) == "shown"


def test_the_vowels_of_a_script_spell_its_words() -> None:
    words = WordList(words=("कल",), revision=1)
    assert screen_message(message="क ल", words=words) == "held"
    assert screen_message(message="कुल", words=words) == "shown"


def test_an_empty_list_holds_nothing() -> None:
    assert screen_message(message="badword", words=WordList(words=(), revision=0)) == "shown"


LETTERS = st.text(st.characters(categories=["Lu", "Ll", "Lo", "Nd"]), min_size=1, max_size=12)
BETWEEN = st.text(st.sampled_from(" .,-_*!?~/|·…\uff0c。\uff01\u200b\u200d🎉"), max_size=3)


@given(LETTERS, st.text(max_size=40), st.text(max_size=40), st.data())
def test_a_word_is_found_with_anything_around_and_between(
    word: str, before: str, after: str, data: st.DataObject
) -> None:
    spread = "".join(letter + data.draw(BETWEEN) for letter in word)
    words = WordList(words=("夹带", word), revision=1)
    assert screen_message(message=f"{before} {spread} {after}", words=words) == "held"


@pytest.mark.parametrize(
    "words", [("",), (" ",), ("...",), ("🎉",), ("x" * 65,), tuple(f"w{number}" for number in range(20_001))]
)
def test_a_word_list_that_cannot_work_is_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(Refusal) as refusal:
        WordList(words=words, revision=1)
    assert (refusal.value.code, refusal.value.kind) == ("words.invalid", RefusalKind.INVALID)
