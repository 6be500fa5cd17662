"""What came of messages and facts on their way, over HTTP."""

from typing import Annotated, Any, Final

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.core.handles import Database
from plaudit.features.notifications.actions import deliveries
from plaudit.features.notifications.actions.base import Means
from plaudit.features.notifications.http.fields import (
    READ,
    TAGS,
    WRITE,
    Cursor,
    Limit,
    fact_of,
    text_of,
)
from plaudit.features.notifications.model.contacts import Channel
from plaudit.features.notifications.model.deliveries import DELIVERY, Delivery, State
from plaudit.features.notifications.model.messages import MESSAGE
from plaudit.features.notifications.model.webhooks import WEBHOOK
from plaudit.features.notifications.queries import lists
from plaudit.kernel.ids import encode_id
from plaudit.kernel.time import format_time
from plaudit.platform.web import Parameter, Response, answer, get, post
from plaudit.vocabulary.facts.notifications import DeliveryRevived

Wanted = Annotated[State | None, Parameter(name="state", description="Only deliveries in this state.")]
By = Annotated[Channel | None, Parameter(name="channel", description="Only deliveries by this channel.")]
Whose = Annotated[str | None, Parameter(description="Deliveries to one viewer.")]


class DeliveryView(msgspec.Struct, kw_only=True):
    """A message or fact on its way.

    `state`: queued; waiting for the end of quiet hours; failed and tried again at `next_at`; sent (`receipt`
    says who took it); dead, given up for `problem`; dropped, since it was of no use any more.
    """

    delivery: str
    channel: str
    webhook: str | None
    message: str | None
    position: int | None
    kind: str
    viewer: str | None
    state: str
    attempts: int
    next_at: str | None
    problem: str | None
    receipt: str | None
    created_at: str
    ended_at: str | None


class DeliveryPage(msgspec.Struct, kw_only=True):
    """Some deliveries, newest first."""

    items: list[DeliveryView]
    next_cursor: str | None


class Revived(msgspec.Struct, kw_only=True):
    """A delivery that is tried again at once; it had been given up after `attempts`."""

    delivery: str
    channel: str
    attempts: int
    position: int


@get("/v1/deliveries", opt=READ, summary="List deliveries", tags=TAGS)
async def list_deliveries(
    *,
    grant: Grant,
    database: Database,
    wanted: Wanted = None,
    by: By = None,
    viewer: Whose = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> DeliveryPage:
    """Return deliveries, newest first."""
    page = await lists.deliveries(
        database=database,
        tenant_id=grant.tenant_id,
        state=wanted,
        channel=by,
        viewer=viewer,
        limit=limit,
        cursor=cursor,
    )
    return DeliveryPage(items=[_view(one) for one in page.items], next_cursor=page.next_cursor)


@get("/v1/deliveries/{delivery:str}", opt=READ, summary="A delivery", tags=TAGS)
async def show_delivery(*, delivery: str, grant: Grant, database: Database) -> DeliveryView:
    """Return one delivery."""
    return _view(await lists.delivery(database=database, tenant_id=grant.tenant_id, delivery=delivery))


@post(
    "/v1/deliveries/{delivery:str}/retry",
    opt=WRITE,
    status_code=200,
    summary="Try a dead delivery again",
    tags=TAGS,
)
async def retry_delivery(
    *, delivery: str, grant: Grant, idempotency_key: str, house: Means
) -> Response[Revived]:
    """Try a dead delivery again at once, with all its attempts before it."""
    outcome = await deliveries.revive(house, grant=grant, key=idempotency_key, delivery=delivery)
    fact = fact_of(outcome, DeliveryRevived)
    body = Revived(
        delivery=fact.delivery, channel=fact.channel, attempts=fact.attempts, position=outcome.position
    )
    return answer(body, replayed=outcome.replayed)


ROUTES: Final[tuple[Any, ...]] = (list_deliveries, show_delivery, retry_delivery)


def _view(one: Delivery) -> DeliveryView:
    return DeliveryView(
        delivery=encode_id(DELIVERY, one.number),
        channel=one.channel,
        webhook=encode_id(WEBHOOK, one.endpoint) if one.endpoint else None,
        message=None if one.message is None else encode_id(MESSAGE, one.message),
        position=one.fact,
        kind=one.kind,
        viewer=one.viewer,
        state=one.state,
        attempts=one.attempts,
        next_at=text_of(one.next_at),
        problem=one.problem,
        receipt=one.receipt,
        created_at=format_time(one.created_at),
        ended_at=text_of(one.ended_at),
    )
