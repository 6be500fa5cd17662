"""One process of a storm: sends the keys that every process sends, and keys of its own among them."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass

from plaudit.core.commands.command import Command, Outcome
from plaudit.kernel.refusal import Refusal
from plaudit.platform.db import Database
from tests.core.commands.notes import note
from tests.kit.house import House, credit, running_house, tip

__all__ = ["Answer", "storm"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What one process heard about a key: ``code`` of a refusal, else the position."""

    key: str
    content: str
    position: int | None
    replayed: bool
    code: str | None


def storm(url: str, tenant_id: int, process: int, keys: int) -> list[Answer]:
    """Send all shared keys, half of them with content of its own, and its own keys, in its own order."""
    return asyncio.run(_storm(url, tenant_id, process, keys))


async def _storm(url: str, tenant_id: int, process: int, keys: int) -> list[Answer]:
    chance = random.Random(process)  # noqa: S311 - an order that can be repeated
    wishes = [(f"shared {n}", f"by {process}" if n % 2 else "same", n) for n in range(keys)]
    wishes += [(f"own {process} {n}", "own", n) for n in range(keys)]
    chance.shuffle(wishes)
    async with (
        Database.open(url) as database,
        running_house(database, tenant_id=tenant_id, lanes=2, batch_max=64) as house,
    ):
        return await asyncio.gather(
            *(_ask(house, key, content, _command(tenant_id, key, content, n)) for key, content, n in wishes)
        )


def _command(tenant_id: int, key: str, content: str, n: int) -> Command:
    """Return a credit, a tip or a note: with shared accounts, and with nothing in common but the key."""
    more = 0 if content == "same" else 1 + len(content) + sum(content.encode())
    if n % 4 < 2:
        return note(tenant_id, key=key, text=content)
    if n % 4 == 2:
        return credit(tenant_id, viewer=f"v{n % 7}", amount_minor=10 + more, key=key)
    return tip(tenant_id, viewer="rich", creator=f"c{n % 3}", amount_minor=10 + more, key=key)


async def _ask(house: House, key: str, content: str, command: Command) -> Answer:
    try:
        outcome: Outcome = await house.corridor.submit(command)
    except Refusal as refusal:
        return Answer(key, content, None, replayed=False, code=refusal.code)
    return Answer(key, content, outcome.position, replayed=outcome.replayed, code=None)
