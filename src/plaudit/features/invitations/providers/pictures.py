"""Pictures as they are sent: checked by decoding them, and written anew without what came beside them."""

import io
import struct
from typing import Final

from PIL import Image, ImageOps

from plaudit.kernel.refusal import Refusal, invalid

SENT_MAX_BYTES: Final = 4 * 1024 * 1024
"""How large a picture may be as it is sent."""

PIXELS_MAX: Final = 25_000_000
"""How many pixels it may have; told by its head, before any of them is decoded."""

SIDE_MIN: Final = 200
SIDE_MAX: Final = 10_000

_KEPT_SIDE: Final = 1_600
_QUALITY: Final = 88
_FORMATS: Final = ("PNG", "JPEG")
# What the decoder raises at what is no picture, or one that would not end.
_BROKEN: Final = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    struct.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


def taken_in(sent: bytes) -> bytes:
    """Return a picture as a JPEG of ours: upright, no larger than posters need, without what came beside it.

    Works the processor: call it in a thread. Raises Refusal `picture.invalid` (INVALID) for anything but a
    whole PNG or JPEG within the limits.
    """
    if not 1 <= len(sent) <= SENT_MAX_BYTES:
        raise _wrong(f"Send a picture of at most {SENT_MAX_BYTES} bytes.")
    try:
        with Image.open(io.BytesIO(sent), formats=_FORMATS) as opened:
            _check_size(*opened.size)
            return _written(opened)
    except _BROKEN as error:
        raise _wrong("Send a whole picture in the format PNG or JPEG.") from error


def _check_size(width: int, height: int) -> None:
    if not (SIDE_MIN <= width <= SIDE_MAX and SIDE_MIN <= height <= SIDE_MAX):
        raise _wrong(f"Send a picture whose sides have {SIDE_MIN} to {SIDE_MAX} pixels.")
    if width * height > PIXELS_MAX:
        raise _wrong(f"Send a picture of at most {PIXELS_MAX} pixels.")


def _written(opened: Image.Image) -> bytes:
    upright = ImageOps.exif_transpose(opened)
    upright.thumbnail((_KEPT_SIDE, _KEPT_SIDE), Image.Resampling.LANCZOS)
    ground = Image.new("RGB", upright.size, "white")
    shown = upright.convert("RGBA")
    ground.paste(shown, mask=shown.getchannel("A"))
    written = io.BytesIO()
    ground.save(written, "JPEG", quality=_QUALITY, optimize=True)
    return written.getvalue()


def _wrong(message: str) -> Refusal:
    return invalid("picture.invalid", message, field="picture")
