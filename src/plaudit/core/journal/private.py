"""The personal text that came with facts: read, checked against the fact's hash, erased by owner."""

from collections.abc import Sequence
from dataclasses import dataclass
from hmac import compare_digest

from plaudit.core.journal import store
from plaudit.core.journal.facts import PrivatePart
from plaudit.platform.db import Connection


@dataclass(frozen=True, slots=True)
class PrivateText:
    """A private part that has not been erased. ``part.digest`` is what its fact holds for ever."""

    position: int
    part: PrivatePart


async def read(conn: Connection, *, tenant_id: int, positions: Sequence[int]) -> list[PrivateText]:
    """Return the private parts of the facts at the given positions, in order; erased ones are left out."""
    if not positions:
        return []
    rows = await store.select_private(conn, tenant_id=tenant_id, positions=positions)
    return [
        PrivateText(position, PrivatePart(name=name, owner=owner, body=body, salt=salt))
        for position, name, owner, salt, body in rows
    ]


async def erase(conn: Connection, *, tenant_id: int, owner: str) -> int:
    """Erase every text of an owner ("viewer/v1") with its salt, and return how many there were.

    Facts stay as they are: they hold the hash, which without the salt tells nothing.
    """
    return await store.delete_private(conn, tenant_id=tenant_id, owner=owner)


def is_genuine(*, part: PrivatePart, digest: str) -> bool:
    """Tell whether a text is the one whose hex digest a fact holds."""
    return compare_digest(part.digest.encode(), digest.encode())
