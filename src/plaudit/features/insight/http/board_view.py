"""The board of a show as it is shown: seats and money by zone, offer, step and hour, methods, refunds."""

from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

import msgspec

from plaudit.features.insight.http.fields import MoneyView, hour_texts, money_of
from plaudit.features.insight.model import basis_points
from plaudit.features.insight.queries import Board
from plaudit.features.insight.store.board import Offer, Outcome, Step


class SeatsView(msgspec.Struct, kw_only=True):
    """Seats: all there are, and where they stand. `offered` are held for people on a waiting list.

    `left` may be ordered or are kept for codes and the waiting list; `back` came back by refunds.
    """

    total: int
    left: int
    held: int
    offered: int
    pledged: int
    sold: int
    back: int


class SumView(msgspec.Struct, kw_only=True):
    """Money in one currency. `paid_minor` is all that came in, `takings_minor` what stands for the show.

    `deposits_minor` may still go back by its terms; `balance_due_minor` of `balances_due` orders is not paid
    yet. `refund_basis_points` is what was refunded, of 10,000 paid.
    """

    asset: str
    paid_minor: int
    takings_minor: int
    deposits_minor: int
    forfeited_minor: int
    refunded_minor: int
    refund_basis_points: int
    balance_due_minor: int
    balances_due: int


class StepView(msgspec.Struct, kw_only=True):
    """A price step; -1 is the price of groups. `price_minor` is as it is now, null for a step that ended."""

    step: int
    price_minor: int | None
    ordered: int
    held: int
    pledged: int
    sold: int
    back: int
    money: SumView


class OfferView(msgspec.Struct, kw_only=True):
    """An offer with its steps."""

    offer: str
    zone: str | None
    asset: str | None
    on_sale: bool
    seats: SeatsView
    steps: list[StepView]


class ZoneView(msgspec.Struct, kw_only=True):
    """All offers of a zone."""

    zone: str | None
    seats: SeatsView
    money: list[SumView]


class PaceView(msgspec.Struct, kw_only=True):
    """One hour of an offer; `local_hour` is by the tenant's clocks, where it was asked for."""

    hour: str
    local_hour: str | None
    zone: str | None
    offer: str
    asset: str
    orders: int
    paid_orders: int
    seats: int
    money_minor: int


class MethodView(msgspec.Struct, kw_only=True):
    """How payments by one method of a channel go; `reasons` counts failures by code."""

    channel: str
    method: str
    asset: str
    attempted: int
    succeeded: int
    failed: int
    success_basis_points: int
    succeeded_minor: int
    reasons: dict[str, int]


class RefundView(msgspec.Struct, kw_only=True):
    """Money on its way back: how far (`stage`) and why.

    asked, declined, refunded and failed tell of refunds; revoked what the show took back by itself; rejected
    what was paid and could not be given; kept what was not taken back.
    """

    asset: str
    stage: str
    reason: str
    count: int
    amount_minor: int


class GroupsView(msgspec.Struct, kw_only=True):
    """Groups of buyers that somebody has paid in."""

    open: int
    filled: int
    failed: int


class TrafficView(msgspec.Struct, kw_only=True):
    """Views, clicks, and visitors, each counted once a show."""

    views: int
    visitors: int
    clicks: int


class BoardView(msgspec.Struct, kw_only=True):
    """The board as of a position of the journal."""

    show: str
    position: int
    seats: SeatsView
    money: list[SumView]
    orders: list[MoneyView]
    traffic: TrafficView
    zones: list[ZoneView]
    offers: list[OfferView]
    hours: list[PaceView]
    methods: list[MethodView]
    refunds: list[RefundView]
    groups: GroupsView


def board_view(board: Board, *, show: str, zone: ZoneInfo | None) -> BoardView:
    """Return a board as it is shown."""
    zones = {offer.offer: offer.zone for offer in board.offers}
    by_offer = {
        offer.offer: [step for step in board.steps if step.offer == offer.offer] for offer in board.offers
    }
    return BoardView(
        show=show,
        position=board.position,
        seats=_seats(board.offers, board.steps),
        money=_sums(board.steps),
        orders=money_of(board.flows),
        traffic=TrafficView(
            views=board.traffic.views, visitors=board.traffic.visitors, clicks=board.traffic.clicks
        ),
        zones=[_zone(name, board) for name in dict.fromkeys(offer.zone for offer in board.offers)],
        offers=[_offer(offer, by_offer[offer.offer]) for offer in board.offers],
        hours=_hours(board, zones, zone),
        methods=_methods(board.outcomes),
        refunds=[
            RefundView(
                asset=one.asset,
                stage=one.stage,
                reason=one.reason,
                count=one.count,
                amount_minor=one.amount_minor,
            )
            for one in board.refunds
        ],
        groups=GroupsView(
            open=board.parties.get("open", 0),
            filled=board.parties.get("filled", 0),
            failed=board.parties.get("failed", 0),
        ),
    )


