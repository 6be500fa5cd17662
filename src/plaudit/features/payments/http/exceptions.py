"""The queue of differences over HTTP: listed, taken on, resolved."""

from collections.abc import Callable
from typing import Annotated, Any, Final, Literal

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.core.handles import Database
from plaudit.features.payments.actions import exceptions as actions
from plaudit.features.payments.actions.base import Means
from plaudit.features.payments.http.fields import CREATED, Cursor, Limit
from plaudit.features.payments.http.reconciliation import TAGS, Account
from plaudit.features.payments.model.accounts import account_id, number_of
from plaudit.features.payments.model.bills import EXCEPTION, BillException, ExceptionState
from plaudit.features.payments.model.channel import ChannelName
from plaudit.features.payments.model.intents import PAYMENT
from plaudit.features.payments.model.refunds import REFUND
from plaudit.features.payments.store import reconciliations as store
from plaudit.kernel.ids import encode_id
from plaudit.kernel.page import check_limit, decode_cursor, encode_cursor
from plaudit.kernel.time import Clock, format_time
from plaudit.platform.web import QueryParameter, Response, answer, get, post, put
from plaudit.vocabulary.facts.bills import Difference, ExceptionChanged, ExceptionResolved, Resolution

_SALT_BYTES: Final = 16

State = Annotated[
    Literal["expected", "open", "resolved"] | None,
    QueryParameter(name="state", description="Only exceptions in this state."),
]
Class = Annotated[
    Literal[
        "timing", "missing_here", "missing_there", "amount_differs", "fee_differs", "refund_state_differs"
    ]
    | None,
    QueryParameter(name="class", description="Only differences of this class."),
]


class ExceptionView(msgspec.Struct, kw_only=True):
    """A difference. Amounts are null on the side without it; `resolution` "settled": it explained itself."""

    exception: str
    account: str
    channel: ChannelName
    day: str
    difference: Difference
    state: ExceptionState
    asset: str
    ours_minor: int | None
    theirs_minor: int | None
    fee_minor: int
    fee_due_minor: int | None
    ours_state: str
    theirs_state: str
    order_number: str
    transaction: str
    refund_number: str
    channel_refund: str
    payment: str | None
    refund: str | None
    bill_line: int | None
    happened_at: str | None
    opened_at: str
    reopened: int
    assignee: str | None
    note: str | None
    resolution: Resolution | Literal["settled"] | None
    resolved_by: str | None
    resolved_at: str | None


class ExceptionPage(msgspec.Struct, kw_only=True):
    """Some exceptions, oldest first."""

    items: list[ExceptionView]
    next_cursor: str | None


class ExceptionChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Whose an exception is, and a note upon it; what is left out is taken away."""

    assignee: str | None = None
    note: str | None = None


class NewResolution(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What becomes of a difference. A note takes the place of the one before."""

    resolution: Resolution
    note: str | None = None


class ExceptionTaken(msgspec.Struct, kw_only=True):
    """Whose an exception is now."""

    exception: str
    assignee: str | None
    position: int
    at: str


class ExceptionEnded(msgspec.Struct, kw_only=True):
    """What was just said of an exception."""

    exception: str
    resolution: Resolution
    difference: Difference
    ours_minor: int | None
    theirs_minor: int | None
    position: int
    at: str


