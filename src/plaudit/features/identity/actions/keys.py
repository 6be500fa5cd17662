"""Keys of applications, of the staff and of tokens: made, opened, revoked."""

from datetime import datetime
from hashlib import sha256
from typing import Final

from plaudit.core.commands.command import Grant, Work
from plaudit.core.feature import Anew
from plaudit.core.handles import Connection
from plaudit.core.journal.facts import Fact
from plaudit.features.identity import store
from plaudit.features.identity.actions.base import (
    Randomness,
    TableCommand,
    command_of,
    decided,
    missing,
)
from plaudit.features.identity.model import (
    APP_PREFIX,
    STAFF_PREFIX,
    TOKEN_KEY_PREFIX,
    TokenKey,
    check_key_name,
    check_rate,
    check_scopes,
    hash_secret,
    key_text,
)
from plaudit.features.identity.providers.jwt import check_material
from plaudit.kernel.ids import decode_id, encode_id, new_token
from plaudit.kernel.refusal import not_found
from plaudit.platform.crypto import Vault
from plaudit.vocabulary.facts.base import FactData
from plaudit.vocabulary.facts.identity import (
    KeyCreated,
    KeyRevoked,
    StaffCreated,
    StaffRevoked,
    TokenKeyCreated,
    TokenKeyRevoked,
)

TOPIC_API_KEY: Final = "api_key"
TOPIC_STAFF: Final = "staff"
TOPIC_TOKEN_KEY: Final = "token_key"  # noqa: S105 - the name of a topic


def create_api_key(
    *,
    grant: Grant,
    idempotency_key: str,
    name: str,
    scopes: list[str],
    rate_per_second: int | None,
    now: datetime,
    randomness: Randomness,
) -> TableCommand:
    """Make an API key of scopes the caller holds.

    Refusals: `name.invalid`, `scope.unknown`, `scope.missing`, `rate.invalid`.
    """
    given = _scopes_to_give(grant, scopes)
    checked_name, rate = check_key_name(name), check_rate(rate_per_second)
    secret = new_token(random_bytes=randomness)
    shown: list[str] = []

    async def work(tx: Connection) -> Work:
        number = await store.draw_number(tx, tenant_id=grant.tenant_id)
        await store.insert_api_key(
            tx,
            tenant_id=grant.tenant_id,
            number=number,
            name=checked_name,
            scopes=given,
            rate_per_second=rate,
            secret_hash=hash_secret(secret),
            now=now,
        )
        shown[:] = [key_text(kind="app", number=number, secret=secret)]
        key = encode_id(APP_PREFIX, number)
        data = KeyCreated(key=key, scopes=given, rate_per_second=rate)
        return _work(f"key/{key}", data, (TOPIC_API_KEY, str(number)))

    content = {"name": checked_name, "scopes": given, "rate_per_second": rate}
    command = command_of("create_api_key", "keys.write", grant=grant, key=idempotency_key, content=content)
    return TableCommand(command, work, lambda: shown[0] if shown else None)


def create_staff(
    *, grant: Grant, idempotency_key: str, name: str, scopes: list[str], now: datetime, randomness: Randomness
) -> TableCommand:
    """Register a person with a key of scopes the caller holds.

    Refusals: `name.invalid`, `scope.unknown`, `scope.missing`.
    """
    given = _scopes_to_give(grant, scopes)
    checked_name = check_key_name(name)
    secret = new_token(random_bytes=randomness)
    shown: list[str] = []

    async def work(tx: Connection) -> Work:
        number = await store.draw_number(tx, tenant_id=grant.tenant_id)
        await store.insert_staff(
            tx,
            tenant_id=grant.tenant_id,
            number=number,
            name=checked_name,
            scopes=given,
            secret_hash=hash_secret(secret),
            now=now,
        )
        shown[:] = [key_text(kind="staff", number=number, secret=secret)]
        person = encode_id(STAFF_PREFIX, number)
        return _work(f"staff/{person}", StaffCreated(staff=person, scopes=given), (TOPIC_STAFF, str(number)))

    content = {"name": checked_name, "scopes": given}
    command = command_of("create_staff", "staff.write", grant=grant, key=idempotency_key, content=content)
    return TableCommand(command, work, lambda: shown[0] if shown else None)


