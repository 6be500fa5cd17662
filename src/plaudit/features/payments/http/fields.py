"""What the handlers of payments share: page parameters, amounts, the views of payments and attempts."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, TypeVar

import msgspec

from plaudit.core.commands.command import Outcome
from plaudit.features.payments.actions.base import Means
from plaudit.features.payments.actions.intents import cashier_url
from plaudit.features.payments.model.accounts import account_id
from plaudit.features.payments.model.intents import DUE, Attempt, AttemptState, Intent, IntentState
from plaudit.features.payments.model.routing import Option, Reason
from plaudit.kernel.ids import encode_id
from plaudit.kernel.time import format_time
from plaudit.platform.web import Parameter
from plaudit.vocabulary.facts.base import FactData

F = TypeVar("F", bound=FactData)

TAGS: Final = ("payments",)
CREATED: Final = 201

Limit = Annotated[int | None, Parameter(description="Items a page, 1 to 200; 50 when not given.")]
Cursor = Annotated[str | None, Parameter(description="next_cursor of the page before.")]
Amount = Annotated[
    int, msgspec.Meta(description="Minor units of the asset.", extra_json_schema={"maximum": 2**53 - 1})
]


class PresentationView(msgspec.Struct, kw_only=True):
    """What the payer is shown: a QR code's text, an address to go to, or parameters for the channel's kit."""

    kind: str
    url: str | None
    parameters: Mapping[str, str] | None


class AttemptView(msgspec.Struct, kw_only=True):
    """One attempt. `number` is the order number at the channel, `follows` the attempt that led to it."""

    attempt: int
    channel: str
    account: str
    method: str
    number: str
    state: AttemptState
    presentation: PresentationView | None
    code: str | None
    follows: int | None
    opened_at: str


class WayView(msgspec.Struct, kw_only=True):
    """A way to pay; `reason` says why it is not open now, null that it is."""

    channel: str
    account: str
    method: str
    reason: Reason | None


class TitleView(msgspec.Struct, kw_only=True):
    """What is paid for, in few words."""

    en: str
    zh: str


class PaymentItem(msgspec.Struct, kw_only=True):
    """A payment. `refunding_minor` is asked for and not ended, `refunded_minor` has gone back."""

    payment: str
    state: IntentState
    due: str
    due_kind: str
    payer: str
    asset: str
    amount_minor: int
    refunding_minor: int
    refunded_minor: int
    title: TitleView
    opened_at: str
    expires_at: str
    settled_at: str | None


class PaymentView(PaymentItem, kw_only=True):
    """A payment with its attempts, the link to its cashier and the ways to pay it now."""

    cashier_url: str
    attempts: list[AttemptView]
    ways: list[WayView]


def fact_of(outcome: Outcome, kind: type[F]) -> F:
    """Return the data of an outcome's fact, which must be of this type."""
    assert isinstance(outcome.data, kind), outcome
    return outcome.data


def item_of(intent: Intent) -> PaymentItem:
    """Return a payment as it is in a list."""
    return PaymentItem(**_fields(intent))


def view_of(
    means: Means, *, tenant_id: int, intent: Intent, attempts: Sequence[Attempt], ways: Sequence[Option]
) -> PaymentView:
    """Return a payment with all that belongs to it."""
    link = cashier_url(
        vault=means.vault, public_url=means.settings.public_url, tenant_id=tenant_id, payment=intent.id
    )
    return PaymentView(
        **_fields(intent),
        cashier_url=link,
        attempts=[attempt_view(one, tenant_id=tenant_id) for one in attempts],
        ways=[
            WayView(
                channel=one.channel,
                account=account_id(tenant_id=tenant_id, number=one.account),
                method=one.method,
                reason=one.reason,
            )
            for one in ways
        ],
    )


def attempt_view(one: Attempt, *, tenant_id: int) -> AttemptView:
    """Return an attempt with what the payer is shown."""
    shown = one.presentation
    return AttemptView(
        attempt=one.attempt,
        channel=one.channel,
        account=account_id(tenant_id=tenant_id, number=one.account),
        method=one.method,
        number=one.number,
        state=one.state,
        presentation=None
        if shown is None
        else PresentationView(kind=shown["kind"], url=shown.get("url"), parameters=shown.get("parameters")),
        code=one.code,
        follows=one.follows,
        opened_at=format_time(one.opened_at),
    )


def _fields(intent: Intent) -> dict[str, Any]:
    return {
        "payment": intent.id,
        "state": intent.state,
        "due": encode_id(DUE, intent.due),
        "due_kind": intent.due_kind,
        "payer": intent.payer,
        "asset": intent.asset,
        "amount_minor": intent.amount_minor,
        "refunding_minor": intent.refunding_minor,
        "refunded_minor": intent.refunded_minor,
        "title": TitleView(en=intent.title_en, zh=intent.title_zh),
        "opened_at": format_time(intent.opened_at),
        "expires_at": format_time(intent.expires_at),
        "settled_at": format_time(intent.settled_at) if intent.settled_at else None,
    }
