"""Identifiers sort as their numbers, and only their exact form is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.kernel.ids import CROCKFORD, MAX_NUMBER, NAME_MAX, decode_id, encode_id, new_token, valid_name
from plaudit.kernel.refusal import Refusal, RefusalKind

NUMBERS = st.integers(0, MAX_NUMBER)


@given(number=NUMBERS)
def test_what_is_encoded_decodes(number: int) -> None:
    text = encode_id("tip", number)
    assert decode_id("tip", text) == number
    assert valid_name(text)


@given(one=NUMBERS, other=NUMBERS)
def test_ids_sort_as_numbers(one: int, other: int) -> None:
    assert (encode_id("tip", one) < encode_id("tip", other)) == (one < other)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "tip_0000000000000"),
        (31, "tip_000000000000Z"),
        (32, "tip_0000000000010"),
        (MAX_NUMBER, "tip_7ZZZZZZZZZZZZ"),
    ],
)
def test_known_ids(number: int, text: str) -> None:
    assert encode_id("tip", number) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tip",
        "tip_",
        "tip_1",
        "tip_000000000001",
        "tip_00000000000010",
        "tip-0000000000010",
        "key_0000000000010",
        "tip_000000000000z",
        "tip_000000000000I",
        "tip_000000000000L",
        "tip_000000000000O",
        "tip_000000000000U",
        "tip_8000000000000",
        "tip_ZZZZZZZZZZZZZ",
        " tip_000000000001",
        "tip_00000000000\u0661\u0662",
    ],
)
def test_only_the_exact_form_is_read(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        decode_id("tip", text)
    assert (caught.value.kind, caught.value.code) == (RefusalKind.INVALID, "invalid.id")


@given(text=st.text(max_size=20))
def test_any_text_is_decoded_or_refused(text: str) -> None:
    try:
        number = decode_id("tip", "tip_" + text)
    except Refusal:
        return
    assert encode_id("tip", number) == "tip_" + text


def test_the_alphabet_ascends() -> None:
    assert list(CROCKFORD) == sorted(set(CROCKFORD))


@pytest.mark.parametrize("text", ["v1", "V", "0", "a.b:c@d-e_f", "x" * NAME_MAX])
def test_names_of_the_host_platform(text: str) -> None:
    assert valid_name(text)


@pytest.mark.parametrize(
    "text",
    ["", "_a", "-a", ".a", "a/b", "a b", "a\n", "\na", "a\x00", "é", "名", "x" * (NAME_MAX + 1), "a%2Fb"],
)
def test_what_names_nothing(text: str) -> None:
    assert not valid_name(text)


def test_a_name_may_be_bounded_tighter() -> None:
    assert valid_name("abc", 3)
    assert not valid_name("abcd", 3)


def test_tokens_come_from_the_randomness_handed_in() -> None:
    assert new_token(random_bytes=lambda size: bytes(range(size)), size_bytes=16) == bytes(range(16)).hex()
    with pytest.raises(ValueError, match="16 random bytes"):
        new_token(random_bytes=bytes, size_bytes=15)
