"""Playback over HTTP: what a player needs, and what a viewer may watch."""

from typing import Annotated, Any, Final

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.core.handles import Database
from plaudit.features.admission.actions import playback as actions
from plaudit.features.admission.actions.base import DRAFTS, READ, Means
from plaudit.features.admission.actions.rights import rights_in_hand
from plaudit.features.admission.http.fields import TAGS
from plaudit.features.admission.model.shows import check_name, refusal_to_watch, seen, viewer_of
from plaudit.kernel.refusal import invalid, not_found
from plaudit.kernel.time import format_time
from plaudit.platform.web import Parameter, get, post

_OPT: Final = {"permission": READ}
_OK: Final = 200

Viewer = Annotated[str | None, Parameter(description="The viewer; a viewer's token means itself.")]


class PlaybackBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Which stream, for whom, on which device.

    A viewer's token means itself. A `device` is any name of the app's choosing, the same for the same device;
    left out, each time is another device. Without `server` the first that is enabled is taken. With `publish`
    it is to publish, for a viewer who may join on stage, or without a viewer for the organiser.
    """

    stream: str
    viewer: str | None = None
    device: str | None = None
    server: str | None = None
    publish: bool = False


class PlaybackView(msgspec.Struct, kw_only=True):
    """What the player needs, to begin before `expires_at`.

    `urls` are whole; the token is in them where the kind of server has it there. `name` is the stream, room
    or channel; `identity` or `uid` who the viewer is there, `app_id` the project, where kits ask for them.
    """

    server: str
    kind: str
    show: str
    stream: str
    viewer: str | None
    device: str
    name: str
    urls: list[str]
    token: str | None
    identity: str | None
    uid: int | None
    app_id: str | None
    expires_at: str


class StreamAccess(msgspec.Struct, kw_only=True):
    """A stream of a show: whether the viewer may watch it now, and else the code that says why not."""

    stream: str
    may_watch: bool
    why_not: str | None


class AccessView(msgspec.Struct, kw_only=True):
    """A show for one viewer: how far it is, its streams, and the rights in hand by how many."""

    show: str
    state: str
    starts_at: str
    ends_at: str
    devices_max: int
    viewer: str
    streams: list[StreamAccess]
    rights: dict[str, int]


@post(
    "/v1/shows/{show:str}/playback",
    opt=_OPT,
    status_code=_OK,
    summary="Get what a player needs",
    tags=TAGS,
)
async def open_playback(
    *,
    show: str,
    data: PlaybackBody,
    grant: Grant,
    house: Any,  # noqa: ANN401 - the assembled house
) -> PlaybackView:
    """Return addresses and tokens to watch a stream, or to publish to it. Asked again, they are new ones."""
    means: Means = house
    request = actions.Request(
        show=show,
        stream=data.stream,
        viewer=data.viewer,
        device=data.device,
        server=data.server,
        publish=data.publish,
    )
    found = await actions.open_playback(means, grant=grant, request=request)
    return PlaybackView(
        server=found.server.id,
        kind=found.server.kind,
        show=show,
        stream=data.stream,
        viewer=found.viewer,
        device=found.device,
        name=found.name,
        urls=list(found.offer.urls),
        token=found.offer.token,
        identity=found.offer.identity,
        uid=found.offer.uid,
        app_id=found.offer.app_id,
        expires_at=format_time(found.expires_at),
    )


@get("/v1/shows/{show:str}/access", opt=_OPT, summary="What a viewer may watch", tags=TAGS)
async def show_access(*, show: str, grant: Grant, database: Database, viewer: Viewer = None) -> AccessView:
    """Return in one look how far a show is, which streams a viewer may watch now, and the rights in hand."""
    check_name(show, field="show")
    who = viewer_of(actor=grant.actor, named=viewer)
    if who is None:
        raise invalid("viewer.missing", "Name the viewer who wants to watch.")
    known, rights = await rights_in_hand(database=database, tenant_id=grant.tenant_id, viewer=who, show=show)
    found = seen(known, drafts=DRAFTS in grant.permissions)
    if found is None:
        raise not_found("show.unknown", "There is no such show; check its name.")
    streams = []
    for stream in found.streams:
        why = refusal_to_watch(found, stream, held=rights, publish=False)
        streams.append(
            StreamAccess(stream=stream, may_watch=why is None, why_not=None if why is None else why.code)
        )
    return AccessView(
        show=show,
        state=found.state,
        starts_at=format_time(found.starts_at),
        ends_at=format_time(found.ends_at),
        devices_max=found.devices_max,
        viewer=who,
        streams=streams,
        rights=rights,
    )


ROUTES: Final[tuple[Any, ...]] = (open_playback, show_access)
