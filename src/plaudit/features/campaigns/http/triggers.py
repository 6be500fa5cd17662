"""The catalogue that screens for terms are built from: triggers, their amounts, their attributes."""

from typing import Any, Final

import msgspec

from plaudit.features.campaigns.http.fields import READ, TAGS
from plaudit.features.campaigns.model.attributes import Attribute, Sort
from plaudit.features.campaigns.model.terms import Operator
from plaudit.features.campaigns.model.triggers import TRIGGERS, Trigger
from plaudit.platform.web import get


class AmountView(msgspec.Struct, kw_only=True):
    """An amount that rewards can be worked out from."""

    name: str
    en: str
    zh: str


class AttributeView(msgspec.Struct, kw_only=True):
    """What conditions can ask about; `choices` are all its values, where they are known beforehand."""

    name: str
    sort: Sort
    operators: list[Operator]
    choices: list[str]
    en: str
    zh: str


class TriggerView(msgspec.Struct, kw_only=True):
    """A trigger: the kind of fact it goes by, and the kinds that undo it."""

    trigger: str
    kind: str
    undone_by: list[str]
    amounts: list[AmountView]
    attributes: list[AttributeView]
    en: str
    zh: str


class Triggers(msgspec.Struct, kw_only=True):
    """All triggers."""

    items: list[TriggerView]


@get("/v1/campaign-triggers", opt=READ, summary="What campaigns can go by", tags=TAGS)
async def list_triggers() -> Triggers:
    """Return the catalogue of triggers with their amounts and attributes, in English and Chinese."""
    return _CATALOGUE


ROUTES: Final[tuple[Any, ...]] = (list_triggers,)


def _trigger(one: Trigger) -> TriggerView:
    return TriggerView(
        trigger=one.name,
        kind=one.kind,
        undone_by=list(one.undone_by),
        amounts=[AmountView(name=name, en=en, zh=zh) for name, (en, zh) in one.amounts.items()],
        attributes=[_attribute(attribute) for attribute in one.attributes.values()],
        en=one.en,
        zh=one.zh,
    )


def _attribute(one: Attribute) -> AttributeView:
    return AttributeView(
        name=one.name,
        sort=one.sort,
        operators=list(one.operators),
        choices=list(one.choices),
        en=one.en,
        zh=one.zh,
    )


_CATALOGUE: Final = Triggers(items=[_trigger(one) for one in TRIGGERS.values()])
