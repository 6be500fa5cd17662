"""Units of a gift in hand pay for that gift: the wallet is left alone, and everybody has a share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from plaudit.core.commands.command import Grant, Outcome
from plaudit.core.journal import read
from plaudit.kernel.actor import Actor
from plaudit.kernel.refusal import Refusal
from plaudit.vocabulary.facts.tipping import TipReversed, TipSent
from tests.app.edge import Caller, UnderTest, problem
from tests.features.bundles import bundle
from tests.features.floor import Floor

pytestmark = pytest.mark.anyio

GIFT = ("gift",)
IN_HAND, ISSUED = "viewer/v1/gift/rose/gift", "gift/rose/issued/gift"


async def ready(floor: Floor, *, count: int = 5, price_minor: int = 100) -> None:
    """Register c1 of guild g1, save a rose, and give v1 some of them in hand."""
    await floor.register("c1", guild="g1")
    await floor.gift("rose", price_minor)
    if count:
        await floor.bundle("v1", "rose", count)


def sent(outcome: Outcome) -> TipSent:
    assert isinstance(outcome.data, TipSent)
    return outcome.data


def taken_back(outcome: Outcome) -> TipReversed:
    assert isinstance(outcome.data, TipReversed)
    return outcome.data


async def test_units_go_back_and_their_value_is_split_by_the_same_terms(floor: Floor) -> None:
    await ready(floor)
    tip = sent(await floor.tip("v1", "c1", gift="rose", count=2, funding=GIFT))
    assert (tip.funded, tip.count, tip.amount_minor, tip.gift_revision) == ("gift", 2, 200, 1)
    assert await floor.everything() == {
        ISSUED: -3,
        IN_HAND: 3,
        "issuance/coin": -200,
        "creator/c1/earnings/coin": 140,
        "guild/g1/earnings/coin": 10,
        "platform/revenue/coin": 50,
    }


async def test_a_tip_from_the_wallet_leaves_the_units_alone(floor: Floor) -> None:
    await ready(floor)
    await floor.credit("v1", 100)
    assert sent(await floor.tip("v1", "c1", gift="rose")).funded is None
    assert await floor.balance(IN_HAND) == 5
    assert await floor.balance("viewer/v1/coin") == 0


async def test_no_more_are_given_than_there_are_in_hand(floor: Floor) -> None:
    await ready(floor, count=3)
    await floor.credit("v1", 1_000)
    with pytest.raises(Refusal) as refusal:
        await floor.tip("v1", "c1", gift="rose", count=4, funding=GIFT)
    assert refusal.value.code == "gift.insufficient"
    assert refusal.value.details == {"gift": "rose", "in_hand": 3, "count": 4}
    answers = await asyncio.gather(
        *(floor.tip("v1", "c1", gift="rose", funding=GIFT) for _ in range(10)), return_exceptions=True
    )
    assert sum(isinstance(one, Outcome) for one in answers) == 3
    assert {one.code for one in answers if isinstance(one, Refusal)} == {"gift.insufficient"}
    assert await floor.balance(IN_HAND) == 0
    assert await floor.balance("viewer/v1/coin") == 1_000


async def test_a_viewer_without_any_is_told_so(floor: Floor) -> None:
    await ready(floor, count=0)
    with pytest.raises(Refusal, match=r"gift\.insufficient") as refusal:
        await floor.tip("v1", "c1", gift="rose", funding=GIFT)
    assert refusal.value.details["in_hand"] == 0


async def test_units_pay_for_their_gift_alone_and_not_together_with_others(floor: Floor) -> None:
    await ready(floor)
    await floor.gift("tulip", 1)
    await floor.policy(presets_minor=(100,))
    before = await floor.everything()
    for wish, funding, code in (
        ({"amount_minor": 100}, GIFT, "funding.unsupported"),
        ({"preset": 0}, GIFT, "funding.unsupported"),
        ({"gift": "rose"}, ("gift", "wallet"), "funding.unsupported"),
        ({"gift": "rose"}, ("gift", "gift"), "funding.unsupported"),
        ({"gift": "rose"}, (), "funding.unsupported"),
        ({"gift": "tulip"}, GIFT, "gift.insufficient"),
        ({"gift": "lily"}, GIFT, "gift.unknown"),
        ({"gift": "rose", "asset": "CNY"}, GIFT, "tip.amount"),
    ):
        with pytest.raises(Refusal) as refusal:
            await floor.tip("v1", "c1", funding=funding, **wish)
        assert refusal.value.code == code, (wish, funding)
    assert await floor.everything() == before


async def test_what_refuses_a_tip_of_the_gift_refuses_its_units(floor: Floor) -> None:
    await ready(floor)
    await floor.policy(max_minor=150)
    with pytest.raises(Refusal, match=r"tip\.amount"):
        await floor.tip("v1", "c1", gift="rose", count=2, funding=GIFT)
    await floor.gift("rose", 100, shows=("s1",))
    with pytest.raises(Refusal, match=r"gift\.not_here"):
        await floor.tip("v1", "c1", gift="rose", show="s2", funding=GIFT)
    await floor.flip("gift/rose", off=True)
    with pytest.raises(Refusal, match=r"switch\.off"):
        await floor.tip("v1", "c1", gift="rose", show="s1", funding=GIFT)
    await floor.flip("gift/rose", off=False)
    await floor.freeze(IN_HAND, "debits")
    with pytest.raises(Refusal, match=r"account\.frozen"):
        await floor.tip("v1", "c1", gift="rose", show="s1", funding=GIFT)
    await floor.gift("rose", 100, on_sale=False)
    with pytest.raises(Refusal, match=r"gift\.ended"):
        await floor.tip("v1", "c1", gift="rose", show="s1", funding=GIFT)
    assert await floor.balance(IN_HAND) == 5


async def test_units_do_not_count_against_the_day_but_for_the_month(floor: Floor) -> None:
    await floor.terms("rising", (0, "50%", None), (200, "100%", None))
    await floor.register("c1", terms="rising")
    await floor.gift("rose", 100)
    await floor.bundle("v1", "rose", 3)
    await floor.credit("v1", 1_000)
    await floor.policy(day_limit_minor=100)
    shares = [sent(await floor.tip("v1", "c1", gift="rose", funding=GIFT)).creator_minor for _ in range(3)]
    assert shares == [50, 50, 100]
    last = sent(await floor.tip("v1", "c1", 100))
    assert (last.day_before_minor, last.volume_before_minor) == (0, 300)
    with pytest.raises(Refusal, match=r"tip\.limit"):
        await floor.tip("v1", "c1", 1)


async def test_the_same_key_gives_the_same_units_once(floor: Floor) -> None:
    await ready(floor)
    first = await floor.tip("v1", "c1", gift="rose", funding=GIFT, key="k1")
    again = await floor.tip("v1", "c1", gift="rose", funding=GIFT, key="k1")
    assert (again.position, again.replayed) == (first.position, True)
    assert await floor.balance(IN_HAND) == 4
    with pytest.raises(Refusal, match=r"key\.conflict"):
        await floor.tip("v1", "c1", gift="rose", key="k1")


async def test_a_whole_reversal_gives_the_units_back_and_leaves_nothing(floor: Floor) -> None:
    await ready(floor)
    before = await floor.everything()
    fact = taken_back(await floor.reverse(await floor.tip("v1", "c1", gift="rose", count=2, funding=GIFT)))
    assert (fact.amount_minor, fact.units) == (200, 2)
    assert await floor.everything() == before


async def test_a_part_gives_back_no_unit_until_the_whole_is_taken_back(floor: Floor) -> None:
    await ready(floor)
    before = await floor.everything()
    tip = await floor.tip("v1", "c1", gift="rose", count=2, funding=GIFT)
    part = taken_back(await floor.reverse(tip, 150))
    assert (part.amount_minor, part.units, await floor.balance(IN_HAND)) == (150, 0, 3)
    rest = taken_back(await floor.reverse(tip))
    assert (rest.amount_minor, rest.reversed_minor, rest.units) == (50, 200, 2)
    assert await floor.everything() == before
    with pytest.raises(Refusal, match=r"reversal\.done"):
        await floor.reverse(tip)


async def test_the_lists_and_totals_count_it_as_any_tip(floor: Floor) -> None:
    await ready(floor)
    await floor.tip("v1", "c1", gift="rose", count=2, funding=GIFT)
    assert await floor.differences() == []


async def test_over_http_units_are_listed_given_and_taken_back(
    edge: UnderTest, acme: Caller, token: Callable[[str, str], Caller]
) -> None:
    await acme.do("PUT", "/v1/creators/c1", {})
    name = {"en": "Rose", "zh": "玫瑰"}
    await acme.do("PUT", "/v1/gifts/rose", {"name": name, "price_minor": 100})
    async with edge.house.database.connection() as conn:
        ((tenant_id, _),) = await read.heads(conn)
    grant = Grant(tenant_id, Actor("system", "test"), frozenset({"tip.send"}))
    await edge.house.corridor.submit(bundle(grant=grant, key="b", viewer="v1", gift="rose", count=3))
    viewer, creator = token("viewer", "v1"), token("creator", "c1")
    in_hand = {"viewer": "v1", "items": [{"gift": "rose", "count": 3}]}
    assert await viewer.get("/v1/gifts-in-hand") == in_hand
    assert await acme.get("/v1/gifts-in-hand", viewer="v1") == in_hand
    assert (await acme.get("/v1/gifts-in-hand", viewer="v2"))["items"] == []
    problem(await viewer.send("GET", "/v1/gifts-in-hand?viewer=v2"), 403, "scope.missing")
    problem(await creator.send("GET", "/v1/gifts-in-hand"), 403, "scope.missing")
    problem(await acme.send("GET", "/v1/gifts-in-hand"), 400, "body.invalid")
    problem(await acme.send("GET", "/v1/gifts-in-hand?viewer=a%2Fb"), 400, "body.invalid")
    body = {"creator": "c1", "gift": "rose", "count": 2, "funding": [{"kind": "gift"}]}
    first = await viewer.send("POST", "/v1/tips", body, key="k1")
    tip = first.json()
    assert (tip["funded"], tip["balance_minor"], tip["units_left"]) == ("gift", None, 1)
    assert (await viewer.send("POST", "/v1/tips", body, key="k1")).content == first.content
    assert (await acme.get(f"/v1/tips/{tip['tip']}"))["funded"] == "gift"
    short = problem(await viewer.send("POST", "/v1/tips", body), 422, "gift.insufficient")
    assert (short["in_hand"], short["count"]) == (1, 2)
    # The wallet has no part in it.
    assert (await viewer.get("/v1/wallets/v1"))["balances"] == []
    done = await acme.do("POST", f"/v1/tips/{tip['tip']}/reversals", {"reason": "the stream broke"})
    assert (done["units"], done["balance_minor"], done["reversed_minor"]) == (2, None, 200)
    assert await viewer.get("/v1/gifts-in-hand") == in_hand
