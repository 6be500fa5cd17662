"""The reference itself, against sums done by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.features.campaigns.season.payments import SMALL_SHOW, Payment, needs_samples, payments
from tests.features.campaigns.season.reference import Given, given
from tests.features.campaigns.season.six import LADDER_SMALL

FRIDAY_NOON = datetime(2017, 1, 13, 12, tzinfo=UTC) + timedelta(hours=5)


def paid(*what: tuple[float, int], viewer: str = "ann", currency: str = "USD") -> list[Payment]:
    """Return payments of ann to aurora: hours after Friday noon in New York, and cents."""
    return [
        Payment(number, FRIDAY_NOON + timedelta(hours=hours), viewer, "aurora", "winter", currency, cents)
        for number, (hours, cents) in enumerate(what)
    ]


def coins(found: Given, campaign: str) -> list[tuple[int, int]]:
    """Return (payment, coins) of one campaign's grants, in order."""
    return sorted((one.payment, one.coins) for one in found.grants if one.campaign == campaign)


def test_in_the_evening_a_twentieth_rounded_down_and_at_most_150_a_day() -> None:
    found = given(paid((5.9, 1_000), (6, 519), (7, 499), (8, 2_900), (10.9, 100), (11, 1_000), (30, 2_000)))
    assert coins(found, "evening") == [(1, 25), (3, 125), (6, 100)]


def test_of_a_weekends_tip_only_one_of_the_group_counts() -> None:
    found = given(paid((0, 700), (24, 700), (25, 700), (26, 700), (30, 700), (31, 400), (48, 1)))
    assert coins(found, "weekend") == [(1, 50), (2, 50), (6, 50)]
    assert coins(found, "evening") == [(4, 35)]
    assert coins(given(paid((24, 1), (25, 1), (26, 1)), capped=False), "weekend") == [
        (0, 50),
        (1, 50),
        (2, 50),
    ]


def test_the_ladder_ends_at_the_first_that_its_budget_does_not_reach_for() -> None:
    found = given(
        paid((0, 999), (1, 1_000), (2, 2_500), (3, 5_000), (4, 10_000), (5, 1_000)), ladder_budget=500
    )
    assert (coins(found, "ladder"), found.dry_at) == ([(1, 20), (3, 150)], 4)


def test_a_week_with_one_creator_goes_on_after_its_last_tier() -> None:
    found = given(paid((0, 1_999), (1, 1), (2, 8_000), (3, 25_000), (12 + 60, 2_000)))
    assert coins(found, "faithful") == [(1, 100), (2, 500), (3, 1_000), (4, 100)]


def test_the_first_tip_counts_only_if_nothing_came_before_in_any_currency() -> None:
    assert coins(given(paid((0, 1_001), (1, 9_000))), "welcome") == [(0, 200)]
    assert coins(given(paid((0, 999), (1, 9_000))), "welcome") == []
    assert coins(given(paid((0, 1_000), currency="JPY")), "welcome") == []


def test_a_row_of_days_is_broken_by_a_day_with_too_little() -> None:
    days = [(24 * day, cents) for day, cents in enumerate([500, 500, 700, 500, 499, 500, 500, 500])]
    assert coins(given(paid(*days)), "streak") == [(2, 200), (7, 200)]


@needs_samples
def test_one_show_of_the_file() -> None:
    found = given(payments(SMALL_SHOW), ladder_budget=LADDER_SMALL)
    assert found.dry_at is not None
    assert len({one.campaign for one in found.grants}) == 6
    ladder = [number for number, _ in coins(found, "ladder")]
    assert max(ladder) < found.dry_at
