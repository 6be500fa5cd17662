"""Tips, as a show sees them: what they cost, who gets what, and every "no" on the way."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from plaudit.core.journal import private
from plaudit.features.tipping.http.tips import rendered
from plaudit.kernel.money import MAX_MINOR
from plaudit.kernel.refusal import Refusal, RefusalKind
from plaudit.platform.db import Database
from plaudit.vocabulary.facts.tipping import TipSent
from tests.features.floor import EVENING, Floor, open_floor, until_blocked

pytestmark = pytest.mark.anyio


def sent(data: object) -> TipSent:
    assert isinstance(data, TipSent)
    return data


async def test_a_tip_lands_on_three_accounts(floor: Floor) -> None:
    await floor.credit("v1", 1_000)
    await floor.register("c1", guild="g1")
    outcome = await floor.tip("v1", "c1", 100, grant=floor.grant("viewer", "v1"))
    assert (outcome.kind, outcome.subject) == ("tip.sent", "creator/c1")
    assert await floor.everything() == {
        "issuance/coin": -1_000,
        "viewer/v1/coin": 900,
        "creator/c1/earnings/coin": 70,
        "guild/g1/earnings/coin": 5,
        "platform/revenue/coin": 25,
    }


async def test_without_a_guild_its_share_is_the_platforms(floor: Floor) -> None:
    await floor.credit("v1", 100)
    await floor.register("c1")
    await floor.tip("v1", "c1", 100)
    assert await floor.everything() == {
        "issuance/coin": -100,
        "creator/c1/earnings/coin": 70,
        "platform/revenue/coin": 30,
    }


async def test_gifts_and_presets_are_priced_by_catalogue_and_policy(floor: Floor) -> None:
    await floor.credit("v1", 1_000)
    await floor.register("c1")
    await floor.gift("rose", 10)
    await floor.policy(presets_minor=(20, 50))
    roses = sent((await floor.tip("v1", "c1", gift="rose", count=7)).data)
    assert (roses.amount_minor, roses.gift, roses.gift_revision, roses.count) == (70, "rose", 1, 7)
    preset = sent((await floor.tip("v1", "c1", preset=1)).data)
    assert (preset.amount_minor, preset.gift, preset.policy_revision) == (50, None, 1)
    assert await floor.balance("viewer/v1/coin") == 880


async def test_a_changed_price_binds_the_next_tip_and_the_fact_names_its_revision(floor: Floor) -> None:
    await floor.credit("v1", 1_000)
    await floor.register("c1")
    await floor.gift("rose", 10)
    await floor.tip("v1", "c1", gift="rose")
    await floor.gift("rose", 12)
    fact = sent((await floor.tip("v1", "c1", gift="rose")).data)
    assert (fact.amount_minor, fact.gift_revision) == (12, 2)


async def test_money_is_tipped_in_its_own_asset(floor: Floor) -> None:
    await floor.credit("v1", 5_000, asset="USD")
    await floor.register("c1")
    await floor.tip("v1", "c1", 1_999, asset="USD")
    assert await floor.balance("creator/c1/earnings/USD") == 1_400
    assert await floor.balance("platform/revenue/USD") == 599


async def test_the_same_key_gives_the_same_answer_and_moves_nothing(floor: Floor) -> None:
    await floor.credit("v1", 1_000)
    await floor.register("c1")
    first = await floor.tip("v1", "c1", 100, key="k1", message="hello")
    await floor.tip("v1", "c1", 50)
    floor.clock.advance(timedelta(hours=1))
    again = await floor.tip("v1", "c1", 100, key="k1", message="hello")
    assert (first.replayed, again.replayed) == (False, True)
    assert rendered(again) == rendered(first)
    assert await floor.balance("viewer/v1/coin") == 850


async def test_a_replay_gets_its_answer_whatever_has_changed_since(floor: Floor) -> None:
    await floor.credit("v1", 100)
    await floor.register("c1")
    await floor.gift("rose", 100)
    first = await floor.tip("v1", "c1", gift="rose", key="k1")
    await floor.gift("rose", 100, on_sale=False)
    await floor.flip("creator/c1", off=True)
    assert rendered(await floor.tip("v1", "c1", gift="rose", key="k1")) == rendered(first)


async def test_the_same_key_with_another_wish_is_a_conflict(floor: Floor) -> None:
    await floor.credit("v1", 1_000)
    await floor.register("c1")
    await floor.tip("v1", "c1", 100, key="k1")
    for fields in ({"amount_minor": 101}, {"amount_minor": 100, "message": "hi"}):
        with pytest.raises(Refusal) as refusal:
            await floor.tip("v1", "c1", key="k1", **fields)
        assert (refusal.value.kind, refusal.value.code) == (RefusalKind.CONFLICT, "key.conflict")
    assert await floor.balance("viewer/v1/coin") == 900


async def test_a_refused_key_may_be_tried_again(floor: Floor) -> None:
    await floor.register("c1")
    with pytest.raises(Refusal):
        await floor.tip("v1", "c1", 100, key="k1")
    await floor.credit("v1", 100)
    assert not (await floor.tip("v1", "c1", 100, key="k1")).replayed


async def test_a_storm_of_one_key_is_one_tip(floor: Floor) -> None:
    await floor.credit("v1", 1_000)
    await floor.register("c1")
    outcomes = await asyncio.gather(*(floor.tip("v1", "c1", 10, key="k1") for _ in range(50)))
    assert sum(not outcome.replayed for outcome in outcomes) == 1
    assert len({outcome.position for outcome in outcomes}) == 1
    assert await floor.balance("viewer/v1/coin") == 990


async def test_a_wallet_is_never_overdrawn_by_tips_at_once(floor: Floor) -> None:
    await floor.credit("v1", 100)
    await floor.register("c1")
    results = await asyncio.gather(*(floor.tip("v1", "c1", 30) for _ in range(9)), return_exceptions=True)
    refusals = [result for result in results if isinstance(result, Refusal)]
    assert len(refusals) == 6
    assert {refusal.code for refusal in refusals} == {"wallet.insufficient"}
    assert await floor.balance("viewer/v1/coin") == 10


async def test_too_little_in_the_wallet_says_how_much(floor: Floor) -> None:
    await floor.credit("v1", 30)
    await floor.register("c1")
    with pytest.raises(Refusal) as refusal:
        await floor.tip("v1", "c1", 31)
    assert refusal.value.code == "wallet.insufficient"
    assert refusal.value.details == {"balance_minor": 30, "amount_minor": 31}
    assert refusal.value.message == "The wallet holds 30 and this costs 31; add to it, or choose less."


BAD: list[tuple[dict[str, Any], str, RefusalKind]] = [
    ({"amount_minor": 0}, "tip.amount", RefusalKind.INVALID),
    ({"amount_minor": -5}, "tip.amount", RefusalKind.INVALID),
    ({"amount_minor": MAX_MINOR + 1}, "tip.amount", RefusalKind.INVALID),
    ({}, "tip.amount", RefusalKind.INVALID),
    ({"amount_minor": 5, "gift": "rose"}, "tip.amount", RefusalKind.INVALID),
    ({"preset": 5}, "tip.amount", RefusalKind.REFUSED),
    ({"preset": 10**30}, "tip.amount", RefusalKind.REFUSED),
    ({"amount_minor": 1_000_001}, "tip.amount", RefusalKind.REFUSED),
    ({"gift": "rose", "count": 0}, "tip.count", RefusalKind.INVALID),
    ({"gift": "rose", "count": 10**9}, "tip.count", RefusalKind.INVALID),
    ({"amount_minor": 5, "count": 2}, "tip.count", RefusalKind.INVALID),
    ({"gift": "tulip"}, "gift.unknown", RefusalKind.REFUSED),
    ({"gift": "a/b"}, "gift.unknown", RefusalKind.REFUSED),
    ({"gift": "x" * 65}, "gift.unknown", RefusalKind.REFUSED),
    ({"gift": "old"}, "gift.ended", RefusalKind.REFUSED),
    ({"gift": "gone"}, "gift.ended", RefusalKind.REFUSED),
    ({"gift": "soon"}, "gift.ended", RefusalKind.REFUSED),
    ({"gift": "local"}, "gift.not_here", RefusalKind.REFUSED),
    ({"gift": "local", "show": "s2"}, "gift.not_here", RefusalKind.REFUSED),
    ({"gift": "rose", "asset": "USD"}, "tip.amount", RefusalKind.REFUSED),
    ({"amount_minor": 5, "asset": "XXX"}, "asset.unknown", RefusalKind.NOT_FOUND),
    ({"amount_minor": 5, "asset": "usd"}, "asset.unknown", RefusalKind.NOT_FOUND),
    ({"amount_minor": 5, "asset": ""}, "asset.unknown", RefusalKind.NOT_FOUND),
    ({"amount_minor": 5, "message": "a" * 501}, "tip.message", RefusalKind.INVALID),
    ({"amount_minor": 5, "message": "a\nb"}, "tip.message", RefusalKind.INVALID),
    ({"amount_minor": 5, "message": "a\0b"}, "tip.message", RefusalKind.INVALID),
    ({"amount_minor": 5, "show": "a/b"}, "body.invalid", RefusalKind.INVALID),
    ({"amount_minor": 5, "room": ""}, "body.invalid", RefusalKind.INVALID),
    ({"amount_minor": 5, "viewer": "c1"}, "tip.self", RefusalKind.REFUSED),
    ({"amount_minor": 5, "viewer": "not a name"}, "body.invalid", RefusalKind.INVALID),
    ({"amount_minor": 5, "creator": "nobody"}, "creator.unknown", RefusalKind.REFUSED),
    ({"amount_minor": 5, "creator": "c1/earnings"}, "creator.unknown", RefusalKind.REFUSED),
    ({"amount_minor": 5, "funding": ("voucher",)}, "funding.unsupported", RefusalKind.REFUSED),
    ({"amount_minor": 5, "funding": ("wallet", "wallet")}, "funding.unsupported", RefusalKind.REFUSED),
    ({"amount_minor": 5, "funding": ()}, "funding.unsupported", RefusalKind.REFUSED),
    ({"amount_minor": 5, "at": EVENING + timedelta(seconds=1)}, "body.invalid", RefusalKind.INVALID),
    ({"amount_minor": 5}, "wallet.insufficient", RefusalKind.REFUSED),
]


async def test_every_bad_tip_has_its_code_and_changes_nothing(floor: Floor) -> None:
    await floor.credit("v1", 4)
    await floor.register("c1")
    await floor.gift("rose", 1)
    await floor.gift("old", 1, valid_until=EVENING)
    await floor.gift("gone", 1, on_sale=False)
    await floor.gift("soon", 1, valid_from=EVENING + timedelta(seconds=1))
    await floor.gift("local", 1, shows=("s1",))
    await floor.policy(presets_minor=(5,))
    before, head = await floor.everything(), await floor.head()
    for given, code, kind in BAD:
        fields = dict(given)
        viewer, creator = fields.pop("viewer", "v1"), fields.pop("creator", "c1")
        with pytest.raises(Refusal) as refusal:
            await floor.tip(viewer, creator, **fields)
        assert (refusal.value.code, refusal.value.kind) == (code, kind), given
        assert refusal.value.message.endswith("."), given
    assert (await floor.everything(), await floor.head()) == (before, head)


async def test_a_gift_ends_while_its_tip_waits(floor: Floor) -> None:
    await floor.credit("v1", 10)
    await floor.register("c1")
    await floor.gift("rose", 1, valid_until=EVENING + timedelta(seconds=1))
    await floor.tip("v1", "c1", gift="rose")
    async with floor.database.transaction() as blocking:
        await blocking.execute("SELECT 1 FROM ledger.account WHERE address = 'viewer/v1/coin' FOR UPDATE")
        first = asyncio.create_task(floor.tip("v1", "c1", gift="rose"))
        await until_blocked(floor.database)
        late = asyncio.create_task(floor.tip("v1", "c1", gift="rose"))
        await asyncio.sleep(0.05)
        floor.clock.advance(timedelta(seconds=2))
    assert not (await first).replayed
    with pytest.raises(Refusal, match=r"gift\.ended"):
        await late


async def test_the_message_is_kept_beside_the_fact_and_screened(floor: Floor) -> None:
    await floor.credit("v1", 100)
    await floor.register("c1")
    await floor.words("spam")
    shown = await floor.tip("v1", "c1", 10, message="  well played  ")
    held = await floor.tip("v1", "c1", 10, message="buy S P A M now")
    blank = await floor.tip("v1", "c1", 10, message="   ")
    states = [sent(outcome.data).message_state for outcome in (shown, held, blank)]
    assert states == ["shown", "held", "none"]
    async with floor.database.connection() as conn:
        texts = await private.read(
            conn, tenant_id=floor.tenant_id, positions=[shown.position, held.position, blank.position]
        )
    assert [(text.part.owner, text.part.body) for text in texts] == [
        ("viewer/v1", "well played"),
        ("viewer/v1", "buy S P A M now"),
    ]
    assert [text.part.digest for text in texts] == [
        sent(shown.data).message_hash,
        sent(held.data).message_hash,
    ]


async def test_the_scope_import_gives_a_tip_its_own_time(floor: Floor) -> None:
    await floor.credit("v1", 100)
    await floor.register("c1")
    then = datetime(2020, 2, 29, 12, tzinfo=UTC)
    outcome = await floor.tip("v1", "c1", 10, at=then)
    assert (outcome.at, outcome.recorded_at) == (then, EVENING)
    without = floor.grant(permissions=frozenset({"tip.send"}))
    with pytest.raises(Refusal) as refusal:
        await floor.tip("v1", "c1", 10, at=then, grant=without)
    assert refusal.value.code == "scope.missing"
    assert not (await floor.tip("v1", "c1", 10, grant=without)).replayed


async def test_a_days_limit_holds_by_the_tenants_calendar(db: Database) -> None:
    async with open_floor(db, time_zone="Asia/Shanghai") as floor:
        floor.clock.time = datetime(2026, 5, 1, 15, 59, tzinfo=UTC)  # 23:59 in Shanghai
        await floor.credit("v1", 1_000)
        await floor.register("c1")
        await floor.policy(day_limit_minor=100)
        await floor.tip("v1", "c1", 60)
        with pytest.raises(Refusal) as refusal:
            await floor.tip("v1", "c1", 41)
        assert (refusal.value.code, refusal.value.details["rest_minor"]) == ("tip.limit", 40)
        await floor.tip("v1", "c1", 40)
        floor.clock.advance(timedelta(minutes=1))
        await floor.tip("v1", "c1", 100)
        assert await floor.balance("viewer/v1/coin") == 800


async def test_a_day_ends_while_a_tip_waits(floor: Floor) -> None:
    floor.clock.time = datetime(2026, 5, 1, 23, 59, 59, tzinfo=UTC)
    await floor.credit("v1", 1_000)
    await floor.register("c1")
    await floor.policy(day_limit_minor=100)
    await floor.tip("v1", "c1", 100)
    async with floor.database.transaction() as blocking:
        await blocking.execute("SELECT 1 FROM ledger.account WHERE address = 'viewer/v1/coin' FOR UPDATE")
        first = asyncio.create_task(floor.tip("v1", "c1", 100))
        await until_blocked(floor.database)
        late = asyncio.create_task(floor.tip("v1", "c1", 100))
        await asyncio.sleep(0.05)
        floor.clock.advance(timedelta(seconds=1))
    with pytest.raises(Refusal, match=r"tip\.limit"):
        await first
    assert sent((await late).data).day_before_minor == 0


async def test_a_tip_that_crosses_a_tier_is_split_at_the_edge(floor: Floor) -> None:
    await floor.credit("v1", 10_000)
    await floor.terms("rising", (0, "50%", None), (1_000, "60%", "10%"), (2_000, "7/10", "10%"))
    await floor.register("c1", guild="g1", terms="rising")
    shares = []
    for amount_minor in (999, 2, 2_000, 1):
        fact = sent((await floor.tip("v1", "c1", amount_minor)).data)
        shares.append((fact.volume_before_minor, fact.creator_minor, fact.guild_minor, fact.platform_minor))
    # 2 is 1 at 50 % and 1 at 60 %; 2,000 is 999 at 60 % and 1,001 at 70 %; the creator's part is rounded up.
    assert shares == [(0, 500, 0, 499), (999, 2, 0, 0), (1_001, 600 + 701, 99 + 100, 500), (3_001, 1, 0, 0)]


async def test_the_months_volume_starts_anew_and_counts_by_when_it_happened(floor: Floor) -> None:
    await floor.credit("v1", 10_000)
    await floor.terms("rising", (0, "50%", None), (100, "100%", None))
    await floor.register("c1", terms="rising")
    april, may = datetime(2026, 4, 30, 23, 59, 59, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)
    volumes = [
        sent((await floor.tip("v1", "c1", 100, at=at)).data).volume_before_minor
        for at in (april, april, may, april, None)
    ]
    assert volumes == [0, 100, 0, 200, 100]


async def test_saving_terms_for_everybody_and_for_one(floor: Floor) -> None:
    await floor.credit("v1", 1_000)
    await floor.register("c1")
    await floor.terms("default", (0, "80%", None))
    fact = sent((await floor.tip("v1", "c1", 100)).data)
    assert (fact.creator_minor, fact.terms, fact.terms_revision) == (80, "default", 1)
    with pytest.raises(Refusal) as refusal:
        await floor.register("c2", terms="unheard")
    assert refusal.value.code == "terms.unknown"
    with pytest.raises(Refusal, match=r"creator\.unknown"):
        await floor.tip("v1", "c2", 100)


async def test_a_frozen_creator_and_a_frozen_wallet_are_refused(floor: Floor) -> None:
    await floor.credit("v1", 100)
    await floor.register("c1")
    await floor.freeze("creator/c1/earnings/coin", "debits")
    await floor.tip("v1", "c1", 10)
    await floor.freeze("creator/c1/earnings/coin", "all")
    with pytest.raises(Refusal) as refusal:
        await floor.tip("v1", "c1", 10)
    assert (refusal.value.code, refusal.value.details) == ("creator.frozen", {"creator": "c1"})
    await floor.freeze("creator/c1/earnings/coin", "none")
    await floor.freeze("viewer/v1/coin", "debits")
    with pytest.raises(Refusal, match=r"account\.frozen"):
        await floor.tip("v1", "c1", 10)
    assert await floor.balance("viewer/v1/coin") == 90
