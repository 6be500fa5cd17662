"""What can be switched off, and how it is written: "tenant", "feature/tipping", "gift/rose"."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, cast, get_args

from plaudit.kernel.ids import valid_name
from plaudit.kernel.refusal import invalid

SwitchKind: TypeAlias = Literal[
    "tenant", "feature", "gift", "creator", "campaign", "prize", "channel", "show", "offer"
]

SWITCH_KINDS: Final[tuple[SwitchKind, ...]] = get_args(SwitchKind)

FEATURES: Final = (
    "identity",
    "risk",
    "wallets",
    "payments",
    "tipping",
    "presale",
    "admission",
    "invitations",
    "campaigns",
    "mall",
    "draws",
    "tasks",
    "payouts",
    "notifications",
    "boards",
    "insight",
)
"""The features that may be named; a misspelt one is refused rather than switched off without effect."""

TENANT: Final = "tenant"
"""The target that stops everything of the tenant."""

_SHOWN_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Target:
    """A parsed target; `id` is None for the tenant, the feature's name or the thing's id otherwise."""

    kind: SwitchKind
    id: str | None

    @property
    def text(self) -> str:
        """The target as it is written and stored."""
        return self.kind if self.id is None else f"{self.kind}/{self.id}"


def target_of(text: str) -> Target:
    """Return the target written as `text`. Raises Refusal `switch.target` (INVALID) when it is none."""
    if text == TENANT:
        return Target(kind="tenant", id=None)
    kind, slash, name = text.partition("/")
    fits = slash and kind in SWITCH_KINDS and kind != TENANT and valid_name(name)
    if not fits or (kind == "feature" and name not in FEATURES):
        raise invalid(
            "switch.target",
            "Name tenant, feature/NAME, gift/ID, creator/ID, campaign/ID, prize/ID, channel/ID, show/ID or"
            " offer/ID.",
            target=text[:_SHOWN_MAX],
        )
    return Target(kind=cast("SwitchKind", kind), id=name)


def feature(name: str) -> str:
    """Return the target of a feature. Checks nothing, as all builders here."""
    return "feature/" + name


def gift(gift_id: str) -> str:
    """Return the target of a gift."""
    return "gift/" + gift_id


def creator(creator_id: str) -> str:
    """Return the target of a creator."""
    return "creator/" + creator_id


def campaign(campaign_id: str) -> str:
    """Return the target of a campaign."""
    return "campaign/" + campaign_id


def prize(prize_id: str) -> str:
    """Return the target of a prize."""
    return "prize/" + prize_id


def channel(channel_id: str) -> str:
    """Return the target of a payment channel."""
    return "channel/" + channel_id


def show(show_id: str) -> str:
    """Return the target of a show."""
    return "show/" + show_id


def offer(offer_id: str) -> str:
    """Return the target of an offer."""
    return "offer/" + offer_id
