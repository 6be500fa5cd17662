"""What a tip costs: the catalogue, the policy, and every refusal a viewer can meet on the way to a price."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from plaudit.features.tipping.model import (
    Gift,
    Policy,
    Wish,
    asset_of_wish,
    check_day_limit,
    check_wish,
    open_policy,
    price_of,
)
from plaudit.kernel.money import MAX_MINOR
from plaudit.kernel.refusal import Refusal, RefusalKind

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
ROSE = Gift(
    id="rose", revision=4, name_en="Rose", name_zh="玫瑰", price_minor=10, asset="coin", effect="petals"
)
POLICY = Policy(
    asset="coin",
    min_minor=5,
    max_minor=50_000,
    presets_minor=(10, 50, 100),
    day_limit_minor=60_000,
    revision=7,
)


def _refused(wish: Wish, *, gift: Gift | None = None, policy: Policy = POLICY) -> tuple[str, RefusalKind]:
    with pytest.raises(Refusal) as refusal:
        price_of(wish=wish, gift=gift, policy=policy, at=NOON)
    assert refusal.value.message.endswith(".")
    return refusal.value.code, refusal.value.kind


def test_gifts_cost_their_price_each() -> None:
    price = price_of(wish=Wish(gift="rose", count=3), gift=ROSE, policy=POLICY, at=NOON)
    assert (price.asset, price.amount_minor, price.count) == ("coin", 30, 3)
    assert (price.gift, price.gift_revision, price.policy_revision) == ("rose", 4, 7)


def test_a_preset_costs_what_its_button_says() -> None:
    price = price_of(wish=Wish(preset=2), gift=None, policy=POLICY, at=NOON)
    assert (price.amount_minor, price.count, price.gift, price.gift_revision) == (100, 1, None, None)


@given(st.integers(POLICY.min_minor, POLICY.max_minor))
def test_an_own_amount_within_the_bounds_costs_itself(amount_minor: int) -> None:
    assert (
        price_of(wish=Wish(amount_minor=amount_minor), gift=None, policy=POLICY, at=NOON).amount_minor
        == amount_minor
    )


@given(st.integers(1, 9_999), st.integers(1, MAX_MINOR))
def test_any_gift_and_count_has_its_product_for_a_price_or_is_too_much(count: int, price_minor: int) -> None:
    gift, wish, policy = (
        replace(ROSE, price_minor=price_minor),
        Wish(gift="rose", count=count),
        open_policy(asset="coin"),
    )
    if count * price_minor <= MAX_MINOR:
        assert price_of(wish=wish, gift=gift, policy=policy, at=NOON).amount_minor == count * price_minor
    else:
        assert _refused(wish, gift=gift, policy=policy) == ("tip.amount", RefusalKind.REFUSED)


@pytest.mark.parametrize(
    "wish",
    [
        Wish(),
        Wish(gift="rose", preset=0),
        Wish(gift="rose", amount_minor=10),
        Wish(preset=0, amount_minor=10),
        Wish(gift="rose", preset=0, amount_minor=10),
        Wish(amount_minor=0),
        Wish(amount_minor=-1),
        Wish(amount_minor=MAX_MINOR + 1),
    ],
)
def test_a_tip_is_one_gift_or_preset_or_amount(wish: Wish) -> None:
    assert _refused(wish, gift=ROSE) == ("tip.amount", RefusalKind.INVALID)


@pytest.mark.parametrize("count", [0, -1, 10_000, 10**9])
def test_a_count_is_from_1_to_9999(count: int) -> None:
    assert _refused(Wish(gift="rose", count=count), gift=ROSE) == ("tip.count", RefusalKind.INVALID)
    assert (
        price_of(wish=Wish(gift="rose", count=5_000), gift=ROSE, policy=POLICY, at=NOON).amount_minor
        == 50_000
    )


def test_only_gifts_are_counted() -> None:
    assert _refused(Wish(amount_minor=10, count=2)) == ("tip.count", RefusalKind.INVALID)
    assert _refused(Wish(preset=0, count=2)) == ("tip.count", RefusalKind.INVALID)


@pytest.mark.parametrize(
    "wish",
    [
        Wish(amount_minor=4),
        Wish(amount_minor=50_001),
        Wish(preset=3),
        Wish(preset=-1),
        Wish(gift="rose", count=5_001),
    ],
)
def test_the_policy_bounds_a_tip(wish: Wish) -> None:
    assert _refused(wish, gift=ROSE if wish.gift else None) == ("tip.amount", RefusalKind.REFUSED)


def test_a_gift_may_cost_less_than_the_smallest_own_amount() -> None:
    assert (
        price_of(
            wish=Wish(gift="rose"), gift=replace(ROSE, price_minor=1), policy=POLICY, at=NOON
        ).amount_minor
        == 1
    )


def test_without_a_policy_any_amount_may_be_tipped_and_there_are_no_presets() -> None:
    policy = open_policy(asset="USD")
    for amount_minor in (1, MAX_MINOR):
        wish = Wish(amount_minor=amount_minor, asset="USD")
        assert price_of(wish=wish, gift=None, policy=policy, at=NOON).asset == "USD"
    assert _refused(Wish(preset=0), policy=policy) == ("tip.amount", RefusalKind.REFUSED)
    check_day_limit(policy=policy, given_today_minor=MAX_MINOR, amount_minor=MAX_MINOR)


def test_an_unknown_gift_is_refused() -> None:
    assert _refused(Wish(gift="tulip"), gift=None) == ("gift.unknown", RefusalKind.REFUSED)


def test_a_gift_is_valid_from_its_start_until_just_before_its_end() -> None:
    wish = Wish(gift="rose")
    now = replace(ROSE, valid_from=NOON, valid_until=NOON + TICK)
    assert price_of(wish=wish, gift=now, policy=POLICY, at=NOON).amount_minor == 10
    for gift in (
        replace(ROSE, valid_from=NOON + TICK),
        replace(ROSE, valid_until=NOON),
        replace(ROSE, on_sale=False),
    ):
        assert _refused(wish, gift=gift) == ("gift.ended", RefusalKind.REFUSED)


@given(start=st.none() | st.integers(-5, 5), end=st.none() | st.integers(-5, 5), on_sale=st.booleans())
def test_a_gift_is_sold_exactly_in_its_window_while_on_sale(
    *, start: int | None, end: int | None, on_sale: bool
) -> None:
    if start is not None and end is not None and start >= end:
        return
    gift = replace(
        ROSE,
        valid_from=None if start is None else NOON + start * TICK,
        valid_until=None if end is None else NOON + end * TICK,
        on_sale=on_sale,
    )
    open_now = on_sale and (start is None or start <= 0) and (end is None or end > 0)
    if open_now:
        assert price_of(wish=Wish(gift="rose"), gift=gift, policy=POLICY, at=NOON).amount_minor == 10
    else:
        assert _refused(Wish(gift="rose"), gift=gift)[0] == "gift.ended"


@pytest.mark.parametrize(
    ("shows", "rooms", "show", "room", "here"),
    [
        ((), (), None, None, True),
        ((), (), "s9", "r9", True),
        (("s1", "s2"), (), "s2", None, True),
        (("s1", "s2"), (), "s3", None, False),
        (("s1", "s2"), (), None, None, False),
        ((), ("r1",), "s1", "r1", True),
        ((), ("r1",), "s1", None, False),
        (("s1",), ("r1",), "s1", "r1", True),
        (("s1",), ("r1",), "s1", "r2", False),
    ],
)
def test_a_gift_is_given_only_where_it_belongs(
    *,
    shows: tuple[str, ...],
    rooms: tuple[str, ...],
    show: str | None,
    room: str | None,
    here: bool,
) -> None:
    gift, wish = replace(ROSE, shows=shows, rooms=rooms), Wish(gift="rose", show=show, room=room)
    if here:
        assert price_of(wish=wish, gift=gift, policy=POLICY, at=NOON).gift == "rose"
    else:
        assert _refused(wish, gift=gift) == ("gift.not_here", RefusalKind.REFUSED)


def test_a_gift_is_paid_in_its_own_asset() -> None:
    assert asset_of_wish(wish=Wish(gift="rose"), gift=replace(ROSE, asset="USD")) == "USD"
    assert asset_of_wish(wish=Wish(amount_minor=10), gift=None) == "coin"
    assert asset_of_wish(wish=Wish(gift="rose", asset="USD"), gift=ROSE) == "USD"
    wish = Wish(gift="rose", asset="USD")
    assert _refused(wish, gift=ROSE, policy=open_policy(asset="USD")) == ("tip.amount", RefusalKind.REFUSED)


@example(59_999, 1)
@example(60_000, 1)
@given(st.integers(0, 70_000), st.integers(1, 70_000))
def test_a_day_ends_at_its_limit(given_minor: int, amount_minor: int) -> None:
    if given_minor + amount_minor <= 60_000:
        check_day_limit(policy=POLICY, given_today_minor=given_minor, amount_minor=amount_minor)
        return
    with pytest.raises(Refusal, match=r"tip\.limit") as refusal:
        check_day_limit(policy=POLICY, given_today_minor=given_minor, amount_minor=amount_minor)
    assert refusal.value.details["rest_minor"] == max(60_000 - given_minor, 0)


@given(
    st.builds(
        Wish,
        gift=st.none() | st.just("rose"),
        preset=st.none() | st.integers(),
        amount_minor=st.none() | st.integers(),
        count=st.integers(),
    )
)
def test_a_wish_has_a_price_or_a_refusal_and_never_anything_else(wish: Wish) -> None:
    try:
        price = price_of(wish=wish, gift=ROSE if wish.gift else None, policy=POLICY, at=NOON)
    except Refusal:
        return
    check_wish(wish)
    assert 1 <= price.amount_minor <= POLICY.max_minor


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "a/b"},
        {"name_en": ""},
        {"name_zh": " "},
        {"name_en": "x" * 101},
        {"name_en": "two\nlines"},
        {"effect": "no spaces"},
        {"price_minor": 0},
        {"price_minor": MAX_MINOR + 1},
        {"valid_from": NOON, "valid_until": NOON},
        {"valid_from": NOON + TICK, "valid_until": NOON},
        {"shows": ("s1", "s1")},
        {"rooms": ("r/1",)},
    ],
)
def test_a_gift_that_makes_no_sense_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(Refusal) as refusal:
        replace(ROSE, **changes)  # type: ignore[arg-type]
    assert (refusal.value.code, refusal.value.kind) == ("gift.invalid", RefusalKind.INVALID)


@pytest.mark.parametrize(
    "changes",
    [
        {"min_minor": 0},
        {"min_minor": 50_001},
        {"max_minor": MAX_MINOR + 1},
        {"presets_minor": (10, 10)},
        {"presets_minor": (4,)},
        {"presets_minor": (50_001,)},
        {"presets_minor": tuple(range(10, 31))},
        {"day_limit_minor": 4},
        {"creator_keeps_minor": -1},
        {"creator_keeps_minor": MAX_MINOR + 1},
        {"day_limit_minor": MAX_MINOR + 1},
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(Refusal) as refusal:
        replace(POLICY, **changes)  # type: ignore[arg-type]
    assert (refusal.value.code, refusal.value.kind) == ("policy.invalid", RefusalKind.INVALID)


def test_gifts_and_policies_are_in_known_assets() -> None:
    with pytest.raises(Refusal, match=r"asset\.unknown"):
        replace(ROSE, asset="shells")
    with pytest.raises(Refusal, match=r"asset\.unknown"):
        open_policy(asset="shells")


def test_a_wish_is_read_from_json_strictly() -> None:
    for body in (b'{"amount_minor": 1.5}', b'{"amount_minor": "10"}', b'{"amount_minor": true}'):
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(body, type=Wish)
