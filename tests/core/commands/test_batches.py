"""One batch, many commands: each has its own answer, and nobody is harmed by a neighbour."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Sequence
from typing import Any

import pytest

from plaudit.core import audit
from plaudit.core.commands.batch import Done
from plaudit.core.commands.command import Command, Outcome
from plaudit.core.ledger.book import Use, Window
from plaudit.kernel.actor import Actor
from plaudit.kernel.refusal import Refusal, RefusalKind
from plaudit.platform.db import Database
from tests.core.commands.notes import note
from tests.core.commands.waiting import answers_of, head_held, until_waiting
from tests.kit.house import BEGINNING, House, credit, grant, running_house, tip
from tests.kit.servers import DatabaseUrls


class Attempts:
    """Counts how large the batches were that a house tried to commit."""

    def __init__(self, house: House) -> None:
        self.sizes: list[int] = []
        self._attempt = house.corridor.writer._attempt
        house.corridor.writer._attempt = self  # type: ignore[method-assign]

    async def __call__(self, tenant_id: int, batch: Sequence[Any]) -> list[Any]:
        self.sizes.append(len(batch))
        return await self._attempt(tenant_id, batch)


def outcomes(answers: Sequence[object]) -> list[Outcome]:
    """Return the answers, all of which must be outcomes."""
    assert all(isinstance(answer, Outcome) for answer in answers), answers
    return [answer for answer in answers if isinstance(answer, Outcome)]


async def warm(house: House) -> None:
    """Let the house get to know its tenant, so that what is handed in together is one batch."""
    await house.references.load(tenant_id=house.tenant_id, item=("tenant", str(house.tenant_id)))


async def doctor_green(database: Database) -> None:
    report = await audit.examine(database)
    assert report.green, report.findings


@pytest.mark.parametrize("content", ["same", "other"])
async def test_a_batch_whose_key_was_bound_meanwhile_runs_again_in_halves(
    database: DatabaseUrls, tenant_id: int, db: Database, content: str
) -> None:
    async with (
        Database.open(database.url) as other,
        running_house(db, tenant_id=tenant_id, lanes=1) as here,
        running_house(other, tenant_id=tenant_id, lanes=1) as there,
    ):
        await warm(here)
        attempts = Attempts(here)
        batch = [note(tenant_id, key=f"k{n}", text=f"k{n}") for n in range(8)]
        async with head_held(other, tenant_id=tenant_id) as tx:
            asked = asyncio.ensure_future(answers_of(*(here.corridor.submit(one) for one in batch)))
            await until_waiting(other)
            first = batch[3] if content == "same" else note(tenant_id, key="k3", text="something else")
            (bound,) = outcomes(await there.corridor.record(tx, [first]))
        answers = await asked
    assert attempts.sizes == [8, 4, 4]
    third = answers.pop(3)
    if content == "same":
        assert isinstance(third, Outcome)
        assert (third.replayed, third.position) == (True, bound.position)
    else:
        assert isinstance(third, Refusal)
        assert third.code == "key.conflict"
    assert sorted(answer.position for answer in outcomes(answers)) == list(range(2, 9))
    assert not any(answer.replayed for answer in outcomes(answers))
    await doctor_green(db)


async def test_a_counter_that_two_processes_open_at_once_is_one_counter(
    database: DatabaseUrls, tenant_id: int, db: Database
) -> None:
    window = Window("campaign/new", BEGINNING, BEGINNING.replace(day=23))

    def uses(n: int) -> list[Command]:
        use = Use(window, 1, 10)
        return [note(tenant_id, key=f"{n} {i}", uses=(use,)) for i in range(8)]

    async with (
        Database.open(database.url) as other,
        running_house(db, tenant_id=tenant_id, lanes=2, batch_max=4) as here,
        running_house(other, tenant_id=tenant_id, lanes=2, batch_max=4) as there,
    ):
        async with head_held(db, tenant_id=tenant_id):
            asked = asyncio.ensure_future(
                answers_of(
                    *(here.corridor.submit(one) for one in uses(1)),
                    *(there.corridor.submit(one) for one in uses(2)),
                )
            )
            await until_waiting(db, backends=2)
        answers = await asked
    refused = [answer for answer in answers if isinstance(answer, Refusal)]
    assert [refusal.code for refusal in refused] == ["limit.exceeded"] * 6
    assert len(outcomes([answer for answer in answers if answer not in refused])) == 10


async def test_a_key_twice_in_one_batch_is_decided_once(db: Database, tenant_id: int) -> None:
    async with running_house(db, tenant_id=tenant_id, lanes=1) as house:
        await warm(house)
        attempts = Attempts(house)
        same = credit(tenant_id, viewer="v1", amount_minor=10, key="k")
        other = credit(tenant_id, viewer="v1", amount_minor=99, key="k")
        answers = await answers_of(*(house.corridor.submit(one) for one in (same, same, other, same)))
        assert attempts.sizes == [4]
        conflict = answers.pop(2)
        assert isinstance(conflict, Refusal)
        assert (conflict.kind, conflict.code) == (RefusalKind.CONFLICT, "key.conflict")
        first, *others = outcomes(answers)
        assert not first.replayed
        for again in others:
            assert again.replayed
            assert (again.position, again.data, again.entries) == (first.position, first.data, first.entries)
        assert first.entries["viewer/v1/coin"] == (10, 10)


async def test_a_refusal_in_a_batch_does_not_touch_its_neighbours(db: Database, tenant_id: int) -> None:
    async with running_house(db, tenant_id=tenant_id, lanes=1) as house:
        await warm(house)
        attempts = Attempts(house)
        await house.corridor.submit(credit(tenant_id, viewer="v1", amount_minor=25, key="credit"))
        answers = await answers_of(
            *(
                house.corridor.submit(tip(tenant_id, viewer="v1", creator="c1", amount_minor=10, key=f"t{n}"))
                for n in range(5)
            )
        )
        assert attempts.sizes == [1, 5]
        assert [isinstance(answer, Outcome) for answer in answers] == [True, True, False, False, False]
        assert {answer.code for answer in answers if isinstance(answer, Refusal)} == {"ledger.insufficient"}
    await doctor_green(db)


async def test_a_batch_with_a_refusal_is_freed_without_the_garbage_collection(
    db: Database, tenant_id: int
) -> None:
    async with running_house(db, tenant_id=tenant_id, lanes=1) as house:
        await warm(house)
        wishes = [note(tenant_id, key=f"k{n}") for n in range(3)]
        wishes.append(tip(tenant_id, viewer="poor", creator="c1", amount_minor=10, key="refused"))
        gc.collect()
        gc.disable()
        try:
            answers = await answers_of(*(house.corridor.submit(one) for one in wishes))
            refusal = answers.pop()
            assert isinstance(refusal, Refusal)
            del answers, refusal
            left = [type(one).__name__ for one in gc.get_objects() if isinstance(one, Done)]
        finally:
            gc.enable()
    assert left == []


async def test_a_refused_key_is_decided_anew_and_a_done_one_never(db: Database, tenant_id: int) -> None:
    async with running_house(db, tenant_id=tenant_id) as house:
        wish = tip(tenant_id, viewer="v1", creator="c1", amount_minor=10, key="tip")
        for _ in range(2):
            with pytest.raises(Refusal) as refusal:
                await house.corridor.submit(wish)
            assert refusal.value.code == "ledger.insufficient"
        await house.corridor.submit(credit(tenant_id, viewer="v1", amount_minor=10, key="credit"))
        first = await house.corridor.submit(wish)
        assert not first.replayed
    async with running_house(db, tenant_id=tenant_id) as restarted:
        again = await restarted.corridor.submit(wish)
        assert again.replayed
        assert (again.position, again.data, again.entries) == (first.position, first.data, first.entries)
        with pytest.raises(Refusal) as refusal:
            await restarted.corridor.submit(
                tip(tenant_id, viewer="v1", creator="c1", amount_minor=11, key="tip")
            )
        assert refusal.value.code == "key.conflict"


async def test_keys_belong_to_their_caller_and_tenant(db: Database, tenant_id: int) -> None:
    async with running_house(db, tenant_id=tenant_id) as house:
        first = await house.corridor.submit(note(tenant_id, key="k", text="a"))
        command = note(tenant_id, key="k", text="b")
        from_another = type(command)(
            command.action,
            command.permission,
            grant(tenant_id, actor=Actor("app", "another")),
            command.key,
            command.content,
            command.plan,
        )
        second = await house.corridor.submit(from_another)
        assert not first.replayed
        assert not second.replayed
        assert second.position == first.position + 1


async def test_a_command_that_cannot_be_written_harms_no_neighbour(db: Database, tenant_id: int) -> None:
    async with running_house(db, tenant_id=tenant_id, lanes=1) as house:
        await warm(house)
        poisons = {2, 4}
        batch = [note(tenant_id, key=f"k{n}", subject="\ud800" if n in poisons else "test") for n in range(7)]
        answers = await answers_of(*(house.corridor.submit(one) for one in batch))
        for n, answer in enumerate(answers):
            assert isinstance(answer, UnicodeEncodeError if n in poisons else Outcome), (n, answer)
        assert len(await answers_of(house.corridor.submit(note(tenant_id, key="after")))) == 1
    await doctor_green(db)


async def test_a_broken_plan_is_told_to_its_caller_alone_and_raises_the_alarm(
    db: Database, tenant_id: int
) -> None:
    async with running_house(db, tenant_id=tenant_id, lanes=1) as house:
        await warm(house)
        broken = tip(tenant_id, viewer="v1", creator="c1", amount_minor=-5, key="broken")
        answers = await answers_of(
            house.corridor.submit(note(tenant_id, key="a")),
            house.corridor.submit(broken),
            house.corridor.submit(note(tenant_id, key="b")),
        )
        assert [type(answer) for answer in answers] == [Outcome, AssertionError, Outcome]
        assert house.broken == [answers[1]]
    await doctor_green(db)


async def test_a_full_queue_refuses_and_what_it_accepted_is_done(db: Database, tenant_id: int) -> None:
    async with running_house(db, tenant_id=tenant_id, lanes=1, batch_max=1, queue_max=4) as house:
        await warm(house)
        async with head_held(db, tenant_id=tenant_id):
            running = asyncio.ensure_future(house.corridor.submit(note(tenant_id, key="running")))
            await until_waiting(db)
            queued = asyncio.ensure_future(
                answers_of(*(house.corridor.submit(note(tenant_id, key=f"q{n}")) for n in range(4)))
            )
            await asyncio.sleep(0.05)
            assert house.corridor.writer.waiting == 4
            with pytest.raises(Refusal) as refusal:
                await house.corridor.submit(note(tenant_id, key="late"))
            assert (refusal.value.kind, refusal.value.code) == (RefusalKind.BUSY, "queue.full")
            assert refusal.value.retry_after_s == 1
        assert [outcome.position for outcome in outcomes([await running, *await queued])] == [1, 2, 3, 4, 5]
        assert (await house.corridor.submit(note(tenant_id, key="late"))).position == 6


async def test_closing_refuses_new_commands_and_finishes_those_accepted(db: Database, tenant_id: int) -> None:
    async with running_house(db, tenant_id=tenant_id, lanes=2, batch_max=2) as house:
        await warm(house)
        asked = asyncio.ensure_future(
            answers_of(*(house.corridor.submit(note(tenant_id, key=f"k{n}")) for n in range(20)))
        )
        while not house.corridor.writer.waiting:  # noqa: ASYNC110 - nothing tells when
            await asyncio.sleep(0)
    late = await answers_of(house.corridor.submit(note(tenant_id, key="late")))
    assert [getattr(answer, "code", None) for answer in late] == ["queue.full"]
    assert len(outcomes(await asked)) == 20


async def test_a_writer_that_cannot_commit_ends_in_its_time_and_says_that_it_is_not_known(
    database: DatabaseUrls, tenant_id: int, db: Database
) -> None:
    async with (
        Database.open(database.url) as other,
        running_house(db, tenant_id=tenant_id, lanes=1, batch_max=2) as house,
    ):
        await warm(house)
        batch = [note(tenant_id, key=f"k{n}") for n in range(5)]
        async with head_held(other, tenant_id=tenant_id), asyncio.timeout(20):
            asked = asyncio.ensure_future(answers_of(*(house.corridor.submit(one) for one in batch)))
            await until_waiting(other)
            await house.corridor.writer.close(timeout_s=0.2)
            answers = await asked
        assert [one.code for one in answers if isinstance(one, Refusal)] == ["ledger.unavailable"] * 5
    async with running_house(db, tenant_id=tenant_id) as again:
        done = outcomes(await answers_of(*(again.corridor.submit(one) for one in batch)))
        assert sorted(one.position for one in done) == [1, 2, 3, 4, 5]
    await doctor_green(db)
