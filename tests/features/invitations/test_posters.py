"""A poster can be scanned, its Chinese is really drawn, and nothing that is sent breaks the drawing."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import zxingcpp
from PIL import Image, ImageChops, ImageDraw, PngImagePlugin

from plaudit.features.invitations.model.posters import Poster, balanced, tidied, when_of, wrapped
from plaudit.features.invitations.providers import letters as font
from plaudit.features.invitations.providers.pictures import taken_in
from plaudit.features.invitations.providers.posters import HEIGHT, WIDTH, Posters, blocks, drawing
from plaudit.kernel.refusal import Refusal
from tests.app.edge import problem
from tests.features.invitations.stage import SHOW, Stage

pytestmark = pytest.mark.anyio

URL = "https://live.example/i/inv_00000012J8V5QKQ0YB6P7XAABCD"
TITLE = "冬日演唱会"
START = datetime(2026, 12, 24, 12, tzinfo=UTC)


def poster(**fields: Any) -> Poster:  # noqa: ANN401 - the fields of the model
    whole: dict[str, Any] = {
        "language": "zh",
        "title": TITLE,
        "when": "2026年12月24日 周四 20:00 (GMT+8)",
        "name": None,
        "url": URL,
        "picture": None,
        "picture_digest": None,
    }
    return Poster(**(whole | fields))


def opened(png: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(png))
    assert (image.format, image.size) == ("PNG", (WIDTH, HEIGHT))
    return image.convert("RGB")


def scanned(png: bytes) -> list[str]:
    return [one.text for one in zxingcpp.read_barcodes(opened(png))]


def picture(size: tuple[int, int] = (640, 480), kind: str = "PNG", **options: Any) -> bytes:  # noqa: ANN401 - of the codec
    written = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(written, kind, **options)
    return written.getvalue()


def test_the_code_leads_to_the_link() -> None:
    assert scanned(drawing(poster())) == [URL]
    long = "https://" + "a" * 60 + ".example/i/" + URL.rpartition("/")[2]
    assert scanned(drawing(poster(language="en", url=long, picture=taken_in(picture())))) == [long]


def test_every_character_of_the_title_is_drawn_and_none_is_a_box() -> None:
    """Each is cut out of the poster and compared with what the font draws for it, and for what it lacks."""
    one = poster(title=TITLE)
    image = opened(drawing(one))
    title = blocks(one)[1]
    assert title.lines == (TITLE,)
    left = title.x
    for character in TITLE:
        width = font.width_px(character, title.font)
        cut = image.crop((left, title.y, left + width, title.y + title.step_px))
        assert (
            ImageChops.difference(cut, _drawn(character, cut.size, title.font, title.ink)).getbbox() is None
        )
        box = _drawn("\uffff", cut.size, title.font, title.ink)
        assert ImageChops.difference(cut, box).getbbox() is not None
        left += width


def _drawn(text: str, size: tuple[int, int], with_: Any, ink: tuple[int, int, int]) -> Image.Image:  # noqa: ANN401 - a font
    image = Image.new("RGB", size, "white")
    ImageDraw.Draw(image).text((0, 0), text, font=with_, fill=ink)
    return image


@pytest.mark.parametrize("character", [*"冬演囍龘門骨ñЖΩの한", "𠮷", "①", "★"])
def test_the_font_has_it(character: str) -> None:
    assert font.is_drawn(character)


@pytest.mark.parametrize("character", ["🎉", "\ufe0f", "\u200d", "\uffff", "\u0b85", "\U000e0101"])
def test_the_font_does_not_have_it(character: str) -> None:
    assert not font.is_drawn(character)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("星光🎉之夜 👨‍👩‍👧 2026", "星光之夜 2026"),
        ("🎉🎉", ""),
        ("  a \n\t b ", "a b"),
        ("e\u0301toile", "étoile"),
    ],
)
def test_what_cannot_be_drawn_is_left_out(text: str, left: str) -> None:
    assert tidied(text, is_drawn=font.is_drawn) == left


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("冬日演唱会之夜", 4, ["冬日演唱", "会之夜"]),
        ("冬日演唱，会之夜", 4, ["冬日演", "唱，会之", "夜"]),
        ("看《冬日》", 3, ["看《冬", "日》"]),
        ("看看《冬日》", 3, ["看看", "《冬", "日》"]),
        ("an evening of 星光 tonight", 10, ["an evening", "of 星光", "tonight"]),
        ("extraordinary", 5, ["extra", "ordin", "ary"]),
        ("", 5, []),
        ("one two three four five", 9, ["one two", "three", "four five"]),
        ("one two three four five six", 9, ["one two", "three", "four fiv…"]),
    ],
)
def test_lines_break_where_they_may(text: str, width: int, lines: list[str]) -> None:
    assert wrapped(text, width=width, lines_max=3, measure=len) == lines


def test_no_character_stands_alone_on_the_last_line() -> None:
    assert balanced("冬日演唱会之夜", width=6, lines_max=3, measure=len) == ["冬日演唱", "会之夜"]


def test_dates_are_written_as_people_write_them() -> None:
    shanghai, kolkata = ZoneInfo("Asia/Shanghai"), ZoneInfo("Asia/Kolkata")
    assert when_of(START, zone=shanghai, language="zh") == "2026年12月24日 周四 20:00 (GMT+8)"
    assert when_of(START, zone=kolkata, language="en") == "Thu 24 Dec 2026, 17:30 (GMT+5:30)"
    assert when_of(START, zone=ZoneInfo("America/New_York"), language="en").endswith("07:00 (GMT-5)")
    assert when_of(START, zone=ZoneInfo("UTC"), language="en").endswith("12:00 (GMT)")


@pytest.mark.parametrize(
    "fields",
    [
        {"title": "冬" * 500, "name": "明" * 40},
        {"title": "W" * 500, "name": "W" * 40, "language": "en"},
        {"title": "🎉" * 10, "when": None},
        {"title": "שלום مرحبا", "name": "👨‍👩‍👧"},
        {"title": "an evening " * 30, "when": "Thu 24 Dec 2026, 20:00 (GMT+5:30)"},
    ],
)
def test_whatever_is_written_stays_on_the_paper_and_off_the_code(fields: dict[str, Any]) -> None:
    one = poster(**fields)
    assert scanned(drawing(one)) == [URL]
    written = [block for block in blocks(one) if block.lines]
    for block in written:
        assert all(block.x + font.width_px(line, block.font) <= WIDTH - block.x for line in block.lines)
        assert block.bottom <= HEIGHT
    for upper, lower in pairwise(written):
        assert upper.bottom <= lower.y


def test_a_poster_is_drawn_once_and_kept_within_bounds() -> None:
    size = len(drawing(poster()))
    posters = Posters(cache_max_bytes=int(size * 2.5))
    first = posters.png(poster())
    assert posters.png(poster()) is first
    posters.png(poster(title="春日演唱会"))
    assert posters.png(poster()) is first
    posters.png(poster(title="夏日演唱会"))
    assert posters.png(poster(title="春日演唱会")) is not first
    assert sum(map(len, posters._kept.values())) == posters._size_bytes <= size * 2.5
    assert poster().digest != poster(name="x").digest != poster(url="x").digest


def _bomb(width: int, height: int) -> bytes:
    """Return a PNG of a few bytes whose head says that it has this many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * 1_000_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GIF89a" + bytes(100),
        b"\x89PNG\r\n\x1a\n",
        picture()[:-200],
        picture(kind="GIF"),
        picture(kind="BMP"),
        picture((199, 400)),
        _bomb(9_000, 9_000),
        _bomb(60_000, 60_000),
        _bomb(300, 300)[:60],
        bytes(4 * 1024 * 1024 + 1),
    ],
    ids=["none", "gif", "head", "cut", "real gif", "bmp", "small", "many", "bomb", "torn", "large"],
)
def test_what_is_no_picture_is_refused(sent: bytes) -> None:
    with pytest.raises(Refusal) as refusal:
        taken_in(sent)
    assert refusal.value.code == "picture.invalid"


