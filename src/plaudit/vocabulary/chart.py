"""The chart of accounts: which addresses exist, how low they may go, whose they are.

An address is a path whose last segment is the asset code: `viewer/v1/coin`, `creator/c1/earnings/USD`. Before
any of them, `held/` names its escrow: what holds have set aside from that account.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from plaudit.kernel.ids import valid_name
from plaudit.kernel.refusal import Refusal, not_found
from plaudit.vocabulary.assets import Asset, asset_of

_HELD: Final = "held/"
_SHOWN_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Template:
    """One sort of account.

    `floor` is the lowest balance in minor units, None where the account may go below zero without end. `rank`
    orders locks: the accounts that many commands share come last. `owner` is the feature that answers for it.
    """

    name: str
    pattern: str
    floor: int | None
    rank: int
    owner: str
    sentence_en: str
    sentence_zh: str


@dataclass(frozen=True, slots=True)
class Account:
    """An address as the chart reads it: template, asset, and the ids in it by name ("viewer", "guild")."""

    template: Template
    asset: Asset
    variables: Mapping[str, str]


def viewer_wallet(*, viewer: str, asset: str) -> str:
    """Return the address of a viewer's wallet in one asset. Checks nothing, as all builders here."""
    return f"viewer/{viewer}/{asset}"


def creator_earnings(*, creator: str, asset: str) -> str:
    """Return the address of what a creator has earned in one asset."""
    return f"creator/{creator}/earnings/{asset}"


def guild_earnings(*, guild: str, asset: str) -> str:
    """Return the address of what a guild has earned in one asset."""
    return f"guild/{guild}/earnings/{asset}"


def platform_revenue(*, asset: str) -> str:
    """Return the address of the platform's own share in one asset."""
    return f"platform/revenue/{asset}"


def issuance(*, asset: str) -> str:
    """Return the address all credits come from: minus its balance is what was issued in this asset."""
    return f"issuance/{asset}"


def adjustment(*, asset: str) -> str:
    """Return the counter-account of corrections by maker and checker in one asset."""
    return f"adjustment/{asset}"


def viewer_debt(*, viewer: str, asset: str) -> str:
    """Return the address of what a viewer owes in one asset: minus its balance."""
    return f"viewer/{viewer}/debt/{asset}"


def channel_account(*, account: str, asset: str) -> str:
    """Return the address of what a payment channel keeps for the platform: minus its balance."""
    return f"channel/{account}/{asset}"


def clearing(*, asset: str) -> str:
    """Return the address of what was paid and not yet turned into what was bought, or not yet given back."""
    return f"clearing/{asset}"


def user_funds(*, asset: str) -> str:
    """Return the address of the users' money: what was paid for balances that viewers hold."""
    return f"users/funds/{asset}"


def bank(*, asset: str) -> str:
    """Return the address of what channels paid out to the platform's bank: minus its balance."""
    return f"bank/{asset}"


def channel_fees(*, asset: str) -> str:
    """Return the address of what channels have charged: minus its balance."""
    return f"fees/{asset}"


def losses(*, asset: str) -> str:
    """Return the address of what could not be taken back: minus its balance."""
    return f"losses/{asset}"


def held(address: str) -> str:
    """Return the address of the escrow in which holds on `address` keep their amount."""
    return _HELD + address


def account_of(address: str) -> Account:
    """Return what the chart says of an address.

    Raises Refusal `account.unknown` (NOT_FOUND) when no template fits or an id breaks the rule of names, and
    `asset.unknown` (NOT_FOUND) when only its asset is unknown.
    """
    in_escrow = address.startswith(_HELD)
    segments = (address[len(_HELD) :] if in_escrow else address).split("/", _SEGMENTS_MAX)
    sort = _SORTS.get((segments[0], len(segments)))
    if sort is None:
        raise _unknown(address)
    variables: dict[str, str] = {}
    for wanted, segment in zip(sort.segments, segments, strict=True):
        if wanted[0] == "{":
            if not valid_name(segment):
                raise _unknown(address)
            variables[wanted[1:-1]] = segment
        elif wanted != segment:
            raise _unknown(address)
    asset = asset_of(variables.pop("asset"))
    return Account(template=sort.escrow if in_escrow else sort.base, asset=asset, variables=variables)


