"""Hooks of media servers: who wants to begin is let in or not, within their time, in their own words.

The address of a hook carries the server's id and its secret; nothing else proves that the server asks. What
is not ours, over or for another stream is refused before the database is asked for anything.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, Final

import msgspec

from plaudit.core.commands.references import NotLoaded
from plaudit.features.admission import queries
from plaudit.features.admission.actions import hooks as actions
from plaudit.features.admission.actions.base import SERVER, Means, ready_of
from plaudit.features.admission.http.fields import TAGS
from plaudit.features.admission.model.servers import Kind, MediaServer, server_of, unknown_server
from plaudit.features.admission.providers import Ready
from plaudit.features.admission.providers.cdn import read_question
from plaudit.features.admission.providers.livekit import Livekit
from plaudit.features.admission.providers.mediamtx import Mediamtx, read_auth, read_end, token_asked
from plaudit.features.admission.providers.srs import Srs, SrsAnswer, act_of, read_hook, token_in
from plaudit.kernel.refusal import Refusal, RefusalKind, busy, forbidden, invalid
from plaudit.platform import log, telemetry
from plaudit.platform.failures import Failure, classify
from plaudit.platform.failures import Final as FinalFailure
from plaudit.platform.web import Request, Response, answer, get, post, route, whole_body

_log = log.logger("admission")

HOOKS: Final = telemetry.counter(
    "access_hooks",
    "Questions of media servers by the answer: admitted, in_doubt (admitted without looking), ended, none"
    " (nothing was asked), secret (of the address), or the code of the refusal.",
    labels=("kind", "outcome"),
)

_OK: Final = 200
_STATUSES: Final = {
    RefusalKind.INVALID: 400,
    RefusalKind.UNAUTHENTICATED: 401,
    RefusalKind.FORBIDDEN: 403,
    RefusalKind.NOT_FOUND: 404,
    RefusalKind.CONFLICT: 409,
    RefusalKind.REFUSED: 403,
    RefusalKind.BUSY: 503,
}
_YES: Final = SrsAnswer(code=0)
_OPEN: Final[dict[str, Any]] = {"permission": None}


class HookAnswer(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What a media server is answered beside the status: the code of a refusal, for its log."""

    reason: str = ""


class JsonWebKey(msgspec.Struct, kw_only=True):
    """A public key on P-256 (RFC 7517)."""

    kty: str
    crv: str
    x: str
    y: str
    kid: str
    use: str
    alg: str


class KeySet(msgspec.Struct, kw_only=True):
    """The public keys that a media server may meet."""

    keys: list[JsonWebKey]


@post(
    "/v1/hooks/srs/{server:str}/{secret:str}",
    opt=_OPEN,
    status_code=_OK,
    summary="Ask whether a client may begin (SRS)",
    tags=TAGS,
    security=[],
)
async def srs_hook(
    *,
    server: str,
    secret: str,
    request: Request[Any, Any, Any],
    house: Any,  # noqa: ANN401 - the assembled house
) -> Response[SrsAnswer]:
    """Answer the HTTP hooks of SRS: on_play, on_publish, on_stop and on_unpublish; to others it is yes."""
    means: Means = house
    ready = await _ready(means, server, secret, "srs")
    hook = _read(read_hook, await _body(means, request))
    media, act, client = ready.media, act_of(hook), str(hook.client_id)
    assert isinstance(media, Srs), media
    if act == "none":
        return _told("srs", "none", _YES)
    if act == "end":
        return _told("srs", await _ended(means, ready, client), _YES)
    why = await _begin(
        means,
        ready,
        token=token_in(hook.param),
        publish=act == "publish",
        is_at=lambda name: media.is_at(hook, name=name),
        client=client,
        protocol="srs",
    )
    if why is None:
        return answer(_YES)
    return answer(SrsAnswer(code=_STATUSES[why.kind], reason=why.code))


@post(
    "/v1/hooks/mediamtx/{server:str}/{secret:str}",
    opt=_OPEN,
    status_code=_OK,
    summary="Ask whether a client may begin (MediaMTX)",
    tags=TAGS,
    security=[],
)
async def mediamtx_hook(
    *,
    server: str,
    secret: str,
    request: Request[Any, Any, Any],
    house: Any,  # noqa: ANN401 - the assembled house
) -> Response[HookAnswer]:
    """Answer the HTTP authentication of MediaMTX; 401 without a token makes it ask the client for one."""
    means: Means = house
    ready = await _ready(means, server, secret, "mediamtx")
    asked = _read(read_auth, await _body(means, request))
    if asked.action not in {"read", "playback", "publish"}:
        why: Refusal | None = forbidden("hook.action", "Leave this action to MediaMTX: authHTTPExclude.")
        _counter("mediamtx", "hook.action").inc()
    else:
        why = await _begin(
            means,
            ready,
            token=token_asked(asked),
            publish=asked.action == "publish",
            is_at=lambda name: name == asked.path,
            client=asked.id or None,
            protocol=asked.protocol,
        )
    return _by_status(why)


