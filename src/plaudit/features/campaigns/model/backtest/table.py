"""A backtest for people: lines of text, in the units that people count in."""

from collections.abc import Iterator
from typing import Final

from plaudit.features.campaigns.model.backtest.figures import Backtest, Spread
from plaudit.kernel.money import format_minor
from plaudit.vocabulary.assets import ASSETS, UNITS

_DAYS_MAX: Final = 40
_WIDE: Final = 34
_HUNDRED: Final = 100


def table(found: Backtest) -> list[str]:
    """Return a backtest as lines of a table."""
    amounts = _Amounts(found.asset)
    return [
        *_heading(found, amounts),
        *_days(found, amounts),
        *_spread("Rewards", found.by_reward, amounts),
        *_spread("Viewers", found.by_viewer, amounts),
        *_winners(found, amounts),
        *_failed(found),
        *_beside(found),
    ]


class _Amounts:
    """Writes amounts of an asset."""

    def __init__(self, asset: str) -> None:
        one = ASSETS.get(asset) or UNITS[asset]
        self.name = one.code
        self._scale = one.scale

    def __call__(self, amount_minor: int) -> str:
        """Return an amount in the units that people count in."""
        return format_minor(amount_minor=amount_minor, scale=self._scale)


def _line(name: str, value: object) -> str:
    return f"  {name:<{_WIDE}} {value}"


def _heading(found: Backtest, amounts: _Amounts) -> Iterator[str]:
    revision = "unsaved terms" if found.revision is None else f"revision {found.revision}"
    yield f"Campaign {found.campaign}, {revision}: {amounts(found.cost_minor)} {amounts.name}"
    if found.as_if_running:
        yield _line("judged as if it ran then", "its own period is another")
    yield _line("facts read", f"{found.facts:,}")
    yield _line("of its trigger and time", f"{found.heard:,}")
    yield _line("meet the conditions", f"{found.matched:,}")
    yield _line("counted", f"{found.counted:,}")
    for reason, count in found.kept_out.items():
        yield _line(f"kept out: {reason}", f"{count:,}")
    yield _line("rewards", f"{found.rewards:,}")
    yield _line("viewers reached", f"{found.viewers:,}")
    yield _line("granted", amounts(found.granted_minor))
    yield _line("taken back", amounts(found.taken_back_minor))
    if found.waived_minor:
        yield _line("not to be had back", amounts(found.waived_minor))
    if found.budget_minor is not None:
        yield _line("budget", amounts(found.budget_minor))
    if found.dry is not None:
        yield _line("budget runs dry", f"{found.dry.day.isoformat()}, {amounts(found.dry.left_minor)} left")
    for code, count in found.withheld.items():
        yield _line(f"withheld: {code}", f"{count:,}")


def _days(found: Backtest, amounts: _Amounts) -> Iterator[str]:
    if not found.days:
        return
    yield "Cost by day"
    most = max(1, *(one.cost_minor for one in found.days))
    for one in found.days[-_DAYS_MAX:]:
        bar = "█" * (30 * max(0, one.cost_minor) // most)
        yield f"  {one.day.isoformat()}  {amounts(one.cost_minor):>20}  {bar}"
    if len(found.days) > _DAYS_MAX:
        yield f"  and {len(found.days) - _DAYS_MAX:,} days before; --json has them all"


def _spread(title: str, spread: Spread | None, amounts: _Amounts) -> Iterator[str]:
    if spread is None:
        return
    yield f"{title}: how much each gets"
    for name, minor in (
        ("least", spread.least_minor),
        ("a tenth has at most", spread.p10_minor),
        ("a half has at most", spread.p50_minor),
        ("nine tenths have at most", spread.p90_minor),
        ("99 of a hundred have at most", spread.p99_minor),
        ("most", spread.most_minor),
    ):
        yield _line(name, amounts(minor))


def _winners(found: Backtest, amounts: _Amounts) -> Iterator[str]:
    if not found.winners:
        return
    yield "Biggest winners"
    for one in found.winners[:10]:
        yield _line(one.viewer, f"{amounts(one.amount_minor):>16}  in {one.rewards:,} rewards")


def _failed(found: Backtest) -> Iterator[str]:
    missed = found.heard - found.matched
    if not missed:
        return
    yield f"What {missed:,} facts failed at"
    for one in found.failed:
        share = _HUNDRED * one.count // missed
        yield _line(f"{one.place}: {one.attribute} {one.operator}", f"{one.count:>12,}  {share} %")


def _beside(found: Backtest) -> Iterator[str]:
    if not found.beside:
        return
    yield "Campaigns beside it: cost with it, and as it was"
    for one in found.beside:
        amounts = _Amounts(one.asset)
        both = f"{amounts(one.cost_minor):>16}  {amounts(one.cost_without_minor):>16} {amounts.name}"
        yield _line(one.campaign, both)
