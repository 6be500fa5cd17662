"""What the benchmarks post is what they say they post."""

from collections import Counter
from random import Random

from plaudit.app.bench.workload import Audience


def test_creators_follow_zipf_and_one_viewer_in_a_hundred_is_poor() -> None:
    tips = list(Audience(randomness=Random(1), viewers=100).tips(20_000))  # noqa: S311 - a draw
    creators = Counter(tip.creator for tip in tips)
    assert creators["c0"] / creators["c9"] > 5
    poor = sum(tip.viewer.startswith("poor") for tip in tips)
    assert 120 < poor < 280
    assert all(10 <= tip.amount_minor <= 500 for tip in tips)


def test_a_hot_creator_takes_nine_tenths() -> None:
    tips = list(Audience(randomness=Random(1), viewers=100, hot=True).tips(10_000))  # noqa: S311 - a draw
    assert 0.88 < sum(tip.creator == "c0" for tip in tips) / len(tips) < 0.94


def test_the_same_seed_draws_the_same_tips() -> None:
    first, again = (list(Audience(randomness=Random("s"), viewers=9).tips(50)) for _ in range(2))  # noqa: S311 - a draw
    assert first == again
