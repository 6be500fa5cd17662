"""What is sold of a show over HTTP: offers with their prices and terms, and how they stand now."""

from typing import Any, Final

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.core.commands.corridor import Corridor
from plaudit.core.handles import Database
from plaudit.features.presale.actions.offers import save_offer
from plaudit.features.presale.http.fields import (
    READ,
    TAGS,
    WRITE,
    Amount,
    CodeGiven,
    Cursor,
    Limit,
    Ratio,
    asking_of,
    fact_of,
    maybe_time_of,
    text_of,
    time_of,
)
from plaudit.features.presale.model.offers import Offer
from plaudit.features.presale.model.sale import Sale, SaleState
from plaudit.features.presale.queries import catalogue
from plaudit.features.presale.queries.catalogue import Offering
from plaudit.kernel.page import Page
from plaudit.kernel.time import Clock, format_time
from plaudit.platform.web import Response, answer, get, put
from plaudit.vocabulary.facts.offers import (
    BundleItem,
    BundleKind,
    DepositTerms,
    GroupTerms,
    OfferSaved,
    PriceStep,
    WaitingMode,
)


class StepBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A price and how long it holds: for `count` seats, from `starts_at`, until `ends_at`, as far as given.

    The steps follow each other; the first that is open gives the price.
    """

    price_minor: Amount
    count: int | None = None
    starts_at: str | None = None
    ends_at: str | None = None


class DepositBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A deposit a seat now, and the balance from `balance_from` until `balance_until`.

    After that and `grace_s` seconds of grace the deposit is forfeited, by the ratio `forfeited`; a cancelled
    show returns even that with `returned_if_cancelled`. `rights` are those that a deposit alone gives.
    """

    deposit_minor: Amount
    balance_from: str
    balance_until: str
    grace_s: int = 86_400
    forfeited: Ratio = "100%"
    returned_if_cancelled: bool = True
    rights: list[str] = []


class GroupBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A price a seat that holds if `size` buyers have paid within `within_s` seconds."""

    size: int
    within_s: int
    price_minor: Amount


class BundleBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What comes with each ticket: coins, points, or units of the gift `id`."""

    kind: BundleKind
    amount_minor: Amount
    id: str | None = None


