"""What handlers may ask for by name (see platform/web.INJECTED)."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from plaudit.core.commands.command import Grant
from plaudit.core.commands.corridor import Corridor
from plaudit.core.commands.references import References
from plaudit.core.ledger.accounts import Directory
from plaudit.kernel.refusal import forbidden, invalid
from plaudit.kernel.time import Clock
from plaudit.platform.crypto import Vault
from plaudit.platform.db import Database
from plaudit.platform.outbound import Outbound

if TYPE_CHECKING:
    from plaudit.app.assembly import House

_KEY: Final = re.compile(rb"[\x21-\x7e]{1,255}")


class Offer:
    """One request's view of the house."""

    __slots__ = ("_credential", "_grant", "_key", "house", "refusal_code", "request_id")

    def __init__(self, house: "House", request_id: str) -> None:
        """Begin without a caller and without a key."""
        self.house = house
        self.request_id = request_id
        self.refusal_code = ""
        self._grant: Grant | None = None
        self._key: bytes | None = None
        self._credential: bytes | None = None

    def introduce(self, grant: Grant, *, credential: bytes | None, key: bytes | None) -> None:
        """Say who calls, by which credential, and the idempotency key as it was sent."""
        self._grant = grant
        self._credential = credential
        self._key = key

    async def readmit(self) -> None:
        """Raise the Refusal of a credential that was revoked or has ended while the request went on."""
        await self.house.doorkeeper.admit(self._credential)

    @property
    def caller(self) -> Grant | None:
        """The caller, where there is one."""
        return self._grant

    @property
    def grant(self) -> Grant:
        """What the caller may do."""
        assert self._grant is not None, "a route outside /v1 has no caller"
        return self._grant

    def require(self, permission: str) -> None:
        """Raise Refusal `scope.missing` (FORBIDDEN) unless the caller holds the permission of a route.

        Commands are authorized once more in the corridor; reads here alone.
        """
        if permission not in self.grant.permissions:
            raise forbidden(
                "scope.missing",
                f"This needs the scope {permission}; use a key that holds it.",
                scope=permission,
            )

    @property
    def idempotency_key(self) -> str:
        """The key of the request. Raises Refusal `key.missing`, `key.malformed` (INVALID)."""
        key = self._key
        if key is None:
            raise invalid(
                "key.missing",
                "Send a header Idempotency-Key that is new for every new request, kept when resending.",
            )
        if not _KEY.fullmatch(key):
            raise invalid("key.malformed", "Send an Idempotency-Key of 1 to 255 visible ASCII characters.")
        return key.decode("ascii")

    @property
    def corridor(self) -> Corridor:
        """The way for commands."""
        return self.house.corridor

    @property
    def database(self) -> Database:
        """The database, for reading."""
        return self.house.database

    @property
    def directory(self) -> Directory:
        """Accounts by address."""
        return self.house.directory

    @property
    def references(self) -> References:
        """Reference rows."""
        return self.house.references

    @property
    def clock(self) -> Clock:
        """The one clock."""
        return self.house.clock

    @property
    def randomness(self) -> Callable[[int], bytes]:
        """The source of randomness."""
        return self.house.randomness

    @property
    def vault(self) -> Vault:
        """What seals secrets."""
        return self.house.vault

    @property
    def outbound(self) -> Outbound:
        """The way out."""
        return self.house.outbound
