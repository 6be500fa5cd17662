"""How a fact is read: made once for each kind from its type, then one pass over a few of its fields."""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import NoneType, UnionType
from typing import Any, Final, Literal, TypeAlias, Union, get_args, get_origin

import msgspec
from msgspec import Struct

from plaudit.features.campaigns.model.attributes import NAMED, Attribute, Sort
from plaudit.features.campaigns.model.happenings import TIMES, Happening, Value
from plaudit.vocabulary.facts import DUES
from plaudit.vocabulary.facts.base import FactData

Reader: TypeAlias = Callable[[int, datetime, Mapping[str, Any]], Happening]

SHARED: Final = {
    "creator": "creator",
    "guild": "guild",
    "room": "room",
    "show": "show",
    "gift": "gift",
    "count": "count",
    "quantity": "count",
    "method": "method",
    "channel": "channel",
    "due_kind": "sells",
}
"""Fields that are the same attribute in every kind."""

_UNTOLD: Final = frozenset(
    {"viewer", "payer", "asset", "title_en", "title_zh", "revision", "account", "number", "transaction"}
    | {"friend", "inviter", "invitation", "maker", "checker", "reference"}
    | {"due", "order", "ticket", "waiting", "offered", "drawn_by", "attempt", "payment", "refund"}
)
"""What no condition asks for: who, ids that are new each time, and positions of other facts."""

WORDS_ZH: Final = {
    "anonymous": "匿名",
    "cause": "原因",
    "code": "代码",
    "filled": "已满",
    "forfeited": "定金不退比例",
    "funded": "支付来源",
    "group": "团",
    "late": "逾期",
    "message_state": "留言状态",
    "mode": "购买方式",
    "offer": "票档",
    "opens_group": "开团",
    "own_rule": "专属规则",
    "pack": "充值套餐",
    "paid": "已付人数",
    "retry": "第几次重试",
    "returned_if_cancelled": "演出取消时退定金",
    "review": "需复核",
    "rights": "权益",
    "sessions": "会话数",
    "size": "人数",
    "source": "座位来源",
    "terms": "分成条款",
}
"""Fields in Chinese; what is not here goes by its own name."""


class Money(Struct, frozen=True, kw_only=True):
    """One amount of a kind: its name, its field, and the field that says its asset."""

    name: str
    field: str
    asset_field: str


class Field(Struct, frozen=True, kw_only=True):
    """One field of a kind that is an attribute."""

    field: str
    attribute: Attribute
    default: Any
    is_list: bool


def fields_of(kind: type[FactData], *, only: frozenset[str] | None = None) -> tuple[Field, ...]:
    """Return the fields of a kind that conditions may ask for, or of these `only` those that do."""
    found: list[Field] = []
    for one in msgspec.structs.fields(kind):
        if one.name in _UNTOLD or one.name.endswith(("_minor", "_hash", "_asset", "_revision")):
            continue
        sort, choices = _sort_of(one.type)
        if sort is None or (only is not None and one.name not in only):
            continue
        default = None if one.default is msgspec.NODEFAULT else one.default
        found.append(
            Field(
                field=one.name,
                attribute=_attribute(one.name, sort, choices),
                default=list(default) if isinstance(default, tuple) else default,
                is_list=sort == "list",
            )
        )
    return tuple(found)


def amounts_of(kind: type[FactData]) -> tuple[Money, ...]:
    """Return the amounts of a kind: each field `x_minor`, in the asset of `x_asset`, else of `asset`.

    An amount due tells its own amount in `asset`; what it is for is in assets of its own.
    """
    names = {one.name for one in msgspec.structs.fields(kind)}
    found: list[Money] = []
    for one in msgspec.structs.fields(kind):
        name = one.name.removesuffix("_minor")
        if name == one.name or one.type is not int:
            continue
        if f"{name}_asset" in names:
            found.append(Money(name=name, field=one.name, asset_field=f"{name}_asset"))
        elif "asset" in names and (kind.KIND not in DUES or name == "amount"):
            found.append(Money(name=name, field=one.name, asset_field="asset"))
    return tuple(found)


def reader_of(
    *,
    trigger: str,
    viewer_field: str,
    amounts: tuple[Money, ...],
    fields: tuple[Field, ...],
    reference: str | None = None,
    prefix: str = "",
    unpaid_if: str | None = None,
) -> Reader:
    """Return what reads a fact of a kind: position, time, data → Happening.

    The happening's reference is `prefix` and the field `reference`. With a field `unpaid_if` that is there,
    the amount "paid" is 0.
    """
    plain = tuple((one.field, one.attribute.name, one.default) for one in fields if not one.is_list)
    lists = tuple((one.field, one.attribute.name, one.default) for one in fields if one.is_list)
    money = tuple((one.name, one.field, one.asset_field) for one in amounts)
    times = (TIMES, 1)

    def read(position: int, at: datetime, data: Mapping[str, Any]) -> Happening:
        get = data.get
        told: dict[str, tuple[str, int]] = {TIMES: times}
        for name, field, asset_field in money:
            asset = get(asset_field)
            if asset is not None:
                told[name] = (asset, get(field, 0))
        if unpaid_if is not None and get(unpaid_if) is not None:
            told["paid"] = (told["paid"][0], 0)
        values: dict[str, Value] = {}
        for field, name, default in plain:
            value = get(field, default)
            if value is not None:
                values[name] = value
        for field, name, default in lists:
            values[name] = tuple(get(field, default) or ())
        named = None if reference is None else get(reference)
        return Happening(
            trigger,
            position,
            at,
            data[viewer_field],
            told,
            values,
            None if named is None else f"{prefix}{named}",
        )

    return read


def _attribute(field: str, sort: Sort, choices: tuple[str, ...]) -> Attribute:
    shared = SHARED.get(field)
    if shared is not None:
        en, zh = NAMED[shared]
        choices = tuple(sorted(DUES)) if shared == "sells" else choices
        return Attribute(name=shared, sort=sort, en=en, zh=zh, choices=choices)
    en = field.replace("_", " ")
    return Attribute(name=f"fact.{field}", sort=sort, en=en, zh=WORDS_ZH.get(field, en), choices=choices)


def _sort_of(kind: object) -> tuple[Sort | None, tuple[str, ...]]:
    """Return the sort of values of a field's type, and all there are where it names them."""
    origin = get_origin(kind)
    if origin in {Union, UnionType}:
        parts = [one for one in get_args(kind) if one is not NoneType]
        return _sort_of(parts[0]) if len(parts) == 1 else (None, ())
    if origin is Literal:
        return "text", tuple(str(one) for one in get_args(kind))
    if origin is tuple and get_args(kind) == (str, ...):
        return "list", ()
    sorts: dict[object, Sort] = {str: "text", bool: "flag", int: "number"}
    return sorts.get(kind), ()
