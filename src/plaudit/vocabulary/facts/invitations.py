"""Facts of the feature invitations: whose link is whose, and what came of a friend who followed it."""

from datetime import datetime
from typing import ClassVar, Literal, TypeAlias

import msgspec

from plaudit.vocabulary.facts.base import FactData

Shortfall: TypeAlias = Literal["debt", "available"]


class Reward(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What one side gets: `amount_minor` of the kinds "coin" and "points", else `quantity` of an `item`."""

    kind: str
    amount_minor: int = 0
    item: str | None = None
    quantity: int = 0


class TakenBack(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What was taken back of one viewer's reward in one asset.

    `amount_minor` left the wallet, `debt_minor` is owed from now on, `lost_minor` was written off.
    """

    viewer: str
    asset: str
    amount_minor: int = 0
    debt_minor: int = 0
    lost_minor: int = 0


class InvitationRuleSaved(FactData, frozen=True, kw_only=True):
    """What invitations to a show earn was decided, or to all shows without a rule of their own (no `show`).

    `valid_from` (from then on) and `valid_until` (before) bound it. At most `per_day_max` friends a day and
    `per_show_max` a show are rewarded for one inviter. "debt": what was spent of a reward that is taken back
    is owed, up to `debt_limit_minor`; "available": it is written off.
    """

    KIND: ClassVar[str] = "invitation.rule.saved"
    VERSION: ClassVar[int] = 1

    revision: int
    enabled: bool
    inviter: tuple[Reward, ...]
    friend: tuple[Reward, ...]
    per_day_max: int
    per_show_max: int
    landing_url: str
    shortfall: Shortfall
    debt_limit_minor: int = 0
    show: str | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None


class InvitationPictureSaved(FactData, frozen=True, kw_only=True):
    """The picture on a show's posters was set, or removed (no `picture_hash`)."""

    KIND: ClassVar[str] = "invitation.picture.saved"
    VERSION: ClassVar[int] = 1

    show: str
    revision: int
    picture_hash: str | None = None
    size_bytes: int = 0


class InvitationOpened(FactData, frozen=True, kw_only=True):
    """A ticket holder has a personal link to a show, or changed the name that its poster shows."""

    KIND: ClassVar[str] = "invitation.opened"
    VERSION: ClassVar[int] = 1

    invitation: str
    viewer: str
    show: str


class InvitationData(FactData, frozen=True, kw_only=True):
    """What facts about one friend's ticket say; `ticket` is the position of its `ticket.issued`."""

    ticket: int
    order: int
    show: str
    friend: str


class InvitationRewarded(InvitationData, frozen=True, kw_only=True):
    """A friend has paid, and both sides were rewarded.

    Coins and points were credited with this fact, after what a wallet owes; other kinds follow as
    `reward.due`. It was decided by `rule_revision` of the show's own rule, or of the tenant's (`own_rule`
    false).
    """

    KIND: ClassVar[str] = "invitation.rewarded"
    VERSION: ClassVar[int] = 1

    invitation: str
    inviter: str
    inviter_rewards: tuple[Reward, ...]
    friend_rewards: tuple[Reward, ...]
    rule_revision: int
    own_rule: bool


class InvitationRefused(InvitationData, frozen=True, kw_only=True):
    """A friend has paid and nobody is rewarded for it; the ticket is not touched. `code` says why.

    `invitation` and `inviter` are left out where the ticket named an invitation that there is not.
    """

    KIND: ClassVar[str] = "invitation.refused"
    VERSION: ClassVar[int] = 1

    code: str
    invitation: str | None = None
    inviter: str | None = None


class InvitationReversed(InvitationData, frozen=True, kw_only=True):
    """All seats of a rewarded order went back: coins and points were taken back from both.

    `rewarded` is the position of the fact that is undone; its rewards of other kinds are revoked by
    `reward.revoked`.
    """

    KIND: ClassVar[str] = "invitation.reversed"
    VERSION: ClassVar[int] = 1

    rewarded: int
    invitation: str
    inviter: str
    parts: tuple[TakenBack, ...]
