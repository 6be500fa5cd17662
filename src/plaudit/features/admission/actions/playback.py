"""Playback: what a player needs to watch a stream of a show, or to publish to it, for one viewer's device."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from plaudit.core.commands.command import Grant
from plaudit.features.admission.actions.base import DRAFTS, SERVER, SERVERS, WRITE, Means, ready_of
from plaudit.features.admission.actions.gate import gate_of
from plaudit.features.admission.actions.rights import rights_in_hand
from plaudit.features.admission.model.media import Offer, Wanted, client_of
from plaudit.features.admission.model.places import Ask
from plaudit.features.admission.model.servers import MediaServer, number_of, unknown_server
from plaudit.features.admission.model.shows import (
    Show,
    check_name,
    refusal_of_show,
    refusal_to_watch,
    seen,
    viewer_of,
)
from plaudit.features.admission.model.tokens import Pass, sealed, serial_of
from plaudit.features.admission.providers import Ready
from plaudit.features.admission.store.servers import ALL
from plaudit.kernel.refusal import Refusal, forbidden, invalid, refused

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DEVICE_BYTES: Final = 8
_CHANCE_BYTES: Final = 8
_SERIAL_BYTES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Who wants to watch what, where. Without `server` the first that is enabled is taken."""

    show: str
    stream: str
    viewer: str | None
    device: str | None
    server: str | None
    publish: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Playback:
    """What the player is given, and until when it may begin."""

    server: MediaServer
    name: str
    viewer: str | None
    device: str
    offer: Offer
    expires_at: datetime


async def open_playback(means: Means, *, grant: Grant, request: Request) -> Playback:
    """Return what a player needs at one media server.

    Raises Refusal `viewer.invalid`, `name.invalid`, `viewer.missing`, `device.missing`, `invalid.id`
    (INVALID), `media_server.unknown` (NOT_FOUND), `media_server.none`, `media_server.off`,
    `media_server.stream_name` (REFUSED), `media_server.unusable` (BUSY), and as
    `shows.refusal_to_watch` and `places.decide`.
    """
    viewer = _viewer(grant, request)
    check_name(request.show, field="show")
    check_name(request.stream, field="stream")
    if request.device is not None:
        check_name(request.device, field="device")
    server = await _server(means, tenant_id=grant.tenant_id, named=request.server)
    ready = ready_of(means, server)
    if request.device is None and viewer and not ready.media.asks:
        raise invalid("device.missing", "Name the device: this media server does not ask who is on which.")
    device = request.device or means.randomness(_DEVICE_BYTES).hex()
    now = means.clock.now()
    show = await _watchable(means, grant=grant, viewer=viewer, request=request)
    given = Pass(
        viewer=viewer,
        show=request.show,
        stream=request.stream,
        device=device,
        publish=request.publish,
        serial=serial_of(
            at_ms=(now - _EPOCH) // timedelta(milliseconds=1), randomness=means.randomness(_SERIAL_BYTES)
        ),
        ends_at_s=int(now.timestamp()) + server.terms.token_ttl_s,
    )
    session = 0
    if viewer and not ready.media.asks:
        session = await _taken(means, server, given, now=now, until=show.ends_at)
    offer = ready.media.offer(
        _wanted(ready, given, session=session, now=now, chance=means.randomness(_CHANCE_BYTES))
    )
    return Playback(
        server=server,
        name=server.terms.name_of(show=given.show, stream=given.stream),
        viewer=viewer or None,
        device=device,
        offer=offer,
        expires_at=datetime.fromtimestamp(given.ends_at_s, UTC),
    )


def _viewer(grant: Grant, request: Request) -> str:
    """Return the viewer; "" for the organiser's own encoder, if the caller keeps media servers."""
    viewer = viewer_of(actor=grant.actor, named=request.viewer)
    if viewer is not None:
        return viewer
    if not request.publish:
        raise invalid("viewer.missing", "Name the viewer who wants to watch.")
    if WRITE not in grant.permissions:
        raise forbidden(
            "scope.missing",
            f"To publish as the organiser needs the scope {WRITE}; or name the viewer who publishes.",
            scope=WRITE,
        )
    return ""


async def _server(means: Means, *, tenant_id: int, named: str | None) -> MediaServer:
    if named is None:
        every: tuple[MediaServer, ...] = await means.references.get(
            tenant_id=tenant_id, topic=SERVERS, key=ALL
        )
        enabled = next((one for one in every if one.terms.enabled), None)
        if enabled is None:
            raise refused("media_server.none", "No media server is enabled; add one first.")
        return enabled
    number = number_of(named, tenant_id=tenant_id)
    server: MediaServer | None = await means.references.get(
        tenant_id=tenant_id, topic=SERVER, key=str(number)
    )
    if server is None:
        means.references.forget(tenant_id=tenant_id, item=(SERVER, str(number)))
        raise unknown_server()
    if not server.terms.enabled:
        raise refused("media_server.off", "This media server is not enabled; name another.")
    return server


async def _watchable(means: Means, *, grant: Grant, viewer: str, request: Request) -> Show:
    """Return the show if the viewer may watch it now; raise the Refusal otherwise.

    To a draft who keeps media servers may publish, so that all is tried before it is announced.
    """
    found, held = await rights_in_hand(
        database=means.database, tenant_id=grant.tenant_id, viewer=viewer or None, show=request.show
    )
    rehearses = request.publish and WRITE in grant.permissions
    show = seen(found, drafts=rehearses or DRAFTS in grant.permissions)
    why = (
        refusal_to_watch(show, request.stream, held=held, publish=request.publish)
        if viewer
        else refusal_of_show(show, request.stream, publish=request.publish)
    )
    if why is not None:
        raise why
    assert show is not None, "an unknown show is refused"
    return show


async def _taken(means: Means, server: MediaServer, given: Pass, *, now: datetime, until: datetime) -> int:
    """Take the place now, since this server will not ask; return its number."""
    over = datetime.fromtimestamp(given.ends_at_s, UTC)
    ask = Ask(
        viewer=given.viewer,
        show=given.show,
        stream=given.stream,
        device=given.device,
        publish=given.publish,
        serial=given.serial,
        server=server.number,
        client=client_of(viewer=given.viewer, device=given.device, publish=given.publish),
        protocol=server.kind,
        at_limit=server.terms.at_limit,
        at=now,
        ends_at=max(over, until),
    )
    answer = await gate_of(database=means.database, tenant_id=server.tenant_id).ask(ask)
    if isinstance(answer, Refusal):
        raise answer
    return answer.number


def _wanted(ready: Ready, given: Pass, *, session: int, now: datetime, chance: bytes) -> Wanted:
    key_number, key = ready.token_keys[0]
    return Wanted(
        name=ready.server.terms.name_of(show=given.show, stream=given.stream),
        viewer=given.viewer,
        show=given.show,
        stream=given.stream,
        device=given.device,
        publish=given.publish,
        token=sealed(given, key=key, key_number=key_number) if ready.media.asks else "",
        session=session,
        now_s=int(now.timestamp()),
        ends_at_s=given.ends_at_s,
        chance=chance,
    )
