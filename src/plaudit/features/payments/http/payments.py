"""Payments over HTTP: open, attempt, show, list, close; and what a payer does at the sandbox."""

from typing import Annotated, Any, Final

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.core.handles import Database
from plaudit.features.payments import queries
from plaudit.features.payments.actions.attempts import Asked, attempt_payment, wish_of
from plaudit.features.payments.actions.base import Means
from plaudit.features.payments.actions.channels import scene_of
from plaudit.features.payments.actions.intents import close_payment as close
from plaudit.features.payments.actions.intents import open_payment as open_
from plaudit.features.payments.actions.sandbox import act as act_at_sandbox
from plaudit.features.payments.http.fields import (
    CREATED,
    TAGS,
    AttemptView,
    Cursor,
    Limit,
    PaymentItem,
    PaymentView,
    attempt_view,
    item_of,
    view_of,
)
from plaudit.features.payments.model.accounts import Device
from plaudit.features.payments.model.channel import Method
from plaudit.features.payments.model.intents import OPEN_INTENTS, Intent, IntentState, payer_of
from plaudit.features.payments.model.routing import Option, route
from plaudit.features.payments.model.sandbox import Act, TradeState
from plaudit.platform.web import Parameter, Response, answer, get, post

_OPEN: Final = {"permission": "payment.open"}
_READ: Final = {"permission": "payment.read"}
_OK: Final = 200

Wanted = Annotated[IntentState | None, Parameter(name="state", description="Only payments in this state.")]
Payer = Annotated[str | None, Parameter(description="Only payments of this viewer.")]
DeviceOf = Annotated[Device | None, Parameter(description="What the payer holds: limits the ways to pay.")]


