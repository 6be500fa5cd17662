"""The chart of accounts: which addresses exist, how low they may go, whose they are.

An address is a path whose last segment is the asset code: `viewer/v1/coin`, `creator/c1/earnings/USD`,
`offer/vip/stock/seat`. What wallets hold may be any asset there; units have accounts of their own. Before
any of them, `held/` names its escrow: what holds have set aside from that account.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from plaudit.kernel.ids import valid_name
from plaudit.kernel.refusal import Refusal, not_found
from plaudit.vocabulary.assets import UNITS, Asset, asset_of
from plaudit.vocabulary.chart.addresses import (
    HELD,
    adjustment,
    bank,
    campaign_budget,
    campaign_coupons,
    channel_account,
    channel_fees,
    clearing,
    creator_earnings,
    gift_issued,
    guild_earnings,
    held,
    issuance,
    losses,
    offer_code,
    offer_issued,
    offer_pledged,
    offer_sold,
    offer_stock,
    offer_waiting,
    platform_revenue,
    show_deposits,
    show_right,
    show_takings,
    units_issued,
    user_funds,
    viewer_chances,
    viewer_debt,
    viewer_gift,
    viewer_pending,
    viewer_right,
    viewer_rights,
    viewer_voucher,
    viewer_wallet,
)
from plaudit.vocabulary.chart.templates import TEMPLATES, Template, escrow_of

__all__ = [
    "TEMPLATES",
    "Account",
    "Template",
    "account_of",
    "adjustment",
    "bank",
    "campaign_budget",
    "campaign_coupons",
    "channel_account",
    "channel_fees",
    "clearing",
    "creator_earnings",
    "escrow_of",
    "gift_issued",
    "guild_earnings",
    "held",
    "issuance",
    "losses",
    "offer_code",
    "offer_issued",
    "offer_pledged",
    "offer_sold",
    "offer_stock",
    "offer_waiting",
    "platform_revenue",
    "show_deposits",
    "show_right",
    "show_takings",
    "units_issued",
    "user_funds",
    "viewer_chances",
    "viewer_debt",
    "viewer_gift",
    "viewer_pending",
    "viewer_right",
    "viewer_rights",
    "viewer_voucher",
    "viewer_wallet",
]

_SHOWN_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Account:
    """An address as the chart reads it: template, asset, and the ids in it by name ("viewer", "guild")."""

    template: Template
    asset: Asset
    variables: Mapping[str, str]


def account_of(address: str) -> Account:
    """Return what the chart says of an address.

    Raises Refusal `account.unknown` (NOT_FOUND) when no template fits or an id breaks the rule of names, and
    `asset.unknown` (NOT_FOUND) when only its asset is unknown.
    """
    in_escrow = address.startswith(HELD)
    segments = (address[len(HELD) :] if in_escrow else address).split("/", _SEGMENTS_MAX)
    for sort in _SORTS.get((segments[0], len(segments)), ()):
        variables = _read(sort.segments, segments)
        if variables is not None:
            break
    else:
        raise _unknown(address)
    code = variables.pop("asset", None)
    asset = UNITS[segments[-1]] if code is None else asset_of(code)
    return Account(template=sort.escrow if in_escrow else sort.base, asset=asset, variables=variables)


def _read(pattern: Sequence[str], segments: Sequence[str]) -> dict[str, str] | None:
    """Return the ids in an address by name, None where it does not fit the pattern."""
    variables: dict[str, str] = {}
    for wanted, segment in zip(pattern, segments, strict=True):
        if wanted[0] == "{":
            if not valid_name(segment):
                return None
            variables[wanted[1:-1]] = segment
        elif wanted != segment:
            return None
    return variables


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


def _sorts() -> dict[tuple[str, int], tuple[_Sort, ...]]:
    sorts: dict[tuple[str, int], tuple[_Sort, ...]] = {}
    for sort in map(_sort_of, TEMPLATES):
        place = (sort.segments[0], len(sort.segments))
        sorts[place] = (*sorts.get(place, ()), sort)
    return sorts


_SORTS: Final = _sorts()
_SEGMENTS_MAX: Final = max(length for _, length in _SORTS)
