"""Balances and statements over HTTP, and credits: how value comes in."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.core.commands.corridor import Corridor
from plaudit.core.handles import Database
from plaudit.core.ledger.statements import Line
from plaudit.features.wallets import actions, queries
from plaudit.features.wallets.http.fields import CREATED, TAGS, Amount, Cursor, Limit, fact_of, time_of
from plaudit.features.wallets.model import Credit, check_viewer, summary_of
from plaudit.kernel.ids import encode_id
from plaudit.kernel.time import Clock, format_time
from plaudit.platform.web import Parameter, Response, answer, get, post
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.wallets import WalletCredited

AsOf = Annotated[
    str | None,
    Parameter(description="A time (RFC 3339): the balance as the ledger had recorded it then."),
]
Address = Annotated[str, Parameter(description="An account, such as creator/c1/earnings/coin.")]


class NewCredit(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What to credit; `reference` is your id of the cause, `at` (scope import) when it happened."""

    asset: str
    amount_minor: Amount
    reference: str | None = None
    at: str | None = None


class CreditView(msgspec.Struct, kw_only=True):
    """A credit that was made, and the wallet's balance after it.

    `repaid_minor` of it paid off what the wallet owed; where that was all of it the wallet did not move, and
    `balance_minor` is null.
    """

    credit: str
    position: int
    viewer: str
    asset: str
    amount_minor: int
    reference: str | None
    repaid_minor: int
    balance_minor: int | None
    at: str
    recorded_at: str


class BalanceView(msgspec.Struct, kw_only=True):
    """One asset of a wallet: what can be spent, what holds have set aside, and what is owed."""

    asset: str
    balance_minor: int
    held_minor: int
    owed_minor: int


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


@post(
    "/v1/wallets/{viewer:str}/credits",
    opt={"permission": "wallet.credit"},
    status_code=CREATED,
    summary="Credit a viewer's wallet",
    tags=TAGS,
)
async def credit_wallet(
    *, viewer: str, data: NewCredit, grant: Grant, idempotency_key: str, corridor: Corridor, clock: Clock
) -> Response[CreditView]:
    """Move an amount from issuance into a viewer's wallet, after what it owes."""
    request = Credit(
        viewer=viewer, asset=data.asset, amount_minor=data.amount_minor, reference=data.reference
    )
    command = actions.credit(
        grant=grant, key=idempotency_key, request=request, at=time_of(data.at, "at"), now=clock.now()
    )
    outcome = await corridor.submit(command)
    fact = fact_of(outcome, WalletCredited)
    wallet = chart.viewer_wallet(viewer=fact.viewer, asset=fact.asset)
    body = CreditView(
        credit=encode_id("credit", outcome.position),
        position=outcome.position,
        viewer=fact.viewer,
        asset=fact.asset,
        amount_minor=fact.amount_minor,
        reference=fact.reference,
        repaid_minor=fact.repaid_minor,
        balance_minor=outcome.entries[wallet][1] if wallet in outcome.entries else None,
        at=format_time(outcome.at),
        recorded_at=format_time(outcome.recorded_at),
    )
    return answer(body, replayed=outcome.replayed, status=CREATED)


@get("/v1/wallets/{viewer:str}", opt={"permission": "wallet.read"}, summary="A viewer's balances", tags=TAGS)
async def show_wallet(*, viewer: str, grant: Grant, database: Database, as_of: AsOf = None) -> WalletView:
    """Return what a viewer can spend, what is held and owed, by asset, now or as recorded at a time."""
    check_viewer(actor=grant.actor, viewer=viewer)
    found = await queries.wallet(
        database=database, tenant_id=grant.tenant_id, viewer=viewer, as_of=time_of(as_of, "as_of")
    )
    rows = [
        BalanceView(
            asset=one.asset,
            balance_minor=one.balance_minor,
            held_minor=one.held_minor,
            owed_minor=one.owed_minor,
        )
        for one in found
    ]
    return WalletView(viewer=viewer, balances=rows)


@get(
    "/v1/wallets/{viewer:str}/entries",
    opt={"permission": "wallet.read"},
    summary="A wallet's statement",
    tags=TAGS,
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


@get("/v1/accounts", opt={"permission": "ledger.read"}, summary="Any account", tags=TAGS)
async def show_account(
    *, address: Address, grant: Grant, database: Database, as_of: AsOf = None
) -> AccountView:
    """Return the balance of any account of the chart, now or as recorded at a time."""
    balance_minor = await queries.account(
        database=database, tenant_id=grant.tenant_id, address=address, as_of=time_of(as_of, "as_of")
    )
    return AccountView(address=address, asset=address.rsplit("/", 1)[1], balance_minor=balance_minor)


@get("/v1/accounts/entries", opt={"permission": "ledger.read"}, summary="Any account's statement", tags=TAGS)
async def list_account_entries(
    *, address: Address, grant: Grant, database: Database, limit: Limit = None, cursor: Cursor = None
) -> EntryPage:
    """Return the entries of any account of the chart, newest first, each with its cause."""
    return await _entries(database, grant, address, limit=limit, cursor=cursor)


ROUTES: Final[tuple[Any, ...]] = (
    credit_wallet,
    show_wallet,
    list_wallet_entries,
    show_account,
    list_account_entries,
)


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
