"""Tips over HTTP: send, show, list; who gave and got most."""

from collections.abc import Callable
from typing import Annotated, Any, Final, Literal

import msgspec

from plaudit.core.commands.command import Grant, Outcome
from plaudit.core.commands.corridor import Corridor
from plaudit.core.handles import Database
from plaudit.features.tipping import actions, queries
from plaudit.features.tipping.http.fields import (
    ACCEPTED,
    CREATED,
    SALT_BYTES,
    TAGS,
    Cursor,
    Limit,
    Pending,
    Seen,
    SharesView,
    TipWish,
    fact_of,
    shares_of,
    time_of,
    tip_of,
)
from plaudit.features.tipping.model import TIP, check_person
from plaudit.features.tipping.store.tips import TipRow
from plaudit.kernel.ids import encode_id
from plaudit.kernel.refusal import forbidden, not_found
from plaudit.kernel.time import Clock, format_time
from plaudit.platform.web import Parameter, Response, answer, get, post
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.tipping import Funded, MessageState, TipSent

_READ: Final = {"permission": "tip.read"}
_PERSONS: Final = frozenset({"viewer", "creator"})


class FundingBody(msgspec.Struct, kw_only=True):
    """One thing that pays: the kind "wallet" is the viewer's wallet, "gift" units of the gift in hand."""

    kind: str


class NewTip(TipWish, kw_only=True, forbid_unknown_fields=True):
    """What to give, and the one thing that pays, the wallet if left out. `at` needs the scope import."""

    funding: list[FundingBody] | None = None
    at: str | None = None


class TipDone(msgspec.Struct, kw_only=True):
    """A tip that was sent; `balance_minor` is what the viewer's wallet holds after it.

    With `funded` "gift" units of the gift paid for it: then `balance_minor` is null, and `units_left` says
    how many the viewer still has in hand.
    """

    tip: str
    position: int
    viewer: str
    creator: str
    asset: str
    gift: str | None
    count: int
    amount_minor: int
    shares: SharesView
    funded: Funded | None
    balance_minor: int | None
    units_left: int | None
    message_state: MessageState
    at: str
    recorded_at: str


class TipView(msgspec.Struct, kw_only=True):
    """A tip. `viewer` is null for its creator where it was anonymous, `message` where held or erased."""

    tip: str
    position: int
    viewer: str | None
    creator: str
    asset: str
    gift: str | None
    count: int
    amount_minor: int
    reversed_minor: int
    shares: SharesView
    funded: Funded | None
    show: str | None
    room: str | None
    anonymous: bool
    message_state: MessageState
    message: str | None
    at: str
    recorded_at: str


class TipItem(msgspec.Struct, kw_only=True):
    """A tip in a list."""

    tip: str
    position: int
    viewer: str | None
    creator: str
    asset: str
    gift: str | None
    count: int
    amount_minor: int
    reversed_minor: int
    show: str | None
    room: str | None
    anonymous: bool
    at: str


class TipPage(msgspec.Struct, kw_only=True):
    """Some tips, newest first."""

    items: list[TipItem]
    next_cursor: str | None


class TotalView(msgspec.Struct, kw_only=True):
    """What one person gave or got, net of reversals."""

    id: str
    asset: str
    amount_minor: int
    tips: int


class TotalList(msgspec.Struct, kw_only=True):
    """The largest totals, largest first."""

    items: list[TotalView]


@post("/v1/tips", opt={"permission": "tip.send"}, status_code=CREATED, summary="Send a tip", tags=TAGS)
async def post_tip(
    *,
    data: NewTip,
    grant: Grant,
    idempotency_key: str,
    corridor: Corridor,
    clock: Clock,
    randomness: Callable[[int], bytes],
) -> Response[TipDone]:
    """Move a tip from the viewer's wallet to creator, guild and platform, by the creator's terms.

    Or pay for a gift with units of it that the viewer has in hand.
    """
    funding = ("wallet",) if data.funding is None else tuple(one.kind for one in data.funding)
    command = actions.send_tip(
        grant=grant,
        key=idempotency_key,
        tip=tip_of(data, actor=grant.actor, funding=funding),
        at=time_of(data.at, "at") if data.at is not None else None,
        now=clock.now(),
        salt=randomness(SALT_BYTES) if data.message else b"",
    )
    outcome = await corridor.submit(command)
    return answer(rendered(outcome), replayed=outcome.replayed, status=CREATED)


@get("/v1/tips/{tip:str}", opt=_READ, summary="A tip", tags=TAGS)
async def show_tip(
    *, tip: str, grant: Grant, database: Database, position: Seen = None
) -> Response[TipView | Pending]:
    """Return a tip with what was reversed of it; 202 with its position while it cannot be shown yet."""
    fact = await queries.tip_fact(database=database, tenant_id=grant.tenant_id, tip=tip)
    sent = msgspec.convert(fact.data, TipSent)
    actor = grant.actor
    if actor.kind in _PERSONS and actor.id != (sent.viewer if actor.kind == "viewer" else sent.creator):
        raise not_found("tip.unknown", "There is no such tip; check its id.")
    wanted = max(fact.position, position or 0)
    if not await queries.caught_up(database=database, tenant_id=grant.tenant_id, position=wanted):
        return _pending(wanted)
    row = await queries.tip_row(database=database, tenant_id=grant.tenant_id, position=fact.position)
    assert row is not None, f"the projection has passed tip {fact.position} and does not have it"
    message = None
    if _may_read_message(grant, sent):
        message = await queries.message(database=database, tenant_id=grant.tenant_id, position=fact.position)
    body: TipView | Pending = TipView(
        tip=encode_id(TIP, fact.position),
        position=fact.position,
        viewer=_shown_viewer(grant, row),
        creator=sent.creator,
        asset=sent.asset,
        gift=sent.gift,
        count=sent.count,
        amount_minor=sent.amount_minor,
        reversed_minor=row.reversed_minor,
        shares=shares_of(sent),
        funded=sent.funded,
        show=sent.show,
        room=sent.room,
        anonymous=sent.anonymous,
        message_state=sent.message_state,
        message=message,
        at=format_time(fact.at),
        recorded_at=format_time(fact.recorded_at),
    )
    return answer(body)


