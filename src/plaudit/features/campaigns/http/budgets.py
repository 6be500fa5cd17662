"""Budgets over HTTP: what is left, and transfers that one person asks for and another approves."""

from typing import Any, Final

import msgspec

from plaudit.core.commands.command import Grant, Outcome
from plaudit.core.handles import Database
from plaudit.features.campaigns.actions import budgets
from plaudit.features.campaigns.actions.base import Means
from plaudit.features.campaigns.http.fields import (
    CHECK,
    CREATED,
    DONE,
    READ,
    TAGS,
    WRITE,
    Amount,
    Cursor,
    Limit,
    Reason,
    fact_of,
    text_of,
)
from plaudit.features.campaigns.model.budgets import TRANSFER, BudgetTransfer, TransferState
from plaudit.features.campaigns.queries import life as queries
from plaudit.kernel.ids import encode_id
from plaudit.kernel.time import format_time
from plaudit.platform.web import Response, answer, get, post
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.campaigns import BudgetApproved, BudgetData, BudgetRejected, BudgetRequested


class NewBudget(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What is to go into the budget, of the reward's asset; a negative amount takes it back."""

    amount_minor: Amount


class BudgetView(msgspec.Struct, kw_only=True):
    """What a campaign may still grant: the balance of its account."""

    campaign: str
    asset: str
    account: str
    balance_minor: int


class BudgetLine(msgspec.Struct, kw_only=True):
    """A transfer to a budget, or (below zero) from it, and how far it is."""

    transfer: str
    state: TransferState
    asset: str
    amount_minor: int
    maker: str
    checker: str | None
    reason: str | None
    requested_at: str
    checked_at: str | None


class BudgetPage(msgspec.Struct, kw_only=True):
    """Some transfers of a campaign's budget, newest first."""

    campaign: str
    items: list[BudgetLine]
    next_cursor: str | None


class BudgetDone(msgspec.Struct, kw_only=True):
    """What was just done about a transfer; `balance_minor` is the budget's after an approval."""

    campaign: str
    transfer: str
    state: TransferState
    asset: str
    amount_minor: int
    maker: str
    checker: str | None
    balance_minor: int | None
    position: int
    recorded_at: str


@get("/v1/campaigns/{campaign:str}/budget", opt=READ, summary="A campaign's budget", tags=TAGS)
async def show_budget(*, campaign: str, grant: Grant, database: Database) -> BudgetView:
    """Return what a campaign may still grant."""
    found = await queries.budget(database=database, tenant_id=grant.tenant_id, campaign=campaign)
    return BudgetView(
        campaign=campaign, asset=found.asset, account=found.account, balance_minor=found.balance_minor
    )


@get(
    "/v1/campaigns/{campaign:str}/budget-transfers",
    opt=READ,
    summary="The transfers of a campaign's budget",
    tags=TAGS,
)
async def list_transfers(
    *, campaign: str, grant: Grant, database: Database, limit: Limit = None, cursor: Cursor = None
) -> BudgetPage:
    """Return what was asked for, approved and rejected, newest first."""
    page = await queries.transfers(
        database=database, tenant_id=grant.tenant_id, campaign=campaign, limit=limit, cursor=cursor
    )
    return BudgetPage(
        campaign=campaign, items=[_line(one) for one in page.items], next_cursor=page.next_cursor
    )


@post(
    "/v1/campaigns/{campaign:str}/budget-transfers",
    opt=WRITE,
    status_code=CREATED,
    summary="Ask for a budget",
    tags=TAGS,
)
async def request_transfer(
    *, campaign: str, data: NewBudget, grant: Grant, idempotency_key: str, house: Means
) -> Response[BudgetDone]:
    """Ask for a budget, or to take some back; it is moved when another person approves it."""
    outcome = await budgets.request_budget(
        house, grant=grant, key=idempotency_key, campaign=campaign, amount_minor=data.amount_minor
    )
    return _done(outcome, fact_of(outcome, BudgetRequested), "pending", None, status=CREATED)


@post(
    "/v1/campaigns/{campaign:str}/budget-transfers/{transfer:str}/approve",
    opt=CHECK,
    status_code=DONE,
    summary="Approve a budget",
    tags=TAGS,
)
async def approve_transfer(
    *, campaign: str, transfer: str, grant: Grant, idempotency_key: str, house: Means
) -> Response[BudgetDone]:
    """Move a budget that another person asked for."""
    outcome = await budgets.approve_budget(
        house, grant=grant, key=idempotency_key, campaign=campaign, transfer=transfer
    )
    fact = fact_of(outcome, BudgetApproved)
    return _done(outcome, fact, "approved", fact.checker, status=DONE)


@post(
    "/v1/campaigns/{campaign:str}/budget-transfers/{transfer:str}/reject",
    opt=CHECK,
    status_code=DONE,
    summary="Reject a budget",
    tags=TAGS,
)
async def reject_transfer(
    *, campaign: str, transfer: str, data: Reason, grant: Grant, idempotency_key: str, house: Means
) -> Response[BudgetDone]:
    """Close a transfer that another person asked for; nothing moves."""
    outcome = await budgets.reject_budget(
        house,
        grant=grant,
        key=idempotency_key,
        campaign=campaign,
        transfer=transfer,
        reason=data.reason,
    )
    fact = fact_of(outcome, BudgetRejected)
    return _done(outcome, fact, "rejected", fact.checker, status=DONE)


ROUTES: Final[tuple[Any, ...]] = (
    show_budget,
    list_transfers,
    request_transfer,
    approve_transfer,
    reject_transfer,
)


def _line(one: BudgetTransfer) -> BudgetLine:
    return BudgetLine(
        transfer=encode_id(TRANSFER, one.number),
        state=one.state,
        asset=one.asset,
        amount_minor=one.amount_minor,
        maker=one.maker,
        checker=one.checker,
        reason=one.reason,
        requested_at=format_time(one.requested_at),
        checked_at=text_of(one.checked_at),
    )


def _done(
    outcome: Outcome, fact: BudgetData, state: TransferState, checker: str | None, *, status: int
) -> Response[BudgetDone]:
    entry = outcome.entries.get(chart.campaign_budget(campaign=fact.campaign, asset=fact.asset))
    body = BudgetDone(
        campaign=fact.campaign,
        transfer=fact.transfer,
        state=state,
        asset=fact.asset,
        amount_minor=fact.amount_minor,
        maker=fact.maker,
        checker=checker,
        balance_minor=entry[1] if entry else None,
        position=outcome.position,
        recorded_at=format_time(outcome.recorded_at),
    )
    return answer(body, replayed=outcome.replayed, status=status)
