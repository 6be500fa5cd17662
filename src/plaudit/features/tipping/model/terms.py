"""How a tip is shared: terms, the split between creator, guild and platform, and the reversal of a part.

The rule of the remainder, the same for a split and for what a reversal leaves standing:

1. The creator's share is the creator's ratio of the amount, rounded up to a whole minor unit.
2. Of what the creator leaves, the guild has its proportion, rounded down.
3. The platform keeps the rest. A creator without a guild leaves the guild's share to the platform.

So no unit is lost and none is rounded against the creator, whose share is the same with a guild and without.
Rounding each share by itself would not do: "guild and platform down, the rest to the creator" gives a creator
at 70/15/15 per cent 15 units of 19 but 14 units of 20, and a part reversal would ask a party for units that
it never had. By the rule above every share grows, or stays, when the amount grows, and that is what keeps
every leg of every reversal at zero or more.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import Final, Literal, TypeAlias, get_args

import msgspec

from plaudit.kernel.ids import valid_name
from plaudit.kernel.money import MAX_MINOR
from plaudit.kernel.rate import Rate
from plaudit.kernel.refusal import Refusal, invalid, refused

Basis: TypeAlias = Literal["fixed", "monthly"]

TIERS_MAX: Final = 50
DENOMINATOR_MAX: Final = 1_000_000
"""A ratio is stated to a millionth at most: finer ones are slips of the pen."""

_NO_EDGE: Final = 1 << 128

_Cut: TypeAlias = tuple[int, int, int, int, int]
"""Up to which volume; what the creator leaves, and the guild's proportion of that, each as two integers."""


