"""A feature with jobs in the running house, and what is due on time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import msgspec
import psycopg
import pytest
from click.testing import CliRunner
from prometheus_client import REGISTRY

from plaudit.app.assembly import FEATURES, House, assembled, expiries_of, open_tenant
from plaudit.app.background import running
from plaudit.app.cli import cli
from plaudit.app.timetable import timetable
from plaudit.core.commands.command import Command, Plan
from plaudit.core.commands.sweeps import Expiry, Opened, expiry_command
from plaudit.core.feature import Feature, Schedule
from plaudit.core.journal import read
from plaudit.core.journal.facts import Fact, canonical
from plaudit.core.journal.subscriptions import Span, Subscription
from plaudit.core.ledger import balances, holds
from plaudit.core.ledger.book import Book, Decision
from plaudit.kernel.time import Clock
from plaudit.platform import jobs
from plaudit.platform.db import Connection
from plaudit.platform.failures import Final as FinalFailure
from plaudit.platform.failures import Retryable, Unknown
from plaudit.platform.jobs import Attempt, Count, Job, Retry, enqueue
from plaudit.platform.settings import Settings
from plaudit.vocabulary.facts.ledger import HoldOpened
from plaudit.vocabulary.facts.wallets import WalletCredited
from tests.kit.house import DrivenClock, credit, grant
from tests.kit.servers import DatabaseUrls


class Credits(msgspec.Struct, frozen=True):
    """Which facts of a tenant are to be told of."""

    tenant_id: int
    positions: list[int]


@dataclass
class Channel:
    """The world outside: it takes each notice once, by its key, after having failed as it is told to."""

    failing: list[Exception] = field(default_factory=list)
    asked: int = 0
    taken: set[str] = field(default_factory=set)

    async def take(self, key: str) -> None:
        self.asked += 1
        if self.failing:
            raise self.failing.pop(0)
        self.taken.add(key)


@dataclass
class Notices:
    """A feature that tells a channel of credits: one job for each batch, in the batch's transaction."""

    channel: Channel = field(default_factory=Channel)
    broken_batches: int = 0
    ticks: int = 0
    expiries: dict[str, Expiry] = field(default_factory=dict)

    @property
    def job(self) -> Job[Credits]:
        return Job("notices.send", Credits, self._send, retry=Retry(tries=3, first_s=0.05, most_s=0.05))

    @property
    def feature(self) -> Feature:
        reaction = Subscription("notices.credits", (WalletCredited.KIND,), self._hear, "reaction")
        tick = Schedule("notices.tick", "* * * * * *", self._tick)
        return Feature(
            "notices",
            subscriptions=[reaction],
            schedules=[tick],
            jobs=[self.job],
            expiries=self.expiries,
        )

    async def _hear(self, conn: Connection, span: Span) -> None:
        positions = [fact.position for fact in await span.facts(conn)]
        if positions:
            await enqueue(conn, self.job, arguments=Credits(span.tenant_id, positions))
        if self.broken_batches:
            self.broken_batches -= 1
            raise psycopg.errors.DeadlockDetected

    async def _send(self, _: House, attempt: Attempt[Credits]) -> None:
        for position in attempt.arguments.positions:
            await self.channel.take(f"{attempt.arguments.tenant_id}/{position}")

    async def _tick(self, _: House) -> None:
        self.ticks += 1


@dataclass(frozen=True)
class Running:
    """A house with the feature above, one tenant, and the loops of a process."""

    house: House
    tenant_id: int

    async def credit(self, viewer: str) -> int:
        outcome = await self.house.corridor.submit(
            credit(self.tenant_id, viewer=viewer, amount_minor=5, key=viewer)
        )
        return outcome.position

    async def dead(self) -> list[Count]:
        async with self.house.database.connection() as conn:
            return [one for one in await jobs.counts(conn) if one.name == "notices.send"]

    async def do(self, name: str) -> None:
        """Do what is due on time now."""
        (one,) = (one for one in timetable(self.house) if one.name == name)
        await one.work()


