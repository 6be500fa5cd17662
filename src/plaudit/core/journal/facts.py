"""A fact before and after it is recorded, and the hash that seals its content."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from hashlib import sha256
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from plaudit.kernel.refusal import invalid
from plaudit.vocabulary.facts.base import FactData

D = TypeVar("D", bound=FactData)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_canonical = msgspec.json.Encoder(order="sorted")
_decode = msgspec.json.Decoder().decode


class PrivatePart(Struct, frozen=True):
    """Personal text beside a fact. ``salt`` is 16 random bytes, kept and erased with the text."""

    name: str
    owner: str
    body: str
    salt: bytes

    @property
    def digest(self) -> str:
        """Return the hex SHA-256 of salt and text, which the fact may hold for ever."""
        return sha256(self.salt + self.body.encode()).hexdigest()


class Fact(Struct, frozen=True, gc=False):
    """What an action says happened: whom it is about, the data, and personal text to stand beside it."""

    subject: str
    data: FactData
    private: tuple[PrivatePart, ...] = ()


class Recorded(Struct, frozen=True):
    """A fact as the journal holds it. ``moves`` is [[account id, amount_minor], …]."""

    tenant_id: int
    position: int
    kind: str
    version: int
    subject: str
    actor: str
    at: datetime
    recorded_at: datetime
    data: dict[str, Any]
    moves: Sequence[Sequence[int]]
    hash: bytes


class Heard(Struct, Generic[D], frozen=True, gc=False):
    """A fact as those read it who act on it: what it says, in the vocabulary's type for its kind."""

    position: int
    at: datetime
    recorded_at: datetime
    data: D


class Sealed(Struct, frozen=True, gc=False):
    """A fact ready to be appended: its content encoded once and hashed."""

    fact: Fact
    actor: str
    at: datetime
    data: bytes
    moves: bytes
    hash: bytes


def canonical(value: object) -> bytes:
    """Return the one JSON text of a value: keys sorted, no blanks. What is hashed is always this."""
    return _canonical.encode(value)


def encode(fact: Fact) -> bytes:
    """Return a fact's data as canonical JSON. Raises Refusal text.nul: PostgreSQL keeps no NUL character."""
    data = _canonical.encode(fact.data)
    private = fact.private
    if b"\\u0000" in data or "\0" in fact.subject or (private and any("\0" in one.body for one in private)):
        raise invalid("text.nul", "Remove the NUL character from the text.")
    return data


def seal(*, fact: Fact, data: bytes, actor: str, at: datetime, moves: Sequence[Sequence[int]]) -> Sealed:
    """Hash an encoded fact together with what the ledger moves for it."""
    packed = _canonical.encode(moves)
    head = (fact.data.KIND, fact.data.VERSION, fact.subject, actor, _microseconds(at))
    return Sealed(fact, actor, at, data, packed, _digest(head, data, packed))


def content_hash(recorded: Recorded) -> bytes:
    """Return the hash that a recorded fact must carry, derived anew from what is stored."""
    head = (recorded.kind, recorded.version, recorded.subject, recorded.actor, _microseconds(recorded.at))
    return _digest(head, _canonical.encode(recorded.data), _canonical.encode(recorded.moves))


def loads(text: bytes) -> Any:  # noqa: ANN401 - JSON as it comes
    """Decode JSON as the journal stores it."""
    return _decode(text)


def said(text: str, kind: type[D]) -> D:
    """Decode the data of a fact of a known kind. Raises msgspec.ValidationError when they are not that."""
    decoded: D = _decoder(kind).decode(text)
    return decoded


@cache
def _decoder(kind: type[D]) -> msgspec.json.Decoder[D]:
    return msgspec.json.Decoder(kind)


# The facts of a batch happened at one moment.
@lru_cache(maxsize=64)
def _microseconds(at: datetime) -> int:
    gap = at - _EPOCH
    return (gap.days * 86_400 + gap.seconds) * 1_000_000 + gap.microseconds


def _digest(head: tuple[str, int, str, str, int], data: bytes, moves: bytes) -> bytes:
    # A JSON array ends where it ends, and so does an object: the three texts cannot be taken for others.
    return sha256(_canonical.encode(head) + data + moves).digest()
