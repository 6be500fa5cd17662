"""Request bodies: JSON, decoded strictly into the struct that a handler declares."""

from functools import lru_cache
from typing import Any, Final

import msgspec
from litestar import Request

from plaudit.app.errors import too_large, wrong_content_type
from plaudit.app.http.offer import Offer
from plaudit.kernel.refusal import Refusal, invalid
from plaudit.platform.web import OFFER, whole_body

PICTURES: Final = "/v1/invitation-pictures/"
"""Bodies here hold a picture, which fits into no usual body."""

PICTURE_MAX_BYTES: Final = 6 * 1024 * 1024
"""A picture of 4 MiB in base64, and what stands around it."""

_JSON: Final = "application/json"
_PLAIN: Final = "text/plain"
_UNKNOWN: Final = "Object contains unknown field `"
_NUL: Final = b"\\u0000"
_SHOWN_MAX: Final = 200


class StrictRequest(Request[Any, Any, Any]):
    """A request whose JSON is read straight into the declared type.

    The framework would decode to dictionaries first and convert leniently, so that "1" and 1.0 pass for
    integers.
    """

    _whole: bytes | None = None

    async def json(self) -> Any:  # noqa: ANN401 - the handler's own type
        """Return the body as the handler's type of `data`.

        Raises Refusal `body.invalid`, `body.unknown_field`, and what `body` raises.
        """
        declared = self.scope["route_handler"].parsed_data_field
        body = await self.body()
        try:
            decoded = _decoder(declared.annotation if declared else dict).decode(body)
        except msgspec.ValidationError as error:
            raise _refused(str(error)) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise invalid(
                "body.invalid",
                "Send the body as one whole JSON text in UTF-8.",
                problem=str(error)[:_SHOWN_MAX],
            ) from None
        if _NUL in body and _holds_nul(msgspec.json.decode(body)):
            raise invalid("body.invalid", "Leave out the character NUL, which no text here can hold.")
        return decoded

    async def body(self) -> bytes:
        """Return the body, which is not empty and claims to be JSON (or plain text, where a route takes it).

        Raises Refusal `body.invalid`, TransportRefusal 415, and 413 as soon as it is larger than the setting
        allows. The framework asks for it before `json`.
        """
        if self._whole is None:
            plain = "plain" in self.scope["route_handler"].opt
            if not _is_json(self.scope["headers"], or_plain=plain):
                raise wrong_content_type()
            self._whole = await self._read()
            if not self._whole:
                raise invalid("body.invalid", "Send a body; see /docs.")
        return self._whole

    async def _read(self) -> bytes:
        offer: Offer = self.scope[OFFER]  # type: ignore[typeddict-item]
        limit_bytes = limit_of(self.scope["path"], usual_bytes=offer.house.settings.body_max_bytes)
        whole = await whole_body(self.receive, limit_bytes=limit_bytes)
        if whole is None:
            raise too_large(limit_bytes=limit_bytes)
        return whole


def limit_of(path: str, *, usual_bytes: int) -> int:
    """Return how large a request's body may be: the setting says, but pictures are larger than commands."""
    return max(usual_bytes, PICTURE_MAX_BYTES) if path.startswith(PICTURES) else usual_bytes


def _is_json(headers: Any, *, or_plain: bool) -> bool:  # noqa: ANN401 - as the server hands it over
    for name, value in headers:
        if name == b"content-type":
            return _claims(value, (_JSON, _PLAIN) if or_plain else (_JSON,))
    return False


@lru_cache(maxsize=64)
def _claims(value: bytes, wanted: tuple[str, ...]) -> bool:
    media, *parameters = value.decode("latin-1").lower().split(";")
    return media.strip() in wanted and all(
        one.strip() in {"", "charset=utf-8", 'charset="utf-8"'} for one in parameters
    )


def _holds_nul(value: Any) -> bool:  # noqa: ANN401 - JSON
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_holds_nul(one) for pair in value.items() for one in pair)
    return isinstance(value, list) and any(map(_holds_nul, value))


@lru_cache(maxsize=512)
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:  # noqa: ANN401 - any type may be declared
    return msgspec.json.Decoder(kind)


def _refused(problem: str) -> Refusal:
    field = problem.rpartition(" - at `")[2].rstrip("`") if " - at `" in problem else "$"
    if problem.startswith(_UNKNOWN):
        name = problem[len(_UNKNOWN) :].partition("`")[0]
        return invalid(
            "body.unknown_field",
            f"Leave out the field {name[:64]!r}, which is not known here; see /docs.",
            field=name[:_SHOWN_MAX],
        )
    return invalid(
        "body.invalid",
        "Correct the body; see /docs.",
        field=field[:_SHOWN_MAX].removeprefix("$."),
        problem=problem.partition(" - at `")[0][:_SHOWN_MAX],
    )
