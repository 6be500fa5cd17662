"""Terms as they are sent: what is taken, and what is refused at which place."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.features.campaigns.model.checking import changes, check_together, fixed_change, shown
from plaudit.features.campaigns.model.terms import (
    All,
    Caps,
    Clawback,
    Cumulative,
    Leaf,
    Ratio,
    Reward,
    Terms,
    terms_hash,
    terms_text,
)
from plaudit.kernel.refusal import Refusal
from tests.features.campaigns.model.sent import GONE, TOPUP, WEEKLY, altered, checked, refused, tried
from tests.features.campaigns.model.trees import TREES


def test_terms_are_what_was_sent() -> None:
    terms = checked(WEEKLY)
    assert isinstance(terms.strategy, Cumulative)
    assert (terms.strategy.per, len(terms.strategy.tiers)) == (("creator",), 2)
    assert terms.reward == Reward(kind="points", asset="points", matures_s=3600)
    assert terms.starts_at == datetime(2026, 11, 22, 16, tzinfo=UTC)
    assert (terms.zone, terms.priority, terms.exclusive) == ("Asia/Shanghai", 5, True)
    assert terms.caps == Caps(viewer_minor=400, total_minor=10_000, viewer_day_count=3)
    assert terms.clawback == Clawback(policy="take", debt_limit_minor=50)
    assert isinstance(terms.conditions, All)
    assert terms.conditions.of[0] == Leaf(attribute="amount", operator="at_least", value=10)


def test_terms_keep_the_days_of_the_calendars_that_they_name() -> None:
    assert checked(WEEKLY).calendars == {"holidays": ("2026-11-26", "2026-11-28")}
    assert checked(TOPUP).calendars == {}


@pytest.mark.parametrize("ratio", ["20%", "0.2", "1/5", "2/10"])
def test_a_ratio_is_the_same_however_it_is_written(ratio: str) -> None:
    terms = checked(altered(TOPUP, "strategy.ratio", ratio))
    assert terms.strategy == Ratio(ratio="1/5")
    assert terms_hash(terms) == terms_hash(checked(TOPUP))


@pytest.mark.parametrize("sent", [WEEKLY, TOPUP])
def test_what_is_shown_can_be_sent_again(sent: dict[str, Any]) -> None:
    terms = checked(sent)
    again = msgspec.json.decode(msgspec.json.encode(shown(terms)))
    assert checked(again) == terms
    assert msgspec.json.decode(terms_text(terms), type=Terms) == terms


@pytest.mark.parametrize(
    "strategy",
    [
        {"kind": "fixed", "reward_minor": 5},
        {"kind": "tiered", "tiers": [{"from_minor": 1, "ratio": "5%"}, {"from_minor": 9, "ratio": "10%"}]},
        {"kind": "cumulative", "counted": "campaign", "every_minor": 3, "every_reward_minor": 1},
        {"kind": "first", "ratio": "1/2"},
        {"kind": "first", "reward_minor": 7},
        {"kind": "streak", "days": 3, "reward_minor": 10, "recurring": True},
        {"kind": "random", "low_minor": 0, "high_minor": 9},
    ],
)
def test_every_strategy_can_be_sent_and_shown(strategy: dict[str, Any]) -> None:
    terms = checked(altered(TOPUP, "strategy", strategy))
    assert checked(shown(terms)) == terms
    assert shown(terms)["strategy"]["kind"] == strategy["kind"]


@pytest.mark.parametrize(
    ("reward", "asset"),
    [
        ({"kind": "voucher", "asset": "CNY"}, "CNY"),
        ({"kind": "chance", "item": "wheel"}, "chance"),
        ({"kind": "coupon", "item": "ten_off", "asset": "coupon"}, "coupon"),
        ({"kind": "coin", "asset": "coin"}, "coin"),
    ],
)
def test_a_reward_has_the_asset_of_its_budget(reward: dict[str, Any], asset: str) -> None:
    assert checked(altered(TOPUP, "reward", reward)).reward.asset == asset


LEAF = {"attribute": "amount", "operator": "at_least", "value": 1}
FIRST = "conditions.all[0]"
DEEP: dict[str, Any] = LEAF
for _ in range(8):
    DEEP = {"not": DEEP}
TIERS = "strategy.tiers"


@pytest.mark.parametrize(
    ("place", "value", "code"),
    [
        ("trigger", GONE, "campaign.missing"),
        ("trigger", "tips", "campaign.trigger"),
        ("trigger", 5, "campaign.type"),
        ("budget", 5, "campaign.unknown"),
        ("calendars", {}, "campaign.unknown"),
        ("base", GONE, "campaign.missing"),
        ("base.amount", "bought", "campaign.base"),
        ("base.asset", "coins", "campaign.base"),
        ("base.asset", GONE, "campaign.missing"),
        (FIRST + ".attribute", "amonut", "campaign.attribute"),
        (FIRST + ".attribute", "fact.pack", "campaign.attribute"),
        (FIRST + ".operator", "contains", "campaign.operator"),
        (FIRST + ".value", "10", "campaign.type"),
        (FIRST + ".value", 1.5, "campaign.type"),
        (FIRST + ".value", True, "campaign.type"),
        (FIRST + ".value", -1, "campaign.value"),
        (FIRST + ".value", 2**53, "campaign.value"),
        (FIRST + ".value", GONE, "campaign.missing"),
        (FIRST + ".unit", "coin", "campaign.unknown"),
        (FIRST + ".any", [], "campaign.type"),
        (FIRST, "amount > 5", "campaign.type"),
        (FIRST, DEEP, "campaign.size"),
        (FIRST, {"any": []}, "campaign.impossible"),
        (FIRST, {"not": {"all": []}}, "campaign.impossible"),
        (FIRST, {"all": 5}, "campaign.type"),
        ("conditions.all[2].value", "sundays", "campaign.calendar"),
        ("conditions.all[3].value", ["20:00"], "campaign.value"),
        ("conditions.all[3].value", ["20:00", "20:00"], "campaign.impossible"),
        ("conditions.all[3].value", ["20:00", "20:00:00"], "campaign.impossible"),
        ("conditions.all[3].value[1]", "25:00", "campaign.value"),
        ("conditions.all[1].any[0].value", [], "campaign.value"),
        ("conditions.all[1].any[0].value", ["r1", "r1"], "campaign.value"),
        ("conditions.all[1].any[0].value[1]", "", "campaign.value"),
        ("conditions.all[1].any[1].not.value[0]", 8, "campaign.value"),
        ("conditions.all[1].any[1].not.value", list(range(1, 8)), "campaign.impossible"),
        ("strategy", GONE, "campaign.missing"),
        ("strategy", "ratio", "campaign.strategy"),
        ("strategy", {"kind": "best"}, "campaign.strategy"),
        ("strategy.kind", [], "campaign.strategy"),
        ("strategy.kind", {}, "campaign.strategy"),
        ("strategy.counted", "fact", "campaign.strategy"),
        ("strategy.counted", "year", "campaign.value"),
        ("strategy.per[0]", "guild", "campaign.attribute"),
        ("strategy.per", ["creator", "creator"], "campaign.value"),
        ("strategy.every_minor", GONE, "campaign.missing"),
        (TIERS + "[0].from_minor", 0, "campaign.value"),
        (TIERS + "[0].ratio", "1/2", "campaign.tiers"),
        (TIERS + "[1].from_minor", 500, "campaign.tiers"),
        (TIERS + "[1].from_minor", 499, "campaign.tiers"),
        (TIERS + "[1].reward_minor", 30, "campaign.tiers"),
        (TIERS + "[1]", {"from_minor": 900, "ratio": "1/2"}, "campaign.tiers"),
        (TIERS, [{"from_minor": n + 1, "reward_minor": n + 1} for n in range(51)], "campaign.size"),
        ("reward", GONE, "campaign.missing"),
        ("reward.kind", "cash", "campaign.value"),
        ("reward.asset", "coin", "campaign.reward"),
        ("reward.item", "wheel", "campaign.reward"),
        ("reward.matures_s", -1, "campaign.value"),
        ("starts_at", "2026-11-23", "campaign.value"),
        ("ends_at", "2026-11-23T00:00:00+08:00", "campaign.period"),
        ("ends_at", "2036-11-23T00:00:00+08:00", "campaign.period"),
        ("zone", "Mars/Olympus", "campaign.zone"),
        ("zone", "../etc/passwd", "campaign.zone"),
        ("texts.title_zh", GONE, "campaign.missing"),
        ("texts.title_en", "  ", "campaign.text"),
        ("texts.text_en", "\0", "campaign.text"),
        ("caps.viewer_minor", 0, "campaign.value"),
        ("caps.viewer_minor", 10_001, "campaign.caps"),
        ("caps.week_minor", 5, "campaign.unknown"),
        ("clawback.policy", "keep", "campaign.clawback"),
        ("priority", 2.5, "campaign.type"),
        ("exclusive", 1, "campaign.type"),
        ("group", "a b", "campaign.value"),
        ("pick", "worst", "campaign.value"),
    ],
)
def test_what_is_wrong_is_refused_at_its_place(place: str, value: object, code: str) -> None:
    sent = altered(WEEKLY, place, value)
    found, at = refused(sent)
    assert found == code
    named = str(at)
    assert named == place or named.startswith((f"{place}.", f"{place}[", place.rpartition(".")[0])), named


@pytest.mark.parametrize(
    ("sent", "code", "place"),
    [
        (["terms"], "campaign.type", ""),
        (altered(WEEKLY, FIRST, DEEP), "campaign.size", FIRST + ".not" * 7),
        (altered(WEEKLY, "conditions", {"all": [LEAF] * 64}), "campaign.size", "conditions.all[63]"),
        (
            altered(WEEKLY, "conditions", {"all": [LEAF, {"not": LEAF}]}),
            "campaign.impossible",
            "conditions.all[1].not",
        ),
        (
            altered(WEEKLY, "conditions", {"attribute": "currency", "operator": "equals", "value": "USD"}),
            "campaign.impossible",
            "conditions",
        ),
        (
            altered(
                WEEKLY, "conditions", {"attribute": "amount", "operator": "between", "value": [500, 100]}
            ),
            "campaign.impossible",
            "conditions.value",
        ),
        (
            altered(TOPUP, "conditions", {"attribute": "room", "operator": "equals", "value": "r1"}),
            "campaign.attribute",
            "conditions.attribute",
        ),
        (altered(TOPUP, "strategy.ratio", "0%"), "campaign.value", "strategy.ratio"),
        (altered(TOPUP, "strategy.ratio", 0.2), "campaign.type", "strategy.ratio"),
        (altered(TOPUP, "strategy.reward_minor", 2), "campaign.unknown", "strategy.reward_minor"),
        (altered(TOPUP, "strategy", {"kind": "tiered"}), "campaign.tiers", "strategy.tiers"),
        (
            altered(TOPUP, "strategy", {"kind": "cumulative", "counted": "day"}),
            "campaign.tiers",
            "strategy.tiers",
        ),
        (
            altered(
                TOPUP,
                "strategy",
                {
                    "kind": "cumulative",
                    "counted": "day",
                    "tiers": [{"from_minor": 1, "ratio": "1%"}],
                    "every_minor": 1,
                    "every_reward_minor": 1,
                },
            ),
            "campaign.tiers",
            "strategy.every_minor",
        ),
        (altered(TOPUP, "strategy", {"kind": "first"}), "campaign.reward", "strategy"),
        (
            altered(TOPUP, "strategy", {"kind": "streak", "days": 1, "reward_minor": 5}),
            "campaign.value",
            "strategy.days",
        ),
        (
            altered(TOPUP, "strategy", {"kind": "random", "low_minor": 9, "high_minor": 8}),
            "campaign.impossible",
            "strategy.high_minor",
        ),
        (altered(TOPUP, "reward", {"kind": "voucher"}), "campaign.reward", "reward.asset"),
        (altered(TOPUP, "reward", {"kind": "voucher", "asset": "coin"}), "campaign.reward", "reward.asset"),
        (altered(TOPUP, "reward", {"kind": "coupon"}), "campaign.reward", "reward.item"),
        (
            altered(TOPUP, "reward", {"kind": "chance", "item": "wheel", "matures_s": 5}),
            "campaign.reward",
            "reward.matures_s",
        ),
        (
            altered(TOPUP, "clawback", {"policy": "forgive", "debt_limit_minor": 5}),
            "campaign.clawback",
            "clawback.debt_limit_minor",
        ),
        (altered(TOPUP, "pick", "best"), "campaign.group", "group"),
        ({**WEEKLY, "group": "g", "pick": "best"}, "campaign.group", "pick"),
    ],
)
def test_what_does_not_go_together(sent: object, code: str, place: str) -> None:
    assert refused(sent) == (code, place)


def test_what_only_counts_needs_no_asset() -> None:
    terms = checked(altered(TOPUP, "base", {"amount": "times"}))
    assert (terms.base.amount, terms.base.asset) == ("times", "times")
    assert refused(altered(TOPUP, "base", {"amount": "times", "asset": "CNY"}))[1] == "base.asset"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
PLACES = [
    *WEEKLY,
    *("base.amount", FIRST, FIRST + ".value", FIRST + ".operator", "conditions.all[3].value", TIERS),
    *(TIERS + "[0]", "strategy.per", "strategy.counted", "reward.kind", "texts.title_en", "caps.total_minor"),
    *("conditions.all", "conditions.all[1].any", "conditions.all[1].any[1].not", FIRST + ".attribute"),
    *("strategy.kind", "strategy.per[0]", "base.asset", "reward.asset", "zone", "clawback.policy"),
]


@given(place=st.sampled_from(PLACES), value=json_values)
def test_whatever_is_sent_is_taken_or_refused_with_a_place(place: str, value: object) -> None:
    outcome = tried(altered(WEEKLY, place, value))
    if isinstance(outcome, Refusal):
        assert outcome.code.startswith("campaign.")
        assert isinstance(outcome.details["place"], str)
    else:
        assert checked(shown(outcome)) == outcome


@given(condition=TREES)
def test_a_tree_that_is_taken_is_shown_as_it_was_sent(condition: Any) -> None:  # noqa: ANN401 - a tree
    terms = msgspec.structs.replace(checked(altered(WEEKLY, "base.asset", "CNY")), conditions=condition)
    outcome = tried(shown(terms))
    if isinstance(outcome, Refusal):
        assert outcome.code in {"campaign.impossible", "campaign.size"} or "once" in outcome.message
    else:
        assert outcome.conditions == condition


def test_what_goes_on_for_ever_needs_no_tiers() -> None:
    assert checked(altered(WEEKLY, TIERS, [])).trigger == "tip"


def test_what_changed_between_two_revisions() -> None:
    old = checked(WEEKLY)
    new = checked(
        altered(
            altered(altered(WEEKLY, TIERS + "[1].reward_minor", 90), "caps.day_minor", 500),
            "conditions.all[3]",
            LEAF,
        )
    )
    assert changes(old, old) == []
    assert changes(old, new) == [
        ("conditions.all[3].attribute", "time_of_day", "amount"),
        ("conditions.all[3].operator", "between", "at_least"),
        ("conditions.all[3].value[0]", "20:00", None),
        ("conditions.all[3].value[1]", "02:00", None),
        ("strategy.tiers[1].reward_minor", 80, 90),
        ("conditions.all[3].value", None, 1),
        ("caps.day_minor", None, 500),
    ]
    assert fixed_change(old, new) is None


def test_other_days_of_a_calendar_are_a_change() -> None:
    old = checked(WEEKLY)
    new = msgspec.structs.replace(old, calendars={"holidays": ("2026-11-26",)})
    assert changes(old, new) == [("calendars.holidays[1]", "2026-11-28", None)]


@pytest.mark.parametrize(
    ("place", "value", "fixed"),
    [
        ("base.amount", "value", "base.amount"),
        ("base.asset", "points", "base.asset"),
        ("reward", {"kind": "coin"}, "reward.kind"),
        ("strategy.counted", "day", "strategy.counted"),
        ("strategy.per", ["creator", "room"], "strategy.per"),
        ("strategy.per", [], "strategy.per"),
        ("zone", "Europe/Berlin", "zone"),
        ("group", "weekend", "group"),
        ("ends_at", "2027-01-01T00:00:00+08:00", None),
        ("conditions", GONE, None),
        ("texts.title_en", "Tip more", None),
        ("priority", 0, None),
        ("caps", GONE, None),
    ],
)
def test_what_a_revision_may_change(place: str, value: object, fixed: str | None) -> None:
    assert fixed_change(checked(WEEKLY), checked(altered(WEEKLY, place, value))) == fixed


@pytest.mark.parametrize("number", ["days", "day_minor", "reward_minor", "recurring"])
def test_days_that_are_over_are_not_weighed_anew(number: str) -> None:
    row = altered(WEEKLY, "strategy", {"kind": "streak", "days": 2, "reward_minor": 30})
    value = True if number == "recurring" else 10
    place = f"strategy.{number}"
    assert fixed_change(checked(row), checked(altered(row, place, value))) == place
    plain = altered(WEEKLY, "strategy", {"kind": "fixed", "reward_minor": 30})
    assert fixed_change(checked(plain), checked(altered(plain, "strategy.reward_minor", 10))) is None


def test_a_group_picks_alike_and_compares_one_asset() -> None:
    first = checked({**TOPUP, "group": "g", "pick": "best"})
    other = checked({**TOPUP, "group": "g"})
    points = checked({**TOPUP, "group": "g", "pick": "best", "reward": {"kind": "points"}})
    check_together(first, {"a": first, "b": checked(TOPUP)})
    check_together(other, {"a": checked({**TOPUP, "group": "g", "reward": {"kind": "points"}})})
    for one, place in ((other, "pick"), (points, "reward.asset")):
        with pytest.raises(Refusal) as caught:
            check_together(first, {"a": one})
        assert (caught.value.code, caught.value.details["place"]) == ("campaign.group", place)