@asynccontextmanager
async def house_of(
    notices: Notices, database: DatabaseUrls, folder: Path, *, clock: Clock | None = None, **environ: str
) -> AsyncIterator[Running]:
    settings = Settings.from_environment(
        {"PLAUDIT_DATA_DIR": str(folder), "PLAUDIT_POLL_MS": "20", **environ}
    )
    features = (*FEATURES, notices.feature)
    async with (
        assembled(settings, url=database.url, clock=clock, features=features) as house,
        running(house, follow=True),
    ):
        house.corridor.writer.start(lanes=2)
        await open_tenant(house, slug="acme", name="Acme")
        async with house.database.connection() as conn:
            ((tenant_id, _),) = await read.heads(conn)
        yield Running(house, tenant_id)
        await house.corridor.writer.close()
        assert house.alarm.cause is None


async def until(holds_now: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds_now():  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.02)


def measured(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"plaudit_{name}", labels) or 0.0


async def test_a_reaction_sets_off_one_job_and_the_channel_is_asked_until_it_answers(
    database: DatabaseUrls, tmp_path: Path
) -> None:
    notices = Notices(Channel(failing=[Retryable("closed"), Unknown("no answer")]), broken_batches=1)
    before = measured("job_attempts_total", job="notices.send", ending="again")
    async with house_of(notices, database, tmp_path) as here:
        position = await here.credit("v1")
        await until(lambda: notices.channel.taken == {f"{here.tenant_id}/{position}"})
        # The batch that was rolled back has left no job behind.
        assert notices.channel.asked == 3
        await until(lambda: notices.ticks > 0)
    assert measured("job_attempts_total", job="notices.send", ending="again") == before + 2


async def test_what_the_channel_refuses_is_dead_and_can_be_seen_and_tried_again(
    database: DatabaseUrls, tmp_path: Path
) -> None:
    notices = Notices(Channel(failing=[FinalFailure("no such account")]))
    environ = {"PLAUDIT_DATABASE_URL": database.url, "PLAUDIT_DATABASE_OWNER_URL": database.owner_url}
    async with house_of(notices, database, tmp_path) as here:
        position = await here.credit("v1")
        async with asyncio.timeout(15):
            while await here.dead() != [Count("notices.send", "dead", 1)]:  # noqa: ASYNC110 - nobody tells of it
                await asyncio.sleep(0.02)
        await here.do("house.count_jobs")
        assert measured("jobs", job="notices.send", state="dead") == 1
        async with here.house.database.connection() as conn:
            (dead,) = await jobs.dead(conn)

        def called(*arguments: str) -> tuple[int, str]:
            done = CliRunner().invoke(cli, ["jobs", *arguments], env=environ, standalone_mode=False)
            assert done.exception is None, done.exception
            return done.return_value, done.output

        code, shown = await asyncio.to_thread(called)
        assert code == 0
        assert f'{dead.job_id}: notices.send, tried 1 times: {{"positions": [{position}]' in shown
        assert (await asyncio.to_thread(called, "--again", str(dead.job_id)))[0] == 0
        await until(lambda: bool(notices.channel.taken))
        assert (await asyncio.to_thread(called, "--again", str(dead.job_id)))[0] == 1
        await here.do("house.count_jobs")
        assert measured("jobs", job="notices.send", state="dead") == 0