class Shares(msgspec.Struct, frozen=True, gc=False):
    """Who has how much of a tip, in minor units of its asset, each zero or more."""

    creator_minor: int
    guild_minor: int
    platform_minor: int

    @property
    def amount_minor(self) -> int:
        """The whole that was shared."""
        return self.creator_minor + self.guild_minor + self.platform_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """The ratios from a volume on: `from_minor` in the tip's asset, itself included."""

    from_minor: int
    creator: Rate
    guild: Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """One revision of the terms that creators are paid by; the platform has what creator and guild leave.

    `fixed` has one tier. `monthly` counts what the creator was tipped in the calendar month of the tip, in
    the tip's asset, before the tip: a tip that crosses the edge of a tier is split at the edge. Constructing
    raises Refusal `terms.invalid` (INVALID) unless the tiers ascend from 0 and every tier's ratios are at
    most the whole.
    """

    id: str
    revision: int
    basis: Basis
    tiers: tuple[Tier, ...]
    cuts: tuple[_Cut, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the terms and work out the integers of the split once, for a path taken by every tip."""
        _check_terms(self)
        edges = [tier.from_minor for tier in self.tiers[1:]] + [_NO_EDGE]
        cuts = tuple(_cut(until, tier) for until, tier in zip(edges, self.tiers, strict=True))
        object.__setattr__(self, "cuts", cuts)


def tier_of(*, from_minor: int, creator: str, guild: str | None = None) -> Tier:
    """Return a tier with its ratios written as "70%", "0.7" or "7/10"; no guild ratio means none.

    Raises Refusal `terms.invalid` (INVALID) when a ratio cannot be read.
    """
    try:
        return Tier(
            from_minor=from_minor,
            creator=Rate.parse(creator),
            guild=Rate.parse("0" if guild is None else guild),
        )
    except ValueError as error:
        raise _wrong("tiers", 'Write each ratio like "70%", "0.7" or "7/10".') from error


def split_tip(*, terms: Terms, amount_minor: int, volume_before_minor: int, in_guild: bool) -> Shares:
    """Return the shares of a tip of `amount_minor` after `volume_before_minor` of tips in its month.

    Both in minor units of the tip's asset, zero or more. The volume does not matter to fixed terms. The
    shares sum to the amount; across the edge of a tier they are the sum of the shares of the parts on either
    side.
    """
    cuts = terms.cuts
    if len(cuts) == 1:
        _, left_numerator, left_denominator, guild_numerator, guild_denominator = cuts[0]
        left_minor = amount_minor * left_numerator // left_denominator
        guild_minor = left_minor * guild_numerator // guild_denominator if in_guild else 0
        return Shares(amount_minor - left_minor, guild_minor, left_minor - guild_minor)
    return _split_at_edges(cuts, amount_minor, volume_before_minor, in_guild=in_guild)


def kept_of(*, shares: Shares, rest_minor: int) -> Shares:
    """Return what stands of `shares` when `rest_minor` of the tip still stands, by the tip's own ratios.

    `rest_minor` is from 0 to the amount of the shares, which must not be zero.
    """
    amount_minor = shares.amount_minor
    left_whole_minor = amount_minor - shares.creator_minor
    left_minor = rest_minor * left_whole_minor // amount_minor
    guild_minor = left_minor * shares.guild_minor // left_whole_minor if left_whole_minor else 0
    return Shares(rest_minor - left_minor, guild_minor, left_minor - guild_minor)


def reversal_of(*, shares: Shares, reversed_before_minor: int, amount_minor: int | None) -> Shares:
    """Return what each party gives back when `amount_minor` of a tip is reversed, all minor units.

    `shares` are those of the tip; `reversed_before_minor` is what earlier reversals of it took back; an
    amount of None reverses all that still stands. The parts of all reversals that end a tip sum to its shares
    exactly, whatever the cuts, and none is negative. Raises Refusal `reversal.done` (REFUSED) when nothing is
    left, `reversal.amount` (REFUSED) when less than the amount is left, and (INVALID) when the amount is not
    positive.
    """
    standing_minor = shares.amount_minor - reversed_before_minor
    if standing_minor <= 0:
        raise refused(
            "reversal.done", "This tip is reversed in full already; there is nothing left to reverse."
        )
    if amount_minor is None:
        amount_minor = standing_minor
    if amount_minor <= 0:
        raise invalid("reversal.amount", "Send an amount above zero, or none to reverse all that is left.")
    if amount_minor > standing_minor:
        raise refused(
            "reversal.amount",
            f"Only {standing_minor} of this tip still stands; reverse that much or less.",
            standing_minor=standing_minor,
        )
    before = kept_of(shares=shares, rest_minor=standing_minor)
    after = kept_of(shares=shares, rest_minor=standing_minor - amount_minor)
    return Shares(
        before.creator_minor - after.creator_minor,
        before.guild_minor - after.guild_minor,
        before.platform_minor - after.platform_minor,
    )


def _split_at_edges(cuts: Sequence[_Cut], amount_minor: int, volume_minor: int, *, in_guild: bool) -> Shares:
    left_sum_minor = guild_sum_minor = 0
    end_minor = volume_minor + amount_minor
    for until_minor, left_numerator, left_denominator, guild_numerator, guild_denominator in cuts:
        if volume_minor < until_minor:
            part_end_minor = min(end_minor, until_minor)
            left_minor = (part_end_minor - volume_minor) * left_numerator // left_denominator
            left_sum_minor += left_minor
            if in_guild:
                guild_sum_minor += left_minor * guild_numerator // guild_denominator
            volume_minor = part_end_minor
            if end_minor <= until_minor:
                break
    return Shares(amount_minor - left_sum_minor, guild_sum_minor, left_sum_minor - guild_sum_minor)


def _cut(until_minor: int, tier: Tier) -> _Cut:
    left = 1 - tier.creator.fraction
    guild = Fraction(tier.guild.fraction, left) if left else Fraction(0)
    return until_minor, left.numerator, left.denominator, guild.numerator, guild.denominator


def _check_terms(terms: Terms) -> None:
    if not valid_name(terms.id):
        raise _wrong("terms", "Name the terms with letters, digits and _ . : @ -, at most 64.")
    if terms.basis not in get_args(Basis):
        raise _wrong("basis", 'Choose the basis "fixed" or "monthly".')
    tiers = terms.tiers
    if terms.basis == "fixed" and len(tiers) != 1:
        raise _wrong("tiers", 'Give fixed terms exactly one tier, or choose the basis "monthly".')
    if not 1 <= len(tiers) <= TIERS_MAX:
        raise _wrong("tiers", f"Give the terms 1 to {TIERS_MAX} tiers.")
    if tiers[0].from_minor != 0:
        raise _wrong("tiers", "Let the first tier start from 0.")
    edges = [tier.from_minor for tier in tiers]
    if any(later <= earlier for earlier, later in pairwise(edges)) or edges[-1] > MAX_MINOR:
        raise _wrong("tiers", f"Let every tier start above the one before it, at most from {MAX_MINOR}.")
    for tier in tiers:
        rates = (tier.creator, tier.guild)
        if any(rate.numerator < 0 or not 0 < rate.denominator <= DENOMINATOR_MAX for rate in rates):
            raise _wrong("tiers", "Write each ratio from 0% to 100%, to a millionth at most.")
        if tier.creator.fraction + tier.guild.fraction > 1:
            raise _wrong("tiers", "Let creator and guild together have at most 100% of a tip.")


def _wrong(name: str, message: str) -> Refusal:
    return invalid("terms.invalid", message, field=name)


DEFAULT_TERMS: Final = Terms(
    id="default", revision=0, basis="fixed", tiers=(tier_of(from_minor=0, creator="70%", guild="5%"),)
)
"""What a creator without terms is paid by, until the tenant saves terms of this name."""
