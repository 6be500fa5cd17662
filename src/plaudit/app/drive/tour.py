"""What a demo shows beyond a replay: terms with a guild before the show, and after it a creator's statement.

Asked of the server over HTTP, as any client would.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlencode

import msgspec

from plaudit.app.drive.client import Client
from plaudit.app.drive.stage import checked, put

TERMS: Final = "demo"
GUILD: Final = "northern-lights"

_TERMS: Final[Mapping[str, object]] = {
    "basis": "monthly",
    "tiers": [
        {"from_minor": 0, "creator": "70%", "guild": "5%"},
        {"from_minor": 2_000_000, "creator": "75%", "guild": "5%"},
    ],
}


class Cause(msgspec.Struct, frozen=True):
    """The fact behind an entry: who paid (None where anonymous) and how much in all."""

    viewer: str | None = None
    amount_minor: int | None = None


class Line(msgspec.Struct, frozen=True):
    """One entry of a creator's statement, amounts in minor units."""

    position: int
    kind: str
    amount_minor: int
    balance_before_minor: int
    balance_after_minor: int
    at: str
    cause: Cause


class _Statement(msgspec.Struct, frozen=True):
    items: list[Line]


async def open_stage(*, client: Client, creators: Sequence[str]) -> None:
    """Save terms that rise with the month's volume; register creators under them, the first in a guild."""
    await put(client=client, path=f"/v1/terms/{TERMS}", body=_TERMS)
    for number, creator in enumerate(creators):
        body = {"terms": TERMS, "guild": GUILD if number == 0 else None}
        await put(client=client, path=f"/v1/creators/{creator}", body=body)


async def statement(*, client: Client, creator: str, currency: str, lines: int) -> list[Line]:
    """Return the newest lines of what a creator earned."""
    query = urlencode({"asset": currency, "limit": lines})
    answer = await client.send(method="GET", path=f"/v1/creators/{creator}/statement?{query}")
    return checked(answer=answer, shape=_Statement).items
