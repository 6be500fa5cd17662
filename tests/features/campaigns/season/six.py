"""Six campaigns of different kinds, as an operator would send them, in coins for tips in US dollars.

A tip of the file is a fact in its own currency, in cents; a coin has no smaller unit. So everything that is
compared is a whole number. They run for five years, and what was paid before counts for nothing but for who
has tipped before. Days, weeks and hours are those of New York, whose clocks change twice a year.

`evening` and `weekend` are of one group: only one of them counts a tip. `evening` and `weekend` are capped,
and the budget of `ladder` does not reach for what its terms promise.
"""

from __future__ import annotations

from typing import Any, Final

Json = dict[str, Any]

ZONE: Final = "America/New_York"
AMPLE: Final = 10**12
"""More than any campaign could give."""
LADDER_SMALL: Final = 50_000
LADDER_WHOLE: Final = 6_000_000


def _leaf(attribute: str, operator: str, value: object) -> Json:
    return {"attribute": attribute, "operator": operator, "value": value}


def _all(*parts: Json) -> Json:
    return {"all": list(parts)}


def _terms(title: str, strategy: Json, conditions: Json, **more: object) -> Json:
    return {
        "trigger": "tip",
        "base": {"amount": "paid", "asset": "USD"},
        "conditions": conditions,
        "strategy": strategy,
        "reward": {"kind": "coin", "asset": "coin"},
        "starts_at": "2012-05-20T00:00:00Z",
        "ends_at": "2017-05-24T00:00:00Z",
        "zone": ZONE,
        "texts": {"title_en": title, "title_zh": title},
        **more,
    }


EVENING: Final = _terms(
    "A twentieth back in the evening",
    {"kind": "ratio", "ratio": "1/20"},
    _all(
        _leaf("amount", "at_least", 500),
        _leaf("time_of_day", "between", ["18:00", "23:00"]),
        {"not": _leaf("show", "equals", "sgdq2013")},
    ),
    caps={"viewer_day_minor": 150},
    priority=20,
    group="headline",
)
WEEKEND: Final = _terms(
    "Fifty for a tip on a weekend's afternoon",
    {"kind": "fixed", "reward_minor": 50},
    _all(_leaf("weekday", "one_of", [6, 7]), _leaf("time_of_day", "between", ["12:00", "20:00"])),
    caps={"viewer_day_count": 2},
    priority=10,
    group="headline",
)
LADDER: Final = _terms(
    "The more at once the better",
    {
        "kind": "tiered",
        "tiers": [
            {"from_minor": 1_000, "reward_minor": 20},
            {"from_minor": 5_000, "reward_minor": 150},
            {"from_minor": 10_000, "reward_minor": 450},
        ],
    },
    {
        "any": [_leaf("amount", "below", 2_500), _leaf("amount", "at_least", 5_000)],
    },
)
FAITHFUL: Final = _terms(
    "A week with one creator",
    {
        "kind": "cumulative",
        "counted": "week",
        "per": ["creator"],
        "tiers": [
            {"from_minor": 2_000, "reward_minor": 100},
            {"from_minor": 10_000, "reward_minor": 600},
        ],
        "every_minor": 10_000,
        "every_reward_minor": 500,
    },
    _all(),
)
WELCOME: Final = _terms(
    "A fifth of the first tip ever",
    {"kind": "first", "ratio": "1/5"},
    _all(_leaf("first_ever", "is", value=True), _leaf("amount", "at_least", 1_000)),
)
STREAK: Final = _terms(
    "Three days in a row",
    {"kind": "streak", "days": 3, "reward_minor": 200, "day_minor": 500, "recurring": True},
    _all(),
)

SIX: Final[dict[str, Json]] = {
    "evening": EVENING,
    "weekend": WEEKEND,
    "ladder": LADDER,
    "faithful": FAITHFUL,
    "welcome": WELCOME,
    "streak": STREAK,
}


def unbound() -> dict[str, Json]:
    """Return the six without their caps."""
    return {name: {key: value for key, value in one.items() if key != "caps"} for name, one in SIX.items()}


def budgets(*, ladder: int = AMPLE) -> dict[str, int]:
    """Return the budget of each in coins, ample but for the ladder's."""
    return dict.fromkeys(SIX, AMPLE) | {"ladder": ladder}
