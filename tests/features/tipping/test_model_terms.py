"""How a tip is shared and given back: cases a person can check by hand, and what holds for all amounts."""

from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from plaudit.features.tipping.model import (
    DEFAULT_TERMS,
    Basis,
    Creator,
    Shares,
    Terms,
    Tier,
    check_not_self,
    kept_of,
    reversal_of,
    split_tip,
    tier_of,
)
from plaudit.kernel.money import MAX_MINOR
from plaudit.kernel.rate import Rate
from plaudit.kernel.refusal import Refusal, RefusalKind

AMOUNTS = st.one_of(st.integers(0, 2_000), st.integers(0, MAX_MINOR))
VOLUMES = st.one_of(st.integers(0, 5_000), st.integers(0, MAX_MINOR))


@st.composite
def tiers_from(draw: st.DrawFn, from_minor: int) -> Tier:
    """Draw ratios that together are at most the whole, in whole, hundredth and odd parts."""
    denominator = draw(st.sampled_from([1, 2, 3, 7, 20, 100, 9_973, 1_000_000]))
    creator = draw(st.integers(0, denominator))
    guild = draw(st.integers(0, denominator - creator))
    return Tier(from_minor=from_minor, creator=Rate(creator, denominator), guild=Rate(guild, denominator))


@st.composite
def any_terms(draw: st.DrawFn) -> Terms:
    """Draw fixed terms, or monthly terms with edges close enough for small tips to cross several."""
    edges = sorted(draw(st.lists(st.integers(1, 3_000), unique=True, max_size=5)))
    basis: Basis = "monthly" if bool(edges) or draw(st.booleans()) else "fixed"
    tiers = tuple(draw(tiers_from(edge)) for edge in [0, *edges])
    return Terms(id="drawn", revision=1, basis=basis, tiers=tiers)


def _sum(first: Shares, second: Shares) -> Shares:
    return Shares(
        first.creator_minor + second.creator_minor,
        first.guild_minor + second.guild_minor,
        first.platform_minor + second.platform_minor,
    )


def _parts(shares: Shares) -> tuple[int, int, int]:
    return shares.creator_minor, shares.guild_minor, shares.platform_minor


def _split(terms: Terms, amount_minor: int, volume_minor: int = 0, *, in_guild: bool = True) -> Shares:
    return split_tip(
        terms=terms, amount_minor=amount_minor, volume_before_minor=volume_minor, in_guild=in_guild
    )


MONTHLY = Terms(
    id="rising",
    revision=3,
    basis="monthly",
    tiers=(
        tier_of(from_minor=0, creator="50%", guild="10%"),
        tier_of(from_minor=1_000, creator="60%", guild="10%"),
        tier_of(from_minor=5_000, creator="0.7", guild="1/10"),
    ),
)


@pytest.mark.parametrize(
    ("amount_minor", "in_guild", "expected"),
    [
        (100, True, (70, 5, 25)),
        (100, False, (70, 0, 30)),
        (1, True, (1, 0, 0)),
        (10, True, (7, 0, 3)),
        (99, True, (70, 4, 25)),
        (99, False, (70, 0, 29)),
        (0, True, (0, 0, 0)),
    ],
)
def test_default_terms_share_a_tip(
    *, amount_minor: int, in_guild: bool, expected: tuple[int, int, int]
) -> None:
    assert _parts(_split(DEFAULT_TERMS, amount_minor, in_guild=in_guild)) == expected


@pytest.mark.parametrize(
    ("volume_minor", "amount_minor", "expected"),
    [
        (0, 100, (50, 10, 40)),
        (999, 1, (1, 0, 0)),
        (1_000, 100, (60, 10, 30)),
        (5_000, 100, (70, 10, 20)),
        (900, 200, (50 + 60, 10 + 10, 40 + 30)),
        (900, 4_200, (50 + 2_400 + 70, 10 + 400 + 10, 40 + 1_200 + 20)),
    ],
)
def test_a_tip_across_the_edge_of_a_tier_is_split_at_the_edge(
    volume_minor: int, amount_minor: int, expected: tuple[int, int, int]
) -> None:
    assert _parts(_split(MONTHLY, amount_minor, volume_minor)) == expected


@given(terms=any_terms(), amount_minor=AMOUNTS, volume_minor=VOLUMES, in_guild=st.booleans())
def test_no_unit_is_lost_and_none_is_negative(
    *, terms: Terms, amount_minor: int, volume_minor: int, in_guild: bool
) -> None:
    shares = _split(terms, amount_minor, volume_minor, in_guild=in_guild)
    assert shares.amount_minor == amount_minor
    assert min(_parts(shares)) >= 0
    assert in_guild or shares.guild_minor == 0