async def test_the_books_are_examined_and_a_fault_is_told(
    database: DatabaseUrls, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = DrivenClock()
    async with house_of(Notices(), database, tmp_path, clock=clock) as here:
        await here.credit("v1")
        await here.do("house.examine")
        assert measured("books_findings") == 0
        assert measured("books_examined_at_seconds") == clock.now().timestamp()
        async with await psycopg.AsyncConnection.connect(database.superuser_url, autocommit=True) as admin:
            await admin.execute(
                "UPDATE ledger.account SET balance = balance + 3 WHERE address = 'viewer/v1/coin'"
            )
        capsys.readouterr()
        await here.do("house.examine")
        assert measured("books_findings") > 0
        assert "ledger.balance" in capsys.readouterr().out
    assert "house.examine" not in await _names(database, tmp_path, PLAUDIT_EXAMINE_HOUR="off")


async def _names(database: DatabaseUrls, folder: Path, **environ: str) -> set[str]:
    settings = Settings.from_environment({"PLAUDIT_DATA_DIR": str(folder), **environ})
    async with assembled(settings, url=database.url) as house:
        return {one.name for one in timetable(house)}


async def test_a_hold_past_its_deadline_is_given_back_by_itself(
    database: DatabaseUrls, tmp_path: Path
) -> None:
    clock = DrivenClock()
    wallet, escrow = "viewer/v1/coin", "held/viewer/v1/coin"
    before = measured("expired_holds_total")
    async with house_of(Notices(), database, tmp_path, clock=clock) as here:
        await here.credit("v1")
        deadline = clock.now() + timedelta(minutes=5)
        held = holds.open_hold(address=wallet, amount_minor=5, deadline=deadline)
        plan = Plan(lambda _: held, accounts=(wallet, escrow))
        await here.house.corridor.submit(
            Command("test.hold", "test", grant(here.tenant_id), "hold", canonical("hold"), lambda _: plan)
        )
        clock.advance(timedelta(minutes=6))
        await until(lambda: measured("expired_holds_total") == before + 1)
        async with here.house.database.connection() as conn:
            found = await balances.balances(conn, tenant_id=here.tenant_id, addresses=[wallet, escrow])
        assert found == {wallet: 5, escrow: 0}
        async with asyncio.timeout(60):
            while await here.dead():  # noqa: ASYNC110 - nobody tells of it
                await asyncio.sleep(0.05)


async def test_a_features_hold_past_its_deadline_is_given_back_as_it_says(
    database: DatabaseUrls, tmp_path: Path
) -> None:
    clock = DrivenClock()
    wallet, escrow = "viewer/v1/coin", "held/viewer/v1/coin"

    def expire(opened: Opened) -> Command:
        back = WalletCredited(viewer="v1", asset="coin", amount_minor=int(opened.fact.data["amount_minor"]))

        def decide(book: Book) -> Decision:
            return holds.expire(book, hold_id=opened.hold.hold_id, fact=Fact("viewer/v1", back))

        plan = Plan(decide, accounts=(wallet, escrow), holds=(opened.hold.hold_id,))
        return expiry_command(opened, action="notices.expire", plan=lambda _: plan)

    notices = Notices(expiries={HoldOpened.KIND: expire})
    async with house_of(notices, database, tmp_path, clock=clock) as here:
        first = await here.credit("v1")
        held = holds.open_hold(address=wallet, amount_minor=5, deadline=clock.now() + timedelta(minutes=5))
        plan = Plan(lambda _: held, accounts=(wallet, escrow))
        await here.house.corridor.submit(
            Command("test.hold", "test", grant(here.tenant_id), "hold", canonical("hold"), lambda _: plan)
        )
        clock.advance(timedelta(minutes=6))
        await here.do("house.expire_holds")
        async with here.house.database.connection() as conn:
            page = await read.page(conn, tenant_id=here.tenant_id, after=first, limit=10, kinds=None)
        assert [fact.kind for fact in page.facts] == [HoldOpened.KIND, WalletCredited.KIND]


def test_two_features_cannot_claim_the_same_holds() -> None:
    def expire(opened: Opened) -> Command:
        raise AssertionError(opened)

    offered = {HoldOpened.KIND: expire}
    assert expiries_of([Feature("one", expiries=offered), Feature("two")]) == offered
    with pytest.raises(AssertionError, match="two claims holds of another feature"):
        expiries_of([Feature("one", expiries=offered), Feature("two", expiries=offered)])


async def test_each_piece_of_work_on_time_can_be_done_at_any_time(
    database: DatabaseUrls, tmp_path: Path
) -> None:
    async with house_of(Notices(), database, tmp_path) as here:
        for one in timetable(here.house):
            await one.work()
            await one.work()
