"""The chart of a backtest, drawn as SVG: what each day costs, and when the budget runs dry."""

from collections.abc import Iterator, Sequence
from datetime import date
from html import escape
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from plaudit.features.campaigns.model.backtest.figures import Backtest, Day
from plaudit.kernel.money import format_minor
from plaudit.vocabulary.assets import ASSETS, UNITS

Language: TypeAlias = Literal["en", "zh"]

WIDTH: Final = 720
HEIGHT: Final = 260
_LEFT: Final = 88
_RIGHT: Final = 16
_TOP: Final = 44
_BOTTOM: Final = 40
_BARS_MAX: Final = 100
_LINES: Final = 4
_DATES: Final = 6
_STEPS: Final = (1, 2, 5, 10)
_WIDE: Final = WIDTH - _LEFT - _RIGHT
_HIGH: Final = HEIGHT - _TOP - _BOTTOM
_TITLE_MAX: Final = 60
_OPENED: Final = (
    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
    ' font-family="system-ui, sans-serif" font-size="11" fill="#334155">'
)

_WORDS: Final[dict[Language, dict[str, str]]] = {
    "en": {
        "axis": "Cost by day, {asset}",
        "axis_many": "Cost by {days} days, {asset}",
        "none": "No reward in this period",
        "dry": "budget runs dry {day}",
        "bar": "{first}: {amount} {asset}",
        "bar_many": "{first} to {last}: {amount} {asset}",
    },
    "zh": {
        "axis": "每日成本（{asset}）",
        "axis_many": "每 {days} 天成本（{asset}）",
        "none": "此期间没有奖励",
        "dry": "预算于 {day} 用尽",
        "bar": "{first}：{amount} {asset}",
        "bar_many": "{first} 至 {last}：{amount} {asset}",
    },
}


class _Bar(Struct, frozen=True):
    """One bar: the days that it stands for, and what they cost."""

    first: date
    last: date
    cost_minor: int


def chart(found: Backtest, *, title: str, language: Language = "en") -> str:
    """Return an SVG of what a backtest found; `title` is any text, and is written as text."""
    asset = ASSETS.get(found.asset) or UNITS[found.asset]
    scale, name = asset.scale, asset.name_zh if language == "zh" else asset.name_en
    bars, days = _bars(found.days)
    top = _top(max((one.cost_minor for one in bars), default=0), unit=10**scale)
    words = _WORDS[language]
    axis = words["axis_many" if days > 1 else "axis"].format(days=days, asset=name)
    parts = [
        _OPENED,
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        _text(_LEFT, 18, _shortened(title), more=' font-size="14" font-weight="600"'),
        _text(_LEFT, 34, axis),
        *_grid(top, scale=scale),
        *_drawn(bars, top, words=words, name=name, scale=scale, many=days > 1),
        *_dates(bars),
    ]
    if not any(one.cost_minor for one in bars):
        middle = ' text-anchor="middle"'
        parts.append(_text(_LEFT + _WIDE // 2, _TOP + _HIGH // 2, words["none"], more=middle))
    elif found.dry is not None:
        parts += _dry(bars, found, words=words)
    parts.append("</svg>")
    return "".join(parts)


def _bars(days: Sequence[Day]) -> tuple[list[_Bar], int]:
    """Return the bars from the first day to the last, with days that cost nothing, and the days of each."""
    if not days:
        return [], 1
    first, last = days[0].day.toordinal(), days[-1].day.toordinal()
    size = -(-(last - first + 1) // _BARS_MAX)
    sums = [0] * ((last - first) // size + 1)
    for one in days:
        sums[(one.day.toordinal() - first) // size] += one.cost_minor
    bars = [
        _Bar(
            date.fromordinal(first + number * size),
            date.fromordinal(min(last, first + number * size + size - 1)),
            cost_minor,
        )
        for number, cost_minor in enumerate(sums)
    ]
    return bars, size


def _top(most_minor: int, *, unit: int) -> int:
    """Return the end of the axis: lines times 1, 2 or 5 of a power of ten, of whole units where it can be."""
    step = 1 if most_minor < unit * _LINES else unit
    while True:
        for factor in _STEPS:
            if step * factor * _LINES >= most_minor:
                return step * factor * _LINES
        step *= 10


def _grid(top: int, *, scale: int) -> Iterator[str]:
    for number in range(_LINES + 1):
        y = _TOP + _HIGH - _HIGH * number // _LINES
        label = format_minor(amount_minor=top * number // _LINES, scale=scale)
        yield f'<path d="M{_LEFT} {y}H{_LEFT + _WIDE}" stroke="#e2e8f0"/>'
        yield _text(_LEFT - 8, y + 4, label, more=' text-anchor="end"')


def _drawn(
    bars: Sequence[_Bar], top: int, *, words: dict[str, str], name: str, scale: int, many: bool
) -> Iterator[str]:
    for number, one in enumerate(bars):
        if one.cost_minor <= 0:
            continue
        height = max(1, _HIGH * one.cost_minor // top)
        x, end = _across(number, len(bars)), _across(number + 1, len(bars))
        said = words["bar_many" if many else "bar"].format(
            first=one.first,
            last=one.last,
            amount=format_minor(amount_minor=one.cost_minor, scale=scale),
            asset=name,
        )
        yield (
            f'<rect x="{x}" y="{_TOP + _HIGH - height}" width="{max(1, end - x - 1)}" height="{height}"'
            f' fill="#6366f1"><title>{escape(said)}</title></rect>'
        )


def _dates(bars: Sequence[_Bar]) -> Iterator[str]:
    """Label the first bar of each of a few equal parts."""
    every = max(1, -(-len(bars) // _DATES))
    for number in range(0, len(bars), every):
        yield _text(_across(number, len(bars)), _TOP + _HIGH + 18, bars[number].first.isoformat())


def _dry(bars: Sequence[_Bar], found: Backtest, *, words: dict[str, str]) -> Iterator[str]:
    assert found.dry is not None
    day = found.dry.day
    number = next((number for number, one in enumerate(bars) if one.first <= day <= one.last), len(bars) - 1)
    x = _across(number + 1, len(bars))
    end = number * 2 > len(bars)
    yield f'<path d="M{x} {_TOP}V{_TOP + _HIGH}" stroke="#dc2626" stroke-dasharray="4 3"/>'
    anchor = "end" if end else "start"
    said = words["dry"].format(day=day.isoformat())
    yield _text(x + (-6 if end else 6), _TOP + 12, said, more=f' text-anchor="{anchor}" fill="#dc2626"')


def _across(number: int, count: int) -> int:
    return _LEFT + _WIDE * number // count


def _text(x: int, y: int, text: str, *, more: str = "") -> str:
    return f'<text x="{x}" y="{y}"{more}>{escape(text)}</text>'


def _shortened(text: str) -> str:
    return text if len(text) <= _TITLE_MAX else text[: _TITLE_MAX - 1] + "…"