def test_nothing_beside_the_picture_is_kept() -> None:
    exif = Image.Exif()
    exif[0x010E] = "a secret place"
    sent = picture((3_000, 400), "JPEG", exif=exif)
    assert b"a secret place" in sent
    kept = taken_in(sent)
    assert b"a secret place" not in kept
    with Image.open(io.BytesIO(kept)) as image:
        assert (image.format, image.width, dict(image.getexif())) == ("JPEG", 1_600, {})
    told = PngImagePlugin.PngInfo()
    told.add_text("Comment", "a secret place")
    assert b"a secret place" not in taken_in(picture(pnginfo=told))


def test_a_picture_is_turned_upright_and_put_on_white() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(io.BytesIO(taken_in(picture((640, 480), "JPEG", exif=exif)))) as image:
        assert image.size == (480, 640)
    clear = io.BytesIO()
    Image.new("RGBA", (300, 300), (0, 0, 0, 0)).save(clear, "PNG")
    with Image.open(io.BytesIO(taken_in(clear.getvalue()))) as image:
        assert image.getpixel((10, 10)) == (255, 255, 255)


async def test_a_poster_over_http(stage: Stage) -> None:
    await stage.rule()
    await stage.announce(title_zh="冬日演唱会 🎉")
    await stage.give_right("ann")
    link = await stage.invites("ann", name="小明")
    path = f"/v1/invitations/{link}/poster.png"
    first = await stage.acme.send("GET", path)
    assert (first.status_code, first.headers["content-type"]) == (200, "image/png")
    assert scanned(first.content) == [f"http://plaudit/i/{link}"]
    again = await stage.acme.send("GET", path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    english = await stage.acme.send("GET", path + "?lang=en")
    assert english.headers["etag"] != first.headers["etag"]
    problem(await stage.acme.send("GET", path + "?lang=fr"), 400, "query.invalid")
    sent = {"picture": base64.b64encode(picture((1_200, 900), compress_level=0)).decode()}
    assert len(sent["picture"]) > 4 * 1024 * 1024
    saved = await stage.acme.do("PUT", f"/v1/invitation-pictures/{SHOW}", sent)
    assert saved == await stage.acme.get(f"/v1/invitation-pictures/{SHOW}")
    shown = await stage.acme.send("GET", path)
    assert shown.headers["etag"] != first.headers["etag"]
    assert opened(shown.content).getpixel((5, 5)) != opened(first.content).getpixel((5, 5))
    removed = await stage.acme.do("PUT", f"/v1/invitation-pictures/{SHOW}", {"picture": None})
    assert (removed["hash"], removed["revision"]) == (None, 2)
    assert (await stage.acme.send("GET", path)).headers["etag"] == first.headers["etag"]


async def test_a_picture_over_http_that_is_none(stage: Stage) -> None:
    path = f"/v1/invitation-pictures/{SHOW}"
    problem(await stage.acme.send("PUT", path, {"picture": "AAAA"}), 400, "picture.invalid")
    problem(await stage.acme.send("PUT", path, {"picture": "no base64"}), 400, "body.invalid")
    problem(await stage.acme.send("PUT", path, {"picture": "A" * 7_000_000}), 413, "body.too_large")
    assert (await stage.acme.get(path))["hash"] is None
    problem(await stage.acme.send("PUT", "/v1/invitation-rule", {"x": "A" * 70_000}), 413, "body.too_large")