@given(tiers_from(0), AMOUNTS, VOLUMES)
def test_within_a_tier_the_stated_rule_holds_to_the_unit(
    tier: Tier, amount_minor: int, volume_minor: int
) -> None:
    shares = _split(Terms(id="t", revision=1, basis="fixed", tiers=(tier,)), amount_minor, volume_minor)
    assert shares.creator_minor == ceil(amount_minor * tier.creator.fraction)
    left_minor = amount_minor - shares.creator_minor
    left_ratio = 1 - tier.creator.fraction
    proportion = tier.guild.fraction / left_ratio if left_ratio else Fraction(0)
    assert shares.guild_minor == floor(left_minor * proportion)
    assert shares.guild_minor <= amount_minor * tier.guild.fraction
    assert shares.platform_minor == left_minor - shares.guild_minor


@given(any_terms(), AMOUNTS, VOLUMES)
def test_a_guild_costs_its_creator_nothing(terms: Terms, amount_minor: int, volume_minor: int) -> None:
    within = _split(terms, amount_minor, volume_minor, in_guild=True)
    without = _split(terms, amount_minor, volume_minor, in_guild=False)
    assert within.creator_minor == without.creator_minor
    assert without.platform_minor == within.platform_minor + within.guild_minor


@given(
    terms=any_terms(),
    volume_minor=st.integers(0, 4_000),
    amount_minor=st.integers(0, 4_000),
    in_guild=st.booleans(),
)
def test_two_tips_that_meet_at_an_edge_are_shared_like_one(
    *, terms: Terms, volume_minor: int, amount_minor: int, in_guild: bool
) -> None:
    whole = _split(terms, amount_minor, volume_minor, in_guild=in_guild)
    for tier in terms.tiers:
        if volume_minor <= tier.from_minor <= volume_minor + amount_minor:
            before_minor = tier.from_minor - volume_minor
            first = _split(terms, before_minor, volume_minor, in_guild=in_guild)
            second = _split(terms, amount_minor - before_minor, tier.from_minor, in_guild=in_guild)
            assert _sum(first, second) == whole


@given(
    terms=any_terms(),
    volume_minor=VOLUMES,
    amount_minor=AMOUNTS,
    more_minor=st.integers(1, 50),
    in_guild=st.booleans(),
)
def test_nobody_has_less_of_a_larger_tip(
    *, terms: Terms, volume_minor: int, amount_minor: int, more_minor: int, in_guild: bool
) -> None:
    smaller = _split(terms, amount_minor, volume_minor, in_guild=in_guild)
    larger = _split(terms, amount_minor + more_minor, volume_minor, in_guild=in_guild)
    assert all(less <= more for less, more in zip(_parts(smaller), _parts(larger), strict=True))


@given(tiers_from(0), AMOUNTS, VOLUMES)
def test_monthly_terms_of_one_tier_are_fixed_terms(tier: Tier, amount_minor: int, volume_minor: int) -> None:
    monthly = Terms(id="t", revision=1, basis="monthly", tiers=(tier,))
    fixed = Terms(id="t", revision=1, basis="fixed", tiers=(tier,))
    assert _split(monthly, amount_minor, volume_minor) == _split(fixed, amount_minor, 0)


@given(st.tuples(AMOUNTS, AMOUNTS, AMOUNTS), st.data())
def test_the_parts_of_all_reversals_are_the_shares_whatever_the_cuts(
    parts: tuple[int, int, int], data: st.DataObject
) -> None:
    shares = Shares(*parts)
    assume(shares.amount_minor > 0)
    cuts = data.draw(st.lists(st.integers(1, shares.amount_minor), max_size=8, unique=True).map(sorted))
    reversed_minor, total = 0, Shares(0, 0, 0)
    for until_minor in [*cuts, shares.amount_minor]:
        if until_minor > reversed_minor:
            part = reversal_of(
                shares=shares, reversed_before_minor=reversed_minor, amount_minor=until_minor - reversed_minor
            )
            assert part.amount_minor == until_minor - reversed_minor
            assert min(_parts(part)) >= 0
            total, reversed_minor = _sum(total, part), until_minor
            assert all(back <= had for back, had in zip(_parts(total), parts, strict=True))
    assert total == shares


@given(st.tuples(AMOUNTS, AMOUNTS, AMOUNTS), st.data())
def test_what_stands_after_a_reversal_is_not_rounded_against_the_creator(
    parts: tuple[int, int, int], data: st.DataObject
) -> None:
    shares = Shares(*parts)
    assume(shares.amount_minor > 0)
    rest_minor = data.draw(st.integers(0, shares.amount_minor))
    kept = kept_of(shares=shares, rest_minor=rest_minor)
    assert kept.amount_minor == rest_minor
    assert kept.creator_minor == ceil(Fraction(rest_minor * shares.creator_minor, shares.amount_minor))
    assert kept.guild_minor <= Fraction(rest_minor * shares.guild_minor, shares.amount_minor)


