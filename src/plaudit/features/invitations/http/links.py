"""Links over HTTP: given to ticket holders, drawn as posters, followed by friends, and who they brought."""

from collections.abc import Callable
from typing import Annotated, Any, Final

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.core.commands.corridor import Corridor
from plaudit.core.handles import Database
from plaudit.features.invitations import actions, queries
from plaudit.features.invitations.http.fields import TAGS, Cursor, Limit, fact_of
from plaudit.features.invitations.model.links import Link, check_name, check_person, check_show
from plaudit.features.invitations.model.posters import language_of
from plaudit.features.invitations.model.tickets import reason_of
from plaudit.features.invitations.queries import Means, url_of
from plaudit.features.invitations.store.figures import FriendRow, State
from plaudit.kernel.ids import encode_id
from plaudit.kernel.refusal import invalid
from plaudit.kernel.time import Clock, format_time
from plaudit.platform.web import Parameter, Request, Response, answer, get, post
from plaudit.vocabulary.facts.invitations import InvitationOpened

_READ: Final = {"permission": "invitation.read"}
_CREATED: Final = 201
_FOUND: Final = 302
_UNCHANGED: Final = 304
_ORDER: Final = "ord"
_PNG: Final = "image/png"

Viewer = Annotated[
    str | None, Parameter(description="Whose links; left out by a viewer's token, which asks for its own.")
]
AtShow = Annotated[str | None, Parameter(description="Only those of this show.")]
Lang = Annotated[str, Parameter(description='The language of the poster, "zh" or "en".')]


