"""Wallets over HTTP: credits, balances, statements, adjustments."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec

from plaudit.core.commands.command import Grant, Outcome
from plaudit.core.commands.corridor import Corridor
from plaudit.core.handles import Database
from plaudit.core.ledger.statements import Line
from plaudit.features.wallets import actions, queries
from plaudit.features.wallets.model import (
    ADJUSTMENT,
    Adjustment,
    Credit,
    State,
    check_viewer,
    summary_of,
)
from plaudit.kernel.ids import encode_id
from plaudit.kernel.refusal import invalid
from plaudit.kernel.time import Clock, format_time, parse_time
from plaudit.platform.web import Parameter, QueryParameter, Response, answer, get, post
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.base import FactData
from plaudit.vocabulary.facts.wallets import (
    AdjustmentApproved,
    AdjustmentRejected,
    AdjustmentRequested,
    WalletCredited,
)

F = TypeVar("F", bound=FactData)

_CREATED: Final = 201
_TAGS: Final = ("wallets",)
_SALT_BYTES: Final = 16

Limit = Annotated[int | None, Parameter(description="Items a page, 1 to 200; 50 when not given.")]
Cursor = Annotated[str | None, Parameter(description="next_cursor of the page before.")]
AsOf = Annotated[
    str | None,
    Parameter(description="A time (RFC 3339): the balance as the ledger had recorded it then."),
]
Address = Annotated[str, Parameter(description="An account, such as creator/c1/earnings/coin.")]
Wanted = Annotated[
    Literal["pending", "approved", "rejected"] | None,
    QueryParameter(name="state", description="Only adjustments in this state."),
]
Amount = Annotated[
    int, msgspec.Meta(description="Minor units of the asset.", extra_json_schema={"maximum": 2**53 - 1})
]


class NewCredit(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What to credit; `reference` is your id of the cause, `at` (scope import) when it happened."""

    asset: str
    amount_minor: Amount
    reference: str | None = None
    at: str | None = None


class CreditView(msgspec.Struct, kw_only=True):
    """A credit that was made, and the wallet's balance after it."""

    credit: str
    position: int
    viewer: str
    asset: str
    amount_minor: int
    reference: str | None
    balance_minor: int
    at: str
    recorded_at: str


class BalanceView(msgspec.Struct, kw_only=True):
    """One asset of a wallet: what can be spent, and what holds have set aside."""

    asset: str
    balance_minor: int
    held_minor: int


class WalletView(msgspec.Struct, kw_only=True):
    """A viewer's balances, by asset."""

    viewer: str
    balances: list[BalanceView]


class Cause(msgspec.Struct, kw_only=True):
    """The fact behind an entry: its kind, whom it is about, who did it, and what it was."""

    position: int
    kind: str
    subject: str
    actor: str
    data: Mapping[str, Any]


class EntryView(msgspec.Struct, kw_only=True):
    """One entry of an account."""

    position: int
    kind: str
    amount_minor: int
    balance_before_minor: int
    balance_after_minor: int
    at: str
    recorded_at: str
    cause: Cause


class EntryPage(msgspec.Struct, kw_only=True):
    """A page of a statement, newest first."""

    items: list[EntryView]
    next_cursor: str | None


class AccountView(msgspec.Struct, kw_only=True):
    """Any account and its balance."""

    address: str
    asset: str
    balance_minor: int


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
    "/v1/wallets/{viewer:str}/credits",
    opt={"permission": "wallet.credit"},
    status_code=_CREATED,
    summary="Credit a viewer's wallet",
    tags=_TAGS,
)
async def credit_wallet(
    *, viewer: str, data: NewCredit, grant: Grant, idempotency_key: str, corridor: Corridor, clock: Clock
) -> Response[CreditView]:
    """Move an amount from issuance into a viewer's wallet."""
    request = Credit(
        viewer=viewer, asset=data.asset, amount_minor=data.amount_minor, reference=data.reference
    )
    command = actions.credit(
        grant=grant, key=idempotency_key, request=request, at=_time(data.at, "at"), now=clock.now()
    )
    outcome = await corridor.submit(command)
    fact = _fact(outcome, WalletCredited)
    wallet = chart.viewer_wallet(viewer=fact.viewer, asset=fact.asset)
    body = CreditView(
        credit=encode_id("credit", outcome.position),
        position=outcome.position,
        viewer=fact.viewer,
        asset=fact.asset,
        amount_minor=fact.amount_minor,
        reference=fact.reference,
        balance_minor=outcome.entries[wallet][1],
        at=format_time(outcome.at),
        recorded_at=format_time(outcome.recorded_at),
    )
    return answer(body, replayed=outcome.replayed, status=_CREATED)