TEMPLATES: Final[tuple[Template, ...]] = (
    Template(
        name="viewer.wallet",
        pattern="viewer/{viewer}/{asset}",
        floor=0,
        rank=0,
        owner="wallets",
        sentence_en="What a viewer can spend.",
        sentence_zh="观众可以花费的余额。",
    ),
    Template(
        name="creator.earnings",
        pattern="creator/{creator}/earnings/{asset}",
        floor=0,
        rank=1,
        owner="tipping",
        sentence_en="What a creator has earned and not yet been paid.",
        sentence_zh="主播已获得、尚未支付的收入。",
    ),
    Template(
        name="guild.earnings",
        pattern="guild/{guild}/earnings/{asset}",
        floor=0,
        rank=2,
        owner="tipping",
        sentence_en="What a guild has earned from its creators and not yet been paid.",
        sentence_zh="公会从其主播处获得、尚未支付的收入。",
    ),
    Template(
        name="platform.revenue",
        pattern="platform/revenue/{asset}",
        floor=0,
        rank=3,
        owner="tipping",
        sentence_en="The platform's own share.",
        sentence_zh="平台自身的分成。",
    ),
    Template(
        name="issuance",
        pattern="issuance/{asset}",
        floor=None,
        rank=4,
        owner="wallets",
        sentence_en="Where credits come from: minus its balance is what was issued and not taken back.",
        sentence_zh="入账的来源：其余额的相反数即已发行且未收回的总额。",
    ),
    Template(
        name="adjustment",
        pattern="adjustment/{asset}",
        floor=None,
        rank=5,
        owner="wallets",
        sentence_en="The other side of corrections that one person made and another approved.",
        sentence_zh="由一人提出、另一人批准的更正的对方科目。",
    ),
    Template(
        name="viewer.debt",
        pattern="viewer/{viewer}/debt/{asset}",
        floor=None,
        rank=6,
        owner="wallets",
        sentence_en="What a viewer owes after a refund of what was spent: minus its balance.",
        sentence_zh="退款时已花费部分形成的观众欠款：其余额的相反数，后续充值优先偿还。",
    ),
    Template(
        name="user.funds",
        pattern="users/funds/{asset}",
        floor=0,
        rank=7,
        owner="wallets",
        sentence_en="Users' money: what was paid for the balances that viewers hold.",
        sentence_zh="用户资金：观众为其余额所支付的款项。",
    ),
    Template(
        name="clearing",
        pattern="clearing/{asset}",
        floor=0,
        rank=8,
        owner="payments",
        sentence_en="Paid by viewers and not yet turned into what was bought, or on its way back to them.",
        sentence_zh="已付款但尚未兑现为所购内容、或正在退还的款项。",
    ),
    Template(
        name="channel.account",
        pattern="channel/{account}/{asset}",
        floor=None,
        rank=9,
        owner="payments",
        sentence_en="Cash in transit: minus its balance is what a payment channel keeps for the platform.",
        sentence_zh="在途资金：其余额的相反数即支付渠道代平台保管的款项。",
    ),
    Template(
        name="bank",
        pattern="bank/{asset}",
        floor=None,
        rank=10,
        owner="payments",
        sentence_en="What payment channels have paid out to the platform's bank: minus its balance.",
        sentence_zh="支付渠道已结算到平台银行账户的款项：其余额的相反数。",
    ),
    Template(
        name="channel.fees",
        pattern="fees/{asset}",
        floor=None,
        rank=11,
        owner="payments",
        sentence_en="What payment channels have charged: minus its balance.",
        sentence_zh="支付渠道已收取的手续费：其余额的相反数。",
    ),
    Template(
        name="losses",
        pattern="losses/{asset}",
        floor=None,
        rank=12,
        owner="payments",
        sentence_en="What could not be taken back from those who had it: minus its balance.",
        sentence_zh="无法追回的损失：其余额的相反数。",
    ),
)
"""All templates but the escrows; every one of them has its escrow, see `escrow_of`."""


def escrow_of(template: Template) -> Template:
    """Return the template of the escrow beside a template: same owner, same rank, never below zero."""
    return replace(
        template,
        name=f"{template.name}.held",
        pattern=f"{_HELD}{template.pattern}",
        floor=0,
        sentence_en=f"Set aside by holds from: {template.sentence_en}",
        sentence_zh=f"由预留从此科目划出：{template.sentence_zh}",
    )


@dataclass(frozen=True, slots=True)
class _Sort:
    segments: tuple[str, ...]
    base: Template
    escrow: Template


def _sort_of(template: Template) -> _Sort:
    return _Sort(segments=tuple(template.pattern.split("/")), base=template, escrow=escrow_of(template))


def _unknown(address: str) -> Refusal:
    return not_found(
        "account.unknown",
        "Use an address of the chart of accounts, such as viewer/v1/coin.",
        address=address[:_SHOWN_MAX],
    )


_SORTS: Final = {(sort.segments[0], len(sort.segments)): sort for sort in map(_sort_of, TEMPLATES)}
_SEGMENTS_MAX: Final = max(length for _, length in _SORTS)
