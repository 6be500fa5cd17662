"""The description of the API: OpenAPI 3.1 from the routes, with examples, scopes and problems."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from importlib.metadata import version
from typing import Any, Final

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig

from plaudit.app.http import examples, page
from plaudit.app.http.edge import PUBLIC, UNGUARDED
from plaudit.platform.web import MediaType, Response, get
from plaudit.vocabulary.permissions import PERMISSIONS

_METHODS: Final = ("get", "post", "put", "delete")
_WRITES: Final = frozenset({"post", "put", "delete"})
_INTRODUCTION: Final = """\
Money and rewards for live streaming on one double-entry ledger.

Amounts are integers in minor units of their asset; times are RFC 3339 in UTC. Every write takes an
`Idempotency-Key`: sent again with the same key, the same request is done once and answered as the first
time, with the header `Idempotency-Replayed: true`. Lists come in pages: send `next_cursor` as `cursor` to
go on. Whatever is refused is answered by a problem document (RFC 9457) whose `code` is stable and whose
`detail` says what to do.\
"""
_PROBLEMS: Final[Mapping[str, str]] = {
    "400": "The request cannot be read, or the idempotency key is missing or malformed.",
    "401": "The credential is missing, invalid, expired or revoked.",
    "403": "The credential does not hold the scope.",
    "404": "There is no such thing in this tenant.",
    "409": "It contradicts what has happened; for instance the key was used for another request.",
    "413": "The body is too large.",
    "415": "The body is not JSON.",
    "422": "A rule of the business refuses it now.",
    "429": "The key calls too often; see Retry-After.",
    "503": "Too much is waiting, or the database is away; see Retry-After.",
}
_PROBLEMS_OF_READS: Final = ("400", "401", "403", "404", "429", "503")
_PROBLEMS_OF_CALLBACKS: Final = ("400", "404", "413", "503")
_PROBLEMS_OF_PAGES: Final = ("400", "404", "413", "415", "429", "503")
_PROBLEM_SCHEMA: Final[Mapping[str, Any]] = {
    "type": "object",
    "title": "Problem",
    "description": "A problem document (RFC 9457). More members may say more about the case.",
    "required": ["type", "title", "status", "code", "detail", "instance"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable, for programs."},
        "detail": {"type": "string", "description": "What to do, for people."},
        "instance": {"type": "string"},
    },
    "examples": [
        {
            "type": "urn:plaudit:problem:wallet.insufficient",
            "title": "Unprocessable Entity",
            "status": 422,
            "code": "wallet.insufficient",
            "detail": "The wallet holds less than that; use a smaller amount or add to it first.",
            "instance": "/v1/tips",
        }
    ],
}
_KEY_PARAMETER: Final[Mapping[str, Any]] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "New for every request, kept when it is sent again: 1 to 255 visible ASCII characters.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "example": "6c1f6f0e-tip-1",
}
_SECURITY: Final[Mapping[str, Any]] = {
    "key": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key (plk_…) of an application, or the key (pls_…) of a person of the staff.",
    },
    "token": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A token of a viewer or creator, signed by the tenant with a pinned token key"
        " (`kid`): `iss` the tenant, `sub` the person, `role` viewer or creator, `iat`, and `exp` at most"
        " 24 hours later.",
    },
}


class Description:
    """The description of some routes, made when it is first asked for."""

    def __init__(self, routes: Sequence[Any]) -> None:
        """Describe `routes`."""
        self._routes = routes
        self._lock = asyncio.Lock()

    @cached_property
    def document(self) -> dict[str, Any]:
        """The whole document. It takes some tenths of a second to make."""
        return describe(self._routes)

    @cached_property
    def _json(self) -> bytes:
        return msgspec.json.encode(self.document)

    @cached_property
    def _page(self) -> bytes:
        return page.rendered(self.document).encode()

    def routes(self) -> list[HTTPRouteHandler]:
        """Return the routes that serve it."""

        @get("/openapi.json", opt={"permission": None}, include_in_schema=False)
        async def openapi() -> Response[bytes]:
            async with self._lock:
                return Response(await asyncio.to_thread(lambda: self._json), media_type="application/json")

        @get("/docs", opt={"permission": None}, include_in_schema=False)
        async def docs() -> Response[bytes]:
            async with self._lock:
                return Response(
                    await asyncio.to_thread(lambda: self._page),
                    media_type=MediaType.HTML,
                    headers={"Content-Security-Policy": page.POLICY},
                )

        return [openapi, docs]


def describe(routes: Sequence[Any]) -> dict[str, Any]:
    """Return the OpenAPI document of some routes."""
    config = OpenAPIConfig(
        title="Plaudit", version=version("plaudit"), description=_INTRODUCTION, use_handler_docstrings=True
    )
    app = Litestar(list(routes), openapi_config=config, logging_config=None)
    document: dict[str, Any] = app.openapi_schema.to_schema()
    marks = _marks(app)
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas["Problem"] = _PROBLEM_SCHEMA
    components["securitySchemes"] = _SECURITY
    components["responses"] = {status: _problem(sentence) for status, sentence in _PROBLEMS.items()}
    for path, method, operation in _operations(document):
        _finish(operation, path=path, method=method, marks=marks[path, method], schemas=schemas)
    document["paths"] = dict(sorted(document["paths"].items()))
    return document


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                yield path, method, item[method]


def _marks(app: Litestar) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Return what routes say of themselves beside the framework's own, by path and method."""
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            for method in getattr(handler, "http_methods", ()):
                if "permission" in handler.opt:
                    found[route.path_format, str(method).lower()] = handler.opt
    return found