def create_token_key(
    *,
    grant: Grant,
    idempotency_key: str,
    algorithm: str,
    secret: str | None,
    public_key: str | None,
    now: datetime,
    vault: Vault,
    randomness: Randomness,
) -> TableCommand:
    """Pin a key that verifies tokens; a shared secret is stored sealed. Refuses with `token_key.invalid`."""
    chosen, material = check_material(algorithm=algorithm, secret=secret, public_key=public_key)

    async def work(tx: Connection) -> Work:
        number = await store.draw_number(tx, tenant_id=grant.tenant_id)
        key = encode_id(TOKEN_KEY_PREFIX, number)
        stored = material
        if chosen == "HS256":
            stored = vault.seal(text=material, context=context_of(key), randomness=randomness)
        await store.insert_token_key(
            tx, tenant_id=grant.tenant_id, number=number, algorithm=chosen, material=stored, now=now
        )
        public_key_hash = None if chosen == "HS256" else sha256(material).hexdigest()
        data = TokenKeyCreated(token_key=key, algorithm=chosen, public_key_hash=public_key_hash)
        return _work(f"token_key/{key}", data, (TOPIC_TOKEN_KEY, str(number)))

    content = {"algorithm": chosen, "material": sha256(material).hexdigest()}
    return TableCommand(
        command_of("create_token_key", "keys.write", grant=grant, key=idempotency_key, content=content), work
    )


async def reseal(conn: Connection, *, tenant_id: int, anew: Anew) -> int:
    """Seal the shared secrets of token keys with the key in use, and return how many were with another."""
    changed = 0
    for key in await store.lock_token_keys(conn, tenant_id=tenant_id):
        sealed = anew(key.material, context_of(key.id)) if key.algorithm == "HS256" else None
        if sealed is not None:
            changed += 1
            number = decode_id(TOKEN_KEY_PREFIX, key.id)
            await store.save_material(conn, tenant_id=tenant_id, number=number, material=sealed)
    return changed


def context_of(key: str) -> str:
    """Return what the secret of a token key is sealed for: it opens at no other key."""
    return f"token_key/{key}"


def opened(*, key: TokenKey, vault: Vault) -> TokenKey:
    """Return a stored token key with its material opened. Raises platform.crypto.SealError."""
    if key.algorithm != "HS256":
        return key
    material = vault.open(sealed=key.material, context=context_of(key.id))
    return TokenKey(
        id=key.id,
        algorithm=key.algorithm,
        material=material,
        created_at=key.created_at,
        revoked_at=key.revoked_at,
    )


def revoke_api_key(*, grant: Grant, idempotency_key: str, key: str, now: datetime) -> TableCommand:
    """Revoke an API key. Refusals: `invalid.id`, `key.unknown`."""
    return _revoke(
        grant=grant,
        idempotency_key=idempotency_key,
        now=now,
        table="api_key",
        named=(APP_PREFIX, key),
        permission="keys.write",
        subject=f"key/{key}",
        data=KeyRevoked(key=key),
    )


def revoke_staff(*, grant: Grant, idempotency_key: str, staff: str, now: datetime) -> TableCommand:
    """Revoke a person's key. Refusals: `invalid.id`, `key.unknown`."""
    return _revoke(
        grant=grant,
        idempotency_key=idempotency_key,
        now=now,
        table="staff",
        named=(STAFF_PREFIX, staff),
        permission="staff.write",
        subject=f"staff/{staff}",
        data=StaffRevoked(staff=staff),
    )


def revoke_token_key(*, grant: Grant, idempotency_key: str, key: str, now: datetime) -> TableCommand:
    """Revoke a token key, and with it every token signed by it. Refusals: `invalid.id`, `key.unknown`."""
    return _revoke(
        grant=grant,
        idempotency_key=idempotency_key,
        now=now,
        table="token_key",
        named=(TOKEN_KEY_PREFIX, key),
        permission="keys.write",
        subject=f"token_key/{key}",
        data=TokenKeyRevoked(token_key=key),
    )


def _revoke(
    *,
    grant: Grant,
    idempotency_key: str,
    now: datetime,
    table: store.Table,
    named: tuple[str, str],
    permission: str,
    subject: str,
    data: FactData,
) -> TableCommand:
    number = decode_id(*named)

    async def work(tx: Connection) -> Work:
        if not await store.revoke(tx, table=table, tenant_id=grant.tenant_id, number=number, now=now):
            raise not_found("key.unknown", "There is no such key, or it is revoked already.")
        return _work(subject, data, (table, str(number)))

    command = command_of(
        f"revoke_{table}", permission, grant=grant, key=idempotency_key, content={"id": named[1]}
    )
    return TableCommand(command, work)


def _scopes_to_give(grant: Grant, scopes: list[str]) -> tuple[str, ...]:
    """Return the scopes in order. Nobody gives what they do not hold, or a key could make a mightier one."""
    given = check_scopes(scopes)
    beyond = sorted(given - grant.permissions)
    if beyond:
        raise missing(beyond[0])
    return tuple(sorted(given))


def _work(subject: str, data: FactData, changed: tuple[str, str]) -> Work:
    return Work(decided(Fact(subject, data)), (changed,))
