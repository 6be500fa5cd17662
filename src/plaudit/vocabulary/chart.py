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
