"""The one layer around the framework: request id, credential, rate limit, log line, metrics.

Everything here runs for every request, so it is one function and a few attributes, not a stack of middleware.
"""

import asyncio
import re
from collections.abc import Iterable
from functools import partial
from time import perf_counter
from typing import Any, Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from plaudit.app.assembly import House
from plaudit.app.errors import MEDIA_TYPE, Problem, as_forbidden, is_fault, problem_of, too_large
from plaudit.app.http.access import AccessLog
from plaudit.app.http.body import limit_of
from plaudit.app.http.offer import Offer
from plaudit.app.meters import RequestMeter
from plaudit.kernel.refusal import invalid
from plaudit.platform import log
from plaudit.platform.web import OFFER

_log = log.logger("http")
_GUARDED: Final = "/v1/"
_HOOKS: Final = "/v1/hooks/"
SIGNED: Final = ("/v1/callbacks/", _HOOKS)
"""Callers here hold no credential: a callback carries its channel's signature, a hook its server's secret."""
_CDN: Final = "/v1/hooks/cdn/"
"""To a CDN only 403 means no, and anything else lets the viewer in: a fault of ours, too, is told as that."""
PUBLIC: Final = ("/v1/track/", "/v1/track.gif")
"""Callers here hold no credential either: pages name a site key, which allows this and nothing else."""
UNGUARDED: Final = (*SIGNED, *PUBLIC)
_SHARED: Final = "/v1/track"
"""Pages of any origin may call this, without cookies, and read the answer."""
_ANY_ORIGIN: Final = (b"access-control-allow-origin", b"*")
_PREFLIGHT: Final = (
    _ANY_ORIGIN,
    (b"access-control-allow-methods", b"GET, POST"),
    (b"access-control-allow-headers", b"authorization, content-type, x-request-id"),
    (b"access-control-max-age", b"86400"),
)
_NO_CONTENT: Final = 204
_REQUEST_ID: Final = re.compile(rb"[\x21-\x7e]{1,64}")
_SECRET_PART: Final = 5
"""Which part of a hook's address, split at slashes, is its server's secret."""
_PAY: Final = "/pay/"
_PAY_PROOF: Final = re.compile(r"(?<=^/pay/)([^/-]*-[^/-]*)-[^/]*")
_UNROUTED: Final = "unrouted"
_PATH_MAX: Final = 200
_CLIENT_GONE: Final = 499
_MASK: Final = 2**64 - 1
_STEP: Final = 0x9E3779B97F4A7C15


