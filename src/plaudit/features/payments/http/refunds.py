"""Refunds over HTTP: one person or application asks, above an amount another person decides."""

from collections.abc import Callable
from typing import Annotated, Any, Final

import msgspec

from plaudit.core.commands.command import Grant, Outcome
from plaudit.core.commands.corridor import Corridor
from plaudit.core.handles import Database
from plaudit.features.payments import queries
from plaudit.features.payments.actions import refunds as actions
from plaudit.features.payments.http.fields import CREATED, TAGS, Amount, Cursor, Limit
from plaudit.features.payments.model.intents import PAYMENT
from plaudit.features.payments.model.refunds import Refund
from plaudit.features.payments.model.states import RefundState
from plaudit.kernel.actor import Actor
from plaudit.kernel.ids import encode_id
from plaudit.kernel.time import Clock, format_time
from plaudit.platform.web import QueryParameter, Response, answer, get, post
from plaudit.vocabulary.facts.payments import (
    RefundApproved,
    RefundCause,
    RefundData,
    RefundRejected,
    RefundRequested,
    RefundRetried,
)

_SALT_BYTES: Final = 16

Wanted = Annotated[
    RefundState | None, QueryParameter(name="state", description="Only refunds in this state.")
]
OfPayment = Annotated[str | None, QueryParameter(description="Only refunds of this payment.")]


