"""Sessions over HTTP: who watches now, and ending that."""

from typing import Annotated, Any, Final

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.core.handles import Database
from plaudit.features.admission import queries
from plaudit.features.admission.actions.base import READ, WRITE, Means
from plaudit.features.admission.actions.revoking import end_sessions
from plaudit.features.admission.http.fields import TAGS, Cursor, Limit
from plaudit.features.admission.model.places import SESSION, STAGE, Place
from plaudit.features.admission.model.servers import server_id
from plaudit.features.admission.model.shows import check_name, viewer_of
from plaudit.kernel.ids import encode_id
from plaudit.kernel.time import format_time
from plaudit.platform.web import Parameter, Response, answer, get, post
from plaudit.vocabulary.facts.admission import AccessRevoked

_OK: Final = 200

Show = Annotated[str | None, Parameter(description="Only sessions of this show.")]
Viewer = Annotated[str | None, Parameter(description="Only this viewer's; a viewer's token means itself.")]


class SessionView(msgspec.Struct, kw_only=True):
    """A session: who watches what, or publishes, where, on which device, since when."""

    session: str
    show: str
    stream: str
    viewer: str
    device: str
    publishes: bool
    server: str
    client: str
    since: str


class SessionPage(msgspec.Struct, kw_only=True):
    """Some sessions."""

    items: list[SessionView]
    next_cursor: str | None


class SessionsToEnd(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A viewer's sessions in a show: one of them, or all."""

    show: str
    viewer: str
    session: str | None = None


class SessionsEnded(msgspec.Struct, kw_only=True):
    """Sessions were ended, and their clients are being kicked."""

    show: str
    viewer: str
    sessions: int
    position: int


@get("/v1/viewing-sessions", opt={"permission": READ}, summary="Who watches now", tags=TAGS)
async def list_sessions(
    *,
    grant: Grant,
    database: Database,
    show: Show = None,
    viewer: Viewer = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> SessionPage:
    """Return who watches now, by viewer."""
    if show is not None:
        check_name(show, field="show")
    who = viewer_of(actor=grant.actor, named=viewer)
    page = await queries.session_page(
        database=database, tenant_id=grant.tenant_id, show=show, viewer=who, limit=limit, cursor=cursor
    )
    return SessionPage(
        items=[_view(grant.tenant_id, one) for one in page.items], next_cursor=page.next_cursor
    )


@post(
    "/v1/viewing-sessions/end",
    opt={"permission": WRITE},
    status_code=_OK,
    summary="End a viewer's sessions",
    tags=TAGS,
)
async def end_viewer_sessions(
    *,
    data: SessionsToEnd,
    grant: Grant,
    idempotency_key: str,
    house: Any,  # noqa: ANN401 - the assembled house
) -> Response[SessionsEnded]:
    """End sessions and kick their clients. Who still holds the right may begin again."""
    means: Means = house
    outcome = await end_sessions(
        means,
        grant=grant,
        key=idempotency_key,
        show=data.show,
        viewer=data.viewer,
        session=data.session,
    )
    said = outcome.data
    assert isinstance(said, AccessRevoked), outcome
    body = SessionsEnded(
        show=said.show, viewer=data.viewer, sessions=said.sessions, position=outcome.position
    )
    return answer(body, replayed=outcome.replayed)


ROUTES: Final[tuple[Any, ...]] = (list_sessions, end_viewer_sessions)


def _view(tenant_id: int, one: Place) -> SessionView:
    return SessionView(
        session=encode_id(SESSION, one.number),
        show=one.show,
        stream=one.stream,
        viewer=one.viewer,
        device=one.device,
        publishes=one.slot == STAGE,
        server=server_id(tenant_id=tenant_id, number=one.server),
        client=one.client,
        since=format_time(one.since),
    )
