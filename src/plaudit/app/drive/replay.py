"""A replay: each payment is credited to its payer's wallet and tipped at its own time, over HTTP.

Every request carries a key made from its row, so that a replay can be cut off anywhere and run again: what
was done is answered from before, what was not is done, nothing is done twice. (Another `epoch` is other
content under the same key, which the server refuses as a conflict.)
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Final

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from plaudit.app.drive.client import Client, is_replay
from plaudit.app.drive.http1 import Answer
from plaudit.app.drive.pace import Pacer, Queue
from plaudit.app.drive.report import LISTED_MAX, Refused, Report, Verdict, latency_of
from plaudit.app.drive.rows import DEFAULT_EPOCH, BrokenRow, Row, read_rows
from plaudit.app.drive.scan import Rows, Scan, scan
from plaudit.app.drive.stage import (
    permit_amounts,
    platform_balance,
    problem_of,
    register_creators,
    top_of,
    wait_caught_up,
)
from plaudit.kernel.time import format_time

Doctor = Callable[[], Awaitable[Verdict]]
"""Audits the books once the replay is through; only who runs the server can."""

_DONE: Final = frozenset({200, 201})
_SERVER_FAULT: Final = 500
_FAULTS_MAX: Final = 100
_BAR_STEP: Final = 50


class FaultyServerError(Exception):
    """The server only fails (5xx), so that to go on would be in vain; run again once it is mended."""


class _CreditBody(msgspec.Struct, frozen=True):
    asset: str
    amount_minor: int
    reference: str
    at: str


class _TipBody(msgspec.Struct, frozen=True):
    viewer: str
    creator: str
    asset: str
    amount_minor: int
    show: str
    anonymous: bool
    at: str


class _Shares(msgspec.Struct, frozen=True):
    platform_minor: int = 0


class _TipAnswer(msgspec.Struct, frozen=True):
    amount_minor: int
    shares: _Shares


_DECODER: Final = msgspec.json.Decoder(_TipAnswer)
_ENCODER: Final = msgspec.json.Encoder()


async def replay(  # noqa: PLR0913 -- the options of one command
    *,
    source: Path | Sequence[Row],
    url: str,
    key: str,
    show: str | None = None,
    speed: float | None = None,
    epoch: datetime | None = None,
    connections: int = 64,
    progress: bool = False,
    prepaid: bool = False,
    doctor: Doctor | None = None,
) -> Report:
    """Drive the server at `url` with the payments of `source` (a CSV file or rows) and report on them.

    `key` is an API key with the scopes tip.send, wallet.credit, creator.write, import, tip.read, ledger.read.
    `show` keeps one show; `speed` None is as fast as the server answers; `epoch` is where shows start that
    count seconds (DEFAULT_EPOCH); `progress` draws a bar on a terminal; with `prepaid` the wallets hold what
    is tipped, and nothing is credited. Raises SourceError (the file),
    SetupError (the server refuses the preparation), UnansweredError (the server stays away) and
    FaultyServerError (it only fails); run again later, nothing is lost or doubled.
    """
    rows = _rows_of(source=source, show=show)
    found = await asyncio.to_thread(scan, rows=rows)
    headers = {"Authorization": f"Bearer {key}", "Accept": "application/json"}
    async with Client(url=url, connections=connections, headers=headers) as client:
        try:
            await register_creators(client=client, creators=found.creators)
            await permit_amounts(client=client, currencies=found.currencies)
            run = _Run(client=client, epoch=epoch or DEFAULT_EPOCH, prepaid=prepaid)
            started = perf_counter()
            await _play(run=run, rows=rows, total=found.rows - found.broken, speed=speed, progress=progress)
            seconds = perf_counter() - started
        except BaseExceptionGroup as group:
            raise _first(group=group) from group
        await wait_caught_up(client=client)
        verdict = await doctor() if doctor is not None else None
        return await _report(client=client, found=found, run=run, seconds=seconds, verdict=verdict)


def _rows_of(*, source: Path | Sequence[Row], show: str | None) -> Rows:
    if isinstance(source, Path):
        return lambda: read_rows(source=source, show=show)
    return lambda: (row for row in source if show is None or row.show == show)


def _first(*, group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the failure that ended a group of tasks; the others were cancelled for it or failed alike."""
    error = group.exceptions[0]
    return _first(group=error) if isinstance(error, BaseExceptionGroup) else error


