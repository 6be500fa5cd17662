"""When fewer payments succeed than they did, and when that says nothing."""

from datetime import UTC, datetime

import pytest

from plaudit.features.payments.model.figures import Counted, Fall, bucket_of, fall_of, span_before


def of(attempted: int, succeeded: int) -> Counted:
    return Counted(attempted=attempted, succeeded=succeeded)


@pytest.mark.parametrize(
    ("now", "day_before", "week_before", "expected"),
    [
        (of(100, 60), of(100, 90), of(100, 85), Fall(
            rate_basis_points=6_000, day_before_basis_points=9_000, week_before_basis_points=8_500)),
        (of(100, 65), of(100, 90), of(100, 80), None),
        (of(100, 60), of(100, 60), of(100, 90), None),
        (of(19, 0), of(100, 90), of(100, 90), None),
        (of(20, 0), of(100, 90), of(19, 19), Fall(
            rate_basis_points=0, day_before_basis_points=9_000, week_before_basis_points=None)),
        (of(100, 0), of(0, 0), of(19, 19), None),
        (of(100, 70), of(100, 90), of(100, 90), Fall(
            rate_basis_points=7_000, day_before_basis_points=9_000, week_before_basis_points=9_000)),
    ],
    ids=[
        "fallen against both",
        "a little against last week",
        "yesterday was as bad",
        "too few now",
        "too few last week",
        "nothing to compare with",
        "just enough",
    ],
)  # fmt: skip
def test_a_fall_is_measured_against_the_same_hour_before(
    now: Counted, day_before: Counted, week_before: Counted, expected: Fall | None
) -> None:
    assert fall_of(now=now, day_before=day_before, week_before=week_before) == expected


def test_nothing_attempted_is_no_success() -> None:
    assert of(0, 0).rate_basis_points == 0
    assert of(3, 2).rate_basis_points == 6_666


def test_the_hour_looked_at_leaves_payers_their_time() -> None:
    now = datetime(2026, 5, 1, 20, 13, 42, 7, tzinfo=UTC)
    assert bucket_of(now) == datetime(2026, 5, 1, 20, 10, tzinfo=UTC)
    assert span_before(now) == (
        datetime(2026, 5, 1, 19, 5, tzinfo=UTC),
        datetime(2026, 5, 1, 20, 5, tzinfo=UTC),
    )
