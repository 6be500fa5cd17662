"""A generated show has the shape of recorded ones, whatever its seed, and is the same for the same seed."""

from collections import Counter
from datetime import timedelta

import pytest

from plaudit.app.drive.rows import DEFAULT_EPOCH, Row
from plaudit.app.drive.show import DEFAULT_PAYMENTS, generate_show


def seconds_of(row: Row) -> int:
    return int((row.time(epoch=DEFAULT_EPOCH) - DEFAULT_EPOCH).total_seconds())


def test_same_seed_same_show() -> None:
    assert generate_show(seed=5, payments=300) == generate_show(seed=5, payments=300)
    assert generate_show(seed=5, payments=300) != generate_show(seed=6, payments=300)


@pytest.mark.parametrize("seed", [1, 2, 3, 20, 400])
def test_shape(seed: int) -> None:
    rows = generate_show(seed=seed)
    assert len(rows) == len({row.key for row in rows}) == DEFAULT_PAYMENTS

    amounts = sorted(row.amount_minor for row in rows)
    assert amounts[0] >= 100
    assert amounts[len(amounts) // 2] == pytest.approx(2_000, rel=0.1)
    assert amounts[len(amounts) * 90 // 100] == pytest.approx(7_500, rel=0.15)
    assert amounts[len(amounts) * 99 // 100] == pytest.approx(30_000, rel=0.2)

    named = Counter[str]()
    times = Counter[str]()
    for row in rows:
        if row.viewer is not None:
            named[row.viewer] += row.amount_minor
            times[row.viewer] += 1
    top = sum(amount for _, amount in named.most_common(len(named) // 100))
    assert 0.25 < top / named.total() < 0.55
    assert times.total() / len(rows) == pytest.approx(1 - 0.216, abs=0.01)
    assert times.total() / len(times) == pytest.approx(1.5, abs=0.12)
    assert sum(count == 1 for count in times.values()) / len(times) == pytest.approx(0.768, abs=0.04)

    seconds = [seconds_of(row) for row in rows]
    assert seconds == sorted(seconds)
    assert 0 <= seconds[0] < seconds[-1] < 7_200
    assert 300 < max(Counter(second // 60 for second in seconds).values()) <= 430
    assert 10 <= max(Counter(seconds).values()) <= 18
    assert len({row.creator for row in rows}) == 3


def test_options() -> None:
    rows = generate_show(
        seed=1, show="friday", payments=10, creators=1, starts_at=DEFAULT_EPOCH + timedelta(days=1)
    )
    assert {(row.show, row.creator, row.currency) for row in rows} == {("friday", "friday-creator-1", "USD")}
    assert min(seconds_of(row) for row in rows) >= 86_400