class NewRefund(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What is to go back, all that is left without an amount. The reason is for the person who checks."""

    reason: str
    amount_minor: Amount | None = None


class RefundRejection(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Why a refund is rejected."""

    reason: str


class RefundView(msgspec.Struct, kw_only=True):
    """A refund and how far it is; `reason` is null where it was erased or the system gives back.

    `code` says why it failed or ended without effect. `number` is ours at the channel.
    """

    refund: str
    payment: str
    state: RefundState
    cause: RefundCause
    asset: str
    amount_minor: int
    maker: str
    checker: str | None
    reason: str | None
    code: str | None
    channel: str
    channel_refund: str | None
    requested_at: str
    settled_at: str | None


class RefundPage(msgspec.Struct, kw_only=True):
    """Some refunds, newest first."""

    items: list[RefundView]
    next_cursor: str | None


class RefundDone(msgspec.Struct, kw_only=True):
    """What was just done about a refund."""

    refund: str
    payment: str
    state: RefundState
    asset: str
    amount_minor: int
    position: int
    at: str
    recorded_at: str


@post(
    "/v1/payments/{payment:str}/refunds",
    opt={"permission": "refund.make"},
    status_code=CREATED,
    summary="Ask for a refund",
    tags=TAGS,
)
async def request_refund(
    *,
    payment: str,
    data: NewRefund,
    grant: Grant,
    idempotency_key: str,
    corridor: Corridor,
    clock: Clock,
    randomness: Callable[[int], bytes],
) -> Response[RefundDone]:
    """Ask for money to go back to the payer; above the policy's amount a second person decides."""
    outcome = await actions.request_refund(
        corridor=corridor,
        grant=grant,
        key=idempotency_key,
        payment=payment,
        amount_minor=data.amount_minor,
        reason=data.reason,
        now=clock.now(),
        salt=randomness(_SALT_BYTES),
    )
    return _done(outcome)


@get("/v1/refunds", opt={"permission": "payment.read"}, summary="List refunds", tags=TAGS)
async def list_refunds(
    *,
    grant: Grant,
    database: Database,
    wanted: Wanted = None,
    payment: OfPayment = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> RefundPage:
    """Return refunds, newest first, with the reasons that their makers gave."""
    page = await queries.refund_page(
        database=database,
        tenant_id=grant.tenant_id,
        actor=grant.actor,
        state=wanted,
        payment=payment,
        limit=limit,
        cursor=cursor,
    )
    return RefundPage(
        items=[_view(one, actor=grant.actor) for one in page.items], next_cursor=page.next_cursor
    )


@get("/v1/refunds/{refund:str}", opt={"permission": "payment.read"}, summary="A refund", tags=TAGS)
async def show_refund(*, refund: str, grant: Grant, database: Database) -> RefundView:
    """Return a refund and how far it is."""
    found = await queries.refund(
        database=database, tenant_id=grant.tenant_id, actor=grant.actor, refund=refund
    )
    return _view(found, actor=grant.actor)


@post(
    "/v1/refunds/{refund:str}/approval",
    opt={"permission": "refund.check"},
    status_code=CREATED,
    summary="Approve a refund",
    tags=TAGS,
)
async def approve_refund(
    *, refund: str, grant: Grant, idempotency_key: str, corridor: Corridor
) -> Response[RefundDone]:
    """Let a refund go on that another person asked for; what was sold may still refuse to be given back."""
    outcome = await actions.approve_refund(corridor=corridor, grant=grant, key=idempotency_key, refund=refund)
    return _done(outcome)


@post(
    "/v1/refunds/{refund:str}/rejection",
    opt={"permission": "refund.check"},
    status_code=CREATED,
    summary="Reject a refund",
    tags=TAGS,
)
async def reject_refund(
    *,
    refund: str,
    data: RefundRejection,
    grant: Grant,
    idempotency_key: str,
    corridor: Corridor,
    clock: Clock,
    randomness: Callable[[int], bytes],
) -> Response[RefundDone]:
    """End a refund that another person asked for; nothing moves."""
    outcome = await actions.reject_refund(
        corridor=corridor,
        grant=grant,
        key=idempotency_key,
        refund=refund,
        reason=data.reason,
        now=clock.now(),
        salt=randomness(_SALT_BYTES),
    )
    return _done(outcome)


@post(
    "/v1/refunds/{refund:str}/retry",
    opt={"permission": "refund.make"},
    status_code=CREATED,
    summary="Send a refund again",
    tags=TAGS,
)
async def retry_refund(
    *, refund: str, grant: Grant, idempotency_key: str, corridor: Corridor, clock: Clock
) -> Response[RefundDone]:
    """Send a refund again that its channel had refused, under the same number."""
    outcome = await actions.retry_refund(
        corridor=corridor, grant=grant, key=idempotency_key, refund=refund, now=clock.now()
    )
    return _done(outcome)


ROUTES: Final[tuple[Any, ...]] = (
    request_refund,
    list_refunds,
    show_refund,
    approve_refund,
    reject_refund,
    retry_refund,
)

_STATES: Final[dict[type[RefundData], RefundState]] = {
    RefundApproved: "approved",
    RefundRejected: "rejected",
    RefundRetried: "sending",
}


def _done(outcome: Outcome) -> Response[RefundDone]:
    fact = outcome.data
    assert isinstance(fact, RefundData), outcome
    if isinstance(fact, RefundRequested):
        state: RefundState = "review" if fact.review else "approved"
    else:
        state = _STATES[type(fact)]
    body = RefundDone(
        refund=fact.refund,
        payment=fact.payment,
        state=state,
        asset=fact.asset,
        amount_minor=fact.amount_minor,
        position=outcome.position,
        at=format_time(outcome.at),
        recorded_at=format_time(outcome.recorded_at),
    )
    return answer(body, replayed=outcome.replayed, status=CREATED)


def _view(one: Refund, *, actor: Actor) -> RefundView:
    return RefundView(
        refund=one.id,
        payment=encode_id(PAYMENT, one.intent),
        state=one.state,
        cause=one.cause,
        asset=one.asset,
        amount_minor=one.amount_minor,
        maker=one.maker,
        checker=one.checker,
        # A reason is for those who check it, not for the payer.
        reason=None if actor.kind == "viewer" else one.reason,
        code=one.code,
        channel=one.channel,
        channel_refund=one.channel_refund,
        requested_at=format_time(one.requested_at),
        settled_at=format_time(one.settled_at) if one.settled_at else None,
    )
