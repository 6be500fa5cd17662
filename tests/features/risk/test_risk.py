"""What is stopped stays stopped, queued commands included; what is needed to put things right goes on."""

from __future__ import annotations

import asyncio

import pytest

from plaudit.core.commands.command import Command
from plaudit.features.risk import actions, queries
from plaudit.kernel.refusal import Refusal, RefusalKind
from plaudit.platform.db import Database
from plaudit.vocabulary.facts.risk import AccountFrozen, SwitchFlipped
from tests.features.floor import SALT, Floor, open_floor, until_blocked

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("target", "stops_gift", "stops_other"),
    [
        ("tenant", True, True),
        ("feature/tipping", True, True),
        ("gift/rose", True, False),
        ("creator/c1", True, False),
        ("creator/c3", False, False),
        ("feature/wallets", False, False),
    ],
)
async def test_a_switch_stops_what_it_names(
    floor: Floor, target: str, *, stops_gift: bool, stops_other: bool
) -> None:
    await floor.credit("v1", 100)
    await floor.register("c1")
    await floor.register("c2")
    await floor.gift("rose", 1)
    await floor.flip(target, off=True)
    for creator, fields, stops in (
        ("c1", {"gift": "rose"}, stops_gift),
        ("c2", {"amount_minor": 1}, stops_other),
    ):
        if not stops:
            await floor.tip("v1", creator, **fields)
            continue
        with pytest.raises(Refusal) as refusal:
            await floor.tip("v1", creator, **fields)
        assert (refusal.value.code, refusal.value.kind) == ("switch.off", RefusalKind.REFUSED)
        assert refusal.value.details == {"target": target}
        assert refusal.value.message.endswith(".")
    await floor.flip(target, off=False)
    await floor.tip("v1", "c1", gift="rose")


async def test_a_flip_stops_commands_that_are_queued_already(floor: Floor) -> None:
    await floor.credit("v1", 100)
    await floor.credit("v2", 100)
    await floor.register("c1")
    await floor.tip("v1", "c1", 1)
    await floor.tip("v2", "c1", 1)
    async with floor.database.transaction() as blocking:
        await blocking.execute("SELECT 1 FROM ledger.account WHERE address = 'viewer/v1/coin' FOR UPDATE")
        first = asyncio.create_task(floor.tip("v1", "c1", 1))
        await until_blocked(floor.database)
        # The first tip's batch has begun and waits for the row; these are planned, and wait for the batch.
        queued = [asyncio.create_task(floor.tip("v2", "c1", 1)) for _ in range(20)]
        await asyncio.sleep(0.1)
        assert floor.corridor.writer.waiting == len(queued)
        await floor.flip("feature/tipping", off=True)
    # The batch that had begun reads the change under its own locks, and so does the next one.
    results = await asyncio.gather(first, *queued, return_exceptions=True)
    assert {result.code for result in results if isinstance(result, Refusal)} == {"switch.off"}
    assert all(isinstance(result, Refusal) for result in results)
    assert await floor.balance("viewer/v1/coin") == 99
    assert await floor.balance("viewer/v2/coin") == 99


async def test_a_flip_reaches_another_process_through_the_database(db: Database) -> None:
    async with open_floor(db) as here:
        await here.credit("v1", 100)
        await here.register("c1")
        await here.tip("v1", "c1", 1)
        async with open_floor(db, slug="unused") as there:
            there.tenant_id = here.tenant_id
            there.numbers = iter(range(1_000, 2_000))
            await there.tip("v1", "c1", 1)
            await here.flip("tenant", off=True)
            with pytest.raises(Refusal, match=r"switch\.off"):
                await there.tip("v1", "c1", 1)
    async with open_floor(db, slug="later") as there:
        there.tenant_id = here.tenant_id
        there.numbers = iter(range(2_000, 3_000))
        with pytest.raises(Refusal, match=r"switch\.off"):
            await there.tip("v1", "c1", 1)


async def test_one_tenants_switch_leaves_the_others_alone(db: Database) -> None:
    async with open_floor(db) as here, open_floor(db, slug="other") as there:
        await here.flip("tenant", off=True)
        with pytest.raises(Refusal, match=r"switch\.off"):
            await here.credit("v1", 100)
        await there.credit("v1", 100)


async def test_with_everything_off_one_can_still_defend_oneself_and_switch_on(floor: Floor) -> None:
    await floor.credit("v1", 100)
    await floor.flip("tenant", off=True)
    await floor.freeze("viewer/v1/coin", "all")
    with pytest.raises(Refusal, match=r"switch\.off"):
        await floor.credit("v1", 1)
    await floor.flip("tenant", off=False)
    with pytest.raises(Refusal, match=r"account\.frozen"):
        await floor.credit("v1", 1)


