"""What campaigns hear of the journal: each trigger's fact, and what undoes it."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from plaudit.features.campaigns.model.happenings import Happening, Reversal, left_of, rank_of, tie_of
from plaudit.features.campaigns.model.triggers import DESCRIBED, FIRSTS, KINDS, TRIGGERS, described, read
from plaudit.vocabulary.facts import FACTS
from plaudit.vocabulary.facts.base import FactData
from plaudit.vocabulary.facts.campaigns import ViewerAttributesSaved
from plaudit.vocabulary.facts.invitations import InvitationReversed, InvitationRewarded
from plaudit.vocabulary.facts.payments import PaymentRefunded, PaymentSucceeded
from plaudit.vocabulary.facts.tickets import TicketIssued, TicketRefunded, WaitingJoined
from plaudit.vocabulary.facts.tipping import TipReversed
from plaudit.vocabulary.facts.wallets import WalletCredited
from tests.features.campaigns.model.facts import AT, stored, tip, topup

PAID: dict[str, Any] = {
    "payment": "pay_1",
    "due": 7,
    "due_kind": "topup.ordered",
    "payer": "v1",
    "asset": "CNY",
}


def heard(fact: FactData, position: int = 9) -> Happening:
    told = read(fact.KIND, position, at=AT, data=stored(fact))
    assert isinstance(told, Happening)
    return told


def undone(fact: FactData, position: int = 20) -> Reversal:
    told = read(fact.KIND, position, at=AT, data=stored(fact))
    assert isinstance(told, Reversal)
    return told


def test_a_topup_tells_the_money_and_the_coins_without_their_bonus() -> None:
    said = heard(topup())
    assert said == Happening(
        trigger="topup",
        position=9,
        at=AT,
        viewer="v1",
        amounts={"times": ("times", 1), "paid": ("CNY", 1200), "bought": ("coin", 120)},
        values={"fact.pack": "small"},
        reference="pay_1",
    )


def test_a_payment_tells_its_channel_and_what_was_sold() -> None:
    said = heard(
        PaymentSucceeded(
            **PAID,
            amount_minor=1200,
            attempt=1,
            channel="wechat",
            account="main",
            method="native",
            transaction="4200",
        )
    )
    assert (said.viewer, said.amounts["paid"], said.reference) == ("v1", ("CNY", 1200), "pay_1")
    assert said.values == {"channel": "wechat", "method": "native", "sells": "topup.ordered"}


def test_a_tip_tells_where_it_went_and_what_it_left_out_is_left_out() -> None:
    said = heard(tip(room="r1", guild="stars", count=3))
    assert said.values == {
        "creator": "aurora",
        "guild": "stars",
        "room": "r1",
        "count": 3,
        "fact.anonymous": False,
    }
    assert said.amounts["paid"] == ("coin", 100)


def test_a_tip_out_of_a_gift_in_hand_has_a_value_and_nothing_paid() -> None:
    said = heard(tip(gift="rose", funded="gift"))
    assert (said.amounts["paid"], said.amounts["value"]) == (("coin", 0), ("coin", 100))


def test_tickets_tell_their_show_and_offer_and_are_found_by_their_order() -> None:
    issued = TicketIssued(
        order=5,
        viewer="v1",
        show="winter",
        offer="vip",
        quantity=2,
        mode="full",
        lines=(),
        rights=("watch",),
        asset="CNY",
        paid_minor=19800,
        payment="pay_2",
    )
    said = heard(issued)
    assert (said.amounts["paid"], said.reference) == (("CNY", 19800), "order/5")
    assert said.values["show"] == "winter"
    assert said.values["fact.offer"] == "vip"
    assert said.values["count"] == 2
    assert said.values["fact.rights"] == ("watch",)
    back = TicketRefunded(
        order=5,
        viewer="v1",
        show="winter",
        offer="vip",
        quantity=1,
        payment="pay_2",
        refund="ref_1",
        asset="CNY",
        amount_minor=9900,
        refunded_minor=9900,
    )
    assert undone(back).reference == said.reference
    assert left_of(said, undone(back), amount="paid") == 9900


def test_an_invitation_counts_for_who_invited_until_it_is_undone() -> None:
    whose: dict[str, Any] = {
        "ticket": 3,
        "order": 2,
        "show": "winter",
        "friend": "bob",
        "invitation": "inv_1",
        "inviter": "ann",
    }
    said = heard(
        InvitationRewarded(**whose, inviter_rewards=(), friend_rewards=(), rule_revision=1, own_rule=True)
    )
    assert (said.trigger, said.viewer, said.amounts) == ("invitation", "ann", {"times": ("times", 1)})
    back = undone(InvitationReversed(**whose, rewarded=9, parts=()))
    assert (back.target, left_of(said, back, amount="times")) == (9, 0)


def test_a_refund_undoes_whatever_the_payment_was_for() -> None:
    back = undone(
        PaymentRefunded(
            **PAID,
            amount_minor=300,
            refund="ref_1",
            cause="asked",
            channel="wechat",
            account="main",
            paid_minor=1200,
            refunded_minor=300,
        )
    )
    said = heard(topup())
    assert (back.target, back.reference) == (None, said.reference)
    assert left_of(said, back, amount="paid") == 900
    assert left_of(said, back, amount="bought") == 90
    assert left_of(said, None, amount="bought") == 120


@pytest.mark.parametrize(("reversed_minor", "left_minor"), [(1, 99), (100, 0), (120, 0)])
def test_a_tip_is_undone_by_its_position(reversed_minor: int, left_minor: int) -> None:
    back = undone(
        TipReversed(
            tip=9,
            viewer="v1",
            creator="aurora",
            asset="coin",
            amount_minor=reversed_minor,
            creator_minor=reversed_minor,
            guild_minor=0,
            platform_minor=0,
            reversed_minor=reversed_minor,
        )
    )
    assert back.target == 9
    assert left_of(heard(tip()), back, amount="paid") == left_minor
    assert left_of(heard(tip(funded="gift", gift="rose")), back, amount="value") == left_minor


def test_any_fact_of_a_viewer_is_a_trigger_by_its_kind() -> None:
    said = heard(WaitingJoined(viewer="v2", show="winter", offer="vip", quantity=2))
    assert (said.trigger, said.viewer, said.values) == (
        "waiting.joined",
        "v2",
        {"show": "winter", "fact.offer": "vip", "count": 2},
    )
    credited = heard(WalletCredited(viewer="v2", asset="points", amount_minor=5))
    assert credited.amounts == {"times": ("times", 1), "amount": ("points", 5), "repaid": ("points", 0)}
    missing = {
        kind
        for kind, fact in FACTS.items()
        if {"viewer", "payer"} & set(fact.__struct_fields__) and kind not in KINDS
    }
    assert {kind.split(".")[0] for kind in missing} == {"campaign", "reward", "viewer", "topup"}
    assert "topup.clawed_back" in missing


def test_what_campaigns_cause_causes_no_campaign() -> None:
    assert not [kind for kind in KINDS if kind.startswith(("campaign.", "reward."))]
    assert read("campaign.granted", 1, at=AT, data={}) is None


def test_the_catalogue_has_words_in_both_languages_and_operators_for_everything() -> None:
    for trigger in TRIGGERS.values():
        assert trigger.en
        assert trigger.zh
        assert trigger.amounts["times"] == ("times", "次数")
        for name, attribute in trigger.attributes.items():
            assert (attribute.name, bool(attribute.operators)) == (name, True)
            assert attribute.en
            assert attribute.zh
        assert ("first_ever" in trigger.attributes) == (trigger.name in FIRSTS)
    assert sorted(FIRSTS) == ["payment", "ticket", "tip", "topup"]
    assert "topup.ordered" in TRIGGERS["payment"].attributes["sells"].choices
    assert TRIGGERS["ticket"].attributes["fact.mode"].choices == ("full", "deposit", "group")


@pytest.mark.parametrize("name", sorted(TRIGGERS))
def test_whoever_reads_chinese_reads_chinese_only(name: str) -> None:
    trigger = TRIGGERS[name]
    words = {
        name: trigger.zh,
        **{f"amount {amount}": zh for amount, (_, zh) in trigger.amounts.items()},
        **{attribute.name: attribute.zh for attribute in trigger.attributes.values()},
    }
    assert {what: zh for what, zh in words.items() if not re.search(r"[\u4e00-\u9fff]", zh)} == {}
    assert {what: zh for what, zh in words.items() if re.search(r"[a-z]", zh)} == {}


def test_what_a_viewer_is() -> None:
    fact = ViewerAttributesSaved(viewer="v1", revision=3, level=4, tags=("vip",))
    assert fact.KIND == DESCRIBED
    said = described(position=4, at=AT, data=stored(fact))
    assert (said.viewer, said.level, said.tags) == ("v1", 4, ("vip",))
    plain = described(position=5, at=AT, data=stored(ViewerAttributesSaved(viewer="v1", revision=4)))
    assert (plain.level, plain.tags) == (None, ())


def test_order_within_a_moment_does_not_depend_on_arrival() -> None:
    small, large = heard(tip(), 5), heard(tip(amount_minor=200), 6)
    again = msgspec.structs.replace(small, position=77)
    assert tie_of(small) == tie_of(again) != tie_of(large)
    assert (tie_of(small) < tie_of(large)) == (rank_of(again) < rank_of(large))
    assert rank_of(small) < rank_of(again)
