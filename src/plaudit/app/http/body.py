"""Request bodies: JSON, decoded strictly into the struct that a handler declares."""

from functools import lru_cache
from typing import Any, Final

import msgspec
from litestar import Request

from plaudit.app.errors import wrong_content_type
from plaudit.kernel.refusal import Refusal, invalid

_JSON: Final = "application/json"
_UNKNOWN: Final = "Object contains unknown field `"
_SHOWN_MAX: Final = 200


class StrictRequest(Request[Any, Any, Any]):
    """A request whose JSON is read straight into the declared type.

    The framework would decode to dictionaries first and convert leniently, so that "1" and 1.0 pass for integers.
    """

    async def json(self) -> Any:  # noqa: ANN401 - the handler's own type
        """Return the body as the handler's type of `data`. Raises Refusal `body.invalid`, `body.unknown_field`, 415."""
        declared = self.scope["route_handler"].parsed_data_field
        if not _is_json(self.scope["headers"]):
            raise wrong_content_type()
        body = await self.body()
        try:
            return _decoder(declared.annotation if declared else dict).decode(body)
        except msgspec.ValidationError as error:
            raise _refused(str(error)) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise invalid(
                "body.invalid",
                "Send the body as one whole JSON text in UTF-8.",
                problem=str(error)[:_SHOWN_MAX],
            ) from None


def _is_json(headers: Any) -> bool:  # noqa: ANN401 - as the server hands it over
    for name, value in headers:
        if name == b"content-type":
            return _claims_json(value)
    return False


@lru_cache(maxsize=64)
def _claims_json(value: bytes) -> bool:
    media, *parameters = value.decode("latin-1").lower().split(";")
    return media.strip() == _JSON and all(
        one.strip() in {"", "charset=utf-8", 'charset="utf-8"'} for one in parameters
    )


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
