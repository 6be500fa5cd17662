"""Worker processes of a benchmark, made ready one order at a time and started together.

A worker is told what to do next (`Order`), prepares it, says so, waits for the word, does it, and returns a
`Tally`.
Preparing is never measured, and all workers of a variant begin at once.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

_JOIN_S = 30.0


class Order(Struct, frozen=True, kw_only=True):
    """One round of a worker: how long to count, after how long a warm-up, and how to draw tips.

    ``tips`` are drawn and prepared; when they are used up before the time, the round ends with them.
    """

    seed: str
    tips: int
    seconds: float
    warmup_s: float = 0.0
    hot: bool = False


class Tally(Struct, frozen=True, kw_only=True):
    """What a worker did in its counted time, and the processor time that this process took for it."""

    done: int
    refused: int
    seconds: float
    cpu_s: float

    @property
    def per_s(self) -> float:
        """Return tips done a second."""
        return self.done / self.seconds if self.seconds else 0.0


class Station(Protocol):
    """The worker's end: orders come in, word is sent when ready, the start is waited for."""

    def orders(self) -> Iterator[Order]:
        """Yield orders until there are no more."""

    def ready(self) -> None:
        """Say that all is prepared and wait for the start."""

    def hand_in(self, tally: Tally) -> None:
        """Return what was done."""


class _Pipe:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def orders(self) -> Iterator[Order]:
        while (order := self._connection.recv()) is not None:
            yield order

    def ready(self) -> None:
        self._connection.send(None)
        self._connection.recv()

    def hand_in(self, tally: Tally) -> None:
        self._connection.send(tally)


class Crew:
    """Some worker processes doing the same."""

    def __init__(self, pipes: Sequence[Connection]) -> None:
        self._pipes = pipes

    def prepare(self, order: Order) -> None:
        """Hand every worker its share of the tips, under a seed of its own. Waits until all are ready."""
        share = -(-order.tips // len(self._pipes))
        for number, pipe in enumerate(self._pipes):
            pipe.send(replace(order, seed=f"{order.seed}-{number}", tips=share))
        for pipe in self._pipes:
            pipe.recv()

    def run(self) -> list[Tally]:
        """Start all at once and return their tallies."""
        for pipe in self._pipes:
            pipe.send(None)
        return [pipe.recv() for pipe in self._pipes]


@contextmanager
def crew(*, work: Callable[..., None], count: int, **options: object) -> Iterator[Crew]:
    """Start ``count`` processes that each call ``work(station, **options)``; they end with the block.

    A worker that dies makes the next call raise EOFError.
    """
    context = get_context("spawn")
    ends = [context.Pipe() for _ in range(count)]
    processes = [
        context.Process(target=_serve, args=(work, there, options), daemon=True) for _here, there in ends
    ]
    for process in processes:
        process.start()
    for _here, there in ends:
        there.close()
    pipes = [here for here, _there in ends]
    try:
        yield Crew(pipes)
        for pipe in pipes:
            pipe.send(None)
        for process in processes:
            process.join(_JOIN_S)
    finally:
        for process in processes:
            if process.is_alive():
                process.kill()
            process.join()
            process.close()


def _serve(work: Callable[..., None], connection: Connection, options: dict[str, object]) -> None:
    work(_Pipe(connection), **options)
