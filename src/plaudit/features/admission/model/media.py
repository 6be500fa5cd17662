"""What every media server has to do for us: give players what they need, and end a client of its own."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a player is to be let into: a stream by its `name` at the server, for whom, and until when.

    `token` is ours, for servers that ask; `session` the number of the place that was taken, for those that
    do not. `chance` are eight random bytes.
    """

    name: str
    viewer: str
    show: str
    stream: str
    device: str
    publish: bool
    token: str
    session: int
    now_s: int
    ends_at_s: int
    chance: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a player needs: addresses, and where its kit wants them a token, who it is, and the app's id."""

    urls: tuple[str, ...] = ()
    token: str | None = None
    identity: str | None = None
    uid: int | None = None
    app_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A client at a media server, by its own id there and the number of its session here."""

    client: str
    protocol: str
    name: str
    session: int


class Media(Protocol):
    """A media server ready for use."""

    @property
    def asks(self) -> bool:
        """Whether it asks us when somebody begins; else it lets in who has what we signed."""

    @property
    def lists(self) -> bool:
        """Whether it tells who is there."""

    def offer(self, wanted: Wanted) -> Offer:
        """Return what a player needs. Pure."""

    async def kick(self, client: Client) -> None:
        """End a client; one that is gone already is no failure. Raises platform.failures.Failure."""

    async def present(self) -> AbstractSet[str]:
        """Return the ids of all clients that are there. Raises platform.failures.Failure."""


def client_of(*, viewer: str, device: str, publish: bool) -> str:
    """Return what a client is called at a server that does not tell: names hold no such sign.

    Who publishes is called otherwise than who watches on the same device: each has a place and rights of its
    own, and one is ended without the other.
    """
    return f"{viewer}#{device}{'#stage' if publish else ''}"