@get("/v1/wallets/{viewer:str}", opt={"permission": "wallet.read"}, summary="A viewer's balances", tags=_TAGS)
async def show_wallet(*, viewer: str, grant: Grant, database: Database, as_of: AsOf = None) -> WalletView:
    """Return what a viewer can spend and what is held, by asset, now or as recorded at a time."""
    check_viewer(actor=grant.actor, viewer=viewer)
    found = await queries.wallet(
        database=database, tenant_id=grant.tenant_id, viewer=viewer, as_of=_time(as_of, "as_of")
    )
    rows = [
        BalanceView(asset=one.asset, balance_minor=one.balance_minor, held_minor=one.held_minor)
        for one in found
    ]
    return WalletView(viewer=viewer, balances=rows)


@get(
    "/v1/wallets/{viewer:str}/entries",
    opt={"permission": "wallet.read"},
    summary="A wallet's statement",
    tags=_TAGS,
)
async def list_wallet_entries(
    *,
    viewer: str,
    grant: Grant,
    database: Database,
    asset: str = "coin",
    limit: Limit = None,
    cursor: Cursor = None,
) -> EntryPage:
    """Return the entries of a wallet in one asset, newest first, each with its cause."""
    check_viewer(actor=grant.actor, viewer=viewer)
    return await _entries(
        database, grant, chart.viewer_wallet(viewer=viewer, asset=asset), limit=limit, cursor=cursor
    )


@get("/v1/accounts", opt={"permission": "ledger.read"}, summary="Any account", tags=_TAGS)
async def show_account(
    *, address: Address, grant: Grant, database: Database, as_of: AsOf = None
) -> AccountView:
    """Return the balance of any account of the chart, now or as recorded at a time."""
    balance_minor = await queries.account(
        database=database, tenant_id=grant.tenant_id, address=address, as_of=_time(as_of, "as_of")
    )
    return AccountView(address=address, asset=address.rsplit("/", 1)[1], balance_minor=balance_minor)


@get("/v1/accounts/entries", opt={"permission": "ledger.read"}, summary="Any account's statement", tags=_TAGS)
async def list_account_entries(
    *, address: Address, grant: Grant, database: Database, limit: Limit = None, cursor: Cursor = None
) -> EntryPage:
    """Return the entries of any account of the chart, newest first, each with its cause."""
    return await _entries(database, grant, address, limit=limit, cursor=cursor)


@post(
    "/v1/adjustments",
    opt={"permission": "adjustment.make"},
    status_code=_CREATED,
    summary="Request an adjustment",
    tags=_TAGS,
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
    return _done(outcome, _fact(outcome, AdjustmentRequested), "pending", None)


@get("/v1/adjustments", opt={"permission": "adjustment.check"}, summary="List adjustments", tags=_TAGS)
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
    status_code=_CREATED,
    summary="Approve an adjustment",
    tags=_TAGS,
)
async def approve_adjustment(
    *, adjustment: str, grant: Grant, idempotency_key: str, corridor: Corridor, clock: Clock
) -> Response[AdjustmentDone]:
    """Post a correction that another person made. When the account cannot bear it, nothing changes."""
    outcome = await actions.approve_adjustment(
        corridor=corridor, grant=grant, key=idempotency_key, adjustment=adjustment, now=clock.now()
    )
    fact = _fact(outcome, AdjustmentApproved)
    return _done(outcome, fact, "approved", fact.checker)


@post(
    "/v1/adjustments/{adjustment:str}/rejection",
    opt={"permission": "adjustment.check"},
    status_code=_CREATED,
    summary="Reject an adjustment",
    tags=_TAGS,
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
    fact = _fact(outcome, AdjustmentRejected)
    return _done(outcome, fact, "rejected", fact.checker)


ROUTES: Final[tuple[Any, ...]] = (
    credit_wallet,
    show_wallet,
    list_wallet_entries,
    show_account,
    list_account_entries,
    request_adjustment,
    list_adjustments,
    approve_adjustment,
    reject_adjustment,
)


def _time(text: str | None, field: str) -> datetime | None:
    if text is None:
        return None
    try:
        return parse_time(text)
    except ValueError as error:
        raise invalid("body.invalid", str(error), field=field) from error


async def _entries(
    database: Database, grant: Grant, address: str, *, limit: int | None, cursor: str | None
) -> EntryPage:
    page = await queries.entries(
        database=database, tenant_id=grant.tenant_id, address=address, limit=limit, cursor=cursor
    )
    return EntryPage(items=[_entry(line) for line in page.items], next_cursor=page.next_cursor)


def _entry(line: Line) -> EntryView:
    return EntryView(
        position=line.position,
        kind=line.kind,
        amount_minor=line.amount_minor,
        balance_before_minor=line.before_minor,
        balance_after_minor=line.after_minor,
        at=format_time(line.at),
        recorded_at=format_time(line.recorded_at),
        cause=Cause(
            position=line.position,
            kind=line.kind,
            subject=line.subject,
            actor=line.actor,
            data=summary_of(line.data),
        ),
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
    return answer(body, replayed=outcome.replayed, status=_CREATED)


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


def _fact(outcome: Outcome, kind: type[F]) -> F:
    assert isinstance(outcome.data, kind), outcome
    return outcome.data
