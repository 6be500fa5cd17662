"""The catalogue of triggers: what campaigns can go by, what each tells, and how facts are read.

Five triggers have names of their own. Every other kind of the vocabulary that says whose it is can be one
by its kind's name, with what its type has; a kind of a later feature comes by itself.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, TypeAlias

from msgspec import Struct

from plaudit.features.campaigns.model.attributes import EVERYWHERE, FIRST_EVER, Attribute
from plaudit.features.campaigns.model.happenings import TIMES, Described, Happening, Reversal
from plaudit.features.campaigns.model.readers import (
    Field,
    Money,
    Reader,
    amounts_of,
    fields_of,
    reader_of,
)
from plaudit.vocabulary.facts import FACTS
from plaudit.vocabulary.facts.base import FactData
from plaudit.vocabulary.facts.campaigns import ViewerAttributesSaved
from plaudit.vocabulary.facts.invitations import InvitationReversed, InvitationRewarded
from plaudit.vocabulary.facts.payments import PaymentRefunded, PaymentSucceeded
from plaudit.vocabulary.facts.tickets import TicketIssued, TicketRefunded
from plaudit.vocabulary.facts.tipping import TipReversed, TipSent
from plaudit.vocabulary.facts.wallets import TopupClawedBack, TopupCredited

Undoing: TypeAlias = Callable[[int, datetime, Mapping[str, Any]], Reversal]

DESCRIBED: Final = ViewerAttributesSaved.KIND
"""The kind of fact that says what a viewer is; see `described`."""

AMOUNTS: Final[dict[str, tuple[str, str]]] = {
    TIMES: ("times", "次数"),
    "paid": ("paid", "实付金额"),
    "bought": ("coins bought, without bonus", "购买数量（不含赠送）"),
    "value": ("value, gifts in hand included", "价值（含背包礼物）"),
    "amount": ("amount", "金额"),
    "repaid": ("repaid", "偿还的欠款"),
    "refunded": ("refunded", "已退的钱"),
    "topup": ("topup", "充值数量"),
    "deposit": ("deposit", "定金"),
    "forfeited": ("forfeited", "不退的定金"),
    "returned": ("returned", "退回的定金"),
    "refunded_before": ("refunded before", "此前已退金额"),
}
"""How amounts are called."""


class Trigger(Struct, frozen=True, kw_only=True):
    """What a campaign can go by. `amounts` and `attributes` are by name; `undone_by` are kinds of facts."""

    name: str
    kind: str
    en: str
    zh: str
    amounts: dict[str, tuple[str, str]]
    attributes: dict[str, Attribute]
    undone_by: tuple[str, ...] = ()


class _Own(Struct, frozen=True, kw_only=True):
    """What is said of a trigger beside its fact's type."""

    name: str
    fact: type[FactData]
    en: str
    zh: str
    viewer_field: str = "viewer"
    amounts: tuple[Money, ...] = ()
    only: frozenset[str] | None = None
    reference: str | None = None
    prefix: str = ""
    unpaid_if: str | None = None
    has_first: bool = True
    undone_by: tuple[str, ...] = ()


def _money(name: str, field: str = "amount_minor", asset_field: str = "asset") -> Money:
    return Money(name=name, field=field, asset_field=asset_field)


_OWN: Final = (
    _Own(
        name="topup",
        fact=TopupCredited,
        en="A top-up was paid",
        zh="充值到账",
        amounts=(_money("paid", "paid_minor", "paid_asset"), _money("bought")),
        reference="payment",
        undone_by=(PaymentRefunded.KIND,),
    ),
    _Own(
        name="payment",
        fact=PaymentSucceeded,
        en="A payment succeeded",
        zh="支付成功",
        viewer_field="payer",
        amounts=(_money("paid"),),
        reference="payment",
        undone_by=(PaymentRefunded.KIND,),
    ),
    _Own(
        name="tip",
        fact=TipSent,
        en="A tip was sent",
        zh="打赏",
        amounts=(_money("paid"), _money("value")),
        only=frozenset({"creator", "guild", "gift", "show", "room", "count", "anonymous", "funded"}),
        unpaid_if="funded",
        undone_by=(TipReversed.KIND,),
    ),
    _Own(
        name="ticket",
        fact=TicketIssued,
        en="Tickets were issued",
        zh="出票",
        amounts=(_money("paid", "paid_minor"),),
        reference="order",
        prefix="order/",
        undone_by=(TicketRefunded.KIND,),
    ),
    _Own(
        name="invitation",
        fact=InvitationRewarded,
        en="An invited friend has paid",
        zh="邀请成功",
        viewer_field="inviter",
        has_first=False,
        undone_by=(InvitationReversed.KIND,),
    ),
)

FIRSTS: Final = frozenset(one.name for one in _OWN if one.has_first)
"""The triggers whose first fact of each viewer is known."""

