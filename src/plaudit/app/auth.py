"""From a credential to what it allows, in microseconds for one seen before.

Keys, staff and token keys are reference rows: every process forgets a row within a second of its change, so a
revoked key ends everywhere. What is kept here beside them (which row a credential led to, the claims of a
verified token) is only used while that very row is still the current one.
"""

import asyncio
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

from plaudit.core.commands import tenants as core_tenants
from plaudit.core.commands.references import NotLoaded, References
from plaudit.core.commands.tenants import Tenant
from plaudit.features.identity import actions
from plaudit.features.identity.actions import TOPIC_API_KEY, TOPIC_STAFF, TOPIC_TOKEN_KEY
from plaudit.features.identity.model import (
    TOKEN_KEY_PREFIX,
    Access,
    ApiKey,
    KeyCredential,
    Staff,
    TokenCredential,
    TokenKey,
    access_of_app,
    access_of_staff,
    access_of_token,
    check_claims,
    parse_authorization,
    refused_credential,
    secret_matches,
    tenant_of,
)
from plaudit.features.identity.providers.jwt import key_id_of, verified_claims
from plaudit.kernel.ids import decode_id
from plaudit.kernel.refusal import Refusal, unauthenticated
from plaudit.kernel.time import Clock
from plaudit.platform.crypto import Vault
from plaudit.platform.db import Database

_KNOWN_MAX: Final = 20_000
_DIGEST_BYTES: Final = 16
_NEVER: Final = 2**62


@dataclass(frozen=True, slots=True)
class _Known:
    """Where a credential led: the row that must still be current, and when a token ends (Unix seconds)."""

    access: Access
    tenant_id: int
    topic: str
    key: str
    row: object
    expires_at_s: int


class Tenants:
    """The tenants of the installation; asked for again, by one request at a time, when one is not known."""

    def __init__(self, *, database: Database) -> None:
        """Start with none."""
        self._database = database
        self._known: dict[int, Tenant] = {}
        self._asking = asyncio.Lock()

    async def find(self, tenant_id: int) -> Tenant | None:
        """Return a tenant, or None when there is none."""
        found = self._known.get(tenant_id)
        if found is None:
            async with self._asking:
                if tenant_id not in self._known:
                    await self.refresh()
            found = self._known.get(tenant_id)
        return found

    async def refresh(self) -> None:
        """Read all tenants."""
        async with self._database.connection() as conn:
            tenants = await core_tenants.tenants(conn)
        self._known = {tenant.tenant_id: tenant for tenant in tenants}


class Doorkeeper:
    """Checks credentials."""

    def __init__(
        self,
        *,
        tenants: Tenants,
        references: References,
        vault: Vault,
        clock: Clock,
        known_max: int = _KNOWN_MAX,
    ) -> None:
        """Remember at most `known_max` credentials, by digest."""
        self._tenants = tenants
        self._references = references
        self._vault = vault
        self._clock = clock
        self._known_max = known_max
        self._known: dict[bytes, _Known] = {}

    async def admit(self, header: bytes | None) -> Access:
        """Return what the credential in an Authorization header allows.

        Raises Refusal (UNAUTHENTICATED) `auth.missing`, `auth.invalid`, `auth.expired`, `auth.revoked`.
        """
        digest = b""
        if header:
            digest = blake2b(header, digest_size=_DIGEST_BYTES).digest()
            known = self._known.get(digest)
            if known is not None:
                if self._holds(known):
                    return known.access
                del self._known[digest]
        known = await self._look(header)
        if len(self._known) >= self._known_max:
            # The oldest goes: whoever still uses it is checked once more.
            del self._known[next(iter(self._known))]
        self._known[digest] = known
        return known.access

    def _holds(self, known: _Known) -> bool:
        try:
            current = self._references.lookup(known.tenant_id).one(known.topic, known.key)
        except NotLoaded:
            return False
        if current is not known.row:
            return False
        if known.expires_at_s != _NEVER and self._clock.now().timestamp() >= known.expires_at_s:
            raise unauthenticated("auth.expired", "This token has ended; ask for a new one.")
        return True

    async def _look(self, header: bytes | None) -> _Known:
        try:
            text = header.decode("ascii") if header else None
        except UnicodeDecodeError:
            raise refused_credential() from None
        credential = parse_authorization(text)
        if isinstance(credential, TokenCredential):
            return await self._look_token(credential)
        return await self._look_key(credential)

    async def _look_key(self, credential: KeyCredential) -> _Known:
        tenant = await self._tenant(credential.number)
        key = str(credential.number)
        topic = TOPIC_API_KEY if credential.kind == "app" else TOPIC_STAFF
        row: ApiKey | Staff = await self._row(tenant.tenant_id, topic, key)
        if not secret_matches(credential=credential, stored_hash=row.secret_hash):
            raise refused_credential()
        access: Access
        if isinstance(row, ApiKey):
            access = access_of_app(tenant_id=tenant.tenant_id, key=row)
        else:
            access = access_of_staff(tenant_id=tenant.tenant_id, staff=row)
        return _Known(access, tenant.tenant_id, topic, key, row, _NEVER)

    async def _look_token(self, credential: TokenCredential) -> _Known:
        try:
            number = decode_id(TOKEN_KEY_PREFIX, key_id_of(credential.token))
        except Refusal:
            raise refused_credential() from None
        tenant = await self._tenant(number)
        row: TokenKey = await self._row(tenant.tenant_id, TOPIC_TOKEN_KEY, str(number))
        claims = verified_claims(token=credential.token, key=actions.opened(key=row, vault=self._vault))
        said = check_claims(claims=claims, tenant=tenant.slug, now=self._clock.now())
        access = access_of_token(tenant_id=tenant.tenant_id, key=row, claims=said)
        return _Known(access, tenant.tenant_id, TOPIC_TOKEN_KEY, str(number), row, said.expires_at_s)

    async def _tenant(self, number: int) -> Tenant:
        tenant = await self._tenants.find(tenant_of(number))
        if tenant is None:
            raise refused_credential()
        return tenant

    async def _row(self, tenant_id: int, topic: str, key: str) -> Any:  # noqa: ANN401 - by topic
        row = await self._references.get(tenant_id=tenant_id, topic=topic, key=key)
        if row is None:
            # Numbers that nobody has are not remembered, or guessing them would push out what is in use.
            self._references.forget(tenant_id=tenant_id, item=(topic, key))
            raise refused_credential()
        return row