def sum_view(asset: str, steps: Sequence[Step]) -> SumView:
    """Return the money of some steps in one currency."""
    own = [step for step in steps if step.asset == asset]
    paid, refunded = sum(one.paid_minor for one in own), sum(one.refunded_minor for one in own)
    return SumView(
        asset=asset,
        paid_minor=paid,
        takings_minor=sum(one.takings_minor for one in own),
        deposits_minor=sum(one.deposits_minor for one in own),
        forfeited_minor=sum(one.forfeited_minor for one in own),
        refunded_minor=refunded,
        refund_basis_points=basis_points(part=refunded, whole=paid),
        balance_due_minor=sum(one.balance_minor for one in own),
        balances_due=sum(one.balances for one in own),
    )


def price_of(offer: Offer, step: int) -> int | None:
    """Return the price of a step as the offer has it now."""
    return offer.prices_minor[step] if 0 <= step < len(offer.prices_minor) else None


def _sums(steps: Sequence[Step]) -> list[SumView]:
    return [sum_view(asset, steps) for asset in sorted({step.asset for step in steps})]


def _seats(offers: Iterable[Offer], steps: Sequence[Step]) -> SeatsView:
    offers = list(offers)
    total, offered = sum(one.seats for one in offers), sum(one.offered for one in offers)
    held, pledged = sum(one.held for one in steps), sum(one.pledged for one in steps)
    sold = sum(one.sold for one in steps)
    return SeatsView(
        total=total,
        left=total - held - offered - pledged - sold,
        held=held,
        offered=offered,
        pledged=pledged,
        sold=sold,
        back=sum(one.back for one in steps),
    )


def _zone(name: str | None, board: Board) -> ZoneView:
    offers = [offer for offer in board.offers if offer.zone == name]
    names = {offer.offer for offer in offers}
    steps = [step for step in board.steps if step.offer in names]
    return ZoneView(zone=name, seats=_seats(offers, steps), money=_sums(steps))


def _offer(offer: Offer, steps: Sequence[Step]) -> OfferView:
    return OfferView(
        offer=offer.offer,
        zone=offer.zone,
        asset=offer.asset,
        on_sale=offer.on_sale,
        seats=_seats([offer], steps),
        steps=[
            StepView(
                step=one.step,
                price_minor=price_of(offer, one.step),
                ordered=one.ordered,
                held=one.held,
                pledged=one.pledged,
                sold=one.sold,
                back=one.back,
                money=sum_view(one.asset, [one]),
            )
            for one in steps
        ],
    )


def _hours(board: Board, zones: dict[str, str | None], zone: ZoneInfo | None) -> list[PaceView]:
    shown = []
    for one in board.paces:
        hour, local_hour = hour_texts(one.hour, zone)
        shown.append(
            PaceView(
                hour=hour,
                local_hour=local_hour,
                zone=zones.get(one.offer),
                offer=one.offer,
                asset=one.asset,
                orders=one.orders,
                paid_orders=one.paid_orders,
                seats=one.seats,
                money_minor=one.money_minor,
            )
        )
    return shown


def _methods(outcomes: Sequence[Outcome]) -> list[MethodView]:
    found: dict[tuple[str, str, str], MethodView] = {}
    for one in outcomes:
        view = found.setdefault(
            (one.channel, one.method, one.asset),
            MethodView(
                channel=one.channel,
                method=one.method,
                asset=one.asset,
                attempted=0,
                succeeded=0,
                failed=0,
                success_basis_points=0,
                succeeded_minor=0,
                reasons={},
            ),
        )
        if one.outcome == "attempted":
            view.attempted += one.count
        elif one.outcome == "succeeded":
            view.succeeded += one.count
            view.succeeded_minor += one.amount_minor
        else:
            view.failed += one.count
            view.reasons[one.code] = one.count
        view.success_basis_points = basis_points(part=view.succeeded, whole=view.attempted)
    return list(found.values())
