"""Tickets that came by an invitation: why one earns nothing, and what that means in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

CIRCLE_MAX: Final = 100
"""How many inviters a chain is walked back for a circle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """An order that was paid for, and what is known of it when it is looked at.

    `position` is that of its `ticket.issued`, `at` when that happened. `invitation` is what the ticket named,
    None where that can be no id; `inviter` is None where there is no such invitation to the show. `is_first`:
    the friend's first order of the show; `same_instrument`: the inviter has paid with it, too; `in_circle`:
    the friend is among those by whom, one by the other, the inviter came.
    """

    position: int
    at: datetime
    order: int
    show: str
    friend: str
    invitation: str | None
    inviter: str | None
    is_first: bool
    same_instrument: bool
    in_circle: bool


class Reason(NamedTuple):
    """What a code means, in the languages of the people who ask."""

    en: str
    zh: str


REASONS: Final[Mapping[str, Reason]] = {
    "invitation.unknown": Reason(
        "The ticket named an invitation that there is not, or one to another show.",
        "门票所填的邀请不存在，或属于其他演出。",
    ),
    "invitation.self": Reason("Nobody is rewarded for inviting themselves.", "不能邀请自己。"),
    "invitation.repeat": Reason(
        "Only a friend's first order of a show is rewarded.", "只奖励好友在该演出的首次购票。"
    ),
    "invitation.instrument": Reason(
        "The friend has paid with an instrument that the inviter has paid with, too.",
        "好友使用了邀请人用过的支付账户。",
    ),
    "invitation.circle": Reason(
        "The inviter came by an invitation that leads back to this friend.", "邀请人自身的邀请链源自该好友。"
    ),
    "invitation.over": Reason(
        "Invitations to this show are switched off, or it is not their time.", "该演出的邀请未开启或已过期。"
    ),
    "invitation.no_ticket": Reason(
        "The inviter holds no ticket of this show any more.", "邀请人已不再持有该演出的门票。"
    ),
    "invitation.limit": Reason(
        "The inviter has been rewarded as often as the rule lets, that day or for this show.",
        "邀请人当日或该演出的奖励次数已达上限。",
    ),
    "account.frozen": Reason("An account of one side is frozen.", "其中一方的账户已被冻结。"),
    "ledger.range": Reason("A wallet cannot hold more.", "钱包余额已达上限。"),
    "switch.off": Reason("Invitations or the show were switched off.", "邀请功能或该演出已被关闭。"),
}
"""Every code of `invitation.refused`."""


def reason_of(code: str) -> Reason:
    """Return what a code means; a code of a later version is its own meaning."""
    return REASONS.get(code, Reason(code, code))


def objection(ticket: Ticket) -> str | None:
    """Return the code for which a ticket earns nothing whatever the rule says, None where it may earn."""
    checks = (
        ("invitation.unknown", ticket.inviter is None),
        ("invitation.self", ticket.inviter == ticket.friend),
        ("invitation.repeat", not ticket.is_first),
        ("invitation.instrument", ticket.same_instrument),
        ("invitation.circle", ticket.in_circle),
    )
    return next((code for code, applies in checks if applies), None)