class Edge:
    """The ASGI application that the server calls."""

    def __init__(self, *, inner: ASGIApp, house: House, access: AccessLog | None) -> None:
        """Stand around `inner`; without `access` no lines are written."""
        self._inner = inner
        self._house = house
        self._access = access
        self._meter = RequestMeter()
        self._doorkeeper = house.doorkeeper
        self._limiter = house.limiter
        self._clock = house.clock
        self._body_max_bytes = house.settings.body_max_bytes
        self._number = int.from_bytes(house.randomness(8), "big")
        self.open = 0
        self._idle = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != ScopeType.HTTP:
            await self._inner(scope, receive, send)
            return
        started = perf_counter()
        self.open += 1
        credential, key, given_id, length = _read(scope["headers"])
        identifier = self._identifier(given_id)
        offer = Offer(self._house, identifier.decode("ascii"))
        scope[OFFER] = offer  # type: ignore[typeddict-unknown-key]
        status = 0
        shared = scope["path"].startswith(_SHARED)
        added = ((b"x-request-id", identifier), _ANY_ORIGIN) if shared else ((b"x-request-id", identifier),)

        async def answering(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *added]
            await send(message)

        mark = log.request_id.set(offer.request_id)
        try:
            if shared and scope["method"] == "OPTIONS":
                status = _NO_CONTENT
                await _allow(send)
                return
            if scope["path"].startswith(_GUARDED) and not scope["path"].startswith(UNGUARDED):
                await self._admit(offer, credential, key)
            self._check(scope, length)
            await self._inner(scope, receive, answering)
        except asyncio.CancelledError:
            status = status or _CLIENT_GONE
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets an answer
            if status:
                _log.warning("answer cut short", path=_shown(scope["path"]), exc_info=error)
            else:
                await _refuse(error=error, scope=scope, send=answering)
        finally:
            log.request_id.reset(mark)
            self.open -= 1
            if not self.open:
                self._idle.set()
            self._observe(scope, offer, status, perf_counter() - started)

    async def drained(self) -> None:
        """Return when no request is open."""
        while self.open:
            self._idle.clear()
            await self._idle.wait()

    async def _admit(self, offer: Offer, credential: bytes | None, key: bytes | None) -> None:
        """Let the caller in and count the call, or raise the Refusal of either."""
        access = await self._doorkeeper.admit(credential)
        grant = access.grant
        offer.introduce(grant, credential=credential, key=key)
        limit = access.rate_per_second
        if limit is not None:
            waiting = self._limiter.take(tenant_id=grant.tenant_id, name=access.rate_name, limit=limit)
            if waiting is not None:
                await waiting

    def _check(self, scope: Scope, length: int) -> None:
        if length > self._body_max_bytes:
            limit_bytes = limit_of(scope["path"], usual_bytes=self._body_max_bytes)
            if length > limit_bytes:
                raise too_large(limit_bytes=limit_bytes)
        if "\0" in scope["path"]:
            raise invalid("path.invalid", "Leave out the character NUL, which no text here can hold.")
        if b"%00" in scope["query_string"]:
            raise invalid("query.invalid", "Leave out the character NUL, which no text here can hold.")

    def _identifier(self, given: bytes | None) -> bytes:
        """Return the caller's request id where it is usable, else a new one of 16 hex digits."""
        if given is not None and _REQUEST_ID.fullmatch(given):
            return given
        self._number = (self._number + _STEP) & _MASK
        return b"%016x" % self._number

    def _observe(self, scope: Scope, offer: Offer, status: int, seconds: float) -> None:
        route = scope.get("path_template") or _UNROUTED
        method: str = scope["method"]  # type: ignore[typeddict-item]
        self._meter.observe(
            method=method, route=route, status=status, seconds=seconds, code=offer.refusal_code
        )
        if self._access is None:
            return
        fields: dict[str, Any] = {
            "request_id": offer.request_id,
            "method": method,
            "path": _shown(scope["path"])[:_PATH_MAX],
            "status": status,
            "us": int(seconds * 1e6),
        }
        caller = offer.caller
        if caller is not None:
            fields["tenant_id"] = caller.tenant_id
            fields["actor"] = caller.actor.text
        if offer.refusal_code:
            fields["code"] = offer.refusal_code
        self._access.line(self._clock.now(), fields)


def _read(headers: Iterable[tuple[bytes, bytes]]) -> tuple[bytes | None, bytes | None, bytes | None, int]:
    """Return the credential, the idempotency key, the request id and the length that a request tells of."""
    credential = key = given_id = None
    length = 0
    for name, value in headers:
        if name == b"authorization":
            credential = value
        elif name == b"idempotency-key":
            key = value
        elif name == b"content-length":
            length = int(value) if value.isdigit() else 0
        elif name == b"x-request-id":
            given_id = value
    return credential, key, given_id, length


def told(*, error: Exception, scope: Scope) -> Problem:
    """Return the answer to an error and note its code; log the server's faults, alarm at broken ones."""
    offer: Offer = scope[OFFER]  # type: ignore[typeddict-item]
    problem = problem_of(error=error, path=scope["path"], sent_as=partial(_sent_as, scope))
    if scope["path"].startswith(_CDN):
        problem = as_forbidden(problem)
    offer.refusal_code = problem.code
    if is_fault(error):
        _log.error("request failed", path=_shown(scope["path"]), code=problem.code, exc_info=error)
    if isinstance(error, AssertionError):
        offer.house.alarm.ring(error)
    return problem


async def _allow(send: Send) -> None:
    """Answer a browser's question whether a page of another origin may call."""
    await send({"type": "http.response.start", "status": _NO_CONTENT, "headers": list(_PREFLIGHT)})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _shown(path: str) -> str:
    """Return an address as logs have it: what proves it is left out, what it is about is not."""
    if path.startswith(_HOOKS):
        parts = path.split("/", _SECRET_PART + 1)
        if len(parts) > _SECRET_PART:
            parts[_SECRET_PART] = "…"
            return "/".join(parts)
    elif path.startswith(_PAY):
        return _PAY_PROOF.sub(r"\1-…", path)
    return path


def _sent_as(scope: Scope, name: str) -> str:
    """Return the name by which callers know a parameter of the handler that was chosen."""
    field = scope["route_handler"].parsed_fn_signature.parameters.get(name)
    kwarg = field.kwarg_definition if field is not None else None
    return getattr(kwarg, "name", None) or name


async def _refuse(*, error: Exception, scope: Scope, send: Send) -> None:
    problem = told(error=error, scope=scope)
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(problem.body)).encode()),
        *problem.headers,
    ]
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": problem.body, "more_body": False})
