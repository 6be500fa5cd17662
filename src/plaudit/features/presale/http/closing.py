"""The end of shows over HTTP: cancelling one, how its refunds go, settling one with its organiser."""

from typing import Any, Final

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.core.commands.corridor import Corridor
from plaudit.core.handles import Database
from plaudit.features.presale.actions.cancellation import cancel_show
from plaudit.features.presale.actions.settlement import settle_show
from plaudit.features.presale.http.fields import READ_ALL, TAGS, asking_of, fact_of
from plaudit.features.presale.queries import catalogue
from plaudit.features.presale.queries import orders as queries
from plaudit.kernel.time import format_time
from plaudit.platform.web import Response, answer, get, post
from plaudit.vocabulary.facts.shows import ShowSettled, ShowStateChanged

_SETTLE: Final = {"permission": "show.settle"}


class Cancel(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Why a show is cancelled, in 1 to 500 characters."""

    reason: str


class Cancelled(msgspec.Struct, kw_only=True):
    """A show that is cancelled; everybody is being refunded."""

    show: str
    state: str
    revision: int
    at: str


class Cancellation(msgspec.Struct, kw_only=True):
    """How far the refunds of a show are.

    `orders` were paid for, of `asked` of them the refunds were asked for; `refunded_minor` of `paid_minor`
    has gone back so far.
    """

    show: str
    state: str
    orders: int
    asked: int
    paid_minor: int
    refunded_minor: int


class Settle(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Which currency of a show's takings is settled."""

    asset: str


class Settled(msgspec.Struct, kw_only=True):
    """What a show took, and how it was parted."""

    show: str
    organiser: str
    asset: str
    takings_minor: int
    commission_minor: int
    organiser_minor: int
    at: str


@post(
    "/v1/shows/{show:str}/cancel",
    opt=_SETTLE,
    status_code=200,
    summary="Cancel a show and refund everybody",
    tags=TAGS,
)
async def post_cancel(
    *,
    show: str,
    data: Cancel,
    grant: Grant,
    idempotency_key: str,
    house: Any,  # noqa: ANN401 - the assembled house
) -> Response[Cancelled]:
    """Cancel a show; nothing of it is sold from now on."""
    outcome = await cancel_show(house, grant=grant, key=idempotency_key, show=show, reason=data.reason)
    fact = fact_of(outcome, ShowStateChanged)
    body = Cancelled(show=fact.show, state=fact.state, revision=fact.revision, at=format_time(outcome.at))
    return answer(body, replayed=outcome.replayed)


@get("/v1/shows/{show:str}/cancellation", opt=READ_ALL, summary="How the refunds go", tags=TAGS)
async def show_cancellation(*, show: str, grant: Grant, database: Database) -> Cancellation:
    """Return how many orders of a show were refunded, and how much has gone back."""
    found = await catalogue.show(
        database=database, tenant_id=grant.tenant_id, show=show, asking=asking_of(grant)
    )
    progress = await queries.cancellation(database=database, tenant_id=grant.tenant_id, show=show)
    return Cancellation(
        show=show,
        state=found.state,
        orders=progress.orders,
        asked=progress.asked,
        paid_minor=progress.paid_minor,
        refunded_minor=progress.refunded_minor,
    )


@post(
    "/v1/shows/{show:str}/settle",
    opt=_SETTLE,
    status_code=200,
    summary="Settle a show with its organiser",
    tags=TAGS,
)
async def post_settle(
    *, show: str, data: Settle, grant: Grant, idempotency_key: str, corridor: Corridor
) -> Response[Settled]:
    """Pay what an ended show has taken to its organiser's account, less the commission."""
    command = settle_show(grant=grant, key=idempotency_key, show=show, asset=data.asset)
    outcome = await corridor.submit(command)
    fact = fact_of(outcome, ShowSettled)
    body = Settled(
        show=fact.show,
        organiser=fact.organiser,
        asset=fact.asset,
        takings_minor=fact.takings_minor,
        commission_minor=fact.commission_minor,
        organiser_minor=fact.organiser_minor,
        at=format_time(outcome.at),
    )
    return answer(body, replayed=outcome.replayed)


ROUTES: Final[tuple[Any, ...]] = (post_cancel, show_cancellation, post_settle)
