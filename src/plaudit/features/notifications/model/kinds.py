"""What viewers are told: each kind of message with the variables of its texts, and built-in texts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, TypeAlias, get_args

from plaudit.features.notifications.model.wording import Money, Titles, Value
from plaudit.kernel.refusal import not_found

Language: TypeAlias = Literal["en", "zh"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)

BOUGHT: Final = "ticket.bought"
SOON_DAY: Final = "show.soon.24h"
SOON_HOUR: Final = "show.soon.1h"
BALANCE_72H: Final = "balance.due.72h"
BALANCE_24H: Final = "balance.due.24h"
BALANCE_1H: Final = "balance.due.1h"
MOVED: Final = "show.moved"
CANCELLED: Final = "show.cancelled"

SOON: Final = (SOON_DAY, SOON_HOUR)
BALANCE: Final = (BALANCE_72H, BALANCE_24H, BALANCE_1H)
"""Both from the earliest mark to the last."""

_SHOWN_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class Text:
    """A title of one line, and a body; both with `{variables}`."""

    title: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of message. One that is urgent does not wait for the end of quiet hours."""

    name: str
    variables: frozenset[str]
    texts: Mapping[Language, Text]
    urgent: bool = False


_SOON_EN: Final = "Your show starts at {starts_at}.\nWatch it here: {link}"
_SOON_ZH: Final = "演出将于 {starts_at} 开始。\n观看链接：{link}"
_BALANCE_EN: Final = "Please pay {amount} for {show} by {deadline}, or your seats go back.\nOrder: {order}"
_BALANCE_ZH: Final = "请在 {deadline} 前支付《{show}》的尾款 {amount}，逾期座位将被释放。\n订单号：{order}"


def _balance(name: str, left_en: str, left_zh: str) -> Kind:
    return Kind(
        name=name,
        variables=frozenset({"show", "starts_at", "amount", "deadline", "order"}),
        texts={
            "en": Text(f"Pay for {{show}} within {left_en}", _BALANCE_EN),
            "zh": Text(f"请在{left_zh}内支付《{{show}}》尾款", _BALANCE_ZH),
        },
    )


_KINDS: Final = (
    Kind(
        name=BOUGHT,
        variables=frozenset({"show", "starts_at", "quantity", "amount", "order", "link"}),
        texts={
            "en": Text(
                "Your tickets for {show}",
                "Thank you. You have {quantity} ticket(s) for {show}, starting at {starts_at}.\n"
                "Paid: {amount}\nOrder: {order}\nWatch it here: {link}",
            ),
            "zh": Text(
                "《{show}》购票成功",
                "感谢您的购买。您已购得《{show}》门票 {quantity} 张，演出将于 {starts_at} 开始。\n"
                "实付：{amount}\n订单号：{order}\n观看链接：{link}",
            ),
        },
        urgent=True,
    ),
    Kind(
        name=SOON_DAY,
        variables=frozenset({"show", "starts_at", "link"}),
        texts={
            "en": Text("{show} starts within a day", _SOON_EN),
            "zh": Text("《{show}》将在 24 小时内开始", _SOON_ZH),
        },
    ),
    Kind(
        name=SOON_HOUR,
        variables=frozenset({"show", "starts_at", "link"}),
        texts={
            "en": Text("{show} starts within the hour", _SOON_EN),
            "zh": Text("《{show}》将在 1 小时内开始", _SOON_ZH),
        },
    ),
    _balance(BALANCE_72H, "three days", " 3 天"),
    _balance(BALANCE_24H, "a day", " 24 小时"),
    _balance(BALANCE_1H, "the hour", " 1 小时"),
    Kind(
        name=MOVED,
        variables=frozenset({"show", "starts_at", "moved_from", "link"}),
        texts={
            "en": Text(
                "{show} has a new time",
                "{show} was to start at {moved_from} and now starts at {starts_at}.\n"
                "Your tickets stay valid.\nWatch it here: {link}",
            ),
            "zh": Text(
                "《{show}》演出时间变更",
                "《{show}》原定于 {moved_from} 开始，现改为 {starts_at}。\n"
                "您的门票继续有效。\n观看链接：{link}",
            ),
        },
    ),
    Kind(
        name=CANCELLED,
        variables=frozenset({"show", "starts_at"}),
        texts={
            "en": Text(
                "{show} is cancelled",
                "{show}, which was to start at {starts_at}, is cancelled. What you paid goes back to you.",
            ),
            "zh": Text(
                "《{show}》演出取消",
                "原定于 {starts_at} 开始的《{show}》已取消，您支付的款项将原路退回。",
            ),
        },
        urgent=True,
    ),
)

KINDS: Final[Mapping[str, Kind]] = {kind.name: kind for kind in _KINDS}
"""Every kind of message, by name."""

SAMPLE: Final[Mapping[str, Value]] = {
    "show": Titles(en="Winter concert", zh="冬日演唱会"),
    "starts_at": datetime(2026, 12, 24, 12, 0, tzinfo=UTC),
    "moved_from": datetime(2026, 12, 23, 12, 0, tzinfo=UTC),
    "deadline": datetime(2026, 12, 20, 12, 0, tzinfo=UTC),
    "quantity": 2,
    "amount": Money(asset="CNY", amount_minor=19_800),
    "order": "ord_000000000001A",
    "link": "https://live.example/winter",
}
"""What previews show, by variable."""


def kind_of(name: str) -> Kind:
    """Return a kind of message. Raises Refusal `template.kind` (NOT_FOUND)."""
    kind = KINDS.get(name)
    if kind is None:
        raise not_found(
            "template.kind",
            "Name a kind of message that there is.",
            given=name[:_SHOWN_MAX],
            kinds=list(KINDS),
        )
    return kind


def language_of(name: str) -> Language:
    """Return a language. Raises Refusal `template.language` (NOT_FOUND)."""
    for language in LANGUAGES:
        if language == name:
            return language
    raise not_found("template.language", 'Write "en" or "zh".', language=name[:_SHOWN_MAX])
