"""Telling of views and clicks: by a credential, by a page's beacon, by an image."""

from collections.abc import Awaitable
from typing import Annotated, Any, Final, Literal, Protocol

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.features.insight import actions
from plaudit.features.insight.actions import Means
from plaudit.features.insight.http.fields import TAGS
from plaudit.features.insight.model import Campaign, SiteKey, Told
from plaudit.kernel.refusal import invalid
from plaudit.platform.web import Parameter, Response, answer, get, post

_ACCEPTED: Final = 202
_ID_BYTES: Final = 16
_PIXEL: Final = bytes.fromhex(
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002014400003b"
)
"""A transparent GIF of one pixel."""

Site = Annotated[str, Parameter(description="The site key.")]
Text = Annotated[str | None, Parameter(description="As the field of an event.")]
Utm = Annotated[str | None, Parameter(description="As it stood in the link.")]


class CampaignParameters(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The parameters of the link that led here: `utm_source` and its companions, without `utm_`."""

    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    content: str | None = None
    term: str | None = None


class NewEvent(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A view or a click. `id` is its own: told again under it, it is counted once.

    `visitor` is a word of the page's for whoever looks, the same each time; only a mark of it is kept. `at`
    is when it happened, now when left out.
    """

    id: str
    kind: Annotated[str, msgspec.Meta(description="`view` or `click`.")]
    show: str
    page: str | None = None
    element: str | None = None
    visitor: str | None = None
    campaign: CampaignParameters | None = None
    invitation: str | None = None
    at: str | None = None


class NewEvents(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Up to 100 events."""

    events: list[NewEvent]


class RefusedEvent(msgspec.Struct, kw_only=True):
    """An event that was not taken, by its place in the call, and why."""

    index: int
    id: str
    code: str
    detail: str


class TakenView(msgspec.Struct, kw_only=True):
    """How many events were taken, how many found no room, and those that were refused."""

    taken: int
    dropped: int
    refused: list[RefusedEvent]


class _Limiter(Protocol):
    def take(self, *, tenant_id: int, name: str, limit: int) -> Awaitable[None] | None:
        """Take one call of this second, or return what to wait for."""


@post(
    "/v1/track",
    opt={"permission": "insight.track", "keyless": True},
    status_code=_ACCEPTED,
    summary="Tell of views and clicks",
    tags=TAGS,
)
async def track(
    *,
    data: NewEvents,
    grant: Grant,
    house: Any,  # noqa: ANN401 - the assembled house
) -> Response[TakenView]:
    """Take up to 100 events into memory and answer at once; they are counted within a second.

    Each event is looked at by itself. What finds no room is dropped and told; nothing waits. Pages of any
    origin may call this. There is no idempotency key: each event has an id of its own.
    """
    return _answered(house, grant.tenant_id, data)


@post(
    "/v1/track/beacon",
    opt={"permission": None, "keyless": True, "plain": True},
    status_code=_ACCEPTED,
    summary="Tell of views and clicks (pages)",
    tags=TAGS,
    security=[],
)
async def track_beacon(
    *,
    data: NewEvents,
    house: Any,  # noqa: ANN401 - the assembled house
    site: Site,
) -> Response[TakenView]:
    """Take events from a page that holds no credential but a site key, as `navigator.sendBeacon` sends them.

    The body is the same JSON, as `application/json` or as `text/plain`, which a browser sends to another
    origin without asking first.
    """
    site_key = await _admitted(house, site)
    return _answered(house, site_key.tenant_id, data)


@get("/v1/track.gif", opt={"permission": None}, summary="Tell of a view by an image", tags=TAGS, security=[])
async def track_image(  # noqa: PLR0913 - one parameter a field
    *,
    house: Any,  # noqa: ANN401 - the assembled house
    site: Site,
    show: Annotated[str, Parameter(description="The show that the page is about.")],
    kind: Annotated[Literal["view", "click"], Parameter(description="What happened.")] = "view",
    id: Text = None,  # noqa: A002 - as it is named in an event
    page: Text = None,
    element: Text = None,
    visitor: Text = None,
    invitation: Text = None,
    utm_source: Utm = None,
    utm_medium: Utm = None,
    utm_campaign: Utm = None,
    utm_content: Utm = None,
    utm_term: Utm = None,
) -> Response[bytes]:
    """Take one event from what shows an image and runs no script, as mail does; the answer is one pixel.

    Without `id` each loading counts.
    """
    site_key = await _admitted(house, site)
    means: Means = house
    told = Told(
        id=means.randomness(_ID_BYTES).hex() if id is None else id,
        kind=kind,
        show=show,
        page=page,
        element=element,
        visitor=visitor,
        campaign=Campaign(
            source=utm_source,
            medium=utm_medium,
            campaign=utm_campaign,
            content=utm_content,
            term=utm_term,
        ),
        invitation=invitation,
    )
    for refused in actions.take(means, tenant_id=site_key.tenant_id, events=[told]).refused:
        raise invalid("event.invalid", refused.message, event=refused.code)
    return Response(_PIXEL, media_type="image/gif", headers={"Cache-Control": "no-store"})


async def _admitted(house: Any, site: str) -> SiteKey:  # noqa: ANN401 - the assembled house
    """Return the site key of a call that is within its rate. Raises Refusal also as the limiter does."""
    site_key = await actions.open_site_key(house, site)
    limiter: _Limiter = house.limiter
    waiting = limiter.take(tenant_id=site_key.tenant_id, name=site_key.id, limit=site_key.rate_per_second)
    if waiting is not None:
        await waiting
    return site_key


def _answered(means: Means, tenant_id: int, data: NewEvents) -> Response[TakenView]:
    done = actions.take(means, tenant_id=tenant_id, events=[_told(one) for one in data.events])
    body = TakenView(
        taken=done.taken,
        dropped=done.dropped,
        refused=[
            RefusedEvent(index=one.index, id=one.id, code=one.code, detail=one.message)
            for one in done.refused
        ],
    )
    return answer(body, status=_ACCEPTED)


def _told(one: NewEvent) -> Told:
    sent = one.campaign
    return Told(
        id=one.id,
        kind=one.kind,
        show=one.show,
        page=one.page,
        element=one.element,
        visitor=one.visitor,
        campaign=None
        if sent is None
        else Campaign(
            source=sent.source,
            medium=sent.medium,
            campaign=sent.campaign,
            content=sent.content,
            term=sent.term,
        ),
        invitation=one.invitation,
        at=one.at,
    )


ROUTES: Final[tuple[Any, ...]] = (track, track_beacon, track_image)