@post(
    "/v1/hooks/mediamtx/{server:str}/{secret:str}/end",
    opt=_OPEN,
    status_code=_OK,
    summary="Tell that a client has left (MediaMTX)",
    tags=TAGS,
    security=[],
)
async def mediamtx_end(
    *,
    server: str,
    secret: str,
    request: Request[Any, Any, Any],
    house: Any,  # noqa: ANN401 - the assembled house
) -> Response[HookAnswer]:
    """Take what a command of MediaMTX tells when a reader has left: `{"id": "$MTX_READER_ID"}`."""
    means: Means = house
    ready = await _ready(means, server, secret, "mediamtx")
    left = _read(read_end, await _body(means, request))
    return _told("mediamtx", await _ended(means, ready, left.id), HookAnswer())


@get(
    "/v1/hooks/mediamtx/{server:str}/jwks.json",
    opt=_OPEN,
    summary="The keys that sign for a media server (MediaMTX)",
    tags=TAGS,
    security=[],
)
async def mediamtx_keys(
    *,
    server: str,
    house: Any,  # noqa: ANN401 - the assembled house
) -> KeySet:
    """Return the public keys of the JWTs for a MediaMTX: in use, the one before, and the one to come."""
    means: Means = house
    media = ready_of(means, await _server(means, server, "mediamtx")).media
    assert isinstance(media, Mediamtx), media
    return msgspec.convert(media.key_set(), KeySet)


@post(
    "/v1/hooks/livekit/{server:str}/{secret:str}",
    opt=_OPEN,
    status_code=_OK,
    summary="Tell of participants (LiveKit)",
    tags=TAGS,
    security=[],
)
async def livekit_hook(
    *,
    server: str,
    secret: str,
    request: Request[Any, Any, Any],
    house: Any,  # noqa: ANN401 - the assembled house
) -> Response[HookAnswer]:
    """Take the webhooks of LiveKit, which it signs: a participant that has left gives up its place."""
    means: Means = house
    ready = await _ready(means, server, secret, "livekit")
    media = ready.media
    assert isinstance(media, Livekit), media
    body = await _body(means, request)
    try:
        left = media.left(authorization=request.headers.get("authorization", ""), body=body)
    except ValueError:
        _counter("livekit", "hook.unsigned").inc()
        return answer(HookAnswer(reason="hook.unsigned"), status=_STATUSES[RefusalKind.UNAUTHENTICATED])
    outcome = "none" if left is None else await _ended(means, ready, left.identity, name=left.room)
    return _told("livekit", outcome, HookAnswer())


async def _cdn(
    *,
    server: str,
    secret: str,
    request: Request[Any, Any, Any],
    house: Any,  # noqa: ANN401 - the assembled house
) -> Response[HookAnswer]:
    means: Means = house
    ready = await _ready(means, server, secret, "cdn")
    asked = read_question(query=request.url.query, originals=request.headers.getall("x-original-uri", []))
    why = await _begin(
        means,
        ready,
        token=asked.token,
        publish=False,
        is_at=asked.is_at,
        endings=asked.endings,
        client=None,
        protocol="cdn",
    )
    # To a CDN only 403 means no, anything else lets the viewer in; the edge says so of what is raised.
    return _by_status(why, no=_STATUSES[RefusalKind.FORBIDDEN])


@route(
    "/v1/hooks/cdn/{server:str}/{secret:str}",
    methods=("GET", "POST"),
    opt=_OPEN,
    summary="Ask whether a viewer may watch (CDN)",
    tags=TAGS,
    security=[],
)
async def cdn_hook(
    *,
    server: str,
    secret: str,
    request: Request[Any, Any, Any],
    house: Any,  # noqa: ANN401 - the assembled house
) -> Response[HookAnswer]:
    """Answer remote authentication, and auth_request of nginx: 200 lets in, 403 does not."""
    return await _cdn(server=server, secret=secret, request=request, house=house)


@route("/v1/hooks/cdn/{server:str}/{secret:str}", methods=("HEAD",), opt=_OPEN, include_in_schema=False)
async def cdn_head(
    *,
    server: str,
    secret: str,
    request: Request[Any, Any, Any],
    house: Any,  # noqa: ANN401 - the assembled house
) -> Response[HookAnswer]:
    """Answer remote authentication by HEAD."""
    return await _cdn(server=server, secret=secret, request=request, house=house)


