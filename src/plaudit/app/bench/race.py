"""The race of `bench presale`: many viewers want few seats at once, and every answer is looked at."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any, Final

import msgspec
from msgspec import Struct

from plaudit.app.bench.venue import PER_PERSON, RACE
from plaudit.app.drive.client import Client

_CREATED: Final = 201
_TOLD: Final = frozenset({"offer.sold_out", "offer.person_limit", "offer.steps_over"})
_ASKED: Final = 2
"""How often each viewer asks."""


class Race(Struct, frozen=True, kw_only=True):
    """What came of a race. `wrong_steps` and `over_limit` must be 0, `sold` all the `seats`.

    `told` counts losers by the code that told them why, `untold` those without one that says so.
    """

    asked: int
    seats: int
    sold: int
    wrong_steps: int
    over_limit: int
    told: dict[str, int]
    untold: int
    seconds: float


async def run(*, url: str, key: str, viewers: int, connections: int, steps: Sequence[int]) -> Race:
    """Let viewers race for the seats, each asking twice for one seat or two."""
    randomness = Random("race")  # noqa: S311 - a draw
    wishes = [
        (f"r{number}", randomness.randint(1, PER_PERSON)) for number in range(viewers) for _ in range(_ASKED)
    ]
    randomness.shuffle(wishes)
    waiting = iter(enumerate(wishes))
    answers: list[tuple[str, int, Any]] = []
    headers = {"Authorization": f"Bearer {key}"}
    async with Client(url=url, connections=connections, headers=headers) as client:

        async def lane() -> None:
            for number, (viewer, quantity) in waiting:
                body = msgspec.json.encode({"viewer": viewer, "offer": RACE, "quantity": quantity})
                answer = await client.send(
                    method="POST", path="/v1/ticket-orders", body=body, key=f"race-{number}"
                )
                answers.append((viewer, answer.status, msgspec.json.decode(answer.body)))

        began = time.perf_counter()
        async with asyncio.TaskGroup() as lanes:
            for _ in range(connections):
                lanes.create_task(lane())
        seconds = time.perf_counter() - began
    return _judged(answers, steps, seconds)


def _judged(answers: list[tuple[str, int, Any]], steps: Sequence[int], seconds: float) -> Race:
    sold: Counter[int] = Counter()
    persons: Counter[str] = Counter()
    told: Counter[str] = Counter()
    untold = 0
    for viewer, status, body in answers:
        if status == _CREATED:
            persons[viewer] += body["quantity"]
            for line in body["lines"]:
                sold[line["step"]] += line["quantity"]
        elif body.get("code") in _TOLD and body.get("detail"):
            told[body["code"]] += 1
        else:
            untold += 1
    return Race(
        asked=len(answers),
        seats=sum(steps),
        sold=sold.total(),
        wrong_steps=sum(sold[number] != count for number, count in enumerate(steps)),
        over_limit=sum(count > PER_PERSON for count in persons.values()),
        told=dict(told),
        untold=untold,
        seconds=round(seconds, 2),
    )


def is_right(race: Race) -> bool:
    """Tell whether exactly all seats were sold, each price for its number, nobody too many, losers told."""
    return race.sold == race.seats and not (race.wrong_steps or race.over_limit or race.untold)
