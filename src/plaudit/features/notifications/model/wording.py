"""Amounts and times as people read them, in their language and where they are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from plaudit.vocabulary.assets import asset_of

_WEEKDAYS_EN: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_WEEKDAYS_ZH: Final = ("一", "二", "三", "四", "五", "六", "日")
_MONTHS_EN: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_GROUP: Final = 3
_MINUTES: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Titles:
    """A name in both languages; where one is empty, the other stands for it."""

    en: str
    zh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount in minor units of an asset."""

    asset: str
    amount_minor: int


Value: TypeAlias = str | int | datetime | Titles | Money
"""What a variable of a message may be."""


def said(value: Value, *, language: str, zone: ZoneInfo) -> str:
    """Return a value in one line of text, for readers of a language in a zone."""
    match value:
        case Titles():
            first, second = (value.zh, value.en) if language == "zh" else (value.en, value.zh)
            return first or second
        case Money():
            return _money(value, language)
        case datetime():
            return _time(value.astimezone(zone), language)
        case _:
            return str(value)


def all_said(values: Mapping[str, Value], *, language: str, zone: ZoneInfo) -> dict[str, str]:
    """Return all values as text, each in one line."""
    return {
        name: " ".join(said(value, language=language, zone=zone).split()) for name, value in values.items()
    }


def _money(money: Money, language: str) -> str:
    asset = asset_of(money.asset)
    amount = _decimal(money.amount_minor, asset.scale)
    if asset.kind == "money":
        return (
            _MONEY_ZH.get(asset.code, _coded)(amount, asset.code)
            if language == "zh"
            else _coded(amount, asset.code)
        )
    if language == "zh":
        return f"{amount} {asset.name_zh}"
    one = asset.name_en.lower().removesuffix("s")
    return f"{amount} {one if money.amount_minor == 1 else one + 's'}"


def _coded(amount: str, code: str) -> str:
    return f"{code} {amount}"


def _yuan(amount: str, _code: str) -> str:
    return f"{amount} 元"


_MONEY_ZH: Final[Mapping[str, Callable[[str, str], str]]] = {"CNY": _yuan}


def _decimal(amount_minor: int, scale: int) -> str:
    sign = "-" if amount_minor < 0 else ""
    digits = str(abs(amount_minor)).rjust(scale + 1, "0")
    whole, part = (digits[:-scale], digits[-scale:]) if scale else (digits, "")
    head = len(whole) % _GROUP
    groups = [whole[:head]] if head else []
    groups += [whole[n : n + _GROUP] for n in range(head, len(whole), _GROUP)]
    return sign + ",".join(groups) + (f".{part}" if part else "")


def _time(at: datetime, language: str) -> str:
    clock = f"{at:%H:%M} {_offset(at)}"
    if language == "zh":
        return f"{at.year}年{at.month}月{at.day}日（周{_WEEKDAYS_ZH[at.weekday()]}）{clock}"
    return f"{_WEEKDAYS_EN[at.weekday()]}, {at.day} {_MONTHS_EN[at.month - 1]} {at.year}, {clock}"


def _offset(at: datetime) -> str:
    offset = at.utcoffset()
    assert offset is not None, at
    minutes = offset.days * 24 * _MINUTES + offset.seconds // _MINUTES
    if minutes == 0:
        return "UTC"
    hours, rest = divmod(abs(minutes), _MINUTES)
    return f"UTC{'+' if minutes > 0 else '-'}{hours}{f':{rest:02}' if rest else ''}"