ROUTES: Final[tuple[Any, ...]] = (
    srs_hook,
    mediamtx_hook,
    mediamtx_end,
    mediamtx_keys,
    livekit_hook,
    cdn_hook,
    cdn_head,
)


@cache
def _counter(kind: Kind, outcome: str) -> telemetry.Counter:
    """Return the counter of an outcome, of which there are few and whose look-up costs more than counting."""
    return HOOKS.labels(kind, outcome)


async def _server(means: Means, server: str, kind: Kind) -> MediaServer:
    """Return the server that an address names. Raises Refusal `media_server.unknown` (NOT_FOUND)."""
    tenant_id, number = server_of(server)
    try:
        found = means.references.lookup(tenant_id).one(SERVER, str(number))
    except NotLoaded:
        # Whoever guesses at addresses puts nothing into the cache, and names no tenant that there is not.
        await queries.server(database=means.database, tenant_id=tenant_id, server=server)
        found = await means.references.get(tenant_id=tenant_id, topic=SERVER, key=str(number))
    if found is None or found.kind != kind:
        raise unknown_server()
    known: MediaServer = found
    return known


async def _ready(means: Means, server: str, secret: str, kind: Kind) -> Ready:
    ready = ready_of(means, await _server(means, server, kind))
    if not ready.knows(secret):
        _counter(kind, "secret").inc()
        raise unknown_server()
    return ready


async def _body(means: Means, request: Request[Any, Any, Any]) -> bytes:
    body = await whole_body(request.receive, limit_bytes=means.settings.body_max_bytes)
    if body is None:
        raise invalid("hook.invalid", "The body is larger than any of this media server's questions.")
    return body


def _read(read: Callable[[bytes], Any], body: bytes) -> Any:  # noqa: ANN401 - what `read` returns
    try:
        return read(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise invalid("hook.invalid", "This is no question that this media server asks.") from None


async def _begin(
    means: Means,
    ready: Ready,
    *,
    token: str,
    publish: bool,
    is_at: Callable[[str], bool],
    client: str | None,
    protocol: str,
    endings: actions.Endings = actions.no_endings,
) -> Refusal | None:
    """Return why a client may not begin, None when it may, and count it."""
    kind, now = ready.server.kind, means.clock.now()
    given = actions.checked(ready, token=token, publish=publish, is_at=is_at, now=now)
    if isinstance(given, Refusal):
        _counter(kind, given.code).inc()
        return given
    try:
        found = await actions.begin(
            means, ready=ready, given=given, client=client, protocol=protocol, endings=endings, now=now
        )
    except Exception as error:
        if not isinstance(error, Failure | TimeoutError) and classify(error) is FinalFailure:
            raise
        _log.warning("media server not answered by the books", server=ready.server.id, exc_info=error)
        return _in_doubt(ready)
    if isinstance(found, Refusal):
        if found.kind is RefusalKind.BUSY:
            return _in_doubt(ready)
        _counter(kind, found.code).inc()
        return found
    _counter(kind, "admitted").inc()
    return None


def _in_doubt(ready: Ready) -> Refusal | None:
    """Return what a viewer with a good token is answered when the database cannot be asked."""
    if ready.server.terms.in_doubt == "admit":
        _counter(ready.server.kind, "in_doubt").inc()
        return None
    _counter(ready.server.kind, "gate.busy").inc()
    return busy("gate.busy", "It cannot be looked up now; ask again.", retry_after_s=1)


async def _ended(means: Means, ready: Ready, client: str, *, name: str | None = None) -> str:
    """Give up a client's place. What goes wrong is left to the janitor: no server waits for this answer.

    With `name` only while that is what the stream is called that it is at.
    """
    try:
        await actions.end(means, ready, client=client, name=name)
    except Exception as error:
        if not isinstance(error, Failure | TimeoutError) and classify(error) is FinalFailure:
            raise
        _log.warning("the end of a session was not noted", server=ready.server.id, exc_info=error)
        return "gate.busy"
    return "ended"


def _told(kind: Kind, outcome: str, body: Any) -> Response[Any]:  # noqa: ANN401 - an answer's body
    _counter(kind, outcome).inc()
    return answer(body)


def _by_status(why: Refusal | None, *, no: int | None = None) -> Response[HookAnswer]:
    if why is None:
        return answer(HookAnswer())
    return answer(HookAnswer(reason=why.code), status=no or _STATUSES[why.kind])