async def test_the_catalogue_can_be_put_right_while_tipping_is_off(floor: Floor) -> None:
    await floor.gift("rose", 1)
    await floor.flip("feature/tipping", off=True)
    await floor.gift("rose", 100)
    await floor.register("c1")


async def test_flips_are_counted_listed_and_said(floor: Floor) -> None:
    flips = [(await floor.flip("gift/rose", off=off)).data for off in (True, True, False)]
    assert [(one.off, one.revision) for one in flips if isinstance(one, SwitchFlipped)] == [
        (True, 1),
        (True, 2),
        (False, 3),
    ]
    await floor.flip("creator/c1", off=True)
    page = await queries.switches(database=floor.database, tenant_id=floor.tenant_id, limit=None, cursor=None)
    assert [(one.target, one.off, one.flipped_by) for one in page.items] == [
        ("creator/c1", True, "staff/ann"),
        ("gift/rose", False, "staff/ann"),
    ]
    first = await queries.switches(database=floor.database, tenant_id=floor.tenant_id, limit=1, cursor=None)
    rest = await queries.switches(
        database=floor.database, tenant_id=floor.tenant_id, limit=1, cursor=first.next_cursor
    )
    assert [one.target for one in rest.items] == ["gift/rose"]
    assert rest.next_cursor is None


async def test_only_what_exists_can_be_switched(floor: Floor) -> None:
    for target in ("", "gift", "gift/", "gift/a/b", "feature/tippin", "galaxy/1", "tenant/demo"):
        with pytest.raises(Refusal) as refusal:
            await floor.flip(target, off=True)
        assert (refusal.value.code, refusal.value.kind) == ("switch.target", RefusalKind.INVALID), target


async def test_a_freeze_binds_the_account_whatever_moves_it(floor: Floor) -> None:
    await floor.credit("v1", 100)
    await floor.register("c1")
    outcome = await floor.freeze("viewer/v1/coin", "debits")
    assert outcome.data == AccountFrozen(address="viewer/v1/coin", freeze="debits")
    await floor.credit("v1", 1)
    with pytest.raises(Refusal, match=r"account\.frozen"):
        await floor.tip("v1", "c1", 1)
    with pytest.raises(Refusal, match=r"account\.frozen"):
        await floor.adjust("viewer/v1/coin", -1)
    await floor.freeze("viewer/v1/coin", "all")
    with pytest.raises(Refusal, match=r"account\.frozen"):
        await floor.credit("v1", 1)
    await floor.freeze("viewer/v1/coin", "none")
    await floor.tip("v1", "c1", 1)
    page = await queries.freezes(database=floor.database, tenant_id=floor.tenant_id, limit=None, cursor=None)
    assert [(one.address, one.freeze) for one in page.items] == [("viewer/v1/coin", "none")]


async def test_an_account_can_be_frozen_before_anything_moves(floor: Floor) -> None:
    await floor.credit("v1", 100)
    await floor.register("c1")
    await floor.freeze("creator/c1/earnings/coin", "all")
    with pytest.raises(Refusal, match=r"creator\.frozen"):
        await floor.tip("v1", "c1", 1)


async def test_only_accounts_of_the_chart_can_be_frozen(floor: Floor) -> None:
    for address, code in (("viewer/v1", "account.unknown"), ("viewer/v1/XXX", "asset.unknown")):
        with pytest.raises(Refusal) as refusal:
            await floor.freeze(address, "all")
        assert refusal.value.code == code, address
    assert await floor.head() == 0


async def test_switching_needs_its_scope(floor: Floor) -> None:
    grant = floor.grant("staff", "ann", frozenset({"account.freeze"}))
    with pytest.raises(Refusal, match=r"scope\.missing"):
        await actions.flip_switch(
            corridor=floor.corridor,
            grant=grant,
            key=floor.key(),
            target="tenant",
            off=True,
            reason=None,
            now=floor.clock.now(),
            salt=SALT,
        )


async def test_the_screener_asks_for_one_row_only(floor: Floor) -> None:
    """A command costs one look-up while nothing is off."""
    asked: list[tuple[str, str]] = []

    class Looking:
        def one(self, topic: str, key: str) -> frozenset[str]:
            asked.append((topic, key))
            return frozenset()

    command = Command("a.b", "tip.send", floor.grant(), "k", b"", lambda _: None, None, ("gift/rose",))  # type: ignore[arg-type, return-value]
    actions.screen(command, Looking())  # type: ignore[arg-type]
    assert asked == [("switch", "*")]