def _finish(
    operation: dict[str, Any],
    *,
    path: str,
    method: str,
    marks: Mapping[str, Any],
    schemas: Mapping[str, Any],
) -> None:
    permission: str | None = marks["permission"]
    parameters = operation.setdefault("parameters", [])
    for parameter in parameters:
        for noise in ("deprecated", "allowEmptyValue", "allowReserved"):
            parameter.pop(noise, None)
        example = examples.of_path(parameter["name"])
        if example is not None:
            parameter["example"] = example
    operation.pop("deprecated", None)
    operation["responses"].pop("400", None)
    for content in _contents(operation["responses"].values()):
        content["example"] = examples.of_schema(content["schema"], schemas)
    for content in _contents([operation.get("requestBody", {})]):
        content["example"] = examples.of_body(
            method=method, path=path, schema=content["schema"], schemas=schemas
        )
    if path.startswith(UNGUARDED) or not path.startswith("/v1/"):
        statuses: tuple[str, ...] = ("503",)
        if path.startswith(UNGUARDED):
            statuses = _PROBLEMS_OF_PAGES if path.startswith(PUBLIC) else _PROBLEMS_OF_CALLBACKS
        operation["responses"] |= {one: {"$ref": f"#/components/responses/{one}"} for one in statuses}
        operation["security"] = []
        return
    if method in _WRITES and not marks.get("keyless"):
        parameters.append(_KEY_PARAMETER)
    operation["security"] = [{"key": []}, {"token": []}]
    for status in _PROBLEMS if method in _WRITES else _PROBLEMS_OF_READS:
        operation["responses"][status] = {"$ref": f"#/components/responses/{status}"}
    operation["x-permission"] = permission
    needs = f"Scope: `{permission}`. {PERMISSIONS[permission]}" if permission else "Any valid credential."
    operation["description"] = "\n\n".join(part for part in (operation.get("description"), needs) if part)


def _contents(holders: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - pieces of a document
    for holder in holders:
        for content in holder.get("content", {}).values():
            if "schema" in content:
                yield content


def _problem(sentence: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": sentence, "content": {"application/problem+json": {"schema": schema}}}