class NewPayment(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The amount due to be paid, and where the payer goes afterwards."""

    due: str
    return_url: str | None = None


class NewAttempt(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How to pay. What is left out is chosen: the first account that takes the payment.

    `payer_reference` is the payer's id at the channel (JSAPI), `payer_ip` the payer's address (H5).
    """

    method: Method | None = None
    account: str | None = None
    device: Device | None = None
    payer_reference: Annotated[str, msgspec.Meta(min_length=1, max_length=128)] | None = None
    payer_ip: (
        Annotated[str, msgspec.Meta(min_length=2, max_length=45, pattern=r"^[0-9A-Fa-f.:]+\Z")] | None
    ) = None


class SandboxAct(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What the payer does at the sandbox."""

    act: Act


class SandboxDone(msgspec.Struct, kw_only=True):
    """What the sandbox holds of the order now; payments learns of it by callback."""

    payment: str
    number: str
    state: TradeState
    paid_minor: list[int]


class PaymentPage(msgspec.Struct, kw_only=True):
    """Some payments, newest first."""

    items: list[PaymentItem]
    next_cursor: str | None


@post("/v1/payments", opt=_OPEN, status_code=CREATED, summary="Open a payment", tags=TAGS)
async def open_payment(
    *,
    data: NewPayment,
    grant: Grant,
    idempotency_key: str,
    database: Database,
    house: Any,  # noqa: ANN401 - the assembled house
) -> Response[PaymentView]:
    """Open the payment of an amount due. It has one: asked for again, the same is returned with 200."""
    means: Means = house
    fact, due = await queries.due(database=database, tenant_id=grant.tenant_id, due=data.due)
    intent, outcome = await open_(
        means, grant=grant, key=idempotency_key, due=fact, data=due, return_url=data.return_url
    )
    body = await _whole(means, grant, intent, device=None)
    if outcome is None:
        return answer(body, status=_OK)
    return answer(body, replayed=outcome.replayed, status=CREATED)


@get("/v1/payments/{payment:str}", opt=_READ, summary="A payment", tags=TAGS)
async def show_payment(
    *,
    payment: str,
    grant: Grant,
    database: Database,
    house: Any,  # noqa: ANN401 - the assembled house
    device: DeviceOf = None,
) -> PaymentView:
    """Return a payment, its attempts, and the ways to pay it now; those that are not open say why."""
    intent, _ = await queries.payment(
        database=database, tenant_id=grant.tenant_id, actor=grant.actor, payment=payment
    )
    return await _whole(house, grant, intent, device=device)


@get("/v1/payments", opt=_READ, summary="List payments", tags=TAGS)
async def list_payments(
    *,
    grant: Grant,
    database: Database,
    payer: Payer = None,
    wanted: Wanted = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> PaymentPage:
    """Return payments, newest first. A viewer's token sees its own."""
    page = await queries.payment_page(
        database=database,
        tenant_id=grant.tenant_id,
        payer=payer_of(actor=grant.actor, named=payer),
        state=wanted,
        limit=limit,
        cursor=cursor,
    )
    return PaymentPage(items=[item_of(one) for one in page.items], next_cursor=page.next_cursor)


@post(
    "/v1/payments/{payment:str}/attempts", opt=_OPEN, status_code=CREATED, summary="Attempt to pay", tags=TAGS
)
async def attempt(
    *,
    payment: str,
    data: NewAttempt,
    grant: Grant,
    idempotency_key: str,
    house: Any,  # noqa: ANN401 - the assembled house
) -> Response[AttemptView]:
    """Choose a channel and ask it for the payment; where it fails the next one is asked by itself.

    The state "unknown" means that the channel did not answer in time: it is asked again until it is known.
    """
    asked = Asked(
        method=data.method,
        account=data.account,
        device=data.device,
        payer_reference=data.payer_reference,
        payer_ip=data.payer_ip,
    )
    made, outcome = await attempt_payment(
        house, grant=grant, key=idempotency_key, payment=payment, asked=asked
    )
    body = attempt_view(made, tenant_id=grant.tenant_id)
    return answer(body, replayed=outcome.replayed, status=CREATED)


@post(
    "/v1/payments/{payment:str}/closing", opt=_OPEN, status_code=CREATED, summary="Close a payment", tags=TAGS
)
async def close_payment(
    *,
    payment: str,
    grant: Grant,
    idempotency_key: str,
    database: Database,
    house: Any,  # noqa: ANN401 - the assembled house
) -> Response[PaymentItem]:
    """Close a payment that is not wanted any more. What comes in for it afterwards goes back by itself."""
    outcome = await close(house, grant=grant, key=idempotency_key, payment=payment)
    intent, _ = await queries.payment(
        database=database, tenant_id=grant.tenant_id, actor=grant.actor, payment=payment
    )
    return answer(item_of(intent), replayed=outcome.replayed, status=CREATED)


@post(
    "/v1/payments/{payment:str}/sandbox",
    opt=_OPEN,
    status_code=CREATED,
    summary="Play the payer at the sandbox",
    tags=TAGS,
)
async def play_payer(
    *,
    payment: str,
    data: SandboxAct,
    grant: Grant,
    idempotency_key: str,
    house: Any,  # noqa: ANN401 - the assembled house
) -> Response[SandboxDone]:
    """Do what a payer does, for the latest attempt at the sandbox; its callback follows.

    Each act says how the order ends, so that doing it again changes nothing.
    """
    trade = await act_at_sandbox(house, grant=grant, key=idempotency_key, payment=payment, act=data.act)
    body = SandboxDone(
        payment=payment,
        number=trade.number,
        state=trade.state,
        paid_minor=[one.amount_minor for one in trade.payments],
    )
    return answer(body, status=CREATED)


ROUTES: Final[tuple[Any, ...]] = (
    open_payment,
    show_payment,
    list_payments,
    attempt,
    close_payment,
    play_payer,
)


async def _whole(means: Means, grant: Grant, intent: Intent, *, device: Device | None) -> PaymentView:
    _, attempts = await queries.payment_of_number(
        database=means.database, tenant_id=grant.tenant_id, actor=grant.actor, number=intent.number
    )
    ways: tuple[Option, ...] = ()
    if intent.state in OPEN_INTENTS and means.clock.now() < intent.expires_at:
        scene = await scene_of(means, tenant_id=grant.tenant_id)
        ways = route(wish_of(intent, asked=Asked(device=device)), scene)
    return view_of(means, tenant_id=grant.tenant_id, intent=intent, attempts=attempts, ways=ways)
