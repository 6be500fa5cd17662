"""What a command is: who wants what, under which key, and the plan to decide it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import blake2b

from msgspec import Struct

from plaudit.core.commands.references import Item, Lookup
from plaudit.core.ledger.book import Book, Decision, Window
from plaudit.kernel.actor import Actor
from plaudit.vocabulary.facts.base import FactData


class Grant(Struct, frozen=True):
    """Who asks, and what they may do: the result of checking a credential."""

    tenant_id: int
    actor: Actor
    permissions: frozenset[str]


class Plan(Struct, frozen=True):
    """What to lock, and the pure decision on the locked values."""

    decide: Callable[[Book], Decision]
    accounts: tuple[str, ...] = ()
    windows: tuple[Window, ...] = ()
    holds: tuple[int, ...] = ()


class Command(Struct, frozen=True):
    """One wish to change something.

    ``content`` is the request in one canonical text: the same key with other content is a conflict.
    ``plan`` is pure; it may look up reference rows, and is asked anew when one of them has changed. ``at``
    is None for "now" and otherwise needs the permission ``import``. ``targets`` are the switches that stop
    it, beside its tenant's.
    """

    action: str
    permission: str
    grant: Grant
    key: str
    content: bytes
    plan: Callable[[Lookup], Plan]
    at: datetime | None = None
    targets: tuple[str, ...] = ()

    def digests(self) -> tuple[bytes, bytes]:
        """Return 16 bytes that stand for caller and key, and 16 that stand for what is asked."""
        key = blake2b(f"{self.grant.actor.text}\0{self.key}".encode(), digest_size=16).digest()
        return key, blake2b(self.action.encode() + b"\0" + self.content, digest_size=16).digest()


class Work(Struct, frozen=True):
    """What a table command has done: the plan of its fact, and the reference rows it changed."""

    plan: Plan
    changed: tuple[Item, ...] = ()


class Outcome(Struct, frozen=True, gc=False):
    """What was done, from the fact and its entries.

    ``data`` is of the vocabulary's type for ``kind``; ``entries``: address → (amount_minor, balance after).
    """

    position: int
    kind: str
    subject: str
    at: datetime
    recorded_at: datetime
    data: FactData
    entries: Mapping[str, tuple[int, int]]
    replayed: bool