def test_a_reversal_one_unit_at_a_time_never_asks_a_party_for_what_it_did_not_have() -> None:
    shares = Shares(0, 1, 1)
    first = reversal_of(shares=shares, reversed_before_minor=0, amount_minor=1)
    second = reversal_of(shares=shares, reversed_before_minor=1, amount_minor=None)
    assert _sum(first, second) == shares
    assert first.creator_minor == second.creator_minor == 0


def test_a_reversal_without_an_amount_takes_all_that_is_left() -> None:
    shares = Shares(70, 5, 25)
    assert reversal_of(shares=shares, reversed_before_minor=0, amount_minor=None) == shares
    assert reversal_of(shares=shares, reversed_before_minor=60, amount_minor=None) == Shares(28, 2, 10)


@pytest.mark.parametrize(
    ("reversed_before_minor", "amount_minor", "code", "kind"),
    [
        (100, None, "reversal.done", RefusalKind.REFUSED),
        (100, 1, "reversal.done", RefusalKind.REFUSED),
        (60, 41, "reversal.amount", RefusalKind.REFUSED),
        (0, 0, "reversal.amount", RefusalKind.INVALID),
        (0, -1, "reversal.amount", RefusalKind.INVALID),
    ],
)
def test_a_tip_is_not_reversed_twice(
    reversed_before_minor: int, amount_minor: int | None, code: str, kind: RefusalKind
) -> None:
    with pytest.raises(Refusal) as refusal:
        reversal_of(
            shares=Shares(70, 5, 25), reversed_before_minor=reversed_before_minor, amount_minor=amount_minor
        )
    assert (refusal.value.code, refusal.value.kind) == (code, kind)


@pytest.mark.parametrize(
    ("basis", "tiers"),
    [
        ("fixed", ()),
        ("monthly", ()),
        ("fixed", ((0, "50%", "0"), (10, "60%", "0"))),
        ("monthly", ((1, "50%", "0"),)),
        ("monthly", ((0, "50%", "0"), (10, "60%", "0"), (10, "70%", "0"))),
        ("monthly", ((0, "50%", "0"), (20, "60%", "0"), (10, "70%", "0"))),
        ("monthly", ((0, "50%", "0"), (MAX_MINOR + 1, "60%", "0"))),
        ("fixed", ((0, "80%", "21%"),)),
        ("fixed", ((0, "101%", None),)),
        ("fixed", ((0, "seventy", None),)),
        ("fixed", ((0, "70%", "-1%"),)),
        ("fixed", ((0, "0.12345678", None),)),
    ],
)
def test_terms_that_cannot_be_paid_by_are_refused(
    basis: str, tiers: tuple[tuple[int, str, str | None], ...]
) -> None:
    with pytest.raises(Refusal) as refusal:
        Terms(
            id="t",
            revision=1,
            basis=basis,  # type: ignore[arg-type]
            tiers=tuple(
                tier_of(from_minor=start, creator=creator, guild=guild) for start, creator, guild in tiers
            ),
        )
    assert (refusal.value.code, refusal.value.kind) == ("terms.invalid", RefusalKind.INVALID)


def test_terms_have_a_name_of_the_usual_form() -> None:
    with pytest.raises(Refusal, match=r"terms\.invalid"):
        Terms(id="a/b", revision=1, basis="fixed", tiers=(tier_of(from_minor=0, creator="1"),))


def test_a_basis_that_does_not_exist_is_refused() -> None:
    with pytest.raises(Refusal, match=r"terms\.invalid"):
        Terms(id="t", revision=1, basis="weekly", tiers=(tier_of(from_minor=0, creator="1"),))  # type: ignore[arg-type]


def test_nobody_tips_themselves() -> None:
    check_not_self(viewer="v1", creator="c1")
    with pytest.raises(Refusal, match=r"tip\.self"):
        check_not_self(viewer="c1", creator="c1")


@pytest.mark.parametrize("names", [("a/b", None, None), ("c1", "", None), ("c1", "g1", "t t")])
def test_a_creator_is_registered_by_names_of_the_usual_form(
    names: tuple[str, str | None, str | None],
) -> None:
    creator, guild, terms = names
    with pytest.raises(Refusal, match=r"creator\.invalid"):
        Creator(id=creator, guild=guild, terms=terms, revision=1)
    assert Creator(id="c1", guild=None, terms=None, revision=1).guild is None