@get("/v1/tips", opt=_READ, summary="List tips", tags=TAGS)
async def list_tips(
    *,
    grant: Grant,
    database: Database,
    viewer: str | None = None,
    creator: str | None = None,
    show: str | None = None,
    position: Seen = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> Response[TipPage | Pending]:
    """Return tips, newest first.

    Of a viewer, a creator, a show, as far as they are given. A token sees its own.
    """
    if grant.actor.kind == "viewer":
        viewer = check_person(actor=grant.actor, kind="viewer", named=viewer)
    elif grant.actor.kind == "creator":
        creator = check_person(actor=grant.actor, kind="creator", named=creator)
        if viewer is not None:
            raise forbidden("scope.missing", "A creator's list is not searched by viewer; leave it out.")
    if position is not None and not await queries.caught_up(
        database=database, tenant_id=grant.tenant_id, position=position
    ):
        return _pending(position)
    page = await queries.tip_page(
        database=database,
        tenant_id=grant.tenant_id,
        viewer=viewer,
        creator=creator,
        show=show,
        limit=limit,
        cursor=cursor,
    )
    items = [_item(grant, row) for row in page.items]
    body: TipPage | Pending = TipPage(items=items, next_cursor=page.next_cursor)
    return answer(body)


@get("/v1/tipping/totals", opt=_READ, summary="Top givers or receivers", tags=TAGS)
async def list_totals(
    *,
    grant: Grant,
    database: Database,
    by: Annotated[Literal["viewer", "creator"], Parameter(description="Who is ranked.")],
    asset: str = "coin",
    show: str | None = None,
    position: Seen = None,
    limit: Limit = None,
) -> Response[TotalList | Pending]:
    """Return who gave or got most, net of reversals.

    Anonymous tips count for creators only. Not for tokens.
    """
    if grant.actor.kind in _PERSONS:
        raise forbidden("scope.missing", "Totals are for applications and staff; use a key.")
    if position is not None and not await queries.caught_up(
        database=database, tenant_id=grant.tenant_id, position=position
    ):
        return _pending(position)
    found = await queries.totals(
        database=database, tenant_id=grant.tenant_id, by=by, asset=asset, show=show, limit=limit
    )
    items = [
        TotalView(id=one.id, asset=one.asset, amount_minor=one.amount_minor, tips=one.tips) for one in found
    ]
    body: TotalList | Pending = TotalList(items=items)
    return answer(body)


ROUTES: Final[tuple[Any, ...]] = (post_tip, show_tip, list_tips, list_totals)


def rendered(outcome: Outcome) -> TipDone:
    """Return the answer to a tip from its outcome alone, so that a replay renders the same."""
    sent = fact_of(outcome, TipSent)
    wallet = chart.viewer_wallet(viewer=sent.viewer, asset=sent.asset)
    at = format_time(outcome.at)
    units_left = None
    if sent.funded is not None:
        assert sent.gift is not None, "units of a gift pay for that gift"
        units_left = outcome.entries[chart.viewer_gift(viewer=sent.viewer, gift=sent.gift)][1]
    return TipDone(
        tip=encode_id(TIP, outcome.position),
        position=outcome.position,
        viewer=sent.viewer,
        creator=sent.creator,
        asset=sent.asset,
        gift=sent.gift,
        count=sent.count,
        amount_minor=sent.amount_minor,
        shares=shares_of(sent),
        funded=sent.funded,
        balance_minor=outcome.entries[wallet][1] if sent.funded is None else None,
        units_left=units_left,
        message_state=sent.message_state,
        at=at,
        # The same moment but for imports: the text is among the dearest parts of an answer.
        recorded_at=at if outcome.recorded_at == outcome.at else format_time(outcome.recorded_at),
    )


def _pending(position: int) -> Response[Any]:
    return answer(Pending(position=position), status=ACCEPTED)


def _may_read_message(grant: Grant, sent: TipSent) -> bool:
    """Tell whether a message may be read: a shown one by everybody who sees the tip.

    A held one for its author and for those who screen.
    """
    if sent.message_state == "held":
        return grant.actor.kind == "viewer" or "message.screen" in grant.permissions
    return sent.message_state == "shown"


def _shown_viewer(grant: Grant, row: TipRow) -> str | None:
    return None if row.anonymous and grant.actor.kind == "creator" else row.viewer


def _item(grant: Grant, row: TipRow) -> TipItem:
    return TipItem(
        tip=encode_id(TIP, row.position),
        position=row.position,
        viewer=_shown_viewer(grant, row),
        creator=row.creator,
        asset=row.asset,
        gift=row.gift,
        count=row.count,
        amount_minor=row.amount_minor,
        reversed_minor=row.reversed_minor,
        show=row.show,
        room=row.room,
        anonymous=row.anonymous,
        at=format_time(row.at),
    )