class NewOffer(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """An offer of a show: `stock` seats of a zone, their prices in a currency, the rights of a ticket.

    `hold_s` is how long seats are kept while the buyer pays, `waiting_s` how long those that came back are
    offered to somebody who waits. A hidden offer is shown to those who have a code of it.
    """

    show: str
    zone: str
    asset: str
    stock: int
    steps: list[StepBody]
    rights: list[str]
    on_sale: bool = True
    hidden: bool = False
    transferable: bool = False
    hold_s: int = 900
    per_order_max: int = 10
    per_person_max: int = 10
    deposit: DepositBody | None = None
    group: GroupBody | None = None
    bundle: list[BundleBody] = []
    waiting: WaitingMode = "first_come"
    waiting_s: int = 86_400


class SavedOffer(msgspec.Struct, kw_only=True):
    """An offer as it was saved; `revision` counts its changes."""

    offer: str
    revision: int
    show: str
    zone: str
    asset: str
    stock: int
    steps: list[StepBody]
    rights: list[str]
    on_sale: bool
    hidden: bool
    transferable: bool
    hold_s: int
    per_order_max: int
    per_person_max: int
    deposit: DepositBody | None
    group: GroupBody | None
    bundle: list[BundleBody]
    waiting: WaitingMode
    waiting_s: int


class SaleView(msgspec.Struct, kw_only=True):
    """How an offer stands now.

    `state`: "open"; "later", its next price opens at `next_at`; "sold_out"; "off". The price holds until
    `price_until` or until `price_left` more seats are taken, as far as given; then comes `next_price_minor`,
    not before `next_at`. `available` is how many seats are free; with a code that seats are kept for, how
    many of these.
    """

    state: SaleState
    available: int
    step: int | None
    price_minor: int | None
    price_left: int | None
    price_until: str | None
    next_price_minor: int | None
    next_at: str | None


class OfferView(SavedOffer, kw_only=True):
    """An offer and how it stands now."""

    sale: SaleView


class OfferPage(msgspec.Struct, kw_only=True):
    """Some offers of a show, by name."""

    items: list[OfferView]
    next_cursor: str | None


@put("/v1/offers/{offer:str}", opt=WRITE, summary="Make or change an offer", tags=TAGS)
async def put_offer(
    *, offer: str, data: NewOffer, grant: Grant, idempotency_key: str, corridor: Corridor
) -> Response[SavedOffer]:
    """Save what is sold of a show, at which prices.

    What was ordered before keeps its price and terms. What a price step has had is counted by its place:
    add new steps after those that have sold.
    """
    wanted = _wanted(offer, data)
    outcome = await save_offer(corridor=corridor, grant=grant, key=idempotency_key, offer=wanted)
    revision = fact_of(outcome, OfferSaved).revision
    return answer(SavedOffer(**_terms(wanted, revision=revision)), replayed=outcome.replayed)


@get("/v1/offers/{offer:str}", opt=READ, summary="An offer", tags=TAGS)
async def show_offer(
    *, offer: str, grant: Grant, database: Database, clock: Clock, code: CodeGiven = None
) -> OfferView:
    """Return an offer as it stands now."""
    return offer_view(
        await catalogue.offer(
            database=database,
            tenant_id=grant.tenant_id,
            offer=offer,
            asking=asking_of(grant, code=code),
            now=clock.now(),
        )
    )


@get("/v1/shows/{show:str}/offers", opt=READ, summary="The offers of a show", tags=TAGS)
async def list_offers(
    *,
    show: str,
    grant: Grant,
    database: Database,
    clock: Clock,
    code: CodeGiven = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> OfferPage:
    """Return the offers of a show by name, as they stand now."""
    asking = asking_of(grant, code=code)
    found = await catalogue.show(database=database, tenant_id=grant.tenant_id, show=show, asking=asking)
    page = await catalogue.offers(
        database=database,
        tenant_id=grant.tenant_id,
        show=found,
        asking=asking,
        now=clock.now(),
        limit=limit,
        cursor=cursor,
    )
    return offer_page(page)


ROUTES: Final[tuple[Any, ...]] = (put_offer, show_offer, list_offers)


def offer_page(page: Page[Offering]) -> OfferPage:
    """Return a page of offers as callers see it."""
    return OfferPage(items=[offer_view(one) for one in page.items], next_cursor=page.next_cursor)


def offer_view(one: Offering) -> OfferView:
    """Return an offer as callers see it."""
    return OfferView(**_terms(one.offer, revision=one.offer.revision), sale=_sale(one.sale))


def _wanted(offer: str, data: NewOffer) -> Offer:
    return Offer(
        id=offer,
        show=data.show,
        revision=0,
        zone=data.zone,
        asset=data.asset,
        stock=data.stock,
        steps=tuple(_step_of(step) for step in data.steps),
        rights=tuple(data.rights),
        on_sale=data.on_sale,
        hidden=data.hidden,
        transferable=data.transferable,
        hold_s=data.hold_s,
        per_order_max=data.per_order_max,
        per_person_max=data.per_person_max,
        deposit=None if data.deposit is None else _deposit_of(data.deposit),
        group=None
        if data.group is None
        else GroupTerms(
            size=data.group.size, within_s=data.group.within_s, price_minor=data.group.price_minor
        ),
        bundle=tuple(
            BundleItem(kind=one.kind, amount_minor=one.amount_minor, id=one.id) for one in data.bundle
        ),
        waiting=data.waiting,
        waiting_s=data.waiting_s,
    )


def _step_of(body: StepBody) -> PriceStep:
    return PriceStep(
        price_minor=body.price_minor,
        count=body.count,
        starts_at=maybe_time_of(body.starts_at, "starts_at"),
        ends_at=maybe_time_of(body.ends_at, "ends_at"),
    )


def _deposit_of(body: DepositBody) -> DepositTerms:
    return DepositTerms(
        deposit_minor=body.deposit_minor,
        balance_from=time_of(body.balance_from, "balance_from"),
        balance_until=time_of(body.balance_until, "balance_until"),
        grace_s=body.grace_s,
        forfeited=body.forfeited,
        returned_if_cancelled=body.returned_if_cancelled,
        rights=tuple(body.rights),
    )


def _terms(offer: Offer, *, revision: int) -> dict[str, Any]:
    """Return the fields of an offer as it was saved."""
    deposit, group = offer.deposit, offer.group
    return {
        "offer": offer.id,
        "revision": revision,
        "show": offer.show,
        "zone": offer.zone,
        "asset": offer.asset,
        "stock": offer.stock,
        "steps": [_step(step) for step in offer.steps],
        "rights": list(offer.rights),
        "on_sale": offer.on_sale,
        "hidden": offer.hidden,
        "transferable": offer.transferable,
        "hold_s": offer.hold_s,
        "per_order_max": offer.per_order_max,
        "per_person_max": offer.per_person_max,
        "deposit": None if deposit is None else _deposit(deposit),
        "group": None
        if group is None
        else GroupBody(size=group.size, within_s=group.within_s, price_minor=group.price_minor),
        "bundle": [
            BundleBody(kind=one.kind, amount_minor=one.amount_minor, id=one.id) for one in offer.bundle
        ],
        "waiting": offer.waiting,
        "waiting_s": offer.waiting_s,
    }


def _step(step: PriceStep) -> StepBody:
    return StepBody(
        price_minor=step.price_minor,
        count=step.count,
        starts_at=text_of(step.starts_at),
        ends_at=text_of(step.ends_at),
    )


def _deposit(terms: DepositTerms) -> DepositBody:
    return DepositBody(
        deposit_minor=terms.deposit_minor,
        balance_from=format_time(terms.balance_from),
        balance_until=format_time(terms.balance_until),
        grace_s=terms.grace_s,
        forfeited=terms.forfeited,
        returned_if_cancelled=terms.returned_if_cancelled,
        rights=list(terms.rights),
    )


def _sale(sale: Sale) -> SaleView:
    return SaleView(
        state=sale.state,
        available=sale.available,
        step=sale.step,
        price_minor=sale.price_minor,
        price_left=sale.price_left,
        price_until=text_of(sale.price_until),
        next_price_minor=sale.next_price_minor,
        next_at=text_of(sale.next_at),
    )
