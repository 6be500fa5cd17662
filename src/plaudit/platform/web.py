"""What features need of the web framework, and nothing else of it.

A handler is an async function under `get`, `post`, `put` or `delete`, with its permission in
`opt={"permission": "..."}` (None: any valid credential). There, too, `"keyless": True` says that a write
takes no idempotency key, and `"plain": True` that its JSON may claim to be plain text, as a page's beacon
does. It may declare these parameters, by name:

* `data`: the request body, a msgspec struct; decoded strictly, so that "1" is no integer and an unknown field
  is refused when the struct forbids them.
* those of `INJECTED`: the caller's grant, the idempotency key, and the parts of the house.
* path and query parameters, as Litestar has them.

It returns a struct, or `answer(...)` where the status or the header of a replay matters. Refusals are raised;
that of a caller without the permission is raised before the handler is called.
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, Final, TypeAlias, TypeVar, get_args, get_origin, get_type_hints

import litestar
import msgspec
from litestar import MediaType, Request, Response
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import ResponseSpec
from litestar.params import (
    Body,
    BodyKwarg,
    HeaderParameter,
    ParameterKwarg,
    PathParameter,
    QueryParameter,
)
from litestar.response import Stream
from litestar.types import ASGIApp, Receive, Scope, Send

from plaudit.kernel.refusal import invalid

__all__ = [
    "INJECTED",
    "OFFER",
    "Body",
    "HeaderParameter",
    "MediaType",
    "Parameter",
    "QueryParameter",
    "Request",
    "Response",
    "ResponseSpec",
    "Stream",
    "Verbatim",
    "answer",
    "delete",
    "get",
    "post",
    "put",
    "route",
    "whole_body",
]

T = TypeVar("T")
Parameter = QueryParameter
"""Describes a parameter of the query: `Annotated[int, Parameter(description="...")]`."""

_Endpoint: TypeAlias = Callable[..., Awaitable[Any]]
_Header: TypeAlias = tuple[bytes, bytes]
_Decorator: TypeAlias = Callable[[_Endpoint], HTTPRouteHandler]

INJECTED: Final = frozenset(
    {
        "grant",
        "idempotency_key",
        "request_id",
        "corridor",
        "database",
        "directory",
        "references",
        "clock",
        "randomness",
        "vault",
        "outbound",
        "house",
        "readmit",
    }
)
"""Parameters that the edge hands in by name.

`grant` and `idempotency_key` (str, parsed: raises key.missing, key.malformed) are the request's own;
`randomness` is a callable from a number of bytes to random bytes; `vault` seals secrets; `outbound` calls
the world outside; `house` has everything; `readmit` is an async callable that raises the Refusal of a caller
whose credential has ended since, for long requests.
"""

OFFER: Final = "plaudit"
"""Where in the connection's scope the edge puts what it hands in: an object with these attributes.

Its method `require(permission)` raises the Refusal of a caller who does not hold the permission.
"""

_NO_CONTENT: Final = 204
_JSON_HEADER: Final = (b"content-type", b"application/json")
_REPLAYED_HEADER: Final = (b"idempotency-replayed", b"true")
_encode: Final = msgspec.json.Encoder().encode


class Answer(Response[T]):
    """A struct as JSON. It does what the framework's own response does for one, at a fifth of the cost."""

    __slots__ = ("replayed",)

    def __init__(self, content: T, *, status: int | None = None, replayed: bool = False) -> None:
        """Take the body, the status (None: that of the route) and whether it was done before."""
        self.content = content
        self.status_code = status
        self.replayed = replayed

    def to_asgi_response(  # type: ignore[override]
        self,
        app: None,  # noqa: ARG002 - as the framework calls it
        request: Request[Any, Any, Any],  # noqa: ARG002 - as the framework calls it
        *,
        status_code: int | None = None,
        **_: Any,  # noqa: ANN401 - as the framework calls it
    ) -> ASGIApp:
        """Return what sends the answer."""
        body = _encode(self.content)
        headers = (_JSON_HEADER, _length(body), *((_REPLAYED_HEADER,) if self.replayed else ()))
        return _Sent(body, self.status_code or status_code or 200, headers)


class Verbatim(Response[bytes]):
    """Bytes as an answer, of a type that is given with them; as cheap as `Answer`."""

    def __init__(self, body: bytes, *, status: int, media_type: str) -> None:
        """Take the body, empty where the status (204) has none, its status and its type."""
        self.content = body
        self.status_code = status
        self.media_type = media_type

    def to_asgi_response(  # type: ignore[override]
        self,
        app: None,  # noqa: ARG002 - as the framework calls it
        request: Request[Any, Any, Any],  # noqa: ARG002 - as the framework calls it
        **_: Any,  # noqa: ANN401 - as the framework calls it
    ) -> ASGIApp:
        """Return what sends the answer."""
        assert self.status_code is not None, "an answer of bytes says its status"
        headers: tuple[_Header, ...] = ()
        if self.status_code != _NO_CONTENT:
            headers = ((b"content-type", str(self.media_type).encode("ascii")), _length(self.content))
        return _Sent(self.content, self.status_code, headers)


