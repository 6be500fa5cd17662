"""Media servers as they are kept: everything but their secrets is in the clear."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Literal, TypeAlias, get_args

from plaudit.kernel.ids import decode_id, encode_id
from plaudit.kernel.refusal import Refusal, invalid, not_found

SERVER: Final = "med"
"""The prefix of the ids of media servers."""

Kind: TypeAlias = Literal["srs", "mediamtx", "livekit", "agora", "cdn"]
AtLimit: TypeAlias = Literal["refuse", "replace_oldest"]
"""What happens to one device more than a show allows: it is refused, or the oldest of them goes."""
InDoubt: TypeAlias = Literal["refuse", "admit"]
"""What a viewer with a token of ours is answered while the database is away."""

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
SERVERS_MAX: Final = 100
TTL_MIN_S: Final = 30
TTL_MAX_S: Final = 86_400

_SERVERS_READ: Final = 1_024
_NUMBER_BITS: Final = 32
_NUMBER_MASK: Final = 2**_NUMBER_BITS - 1
_NAME_MAX: Final = 100
_PRIORITY_MAX: Final = 1_000
_TEMPLATE_MAX: Final = 100
_TEMPLATE: Final = re.compile(r"(?:[A-Za-z0-9_.~:@/-]|\{show\}|\{stream\})+", re.ASCII)
_HOLES: Final = re.compile(r"\{show\}|\{stream\}")
_APART: Final = frozenset("~/")
"""What a template may have in it and the name of a show or stream may not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerTerms:
    """What of a media server is the same at every kind.

    `stream_name` is what a stream of a show is called there, with `{show}` and `{stream}` in it: a stream,
    path, room or channel. What was saved long ago may be a template that is refused now. A token is good for
    `token_ttl_s` seconds to begin with.
    """

    name: str
    enabled: bool
    priority: int
    stream_name: str
    token_ttl_s: int
    at_limit: AtLimit
    in_doubt: InDoubt

    @property
    def ends_with_stream(self) -> bool:
        """Whether what comes after a stream's name there might belong to the name of another stream."""
        return self.stream_name.endswith("{stream}")

    @property
    def ends_with_show(self) -> bool:
        """Whether it might belong to the name of another show."""
        return self.stream_name.endswith("{show}")

    def name_of(self, *, show: str, stream: str) -> str:
        """Return what a stream of a show is called at this server."""
        return self.stream_name.replace("{show}", show).replace("{stream}", stream)


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaServer:
    """One revision of a media server, its secrets sealed. `keys` counts the keys of its tokens and hooks."""

    tenant_id: int
    number: int
    kind: Kind
    terms: ServerTerms
    settings: Mapping[str, Any]
    sealed: bytes = field(repr=False)
    secret_names: tuple[str, ...]
    secrets_at: datetime
    keys: int
    revision: int
    saved_at: datetime

    @property
    def id(self) -> str:
        """The server's id, as it is in the addresses of its hooks."""
        return server_id(tenant_id=self.tenant_id, number=self.number)


def server_id(*, tenant_id: int, number: int) -> str:
    """Return the id of a media server; it tells the tenant, for hooks carry no other credential."""
    return encode_id(SERVER, tenant_id << _NUMBER_BITS | number)


@lru_cache(maxsize=_SERVERS_READ)
def server_of(server: str) -> tuple[int, int]:
    """Return the tenant and the number in a server's id. Raises Refusal `invalid.id` (INVALID)."""
    both = decode_id(SERVER, server)
    return both >> _NUMBER_BITS, both & _NUMBER_MASK


def number_of(server: str, *, tenant_id: int) -> int:
    """Return the number in the id of a tenant's server.

    Raises Refusal `invalid.id` (INVALID), and `media_server.unknown` (NOT_FOUND) for another tenant's.
    """
    owner, number = server_of(server)
    if owner != tenant_id:
        raise unknown_server()
    return number


def unknown_server() -> Refusal:
    """Return the refusal of a media server that there is not, or of a hook that does not know its secret."""
    return not_found("media_server.unknown", "There is no such media server; check its id and its hook path.")


def check_terms(terms: ServerTerms) -> None:
    """Raise Refusal `media_server.invalid` (INVALID) for impossible terms."""
    if not terms.name.strip() or len(terms.name) > _NAME_MAX or not terms.name.isprintable():
        raise wrong("name", f"Give a name of 1 to {_NAME_MAX} printable characters.")
    if not 0 <= terms.priority <= _PRIORITY_MAX:
        raise wrong("priority", f"Give a priority from 0 to {_PRIORITY_MAX}; the lowest is taken first.")
    if not TTL_MIN_S <= terms.token_ttl_s <= TTL_MAX_S:
        raise wrong("token_ttl_s", f"Give {TTL_MIN_S} to {TTL_MAX_S} seconds.")
    template = terms.stream_name
    both = template.count("{show}") == template.count("{stream}") == 1
    if not both or len(template) > _TEMPLATE_MAX or not _TEMPLATE.fullmatch(template):
        raise wrong(
            "stream_name",
            "Give a name with {show} and {stream} in it, each once, beside letters, digits and _.~:@/-",
        )
    if _APART.isdisjoint(_HOLES.split(template)[1]):
        raise wrong(
            "stream_name",
            "Put ~ or / between {show} and {stream}: no name holds these, so that no two streams are one.",
        )
    # To MediaMTX a path that starts with a tilde is an expression, which opens whatever it matches.
    if template.startswith(("/", "~")) or template.endswith("/"):
        raise wrong("stream_name", "Leave out the slash at the start or end, and the tilde at the start.")


def kind_of(name: str) -> Kind:
    """Return the kind of this name. Raises Refusal `media_server.kind` (INVALID)."""
    for known in KINDS:
        if known == name:
            return known
    raise invalid(
        "media_server.kind", "Name a kind of media server that there is.", field="kind", kinds=list(KINDS)
    )


def wrong(field_name: str, message: str) -> Refusal:
    """Return the refusal of a field of a media server."""
    return invalid("media_server.invalid", message, field=field_name)
