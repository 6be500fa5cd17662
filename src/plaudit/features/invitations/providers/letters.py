"""The letters of posters: Noto Sans CJK, which has all of Chinese, Japanese, Korean, Latin, Greek, Cyrillic.

It comes as one file in a package of its own, in every weight; the second language of the file after Japanese
and Korean is simplified Chinese.
"""

import math
import unicodedata
from functools import lru_cache
from importlib import resources
from typing import Final

from PIL import ImageFont

_FILE: Final = resources.files("manimgx_fonts_cjk") / "NotoSansCJK-VF.otf.ttc"
_SIMPLIFIED: Final = 2
_PROBE_PX: Final = 32
# No character: a font draws here what it draws for all that it does not have.
_NOBODY: Final = "\uffff"
# They choose how the character before them looks, and alone they are drawn as a sign for themselves.
_SELECTORS: Final = ("VARIATION SELECTOR", "MONGOLIAN FREE VARIATION SELECTOR")

REGULAR: Final = 400
BOLD: Final = 700


@lru_cache(maxsize=64)
def letters(size_px: int, weight: int) -> ImageFont.FreeTypeFont:
    """Return the font in a size and weight. One thread at a time may draw with it."""
    font = ImageFont.truetype(str(_FILE), size_px, index=_SIMPLIFIED)
    font.set_variation_by_axes([weight])
    return font


@lru_cache(maxsize=16_384)
def is_drawn(one: str) -> bool:
    """Tell whether the font has a character: it draws something, and not the box that stands for nothing."""
    if unicodedata.name(one, "").startswith(_SELECTORS):
        return False
    drawn = _shape(one)
    return any(drawn[1]) and drawn != _shape(_NOBODY)


def width_px(text: str, font: ImageFont.FreeTypeFont) -> int:
    """Return how wide a text is."""
    return math.ceil(font.getlength(text))


def _shape(one: str) -> tuple[tuple[int, int], bytes]:
    mask = letters(_PROBE_PX, REGULAR).getmask(one)
    return mask.size, bytes(mask)
