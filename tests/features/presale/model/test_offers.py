"""Offers and codes as values: what may be sold, and what cannot."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from plaudit.features.presale.model.offers import (
    BUNDLE_MAX,
    PER_ORDER_MAX,
    STEPS_MAX,
    STOCK_MAX,
    Code,
    Offer,
    balance_over,
    check_steps_come,
    code_key,
)
from plaudit.kernel.money import MAX_MINOR
from plaudit.kernel.refusal import Refusal, RefusalKind
from plaudit.vocabulary.facts.offers import BundleItem, DepositTerms, GroupTerms, PriceStep

NOON: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY: Final = timedelta(days=1)
OFFER: Final = Offer(
    id="vip",
    show="winter",
    revision=1,
    zone="vip",
    asset="CNY",
    stock=100,
    steps=(PriceStep(price_minor=9_900),),
    rights=("vip", "chat"),
)
DEPOSIT: Final = DepositTerms(
    deposit_minor=2_000,
    balance_from=NOON,
    balance_until=NOON + 10 * DAY,
    grace_s=86_400,
    forfeited="50%",
    rights=("chat",),
)
GROUP: Final = GroupTerms(size=3, within_s=86_400, price_minor=7_900)
PRICE_MAX: Final = MAX_MINOR // PER_ORDER_MAX


def _step(price_minor: int = 100, **fields: Any) -> PriceStep:  # noqa: ANN401 - the fields of a step
    return PriceStep(price_minor=price_minor, **fields)


def _deposit(**fields: Any) -> DepositTerms:  # noqa: ANN401 - the fields of the terms
    values = {name: getattr(DEPOSIT, name) for name in DepositTerms.__struct_fields__}
    return DepositTerms(**values | fields)


def _group(**fields: Any) -> GroupTerms:  # noqa: ANN401 - the fields of the terms
    values = {name: getattr(GROUP, name) for name in GroupTerms.__struct_fields__}
    return GroupTerms(**values | fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"stock": 0},
        {"stock": STOCK_MAX},
        {"per_order_max": PER_ORDER_MAX, "per_person_max": STOCK_MAX},
        {"steps": (_step(PRICE_MAX),)},
        {"steps": tuple(_step(count=1) for _ in range(STEPS_MAX))},
        {"steps": (_step(ends_at=NOON), _step(starts_at=NOON))},
        {"steps": (_step(count=5, ends_at=NOON), _step(starts_at=NOON - DAY, ends_at=NOON + DAY))},
        {"steps": (_step(count=5), _step(starts_at=NOON), _step(starts_at=NOON))[:2]},
        {"steps": (_step(starts_at=NOON, count=1), _step(count=2), _step(starts_at=NOON))},
        {"deposit": DEPOSIT},
        {"deposit": _deposit(deposit_minor=9_899, grace_s=0, forfeited="1", rights=())},
        {"deposit": DEPOSIT, "group": GROUP},
        {"group": _group(size=100)},
        {"bundle": (BundleItem(kind="coin", amount_minor=1), BundleItem(kind="points", amount_minor=1))},
        {
            "bundle": tuple(
                BundleItem(kind="gift", amount_minor=1, id=f"gift{number}") for number in range(BUNDLE_MAX)
            )
        },
    ],
)
def test_what_may_be_sold(fields: dict[str, Any]) -> None:
    assert replace(OFFER, **fields).id == "vip"


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("offer", {"id": "a b"}),
        ("show", {"show": "x" * 41}),
        ("zone", {"zone": ""}),
        ("asset", {"asset": "coin"}),
        ("stock", {"stock": -1}),
        ("stock", {"stock": STOCK_MAX + 1}),
        ("rights", {"rights": ()}),
        ("rights", {"rights": ("vip", "vip")}),
        ("rights", {"rights": ("a/b",)}),
        ("hold_s", {"hold_s": 29}),
        ("hold_s", {"hold_s": 86_401}),
        ("waiting_s", {"waiting_s": 59}),
        ("per_order_max", {"per_order_max": 0}),
        ("per_order_max", {"per_order_max": PER_ORDER_MAX + 1}),
        ("per_person_max", {"per_person_max": 0}),
        ("steps", {"steps": ()}),
        ("steps", {"steps": tuple(_step(count=1) for _ in range(STEPS_MAX + 1))}),
        ("steps", {"steps": (_step(0),)}),
        ("steps", {"steps": (_step(PRICE_MAX + 1),)}),
        ("steps", {"steps": (_step(count=0),)}),
        ("steps", {"steps": (_step(starts_at=NOON, ends_at=NOON),)}),
        ("bundle", {"bundle": (BundleItem(kind="coin", amount_minor=0),)}),
        ("bundle", {"bundle": (BundleItem(kind="gift", amount_minor=1),)}),
        ("bundle", {"bundle": (BundleItem(kind="coin", amount_minor=1, id="rose"),)}),
        ("bundle", {"bundle": (BundleItem(kind="gift", amount_minor=1, id="a b"),)}),
        ("bundle", {"bundle": (BundleItem(kind="coin", amount_minor=1),) * 2}),
        (
            "bundle",
            {
                "bundle": tuple(
                    BundleItem(kind="gift", amount_minor=1, id=f"gift{number}")
                    for number in range(BUNDLE_MAX + 1)
                )
            },
        ),
    ],
)
def test_what_cannot_be_sold(field: str, fields: dict[str, Any]) -> None:
    _refused(field, fields)


@pytest.mark.parametrize(
    "steps",
    [
        (_step(), _step()),
        (_step(starts_at=NOON), _step()),
        (_step(ends_at=NOON), _step(starts_at=NOON - DAY)),
        (_step(ends_at=NOON), _step(starts_at=NOON - timedelta(microseconds=1), count=1)),
        (_step(count=1, ends_at=NOON), _step(ends_at=NOON)),
        (_step(ends_at=NOON), _step(count=1), _step(ends_at=NOON - DAY)),
        (_step(count=1, starts_at=NOON), _step(starts_at=NOON - DAY)),
        (_step(count=1, starts_at=NOON), _step(count=1), _step(starts_at=NOON - DAY)),
    ],
)
def test_steps_that_overlap_or_never_come(steps: tuple[PriceStep, ...]) -> None:
    _refused("steps", {"steps": steps})


@pytest.mark.parametrize(
    ("steps", "come"),
    [
        ((_step(count=1, starts_at=NOON), _step(ends_at=NOON)), False),
        ((_step(count=1, starts_at=NOON), _step(count=1), _step(ends_at=NOON - DAY)), False),
        ((_step(count=1, starts_at=NOON), _step(ends_at=NOON + timedelta(microseconds=1))), True),
        ((_step(count=1, ends_at=NOON - DAY), _step(starts_at=NOON)), True),
    ],
)
def test_a_step_is_saved_that_ends_after_those_before_it_have_begun(
    steps: tuple[PriceStep, ...],
    come: bool,
) -> None:
    offer = replace(OFFER, steps=steps)
    if come:
        check_steps_come(offer)
        return
    with pytest.raises(Refusal) as refusal:
        check_steps_come(offer)
    assert (refusal.value.code, refusal.value.details) == ("offer.invalid", {"field": "steps"})


@pytest.mark.parametrize(
    "fields",
    [
        {"deposit_minor": 0},
        {"deposit_minor": 9_900},
        {"balance_until": NOON},
        {"grace_s": -1},
        {"grace_s": 30 * 86_400 + 1},
        {"forfeited": "half"},
        {"forfeited": "101%"},
        {"rights": ("backstage",)},
        {"rights": ("chat", "chat")},
    ],
)
def test_deposits_that_no_offer_can_have(fields: dict[str, Any]) -> None:
    _refused("deposit", {"deposit": _deposit(**fields)})


def test_a_deposit_is_below_every_price_and_below_that_of_the_group() -> None:
    steps = (_step(2_001, count=1), _step(9_900))
    assert replace(OFFER, steps=steps, deposit=DEPOSIT).lowest_minor == 2_001
    _refused("deposit", {"steps": (_step(2_000, count=1), _step(9_900)), "deposit": DEPOSIT})
    _refused("deposit", {"deposit": DEPOSIT, "group": _group(price_minor=2_000)})


@pytest.mark.parametrize(
    "fields",
    [
        {"price_minor": 0},
        {"size": 1},
        {"size": 1_001},
        {"size": 101},
        {"within_s": 899},
        {"within_s": 30 * 86_400 + 1},
    ],
)
def test_groups_that_no_offer_can_have(fields: dict[str, Any]) -> None:
    _refused("group", {"group": _group(**fields)})


def test_an_offer_is_priced_in_a_currency_that_there_is() -> None:
    with pytest.raises(Refusal) as refusal:
        replace(OFFER, asset="XYZ")
    assert refusal.value.code == "asset.unknown"


def test_a_deposit_is_forfeited_after_the_grace() -> None:
    assert balance_over(DEPOSIT) == NOON + 11 * DAY


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("code", {"code": ""}),
        ("code", {"code": "a/b"}),
        ("code", {"code": "x" * 41}),
        ("reserved", {"reserved": -1}),
        ("reserved", {"reserved": STOCK_MAX + 1}),
        ("uses_max", {"uses_max": 0}),
    ],
)
def test_what_no_code_can_be(field: str, fields: dict[str, Any]) -> None:
    code = Code(offer="vip", code="EARLY", revision=1, reserved=4, uses_max=8)
    assert code_key(offer=code.offer, code=code.code) == "vip/EARLY"
    with pytest.raises(Refusal) as refusal:
        replace(code, **fields)
    assert (refusal.value.code, refusal.value.details) == ("code.invalid", {"field": field})


def _refused(field: str, fields: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as refusal:
        replace(OFFER, **fields)
    said = refusal.value
    assert (said.kind, said.code, said.details) == (RefusalKind.INVALID, "offer.invalid", {"field": field})
    assert said.message.endswith(".")
