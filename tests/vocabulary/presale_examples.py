"""One example of every fact about shows, offers, tickets and rewards."""

from datetime import UTC, datetime
from typing import Any, Final

from plaudit.vocabulary.facts import offers, rewards, shows, tickets
from plaudit.vocabulary.facts.base import FactData

_AT: Final = datetime(2026, 11, 22, 8, tzinfo=UTC)
_LATER: Final = datetime(2026, 12, 24, 12, tzinfo=UTC)
_DUE: Final[dict[str, Any]] = {
    "payer": "v1",
    "asset": "CNY",
    "amount_minor": 9_900,
    "due_until": _AT,
    "title_en": "Winter concert, VIP",
    "title_zh": "冬日演唱会 VIP",
}
_SEATS: Final[dict[str, Any]] = {"show": "winter", "offer": "vip", "quantity": 2}
_ORDER: Final[dict[str, Any]] = {"order": 7, "viewer": "v1", **_SEATS}
_LINES: Final = (tickets.OrderLine(step=0, quantity=2, price_minor=9_900),)
_WAITING: Final[dict[str, Any]] = {"waiting": 9, "viewer": "v1", **_SEATS}
_REWARD: Final[dict[str, Any]] = {
    "viewer": "v1",
    "kind": "coupon",
    "item": "ten-off",
    "quantity": 1,
    "cause": 7,
    "reference": "invitation/7/inviter",
}

PRESALE_EXAMPLES: Final[tuple[FactData, ...]] = (
    shows.ShowSaved(
        show="winter",
        revision=2,
        state="presale",
        organiser="aurora",
        starts_at=_LATER,
        ends_at=_LATER,
        title_en="Winter concert",
        title_zh="冬日演唱会",
        streams=(shows.StreamRights(stream="main", rights=("main", "vip")),),
        commission="1/10",
        devices_max=2,
        watch_url="https://live.example/{show}",
        starts_before=_AT,
    ),
    shows.ShowStateChanged(show="winter", revision=3, before="presale", state="on_sale"),
    shows.ShowSettled(
        show="winter",
        organiser="aurora",
        asset="CNY",
        takings_minor=1_000,
        commission_minor=100,
        organiser_minor=900,
    ),
    offers.OfferSaved(
        offer="vip",
        show="winter",
        revision=1,
        zone="vip",
        asset="CNY",
        on_sale=True,
        steps=(
            offers.PriceStep(price_minor=9_900, count=100),
            offers.PriceStep(price_minor=12_900, ends_at=_LATER),
        ),
        rights=("vip", "chat"),
        stock=500,
        hold_s=900,
        per_order_max=4,
        per_person_max=4,
        transferable=True,
        deposit=offers.DepositTerms(
            deposit_minor=2_000,
            balance_from=_AT,
            balance_until=_LATER,
            grace_s=86_400,
            forfeited="1",
            rights=("chat",),
        ),
        group=offers.GroupTerms(size=3, within_s=86_400, price_minor=7_900),
        bundle=(offers.BundleItem(kind="gift", amount_minor=3, id="rose"),),
    ),
    offers.OfferCodeSaved(
        offer="vip", show="winter", code="FANCLUB", revision=1, enabled=True, reserved=20, uses_max=20
    ),
    tickets.TicketOrdered(
        **_DUE,
        **_SEATS,
        offer_revision=1,
        mode="full",
        lines=_LINES,
        total_minor=19_800,
        held_until=_AT,
        attribution=tickets.Attribution(invitation="inv_1", campaign="weibo"),
    ),
    tickets.OrderEnded(
        **_ORDER,
        cause="left",
        payment="pay_0000000000001",
        asset="CNY",
        paid_minor=7_900,
        group="grp_0000000000001",
    ),
    tickets.TicketDeposited(
        **_DUE,
        **_SEATS,
        order=7,
        payment="pay_0000000000001",
        deposit_minor=4_000,
        balance_from=_AT,
        balance_until=_LATER,
        forfeited="1",
        rights=("chat",),
    ),
    tickets.TicketPledged(
        **_ORDER,
        group="grp_0000000000001",
        payment="pay_0000000000001",
        asset="CNY",
        paid_minor=7_900,
        paid=1,
        size=3,
    ),
    tickets.TicketIssued(
        **_ORDER,
        mode="full",
        lines=_LINES,
        rights=("vip", "chat"),
        asset="CNY",
        paid_minor=19_800,
        payment="pay_0000000000001",
        instrument_hash="ab" * 16,
    ),
    tickets.TicketForfeited(
        **_ORDER,
        payment="pay_0000000000001",
        asset="CNY",
        deposit_minor=4_000,
        forfeited_minor=3_000,
        returned_minor=1_000,
    ),
    tickets.TicketRefunded(
        **_ORDER,
        payment="pay_0000000000001",
        refund="ref_0000000000001",
        asset="CNY",
        amount_minor=9_900,
        refunded_minor=9_900,
        rights=("vip", "chat"),
        holders=("v1",),
    ),
    tickets.TicketTransferred(
        ticket="tkt_0000000000001",
        order=7,
        show="winter",
        offer="vip",
        holder="v1",
        recipient="v2",
        rights=("vip",),
    ),
    tickets.GroupEnded(group="grp_0000000000001", show="winter", offer="vip", filled=True, paid=3, size=3),
    tickets.WaitingJoined(viewer="v1", **_SEATS),
    tickets.WaitingLeft(**_WAITING),
    tickets.WaitingOffered(**_WAITING, deadline=_AT),
    tickets.WaitingPassed(**_WAITING, offered=11),
    rewards.RewardDue(**_REWARD),
    rewards.RewardRevoked(**_REWARD),
)
