"""What a CDN's question is about: the stream that the token is for, and no other, however it is written."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from plaudit.features.admission.providers.cdn import read_question


@pytest.mark.parametrize(
    "path",
    [
        "/live/winter-main.m3u8",
        "/live/winter-main.flv",
        "/live/winter-main",
        "/live/winter-main/index.m3u8",
        "/live/winter-main/720p/piece-3.ts",
        "/live/winter-main-1764.ts",
        "/live/winter-main-1764_12.m4s",
        "/live/winter%2Dmain.m3u8",
    ],
)
def test_a_list_of_a_stream_and_its_pieces_are_the_stream(path: str) -> None:
    assert read_question(query="", originals=[f"{path}?token=t"]).is_at("winter-main")
    assert read_question(query="", originals=[f"https://cdn.example{path}?token=t"]).is_at("winter-main")
    assert read_question(query=f"uri={path}&token=t", originals=[]).is_at("winter-main")


@pytest.mark.parametrize(
    "path",
    [
        "/live/winter-main2.m3u8",
        "/live/winter-main-2.m3u8",
        "/live/winter-main-vip.m3u8",
        "/live/winter-main_vip/index.m3u8",
        "/live/winter-main.vip.m3u8",
        "/live/winter-main:vip",
        "/live/early-winter-main.m3u8",
        "/live/winter-main.m3u8%0A",
        "https://winter-main/live/winter-vip.m3u8",
    ],
)
def test_a_stream_whose_name_only_begins_like_it_is_another(path: str) -> None:
    assert not read_question(query="", originals=[f"{path}?token=t"]).is_at("winter-main")


@pytest.mark.parametrize(
    "path",
    [
        "/live/winter-main/../winter-vip.m3u8",
        "/live/winter-main/%2e%2e/winter-vip.m3u8",
        "/live/winter-main/%252e%252e/winter-vip.m3u8",
        "/live/winter-main/..\\winter-vip.m3u8",
        "/live/winter-main/./winter-vip.m3u8",
    ],
)
def test_a_path_that_leads_elsewhere_once_it_is_tidied_is_no_stream(path: str) -> None:
    assert not read_question(query="", originals=[f"{path}?token=t"]).is_at("winter-main")


@pytest.mark.parametrize(
    ("path", "endings"),
    [
        ("/live/winter-main-2.ts", ("-2",)),
        ("/live/winter-main-2_15.m4s", ("-2", "-2_15")),
        ("/live/winter-main" + "-1" * 10_000 + ".ts", tuple("-1" * count for count in range(1, 33))),
        ("/live/winter-main.ts", ()),
        ("/live/winter-main.m3u8", ()),
        ("/live/winter-main/2.ts", ()),
        ("/live/winter-vip-2.ts", ()),
    ],
)
def test_a_number_may_be_of_a_piece_or_of_another_streams_name(path: str, endings: tuple[str, ...]) -> None:
    assert read_question(query="", originals=[path]).endings("winter-main") == endings


MAIN, VIP = "/live/winter-main.m3u8", "/live/winter-vip.m3u8"


@pytest.mark.parametrize(
    ("query", "originals"),
    [
        (f"uri={MAIN}&uri={VIP}", []),
        (f"uri={VIP}&uri={MAIN}", []),
        (f"uri={MAIN}", [VIP]),
        (f"uri={MAIN}", [MAIN]),
        ("", [VIP, MAIN]),
        ("uri=", []),
        ("uri=https://cdn.example", []),
        ("", [""]),
        ("", ["?token=t"]),
    ],
)
def test_a_path_that_is_said_twice_or_is_empty_is_no_stream(query: str, originals: list[str]) -> None:
    assert not read_question(query=f"token=t&{query}", originals=originals).is_at("winter-main")


def test_a_question_that_says_no_path_may_be_about_any_stream() -> None:
    assert read_question(query="token=t", originals=[]).is_at("winter-main")


@pytest.mark.parametrize("uri", ["//[", "//[x/live/winter-main", "http://[::1]x/", "//a\u2100b/", "\0", "?"])
def test_what_is_no_address_is_no_stream(uri: str) -> None:
    assert not read_question(query="token=t", originals=[uri]).is_at("winter-vip")
    assert not read_question(query=urlencode({"uri": uri, "token": "t"}), originals=[]).is_at("winter-vip")