@get(
    "/v1/reconciliation-exceptions",
    opt={"permission": "reconciliation.read"},
    summary="List exceptions",
    tags=TAGS,
)
async def list_exceptions(
    *,
    grant: Grant,
    database: Database,
    wanted: State = None,
    difference: Class = None,
    account: Account = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> ExceptionPage:
    """Return differences between bills and books, in the order in which they were found."""
    size = check_limit(limit)
    after = 0 if cursor is None else int(decode_cursor(cursor, int)[0])
    number = None if account is None else number_of(account, tenant_id=grant.tenant_id)
    async with database.connection() as conn:
        rows = await store.select_exceptions(
            conn,
            tenant_id=grant.tenant_id,
            state=wanted,
            difference=difference,
            account=number,
            after=after,
            limit=size + 1,
        )
    return ExceptionPage(
        items=[_exception(one, grant.tenant_id) for one in rows[:size]],
        next_cursor=encode_cursor([rows[size - 1].number]) if len(rows) > size else None,
    )


@put(
    "/v1/reconciliation-exceptions/{exception:str}",
    opt={"permission": "reconciliation.write"},
    summary="Take on an exception",
    tags=TAGS,
)
async def change_exception(
    *,
    exception: str,
    data: ExceptionChange,
    grant: Grant,
    idempotency_key: str,
    house: Any,  # noqa: ANN401 - the assembled house
    randomness: Callable[[int], bytes],
) -> Response[ExceptionTaken]:
    """Give an exception to somebody and note upon it, in place of what was there."""
    means: Means = house
    outcome = await actions.change_exception(
        means,
        grant=grant,
        key=idempotency_key,
        exception=exception,
        assignee=data.assignee,
        note=data.note,
        salt=randomness(_SALT_BYTES),
    )
    fact = outcome.data
    assert isinstance(fact, ExceptionChanged), outcome
    body = ExceptionTaken(
        exception=fact.exception,
        assignee=fact.assignee,
        position=outcome.position,
        at=format_time(outcome.at),
    )
    return answer(body, replayed=outcome.replayed)


@post(
    "/v1/reconciliation-exceptions/{exception:str}/resolution",
    opt={"permission": "reconciliation.write"},
    status_code=CREATED,
    summary="Resolve an exception",
    tags=TAGS,
)
async def resolve_exception(
    *,
    exception: str,
    data: NewResolution,
    grant: Grant,
    idempotency_key: str,
    house: Any,  # noqa: ANN401 - the assembled house
    clock: Clock,
    randomness: Callable[[int], bytes],
) -> Response[ExceptionEnded]:
    """Say what becomes of a difference. Unless written off or a duplicate, it comes back while it lasts."""
    means: Means = house
    outcome = await actions.resolve_exception(
        means,
        grant=grant,
        key=idempotency_key,
        exception=exception,
        resolution=data.resolution,
        note=data.note,
        now=clock.now(),
        salt=randomness(_SALT_BYTES),
    )
    fact = outcome.data
    assert isinstance(fact, ExceptionResolved), outcome
    body = ExceptionEnded(
        exception=fact.exception,
        resolution=fact.resolution,
        difference=fact.difference,
        ours_minor=fact.ours_minor,
        theirs_minor=fact.theirs_minor,
        position=outcome.position,
        at=format_time(outcome.at),
    )
    return answer(body, replayed=outcome.replayed, status=CREATED)


ROUTES: Final[tuple[Any, ...]] = (list_exceptions, change_exception, resolve_exception)


def _exception(one: BillException, tenant_id: int) -> ExceptionView:
    return ExceptionView(
        exception=encode_id(EXCEPTION, one.number),
        account=account_id(tenant_id=tenant_id, number=one.account),
        channel=one.channel,
        day=one.day.isoformat(),
        difference=one.difference,
        state=one.state,
        asset=one.asset,
        ours_minor=one.ours_minor,
        theirs_minor=one.theirs_minor,
        fee_minor=one.fee_minor,
        fee_due_minor=one.fee_due_minor,
        ours_state=one.ours_state,
        theirs_state=one.theirs_state,
        order_number=one.order_number,
        transaction=one.transaction,
        refund_number=one.refund_number,
        channel_refund=one.channel_refund,
        payment=None if one.intent is None else encode_id(PAYMENT, one.intent),
        refund=None if one.refund is None else encode_id(REFUND, one.refund),
        bill_line=one.line,
        happened_at=None if one.happened_at is None else format_time(one.happened_at),
        opened_at=format_time(one.opened_at),
        reopened=one.reopened,
        assignee=one.assignee,
        note=one.note,
        resolution=one.resolution,
        resolved_by=one.resolved_by,
        resolved_at=None if one.resolved_at is None else format_time(one.resolved_at),
    )