class _Sent:
    """An encoded answer, as an ASGI application."""

    __slots__ = ("_body", "_headers", "_status")

    def __init__(self, body: bytes, status: int, headers: Sequence[_Header]) -> None:
        self._body = body
        self._status = status
        self._headers = headers

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self._status, "headers": self._headers})
        await send({"type": "http.response.body", "body": self._body, "more_body": False})


def _length(body: bytes) -> _Header:
    return b"content-length", b"%d" % len(body)


async def whole_body(receive: Receive, *, limit_bytes: int) -> bytes | None:
    """Return a request's body as it was sent, None as soon as it is larger than the limit.

    Raises Refusal `body.invalid` when it ends early.
    """
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise invalid("body.invalid", "The body ended before it was whole; send it again.")
        part = message["body"]
        size += len(part)
        if size > limit_bytes:
            return None
        if not message["more_body"]:
            return b"".join((*parts, part)) if parts else part
        parts.append(part)


def answer(body: T, *, replayed: bool = False, status: int = 200) -> Response[T]:
    """Return a JSON answer; with `replayed` a header says that nothing was done now."""
    return Answer(body, status=status, replayed=replayed)


def get(path: str | Sequence[str], *, opt: Mapping[str, Any], **options: Any) -> _Decorator:  # noqa: ANN401
    """Return a decorator for a handler of GET. `options` are Litestar's (status_code, summary, tags …)."""
    return _route(litestar.get, path, opt, options)


def post(path: str | Sequence[str], *, opt: Mapping[str, Any], **options: Any) -> _Decorator:  # noqa: ANN401
    """Return a decorator for a handler of POST, answering 201 unless `status_code` says otherwise."""
    return _route(litestar.post, path, opt, options)


def put(path: str | Sequence[str], *, opt: Mapping[str, Any], **options: Any) -> _Decorator:  # noqa: ANN401
    """Return a decorator for a handler of PUT, answering 200."""
    return _route(litestar.put, path, opt, options)


def delete(path: str | Sequence[str], *, opt: Mapping[str, Any], **options: Any) -> _Decorator:  # noqa: ANN401
    """Return a decorator for a handler of DELETE, answering 200 with a body."""
    return _route(litestar.delete, path, opt, {"status_code": 200, **options})


def route(
    path: str | Sequence[str],
    *,
    methods: Sequence[str],
    opt: Mapping[str, Any],
    **options: Any,  # noqa: ANN401
) -> _Decorator:
    """Return a decorator for a handler of several methods, answering 200."""
    return _route(litestar.route, path, opt, {"http_method": list(methods), "status_code": 200, **options})


def _route(
    kind: Callable[..., Any], path: str | Sequence[str], opt: Mapping[str, Any], options: Mapping[str, Any]
) -> _Decorator:
    def decorate(endpoint: _Endpoint) -> HTTPRouteHandler:
        seen = _offered(endpoint, str(path), opt["permission"])
        route: HTTPRouteHandler = kind(path, opt=dict(opt), **options)(seen)
        return route

    return decorate


def _offered(endpoint: _Endpoint, path: str, permission: str | None) -> _Endpoint:
    """Wrap an endpoint so that Litestar sees `request` where it declares what the edge hands in.

    Litestar's own dependency injection starts a task for each dependency of each request, and its guards run
    in threads; either costs more than all the rest of a small request.
    """
    signature = inspect.signature(endpoint)
    wanted = tuple(name for name in signature.parameters if name in INJECTED)
    takes_request = "request" in signature.parameters

    async def handler(*, request: Request[Any, Any, Any], **given: Any) -> Any:  # noqa: ANN401
        offer = request.scope[OFFER]  # type: ignore[typeddict-item]
        if permission is not None:
            offer.require(permission)
        for name in wanted:
            given[name] = getattr(offer, name)
        if takes_request:
            given["request"] = request
        result = await endpoint(**given)
        return result if isinstance(result, Response) else Answer(result)

    hints = {
        name: _marked(name, hint, path)
        for name, hint in get_type_hints(endpoint, include_extras=True).items()
    }
    kept = {
        name: one for name, one in signature.parameters.items() if name not in wanted and name != "request"
    }
    kept["request"] = inspect.Parameter("request", inspect.Parameter.KEYWORD_ONLY, annotation=Request)
    ordered = [
        one.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints.get(name, one.annotation))
        for name, one in kept.items()
    ]
    returned = hints.get("return", Any)
    seen = signature.replace(parameters=ordered, return_annotation=returned)
    handler.__signature__ = seen  # type: ignore[attr-defined]
    handler.__annotations__ = {one.name: one.annotation for one in ordered} | {"return": returned}
    handler.__name__ = getattr(endpoint, "__name__", "handler")
    handler.__qualname__ = getattr(endpoint, "__qualname__", "handler")
    handler.__module__ = endpoint.__module__
    handler.__doc__ = endpoint.__doc__
    return handler


def _marked(name: str, hint: Any, path: str) -> Any:  # noqa: ANN401 - a type
    """Return a parameter's type with a marker of where it comes from: the body, the path or the query."""
    if name in {"request", "return"}:
        return hint
    if name == "data":
        return Annotated[hint, BodyKwarg()]
    if f"{{{name}:" in path:
        return Annotated[hint, PathParameter()]
    if get_origin(hint) is Annotated and any(isinstance(one, ParameterKwarg) for one in get_args(hint)[1:]):
        return hint
    return Annotated[hint, QueryParameter()]
