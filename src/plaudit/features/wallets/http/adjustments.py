"""Adjustments over HTTP: one person asks, another approves or rejects."""

from collections.abc import Callable
from typing import Annotated, Any, Final, Literal

import msgspec

from plaudit.core.commands.command import Grant, Outcome
from plaudit.core.commands.corridor import Corridor
from plaudit.core.handles import Database
from plaudit.features.wallets import actions, queries
from plaudit.features.wallets.http.fields import CREATED, TAGS, Amount, Cursor, Limit, fact_of
from plaudit.features.wallets.model import ADJUSTMENT, Adjustment, State
from plaudit.kernel.ids import encode_id
from plaudit.kernel.time import Clock, format_time
from plaudit.platform.web import QueryParameter, Response, answer, get, post
from plaudit.vocabulary.facts.wallets import AdjustmentApproved, AdjustmentRejected, AdjustmentRequested

_SALT_BYTES: Final = 16

Wanted = Annotated[
    Literal["pending", "approved", "rejected"] | None,
    QueryParameter(name="state", description="Only adjustments in this state."),
]


class NewAdjustment(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A correction to be made: a negative amount takes away. The reason is for the person who checks."""

    address: str
    amount_minor: Amount
    reason: str


class Rejection(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Why an adjustment is rejected."""

    reason: str


class AdjustmentView(msgspec.Struct, kw_only=True):
    """An adjustment and how far it is; `reason` is null where it was erased."""

    adjustment: str
    state: State
    address: str
    amount_minor: int
    maker: str
    checker: str | None
    reason: str | None
    requested_at: str
    checked_at: str | None


class AdjustmentPage(msgspec.Struct, kw_only=True):
    """Some adjustments, oldest first."""

    items: list[AdjustmentView]
    next_cursor: str | None


class AdjustmentDone(msgspec.Struct, kw_only=True):
    """What was just done about an adjustment; `balance_minor` is the account's after an approval."""

    adjustment: str
    state: State
    address: str
    amount_minor: int
    maker: str
    checker: str | None
    balance_minor: int | None
    position: int
    at: str
    recorded_at: str


@post(
    "/v1/adjustments",
    opt={"permission": "adjustment.make"},
    status_code=CREATED,
    summary="Request an adjustment",
    tags=TAGS,
)
async def request_adjustment(
    *,
    data: NewAdjustment,
    grant: Grant,
    idempotency_key: str,
    corridor: Corridor,
    clock: Clock,
    randomness: Callable[[int], bytes],
) -> Response[AdjustmentDone]:
    """Ask for a correction; it is posted when another person of the staff approves it."""
    outcome = await actions.request_adjustment(
        corridor=corridor,
        grant=grant,
        key=idempotency_key,
        address=data.address,
        amount_minor=data.amount_minor,
        reason=data.reason,
        now=clock.now(),
        salt=randomness(_SALT_BYTES),
    )
    return _done(outcome, fact_of(outcome, AdjustmentRequested), "pending", None)


@get("/v1/adjustments", opt={"permission": "adjustment.check"}, summary="List adjustments", tags=TAGS)
async def list_adjustments(
    *,
    grant: Grant,
    database: Database,
    wanted: Wanted = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> AdjustmentPage:
    """Return adjustments, oldest first, with the reasons that their makers gave."""
    page = await queries.adjustments(
        database=database, tenant_id=grant.tenant_id, state=wanted, limit=limit, cursor=cursor
    )
    return AdjustmentPage(items=[_adjustment(one) for one in page.items], next_cursor=page.next_cursor)


@post(
    "/v1/adjustments/{adjustment:str}/approval",
    opt={"permission": "adjustment.check"},
    status_code=CREATED,
    summary="Approve an adjustment",
    tags=TAGS,
)
async def approve_adjustment(
    *, adjustment: str, grant: Grant, idempotency_key: str, corridor: Corridor, clock: Clock
) -> Response[AdjustmentDone]:
    """Post a correction that another person made. When the account cannot bear it, nothing changes."""
    outcome = await actions.approve_adjustment(
        corridor=corridor, grant=grant, key=idempotency_key, adjustment=adjustment, now=clock.now()
    )
    fact = fact_of(outcome, AdjustmentApproved)
    return _done(outcome, fact, "approved", fact.checker)


@post(
    "/v1/adjustments/{adjustment:str}/rejection",
    opt={"permission": "adjustment.check"},
    status_code=CREATED,
    summary="Reject an adjustment",
    tags=TAGS,
)
async def reject_adjustment(
    *,
    adjustment: str,
    data: Rejection,
    grant: Grant,
    idempotency_key: str,
    corridor: Corridor,
    clock: Clock,
    randomness: Callable[[int], bytes],
) -> Response[AdjustmentDone]:
    """Close a correction that another person made; nothing moves."""
    outcome = await actions.reject_adjustment(
        corridor=corridor,
        grant=grant,
        key=idempotency_key,
        adjustment=adjustment,
        reason=data.reason,
        now=clock.now(),
        salt=randomness(_SALT_BYTES),
    )
    fact = fact_of(outcome, AdjustmentRejected)
    return _done(outcome, fact, "rejected", fact.checker)


ROUTES: Final[tuple[Any, ...]] = (
    request_adjustment,
    list_adjustments,
    approve_adjustment,
    reject_adjustment,
)


def _done(
    outcome: Outcome,
    fact: AdjustmentRequested | AdjustmentApproved | AdjustmentRejected,
    state: State,
    checker: str | None,
) -> Response[AdjustmentDone]:
    entry = outcome.entries.get(fact.address)
    body = AdjustmentDone(
        adjustment=fact.adjustment,
        state=state,
        address=fact.address,
        amount_minor=fact.amount_minor,
        maker=fact.maker,
        checker=checker,
        balance_minor=entry[1] if entry else None,
        position=outcome.position,
        at=format_time(outcome.at),
        recorded_at=format_time(outcome.recorded_at),
    )
    return answer(body, replayed=outcome.replayed, status=CREATED)


def _adjustment(one: Adjustment) -> AdjustmentView:
    return AdjustmentView(
        adjustment=encode_id(ADJUSTMENT, one.number),
        state=one.state,
        address=one.address,
        amount_minor=one.amount_minor,
        maker=one.maker,
        checker=one.checker,
        reason=one.reason,
        requested_at=format_time(one.requested_at),
        checked_at=format_time(one.checked_at) if one.checked_at else None,
    )
