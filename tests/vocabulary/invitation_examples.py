"""One example of every fact about invitations."""

from datetime import UTC, datetime
from typing import Any, Final

from plaudit.vocabulary.facts import invitations
from plaudit.vocabulary.facts.base import FactData

_HASH: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_AT: Final = datetime(2026, 11, 22, 8, tzinfo=UTC)
_LATER: Final = datetime(2026, 12, 24, 12, tzinfo=UTC)
_INVITATION: Final = "inv_00000012J8V5QKQ0YB6P7XA"
_TICKET: Final[dict[str, Any]] = {"ticket": 9, "order": 7, "show": "winter", "friend": "v2"}
_COINS: Final = invitations.Reward(kind="coin", amount_minor=50)
_COUPON: Final = invitations.Reward(kind="coupon", item="ten-off", quantity=1)

INVITATION_EXAMPLES: Final[tuple[FactData, ...]] = (
    invitations.InvitationRuleSaved(
        revision=2,
        enabled=True,
        inviter=(_COINS, _COUPON),
        friend=(_COINS,),
        per_day_max=10,
        per_show_max=100,
        landing_url="https://live.example/{show}?inv={invitation}",
        shortfall="debt",
        debt_limit_minor=500,
        show="winter",
        valid_from=_AT,
        valid_until=_LATER,
    ),
    invitations.InvitationPictureSaved(show="winter", revision=1, picture_hash=_HASH, size_bytes=90_000),
    invitations.InvitationOpened(invitation=_INVITATION, viewer="v1", show="winter"),
    invitations.InvitationRewarded(
        **_TICKET,
        invitation=_INVITATION,
        inviter="v1",
        inviter_rewards=(_COINS, _COUPON),
        friend_rewards=(_COINS,),
        rule_revision=2,
        own_rule=True,
    ),
    invitations.InvitationRefused(**_TICKET, code="invitation.limit", invitation=_INVITATION, inviter="v1"),
    invitations.InvitationReversed(
        **_TICKET,
        rewarded=10,
        invitation=_INVITATION,
        inviter="v1",
        parts=(
            invitations.TakenBack(viewer="v1", asset="coin", amount_minor=20, debt_minor=30),
            invitations.TakenBack(viewer="v2", asset="coin", amount_minor=40, lost_minor=10),
        ),
    ),
)