@dataclass(slots=True)
class _Run:
    """The payments of one replay and what became of them."""

    client: Client
    epoch: datetime
    prepaid: bool = False
    done: int = 0
    replayed: int = 0
    refused: int = 0
    refusals: list[Refused] = field(default_factory=list)
    refused_by_code: Counter[str] = field(default_factory=Counter)
    sums: Counter[str] = field(default_factory=Counter)
    platform_share: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    faults_in_a_row: int = 0

    async def pay(self, row: Row) -> None:
        """Credit the payer unless all is prepaid, then tip; a refusal is noted and ends this payment only."""
        at = format_time(row.time(epoch=self.epoch))
        if not self.prepaid and not await self._credit(row, at):
            return
        tip = _TipBody(
            viewer=row.wallet,
            creator=row.creator,
            asset=row.currency,
            amount_minor=row.amount_minor,
            show=row.show,
            anonymous=row.viewer is None,
            at=at,
        )
        sent_at = perf_counter()
        answer = await self._post(path="/v1/tips", body=tip, key=f"replay-tip-{row.key}")
        self.seconds.append(perf_counter() - sent_at)
        if answer.status not in _DONE:
            self._refuse(row=row, step="tip", answer=answer)
            return
        told = _DECODER.decode(answer.body)
        self.faults_in_a_row = 0
        self.done += 1
        self.replayed += is_replay(answer=answer)
        self.sums[row.currency] += told.amount_minor
        self.platform_share[row.currency] += told.shares.platform_minor

    async def _credit(self, row: Row, at: str) -> bool:
        """Credit the payer; False when that was refused."""
        credit = _CreditBody(asset=row.currency, amount_minor=row.amount_minor, reference=row.key, at=at)
        answer = await self._post(
            path=f"/v1/wallets/{row.wallet}/credits", body=credit, key=f"replay-credit-{row.key}"
        )
        if answer.status not in _DONE:
            self._refuse(row=row, step="credit", answer=answer)
            return False
        return True

    async def _post(self, *, path: str, body: msgspec.Struct, key: str) -> Answer:
        return await self.client.send(method="POST", path=path, body=_ENCODER.encode(body), key=key)

    def _refuse(self, *, row: Row, step: str, answer: Answer) -> None:
        problem = problem_of(answer=answer)
        self.faults_in_a_row = self.faults_in_a_row + 1 if answer.status >= _SERVER_FAULT else 0
        if self.faults_in_a_row >= _FAULTS_MAX:
            said = f"{answer.status} {problem.code}: {problem.detail}"
            raise FaultyServerError(f"the server failed {_FAULTS_MAX} times in a row, at last with {said}")
        self.refused += 1
        self.refused_by_code[problem.code] += 1
        if len(self.refusals) < LISTED_MAX:
            self.refusals.append(
                Refused(
                    line=row.line,
                    show=row.show,
                    step=step,
                    status=answer.status,
                    code=problem.code,
                    detail=problem.detail,
                )
            )


async def _play(*, run: _Run, rows: Rows, total: int, speed: float | None, progress: bool) -> None:
    """Pay every row when it is due, payments of different viewers side by side."""
    loop = asyncio.get_running_loop()
    pacer = Pacer(speed=speed, epoch=run.epoch) if speed is not None else None
    with _bar(total=total) if progress else nullcontext() as show_progress:

        async def pay(row: Row) -> None:
            await run.pay(row)
            finished = run.done + run.refused
            if show_progress is not None and (finished % _BAR_STEP == 0 or finished == total):
                show_progress(finished)

        async with asyncio.TaskGroup() as group:
            queue = Queue(width=run.client.connections, pay=pay, group=group)
            for row in rows():
                if isinstance(row, BrokenRow):
                    continue
                if pacer is not None:
                    wait_s = pacer.due_s(row=row, now_s=loop.time()) - loop.time()
                    await asyncio.sleep(max(wait_s, 0.0))
                await queue.put(row=row)


@contextmanager
def _bar(*, total: int) -> Iterator[Callable[[int], None]]:
    """Give a function that moves the bar to a number of payments; nothing is drawn without a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("tips"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("tips", total=total)
        yield lambda finished: bar.update(task, completed=finished)


async def _report(
    *, client: Client, found: Scan, run: _Run, seconds: float, verdict: Verdict | None
) -> Report:
    currencies = list(found.currencies)
    good = found.broken == 0 and run.refused == 0 and run.done == found.rows and dict(run.sums) == found.sums
    return Report(
        ok=good and (verdict is None or verdict.green),
        rows=found.rows,
        done=run.done,
        refused=run.refused,
        broken=found.broken,
        replayed=run.replayed,
        resent=client.resent,
        sums={currency: run.sums[currency] for currency in currencies},
        file_sums=found.sums,
        refused_by_code=dict(run.refused_by_code.most_common()),
        refusals=run.refusals,
        broken_rows=found.broken_rows,
        payers={
            currency: await top_of(client=client, by="viewer", currency=currency) for currency in currencies
        },
        creators={
            currency: await top_of(client=client, by="creator", currency=currency) for currency in currencies
        },
        platform={
            currency: await platform_balance(client=client, currency=currency) for currency in currencies
        },
        platform_share={currency: run.platform_share[currency] for currency in currencies},
        seconds=round(seconds, 3),
        tips_per_s=round(run.done / seconds, 1) if seconds else 0.0,
        latency_ms=latency_of(seconds=run.seconds),
        doctor=verdict,
    )