class NewInvitation(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The show to invite to. `viewer` is left out by a viewer's token, which asks for itself.

    `name` is shown on the poster (at most 40 characters) and can be erased; nothing else is made of it.
    """

    show: str
    viewer: str | None = None
    name: str | None = None


class InvitationView(msgspec.Struct, kw_only=True):
    """A link: whoever buys a ticket by it has come by this viewer."""

    invitation: str
    viewer: str
    show: str
    name: str | None
    url: str


class ReasonView(msgspec.Struct, kw_only=True):
    """Why nobody was rewarded, in words."""

    en: str
    zh: str


class FriendView(msgspec.Struct, kw_only=True):
    """An order that came by a link.

    "pending" is not decided yet: not paid in full, or just now; "ended" without having been; "reversed" was
    rewarded and taken back. `code` and `reason` say why an order was refused.
    """

    order: str
    show: str
    friend: str
    state: State
    code: str | None
    reason: ReasonView | None
    at: str


class FriendPage(msgspec.Struct, kw_only=True):
    """Some of those who came by a viewer's links, newest first."""

    viewer: str
    items: list[FriendView]
    next_cursor: str | None


@post("/v1/invitations", opt=_READ, status_code=_CREATED, summary="Get a link to invite by", tags=TAGS)
async def post_invitation(
    *,
    data: NewInvitation,
    grant: Grant,
    idempotency_key: str,
    corridor: Corridor,
    clock: Clock,
    randomness: Callable[[int], bytes],
    house: Means,
) -> Response[InvitationView]:
    """Return the viewer's one link to a show, made now where there was none."""
    viewer = _person(grant, data.viewer, field="viewer")
    show, name = check_show(data.show), check_name(data.name)
    known = await queries.link_of(
        database=house.database, tenant_id=grant.tenant_id, viewer=viewer, show=show
    )
    if known is not None and name in {None, known.name}:
        return answer(_view(known, house), replayed=True, status=_CREATED)
    outcome = await actions.open_link(
        corridor=corridor,
        grant=grant,
        key=idempotency_key,
        viewer=viewer,
        show=show,
        name=name,
        now=clock.now(),
        random_bytes=randomness,
    )
    opened = fact_of(outcome, InvitationOpened).invitation
    made = await queries.link(database=house.database, tenant_id=grant.tenant_id, invitation=opened)
    return answer(_view(made, house), replayed=outcome.replayed, status=_CREATED)


@get("/v1/invitations/{invitation:str}", opt=_READ, summary="A link to invite by", tags=TAGS)
async def show_invitation(*, invitation: str, grant: Grant, house: Means) -> InvitationView:
    """Return one link."""
    return _view(await _own(grant, house.database, invitation), house)


@get(
    "/v1/invitations/{invitation:str}/poster.png",
    opt=_READ,
    media_type=_PNG,
    summary="The poster of a link",
    tags=TAGS,
)
async def show_poster(
    *, invitation: str, grant: Grant, house: Means, request: Request[Any, Any, Any], lang: Lang = "zh"
) -> Response[bytes]:
    """Return the poster as PNG: picture, show, date, name, and the link as a QR code."""
    found = await _own(grant, house.database, invitation)
    poster = await queries.poster(house, tenant_id=grant.tenant_id, link=found, language=language_of(lang))
    tag = f'"{poster.digest}"'
    headers = {"etag": tag, "cache-control": "private, no-cache", "x-content-type-options": "nosniff"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=_UNCHANGED, media_type=_PNG, headers=headers)
    return Response(await queries.drawn(poster), media_type=_PNG, headers=headers)


@get("/v1/invitation-friends", opt=_READ, summary="Who came by a viewer's links", tags=TAGS)
async def list_friends(
    *,
    grant: Grant,
    database: Database,
    viewer: Viewer = None,
    show: AtShow = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> FriendPage:
    """Return the orders that came by a viewer's links: rewarded, pending, refused and why."""
    person = _person(grant, viewer, field="viewer")
    page = await queries.friends(
        database=database,
        tenant_id=grant.tenant_id,
        viewer=person,
        show=None if show is None else check_show(show),
        limit=limit,
        cursor=cursor,
    )
    return FriendPage(viewer=person, items=[_friend(one) for one in page.items], next_cursor=page.next_cursor)


@get("/i/{invitation:str}", opt={"permission": None}, include_in_schema=False)
async def follow_invitation(*, invitation: str, house: Means) -> Response[bytes]:
    """Lead whoever follows a link to where the rule says. Nothing is counted."""
    to = await queries.landing(house, invitation=invitation)
    headers = {"location": to, "cache-control": "no-store", "referrer-policy": "no-referrer"}
    return Response(b"", status_code=_FOUND, media_type="text/plain", headers=headers)


ROUTES: Final[tuple[Any, ...]] = (
    post_invitation,
    show_invitation,
    show_poster,
    list_friends,
    follow_invitation,
)


def _person(grant: Grant, viewer: str | None, *, field: str) -> str:
    """Return whose links are meant: the token's own, or those of the viewer that is named."""
    if viewer is None:
        if grant.actor.kind != "viewer":
            raise invalid("body.invalid", "Say which viewer is meant.", field=field)
        viewer = grant.actor.id
    check_person(actor=grant.actor, viewer=viewer)
    return viewer


async def _own(grant: Grant, database: Database, invitation: str) -> Link:
    """Return a link that the caller may see."""
    found = await queries.link(database=database, tenant_id=grant.tenant_id, invitation=invitation)
    check_person(actor=grant.actor, viewer=found.viewer)
    return found


def _view(one: Link, house: Means) -> InvitationView:
    return InvitationView(
        invitation=one.id,
        viewer=one.viewer,
        show=one.show,
        name=one.name,
        url=url_of(one.id, public_url=house.settings.public_url),
    )


def _friend(one: FriendRow) -> FriendView:
    reason = None if one.code is None else reason_of(one.code)
    return FriendView(
        order=encode_id(_ORDER, one.order),
        show=one.show,
        friend=one.friend,
        state=one.state,
        code=one.code,
        reason=None if reason is None else ReasonView(en=reason.en, zh=reason.zh),
        at=format_time(one.at),
    )
