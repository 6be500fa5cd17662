"""Posters as PNG: a picture or a drawn ground, who invites, the show, when, and the link as a QR code."""

import colorsys
import io
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, NamedTuple

import segno
from PIL import Image, ImageDraw, ImageFont, ImageOps

from plaudit.features.invitations.model.posters import (
    Poster,
    balanced,
    invite_of,
    scan_of,
    tidied,
    wrapped,
)
from plaudit.features.invitations.providers.letters import BOLD, REGULAR, is_drawn, letters, width_px

WIDTH: Final = 1_080
HEIGHT: Final = 1_620
CACHE_MAX_BYTES: Final = 32 * 1024 * 1024

_PICTURE_HEIGHT: Final = 800
_MARGIN: Final = 72
_INK: Final = (24, 24, 32)
_QUIET: Final = (110, 110, 124)
_PAPER: Final = (255, 255, 255)
_INVITE_PX: Final = 44
_WHEN_PX: Final = 42
_SCAN_PX: Final = 34
_TITLE_SIZES_PX: Final = (84, 72, 60)
_BESIDE_LINES: Final = 3
_LEADING: Final = 1.28
_QR_SIDE: Final = 380
_QR_BORDER: Final = 4
_QR_TOP: Final = HEIGHT - _MARGIN - _QR_SIDE
_TEXT_WIDTH: Final = WIDTH - 2 * _MARGIN
_LEVEL: Final = 6


class Block(NamedTuple):
    """Lines of text in one font, from (x, y) down."""

    lines: tuple[str, ...]
    font: ImageFont.FreeTypeFont
    ink: tuple[int, int, int]
    x: int
    y: int

    @property
    def step_px(self) -> int:
        """From one line to the next."""
        return int(self.font.size * _LEADING)

    @property
    def bottom(self) -> int:
        """Where the next block may begin."""
        return self.y + len(self.lines) * self.step_px


class Posters:
    """Draws posters, one at a time, and keeps the last ones as long as they are not too large together."""

    def __init__(self, *, cache_max_bytes: int = CACHE_MAX_BYTES) -> None:
        """Keep nothing yet."""
        self._cache_max_bytes = cache_max_bytes
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._size_bytes = 0
        # The font is one thread's at a time, and of two who ask for the same poster one draws it.
        self._lock = threading.Lock()

    def png(self, poster: Poster) -> bytes:
        """Return a poster as PNG. Works the processor for some tenths of a second: call it in a thread."""
        digest = poster.digest
        with self._lock:
            kept = self._kept.get(digest)
            if kept is not None:
                self._kept.move_to_end(digest)
                return kept
            drawn = drawing(poster)
            self._keep(digest, drawn)
            return drawn

    def _keep(self, digest: str, drawn: bytes) -> None:
        self._kept[digest] = drawn
        self._size_bytes += len(drawn)
        while self._size_bytes > self._cache_max_bytes:
            _, oldest = self._kept.popitem(last=False)
            self._size_bytes -= len(oldest)


def drawing(poster: Poster) -> bytes:
    """Return a poster, drawn, as PNG."""
    image = Image.new("RGB", (WIDTH, HEIGHT), _PAPER)
    image.paste(_ground(poster), (0, 0))
    draw = ImageDraw.Draw(image)
    for block in blocks(poster):
        for number, line in enumerate(block.lines):
            place = (block.x, block.y + number * block.step_px)
            draw.text(place, line, font=block.font, fill=block.ink)
    _draw_code(draw, poster.url)
    written = io.BytesIO()
    image.save(written, "PNG", compress_level=_LEVEL)
    return written.getvalue()


