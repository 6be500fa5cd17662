"""Attributes: what a condition can ask about, of which sort, by which operators, and how people call it."""

from typing import Final, Literal, TypeAlias

from msgspec import Struct

from plaudit.features.campaigns.model.terms import Operator

Sort: TypeAlias = Literal["amount", "number", "text", "flag", "list", "time_of_day", "weekday", "day"]
"""What its values are: minor units, whole numbers, a text, true or false, texts, "20:00", 1 (Monday) to 7, a
date."""

OPERATORS: Final[dict[Sort, tuple[Operator, ...]]] = {
    "amount": ("at_least", "at_most", "above", "below", "between", "equals"),
    "number": ("equals", "one_of", "at_least", "at_most", "above", "below", "between"),
    "text": ("equals", "one_of"),
    "flag": ("is",),
    "list": ("contains",),
    "time_of_day": ("between", "at_least", "below"),
    "weekday": ("equals", "one_of"),
    "day": ("in_calendar", "equals", "one_of", "at_least", "at_most", "above", "below", "between"),
}
"""The operators of each sort. "between" is from the first value on and before the second."""

WORDS: Final[dict[Operator, tuple[str, str]]] = {
    "equals": ("{name} is {wanted}", "{name}为 {wanted}"),
    "one_of": ("{name} is one of {wanted}", "{name}为 {wanted} 之一"),
    "at_least": ("{name} is at least {wanted}", "{name}不低于 {wanted}"),
    "at_most": ("{name} is at most {wanted}", "{name}不高于 {wanted}"),
    "above": ("{name} is above {wanted}", "{name}高于 {wanted}"),
    "below": ("{name} is below {wanted}", "{name}低于 {wanted}"),
    "between": ("{name} is from {low} to before {high}", "{name}从 {low} 起、{high} 之前"),
    "contains": ("{name} has {wanted}", "{name}包含 {wanted}"),
    "in_calendar": ("{name} is in the calendar {wanted}", "{name}在日历 {wanted} 中"),
    "is": ("{name}: {wanted}", "{name}：{wanted}"),
}
"""How an operator reads, in English and Chinese."""


class Attribute(Struct, frozen=True, kw_only=True):
    """One attribute of a trigger. `choices` are all its values where they are known beforehand."""

    name: str
    sort: Sort
    en: str
    zh: str
    choices: tuple[str, ...] = ()

    @property
    def operators(self) -> tuple[Operator, ...]:
        """What it can be compared by."""
        return OPERATORS[self.sort]


EVERYWHERE: Final[tuple[Attribute, ...]] = (
    Attribute(name="amount", sort="amount", en="amount", zh="金额"),
    Attribute(name="currency", sort="text", en="currency", zh="币种"),
    Attribute(name="time_of_day", sort="time_of_day", en="time of day", zh="时刻"),
    Attribute(name="weekday", sort="weekday", en="day of the week", zh="星期"),
    Attribute(name="day", sort="day", en="day", zh="日期"),
    Attribute(name="level", sort="number", en="viewer's level", zh="用户等级"),
    Attribute(name="tags", sort="list", en="viewer's tags", zh="用户标签"),
)
"""What every trigger has: of the base, of the time in the campaign's zone, of the viewer."""

FIRST_EVER: Final = Attribute(name="first_ever", sort="flag", en="first of its kind", zh="首次")

NAMED: Final[dict[str, tuple[str, str]]] = {
    "creator": ("creator", "主播"),
    "guild": ("guild", "公会"),
    "room": ("room", "直播间"),
    "show": ("show", "演出"),
    "gift": ("gift", "礼物"),
    "count": ("count", "数量"),
    "method": ("payment method", "支付方式"),
    "channel": ("payment channel", "支付渠道"),
    "sells": ("what was paid for", "支付用途"),
}
"""Attributes of facts that have the same name wherever they occur; all others are "fact.<field>"."""

VIEWERS: Final = frozenset({"level", "tags"})
"""Attributes that the viewer has and not the fact."""
