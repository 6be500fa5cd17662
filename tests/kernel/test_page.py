"""Cursors come back as they were given; anything else is refused."""

import json
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.kernel.page import LIMIT_DEFAULT, LIMIT_MAX, Page, check_limit, decode_cursor, encode_cursor
from plaudit.kernel.refusal import Refusal, RefusalKind

PARTS = st.lists(
    st.one_of(
        st.integers(-(2**63), 2**63 - 1),
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20),
    ),
    max_size=4,
)


def raw(value: object) -> str:
    return urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).rstrip(b"=").decode()


@given(parts=PARTS)
def test_what_is_encoded_decodes(parts: list[str | int]) -> None:
    cursor = encode_cursor(parts)
    assert decode_cursor(cursor) == parts
    assert decode_cursor(cursor, *(type(part) for part in parts)) == parts
    assert "=" not in cursor


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "!!!",
        "é",
        "W10=",
        "W1 0",
        "____",
        raw({}),
        raw("a"),
        raw(1),
        raw(None),
        raw([1.5]),
        raw([None]),
        raw([True]),
        raw([[1]]),
        raw([2**63]),
        raw(["a\x00"]),
        raw(["\ud800"]),
        raw(["a"]) + "A",
        urlsafe_b64encode(b"[1, 2]").decode(),
        urlsafe_b64encode(b"[NaN]").decode(),
        urlsafe_b64encode(b"[" * 600).decode(),
        raw(["x" * 2000]),
        urlsafe_b64encode(b"[" + b"9" * 5000 + b"]").decode(),
    ],
)
def test_garbage_is_refused(cursor: str) -> None:
    with pytest.raises(Refusal) as caught:
        decode_cursor(cursor)
    assert (caught.value.kind, caught.value.code) == (RefusalKind.INVALID, "cursor.invalid")


@given(cursor=st.text(max_size=60))
def test_any_text_is_decoded_or_refused(cursor: str) -> None:
    try:
        parts = decode_cursor(cursor)
    except Refusal as refusal:
        assert refusal.code == "cursor.invalid"  # noqa: PT017 - either outcome is right
    else:
        assert encode_cursor(parts) == cursor


def test_the_cursor_of_another_list_is_refused() -> None:
    cursor = encode_cursor([7, "a"])
    assert decode_cursor(cursor, int, str) == [7, "a"]
    for types in ((str, int), (int,), (int, str, str)):
        with pytest.raises(Refusal, match=r"cursor\.invalid"):
            decode_cursor(cursor, *types)


def test_limits() -> None:
    assert check_limit(None) == LIMIT_DEFAULT
    assert check_limit(1) == 1
    assert check_limit(LIMIT_MAX) == LIMIT_MAX
    for limit in (0, -1, LIMIT_MAX + 1):
        with pytest.raises(Refusal, match=r"limit\.invalid"):
            check_limit(limit)


def test_a_page_holds_items_and_the_way_on() -> None:
    page = Page(items=["a"], next_cursor=None)
    assert (page.items, page.next_cursor) == (["a"], None)