def blocks(poster: Poster) -> Sequence[Block]:
    """Return what is written on a poster, and where: never over the QR code, never off the paper."""
    invite = _invite(poster, y=_PICTURE_HEIGHT + 36)
    title = _title(poster.title, y=invite.bottom + 8, bottom=_QR_TOP - 16)
    beside_px = WIDTH - 3 * _MARGIN - _QR_SIDE
    bold, plain = letters(_WHEN_PX, BOLD), letters(_SCAN_PX, REGULAR)
    when = _lines(poster.when or "", bold, lines_max=_BESIDE_LINES, width=beside_px)
    scan = _lines(scan_of(poster.language), plain, lines_max=_BESIDE_LINES, width=beside_px)
    told = Block(when, bold, _INK, _MARGIN, _QR_TOP + 16)
    hint = Block(scan, plain, _QUIET, _MARGIN, 0)
    return (invite, title, told, hint._replace(y=HEIGHT - _MARGIN - hint.bottom))


def _invite(poster: Poster, *, y: int) -> Block:
    """Return the line that invites; a long name is cut, not the line."""
    font = letters(_INVITE_PX, REGULAR)
    name = tidied(poster.name or "", is_drawn=is_drawn)
    line = invite_of(poster.language, name)
    while name and width_px(line, font) > _TEXT_WIDTH:
        name = name[:-1].rstrip()
        line = invite_of(poster.language, name + "…")
    return Block((line,), font, _QUIET, _MARGIN, y)


def _title(text: str, *, y: int, bottom: int) -> Block:
    """Return the title in the largest size in which all of it fits; in the smallest one it is cut."""
    whole = tidied(text, is_drawn=is_drawn)
    for size_px in _TITLE_SIZES_PX:
        font = letters(size_px, BOLD)
        lines_max = (bottom - y) // int(size_px * _LEADING)
        measure = _measuring(font)
        lines = balanced(whole, width=_TEXT_WIDTH, lines_max=lines_max + 1, measure=measure)
        if len(lines) <= lines_max:
            return Block(tuple(lines), font, _INK, _MARGIN, y)
    return Block(_lines(text, font, lines_max=lines_max, width=_TEXT_WIDTH), font, _INK, _MARGIN, y)


def _lines(text: str, font: ImageFont.FreeTypeFont, *, lines_max: int, width: int) -> tuple[str, ...]:
    drawn = tidied(text, is_drawn=is_drawn)
    return tuple(wrapped(drawn, width=width, lines_max=lines_max, measure=_measuring(font)))


def _measuring(font: ImageFont.FreeTypeFont) -> Callable[[str], int]:
    return partial(width_px, font=font)


def _ground(poster: Poster) -> Image.Image:
    if poster.picture is not None:
        with Image.open(io.BytesIO(poster.picture), formats=("JPEG",)) as opened:
            return ImageOps.fit(opened.convert("RGB"), (WIDTH, _PICTURE_HEIGHT))
    return _gradient(poster.title)


def _gradient(title: str) -> Image.Image:
    """Return a ground whose colours go by the title, the same for all who invite to a show."""
    hue = sum(title.encode()) % 360 / 360
    ends = [
        tuple(int(255 * part) for part in colorsys.hls_to_rgb((hue + turn) % 1, light, 0.62))
        for turn, light in ((0.0, 0.34), (0.12, 0.66))
    ]
    mask = Image.linear_gradient("L").resize((WIDTH, _PICTURE_HEIGHT))
    dark, bright = (Image.new("RGB", (WIDTH, _PICTURE_HEIGHT), one) for one in ends)
    return Image.composite(bright, dark, mask)


def _draw_code(draw: ImageDraw.ImageDraw, url: str) -> None:
    matrix = list(segno.make(url, error="m", micro=False).matrix_iter(border=_QR_BORDER))
    module = _QR_SIDE // len(matrix)
    left = WIDTH - _MARGIN - module * len(matrix)
    top = HEIGHT - _MARGIN - module * len(matrix)
    for row, modules in enumerate(matrix):
        for column, dark in enumerate(modules):
            if dark:
                x, y = left + column * module, top + row * module
                draw.rectangle((x, y, x + module - 1, y + module - 1), fill="black")
