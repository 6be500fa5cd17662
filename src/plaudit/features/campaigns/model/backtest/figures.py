"""What a backtest tells: cost by day, whom it reaches, how rewards spread, when it runs dry, who wins."""

from datetime import date, datetime

from msgspec import Struct


class Day(Struct, frozen=True, kw_only=True):
    """One day in the campaign's zone, by the time of the facts: what was granted, and what was taken back."""

    day: date
    granted_minor: int
    taken_back_minor: int
    rewards: int

    @property
    def cost_minor(self) -> int:
        """What the day cost in the end; below zero where more came back than was given."""
        return self.granted_minor - self.taken_back_minor


class Bucket(Struct, frozen=True, kw_only=True):
    """How many rewards are at least `from_minor` and below the next bucket's."""

    from_minor: int
    count: int


class Spread(Struct, frozen=True, kw_only=True):
    """How amounts are spread: each quantile is one of them, that of so many per cent in order."""

    count: int
    sum_minor: int
    least_minor: int
    p10_minor: int
    p25_minor: int
    p50_minor: int
    p75_minor: int
    p90_minor: int
    p99_minor: int
    most_minor: int
    histogram: tuple[Bucket, ...]


class Winner(Struct, frozen=True, kw_only=True):
    """A viewer, and what was granted less what was taken back."""

    viewer: str
    amount_minor: int
    rewards: int


class Failed(Struct, frozen=True, kw_only=True):
    """One comparison of the conditions, and how many of the facts that failed had it not met."""

    place: str
    attribute: str
    operator: str
    count: int


class Dry(Struct, frozen=True, kw_only=True):
    """When the budget did not reach any more: the fact's time, its day in the zone, its position."""

    at: datetime
    day: date
    fact: int
    left_minor: int


class Beside(Struct, frozen=True, kw_only=True):
    """A running campaign: what it costs in the period with the tested one beside it, and without."""

    campaign: str
    revision: int
    asset: str
    cost_minor: int
    cost_without_minor: int
    rewards: int
    rewards_without: int


class Backtest(Struct, frozen=True, kw_only=True):
    """What a revision would have done.

    `facts` were read in all, `heard` of them are of the campaign's trigger and in its time, `matched` met the
    conditions, and `counted` are those that no other campaign kept out. `withheld` counts rewards that were
    not paid by the reason why, `kept_out` facts by what kept them out. `cost_minor` is what left the budget
    and did not come back; `waived_minor` was to be taken back and was forgiven or could not be had. It was
    tested `as_if_running` where its own period has nothing of the one that was judged. What was recorded
    after `recorded_until` was not read; None: all was.
    """

    campaign: str
    revision: int | None
    asset: str
    zone: str
    first_at: datetime | None
    last_at: datetime | None
    facts: int
    heard: int
    matched: int
    counted: int
    rewards: int
    viewers: int
    budget_minor: int | None
    cost_minor: int
    granted_minor: int
    taken_back_minor: int
    waived_minor: int
    dry: Dry | None
    days: tuple[Day, ...]
    by_reward: Spread | None
    by_viewer: Spread | None
    winners: tuple[Winner, ...]
    failed: tuple[Failed, ...]
    withheld: dict[str, int]
    kept_out: dict[str, int]
    beside: tuple[Beside, ...]
    as_if_running: bool = False
    recorded_until: datetime | None = None
