"""A creator's statement over HTTP: what came in, what went out, and because of which tip."""

from typing import Any, Final

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.core.handles import Database
from plaudit.core.ledger.statements import Line
from plaudit.features.tipping import queries
from plaudit.features.tipping.http.fields import TAGS, Cursor, Limit
from plaudit.features.tipping.model import TIP
from plaudit.kernel.ids import encode_id
from plaudit.kernel.refusal import forbidden
from plaudit.kernel.time import format_time
from plaudit.platform.web import get
from plaudit.vocabulary.facts.tipping import TipReversed, TipSent


class EarningCause(msgspec.Struct, kw_only=True):
    """The fact behind an entry.

    Of a tip or its reversal: which one, from whom (null where anonymous), for what.
    """

    position: int
    kind: str
    tip: str | None = None
    viewer: str | None = None
    amount_minor: int | None = None
    gift: str | None = None
    count: int | None = None
    show: str | None = None


class EarningView(msgspec.Struct, kw_only=True):
    """One entry of a creator's earnings."""

    position: int
    kind: str
    amount_minor: int
    balance_before_minor: int
    balance_after_minor: int
    at: str
    recorded_at: str
    cause: EarningCause


class EarningPage(msgspec.Struct, kw_only=True):
    """A page of a creator's statement, newest first."""

    items: list[EarningView]
    next_cursor: str | None


@get(
    "/v1/creators/{creator:str}/statement",
    opt={"permission": None},
    summary="A creator's statement",
    tags=TAGS,
)
async def show_statement(
    *,
    creator: str,
    grant: Grant,
    database: Database,
    asset: str = "coin",
    limit: Limit = None,
    cursor: Cursor = None,
) -> EarningPage:
    """Return what a creator earned in one asset, newest first.

    For the creator's own token, or the scope ledger.read.
    """
    if grant.actor.text != f"creator/{creator}" and "ledger.read" not in grant.permissions:
        raise forbidden(
            "scope.missing",
            "This needs the creator's own token, or the scope ledger.read.",
            scope="ledger.read",
        )
    page = await queries.statement(
        database=database,
        tenant_id=grant.tenant_id,
        creator=creator,
        asset=asset,
        limit=limit,
        cursor=cursor,
    )
    return EarningPage(items=[_earning(line) for line in page.items], next_cursor=page.next_cursor)


ROUTES: Final[tuple[Any, ...]] = (show_statement,)


def _earning(line: Line) -> EarningView:
    return EarningView(
        position=line.position,
        kind=line.kind,
        amount_minor=line.amount_minor,
        balance_before_minor=line.before_minor,
        balance_after_minor=line.after_minor,
        at=format_time(line.at),
        recorded_at=format_time(line.recorded_at),
        cause=_cause(line),
    )


def _cause(line: Line) -> EarningCause:
    if line.kind == TipSent.KIND:
        sent = msgspec.convert(line.data, TipSent)
        return EarningCause(
            position=line.position,
            kind=line.kind,
            tip=encode_id(TIP, line.position),
            viewer=None if sent.anonymous else sent.viewer,
            amount_minor=sent.amount_minor,
            gift=sent.gift,
            count=sent.count,
            show=sent.show,
        )
    if line.kind == TipReversed.KIND:
        back = msgspec.convert(line.data, TipReversed)
        return EarningCause(
            position=line.position,
            kind=line.kind,
            tip=encode_id(TIP, back.tip),
            viewer=None if back.anonymous else back.viewer,
            amount_minor=back.amount_minor,
            show=back.show,
        )
    return EarningCause(position=line.position, kind=line.kind)