_KINDS_ZH: Final = {
    "wallet.credited": "钱包入账",
    "topup.ordered": "充值下单",
    "payment.opened": "发起支付",
    "payment.attempted": "尝试支付",
    "payment.attempt.failed": "支付尝试失败",
    "payment.failed": "支付失败",
    "payment.closed": "支付关闭",
    "payment.surplus": "多付款项",
    "payment.refund.requested": "申请退款",
    "payment.refund.approved": "退款通过",
    "payment.refund.rejected": "退款被拒",
    "payment.refund.failed": "退款失败",
    "payment.refund.retried": "重新退款",
    "payment.refund.undone": "退款未到账",
    "tip.ordered": "打赏下单",
    "ticket.ordered": "下单购票",
    "ticket.order.ended": "购票订单结束",
    "ticket.deposited": "支付定金",
    "ticket.forfeited": "逾期未付尾款",
    "ticket.pledged": "参团付款",
    "waiting.joined": "加入候补",
    "waiting.left": "退出候补",
    "waiting.offered": "候补到票",
    "waiting.passed": "候补票未领取",
    "invitation.opened": "生成邀请",
    "contact.saved": "保存联系方式",
    "access.revoked": "观看资格取消",
}

_NEVER: Final = frozenset({TopupClawedBack.KIND, "viewer.erased", DESCRIBED})
# What campaigns themselves cause must not cause campaigns.
_NEVER_PREFIXES: Final = ("campaign.", "reward.")


def _generic() -> tuple[_Own, ...]:
    """Return what can be said of all kinds that nobody named."""
    taken = {one.fact.KIND for one in _OWN} | {kind for one in _OWN for kind in one.undone_by} | _NEVER
    found: list[_Own] = []
    for kind, fact in FACTS.items():
        whose = next((name for name in ("viewer", "payer") if name in fact.__struct_fields__), None)
        if whose is None or kind in taken or kind.startswith(_NEVER_PREFIXES):
            continue
        found.append(
            _Own(
                name=kind,
                fact=fact,
                en=kind,
                zh=_KINDS_ZH.get(kind, kind),
                viewer_field=whose,
                amounts=amounts_of(fact),
                has_first=False,
            )
        )
    return tuple(found)


def _trigger(own: _Own, fields: tuple[Field, ...]) -> Trigger:
    names = (TIMES, *(one.name for one in own.amounts))
    attributes = (*EVERYWHERE, *((FIRST_EVER,) if own.has_first else ()), *(one.attribute for one in fields))
    return Trigger(
        name=own.name,
        kind=own.fact.KIND,
        en=own.en,
        zh=own.zh,
        amounts={name: AMOUNTS.get(name, (name.replace("_", " "), name)) for name in names},
        attributes={one.name: one for one in attributes},
        undone_by=own.undone_by,
    )


def _built() -> tuple[dict[str, Trigger], dict[str, Reader]]:
    triggers: dict[str, Trigger] = {}
    readers: dict[str, Reader] = {}
    for own in (*_OWN, *_generic()):
        fields = fields_of(own.fact, only=own.only)
        triggers[own.name] = _trigger(own, fields)
        readers[own.fact.KIND] = reader_of(
            trigger=own.name,
            viewer_field=own.viewer_field,
            amounts=own.amounts,
            fields=fields,
            reference=own.reference,
            prefix=own.prefix,
            unpaid_if=own.unpaid_if,
        )
    return triggers, readers


def _tip_reversed(position: int, at: datetime, data: Mapping[str, Any]) -> Reversal:
    return Reversal(position, at, "tip", data["tip"], None, data["reversed_minor"], None)


def _payment_refunded(position: int, at: datetime, data: Mapping[str, Any]) -> Reversal:
    return Reversal(
        position, at, "payment", None, data["payment"], data["refunded_minor"], data["paid_minor"]
    )


def _ticket_refunded(position: int, at: datetime, data: Mapping[str, Any]) -> Reversal:
    return Reversal(position, at, "ticket", None, f"order/{data['order']}", data["refunded_minor"], None)


def _invitation_reversed(position: int, at: datetime, data: Mapping[str, Any]) -> Reversal:
    return Reversal(position, at, "invitation", data["rewarded"], None, 1, 1)


_BUILT: Final = _built()
_READERS: Final = _BUILT[1]

TRIGGERS: Final[dict[str, Trigger]] = _BUILT[0]
"""All triggers by name."""

_UNDOING: Final[dict[str, Undoing]] = {
    TipReversed.KIND: _tip_reversed,
    PaymentRefunded.KIND: _payment_refunded,
    TicketRefunded.KIND: _ticket_refunded,
    InvitationReversed.KIND: _invitation_reversed,
}

KINDS: Final[tuple[str, ...]] = (*_READERS, *_UNDOING)
"""All kinds of facts to follow: those of triggers, and those that undo them."""

_ALL: Final[dict[str, Reader | Undoing]] = {**_READERS, **_UNDOING}


def read(kind: str, position: int, *, at: datetime, data: Mapping[str, Any]) -> Happening | Reversal | None:
    """Return what a fact is to campaigns, None for a kind they do not follow. `data` is the fact's JSON."""
    reader = _ALL.get(kind)
    return None if reader is None else reader(position, at, data)


def described(*, position: int, at: datetime, data: Mapping[str, Any]) -> Described:
    """Return what a fact of the kind DESCRIBED says."""
    return Described(data["viewer"], position, at, data.get("level"), tuple(data.get("tags", ())))
