"""What identity does: make and revoke keys, register staff, erase a viewer, open a tenant; and the corridor's authorizer."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from plaudit.core.commands import tenants
from plaudit.core.commands.batch import Prepared, decide_and_record
from plaudit.core.commands.command import Command, Grant, Outcome, Plan, Work
from plaudit.core.commands.references import Lookup
from plaudit.core.handles import Connection, Database
from plaudit.core.journal import private
from plaudit.core.journal.facts import Fact, PrivatePart, canonical
from plaudit.core.ledger.accounts import Directory
from plaudit.core.ledger.book import Book, Decision
from plaudit.features.identity import store
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
from plaudit.kernel.actor import Actor
from plaudit.kernel.ids import decode_id, encode_id, new_token, valid_name
from plaudit.kernel.refusal import Refusal, conflict, forbidden, invalid, not_found
from plaudit.platform.crypto import Vault
from plaudit.vocabulary.facts.base import FactData
from plaudit.vocabulary.facts.identity import (
    KeyCreated,
    KeyRevoked,
    StaffCreated,
    StaffRevoked,
    TenantCreated,
    TokenKeyCreated,
    TokenKeyRevoked,
    ViewerErased,
)
from plaudit.vocabulary.permissions import PERMISSIONS

Randomness = Callable[[int], bytes]
Doing = Callable[[Connection], Awaitable[Work]]

TOPIC_API_KEY: Final = "api_key"
TOPIC_STAFF: Final = "staff"
TOPIC_TOKEN_KEY: Final = "token_key"  # noqa: S105 - the name of a topic

REASON_MAX: Final = 500
TENANT_NAME_MAX: Final = 100
_SLUG: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_SALT_BYTES: Final = 16
_FIRST_KEY_NAME: Final = "first key"


def authorize(command: Command) -> None:
    """Raise Refusal `scope.missing` (FORBIDDEN) unless the grant holds the command's permission, and `import` for `at`."""
    held = command.grant.permissions
    if command.permission not in held:
        assert command.permission in PERMISSIONS, command.permission
        raise _missing(command.permission)
    if command.at is not None and "import" not in held:
        raise _missing("import")


@dataclass(frozen=True, slots=True)
class TableCommand:
    """A command, the work in its transaction, and the key to show once (None where there is none)."""

    command: Command
    work: Doing
    key: Callable[[], str | None] = lambda: None


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
    """Make an API key of scopes the caller holds. Refusals: `name.invalid`, `scope.unknown`, `scope.missing`, `rate.invalid`."""
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
    command = _command("create_api_key", "keys.write", grant, idempotency_key, content)
    return TableCommand(command, work, lambda: shown[0] if shown else None)


def create_staff(
    *, grant: Grant, idempotency_key: str, name: str, scopes: list[str], now: datetime, randomness: Randomness
) -> TableCommand:
    """Register a person with a key of scopes the caller holds. Refusals: `name.invalid`, `scope.unknown`, `scope.missing`."""
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
    command = _command("create_staff", "staff.write", grant, idempotency_key, content)
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
            stored = vault.seal(text=material, context=f"token_key/{key}", randomness=randomness)
        await store.insert_token_key(
            tx, tenant_id=grant.tenant_id, number=number, algorithm=chosen, material=stored, now=now
        )
        public_key_hash = None if chosen == "HS256" else sha256(material).hexdigest()
        data = TokenKeyCreated(token_key=key, algorithm=chosen, public_key_hash=public_key_hash)
        return _work(f"token_key/{key}", data, (TOPIC_TOKEN_KEY, str(number)))

    content = {"algorithm": chosen, "material": sha256(material).hexdigest()}
    return TableCommand(_command("create_token_key", "keys.write", grant, idempotency_key, content), work)


def opened(*, key: TokenKey, vault: Vault) -> TokenKey:
    """Return a stored token key with its material as the verifier takes it. Raises platform.crypto.SealError."""
    if key.algorithm != "HS256":
        return key
    material = vault.open(sealed=key.material, context=f"token_key/{key.id}")
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
        grant,
        idempotency_key,
        now,
        "api_key",
        (APP_PREFIX, key),
        "keys.write",
        f"key/{key}",
        KeyRevoked(key=key),
    )


def revoke_staff(*, grant: Grant, idempotency_key: str, staff: str, now: datetime) -> TableCommand:
    """Revoke a person's key. Refusals: `invalid.id`, `key.unknown`."""
    fact = StaffRevoked(staff=staff)
    return _revoke(
        grant, idempotency_key, now, "staff", (STAFF_PREFIX, staff), "staff.write", f"staff/{staff}", fact
    )


def revoke_token_key(*, grant: Grant, idempotency_key: str, key: str, now: datetime) -> TableCommand:
    """Revoke a token key, and with it every token signed by it. Refusals: `invalid.id`, `key.unknown`."""
    fact = TokenKeyRevoked(token_key=key)
    return _revoke(
        grant,
        idempotency_key,
        now,
        "token_key",
        (TOKEN_KEY_PREFIX, key),
        "keys.write",
        f"token_key/{key}",
        fact,
    )


def erase_viewer(
    *, grant: Grant, idempotency_key: str, viewer: str, reason: str, randomness: Randomness
) -> TableCommand:
    """Remove the personal text that facts brought with a viewer. Refusals: `viewer.invalid`, `reason.invalid`."""
    if not valid_name(viewer):
        raise invalid("viewer.invalid", "Write ids with letters, digits and _ . : @ -, at most 64.")
    if not 1 <= len(reason.strip()) <= len(reason) <= REASON_MAX or not reason.isprintable():
        raise invalid("reason.invalid", f"Give a reason of 1 to {REASON_MAX} printable characters.")
    part = PrivatePart(name="reason", owner=grant.actor.text, body=reason, salt=randomness(_SALT_BYTES))

    async def work(tx: Connection) -> Work:
        removed = await private.erase(tx, tenant_id=grant.tenant_id, owner=f"viewer/{viewer}")
        data = ViewerErased(viewer=viewer, removed=removed, reason_hash=part.digest)
        return Work(_decided(Fact(f"viewer/{viewer}", data, (part,))))

    content = {"viewer": viewer, "reason": reason}
    return TableCommand(_command("erase_viewer", "viewer.erase", grant, idempotency_key, content), work)


@dataclass(frozen=True, slots=True)
class OpenedTenant:
    """A new tenant and its first API key, which holds all scopes and is shown this once."""

    tenant_id: int
    slug: str
    key: str


async def create_tenant(
    *,
    database: Database,
    directory: Directory,
    slug: str,
    name: str,
    time_zone: str,
    now: datetime,
    randomness: Randomness,
) -> OpenedTenant:
    """Open a tenant: its row, its journal, its first key, all or nothing.

    Raises Refusal `tenant.invalid` (INVALID) and `tenant.exists` (CONFLICT).
    """
    _check_tenant(slug, name, time_zone)
    secret = new_token(random_bytes=randomness)
    scopes = tuple(sorted(PERMISSIONS))
    async with database.transaction() as tx:
        tenant_id = await tenants.open_tenant(tx, slug=slug, name=name, time_zone=time_zone, now=now)
        if tenant_id is None:
            raise conflict(
                "tenant.exists", "There is a tenant of this name already; choose another.", tenant=slug
            )
        number = await store.draw_number(tx, tenant_id=tenant_id)
        await store.insert_api_key(
            tx,
            tenant_id=tenant_id,
            number=number,
            name=_FIRST_KEY_NAME,
            scopes=scopes,
            rate_per_second=None,
            secret_hash=hash_secret(secret),
            now=now,
        )
        key = encode_id(APP_PREFIX, number)
        facts = [
            Fact(f"tenant/{slug}", TenantCreated(tenant=slug, time_zone=time_zone)),
            Fact(f"key/{key}", KeyCreated(key=key, scopes=scopes)),
        ]
        grant = Grant(tenant_id, Actor("system", "identity"), frozenset())
        results = await decide_and_record(
            tx,
            tenant_id=tenant_id,
            batch=[_prepared(grant, f"open-{n}", fact) for n, fact in enumerate(facts)],
            directory=directory,
            now=now,
        )
        assert all(isinstance(result, Outcome) for result in results), results
    return OpenedTenant(tenant_id, slug, key_text(kind="app", number=number, secret=secret))


def _check_tenant(slug: str, name: str, time_zone: str) -> None:
    if not _SLUG.fullmatch(slug):
        raise invalid("tenant.invalid", "Name a tenant with a-z, 0-9 and -, at most 63.", field="tenant")
    if not 1 <= len(name.strip()) <= len(name) <= TENANT_NAME_MAX or not name.isprintable():
        raise invalid("tenant.invalid", "Give a name of 1 to 100 printable characters.", field="name")
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise invalid(
            "tenant.invalid", "Give a time zone of the IANA list, such as Asia/Shanghai.", field="time_zone"
        ) from None


def _prepared(grant: Grant, key: str, fact: Fact) -> Prepared:
    command = Command("identity.create_tenant", "keys.write", grant, key, canonical(fact.data), _unplanned)
    digest, content = command.digests()
    return Prepared(command, _decided(fact), (), 0, digest, content, grant.actor.text)


def _revoke(
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

    command = _command(f"revoke_{table}", permission, grant, idempotency_key, {"id": named[1]})
    return TableCommand(command, work)


def _scopes_to_give(grant: Grant, scopes: list[str]) -> tuple[str, ...]:
    """Return the scopes in order. Nobody gives what they do not hold, or a key could make a mightier one."""
    given = check_scopes(scopes)
    beyond = sorted(given - grant.permissions)
    if beyond:
        raise _missing(beyond[0])
    return tuple(sorted(given))


def _command(action: str, permission: str, grant: Grant, key: str, content: object) -> Command:
    return Command(
        action=f"identity.{action}",
        permission=permission,
        grant=grant,
        key=key,
        content=canonical(content),
        plan=_unplanned,
        targets=("feature/identity",),
    )


def _work(subject: str, data: FactData, changed: tuple[str, str]) -> Work:
    return Work(_decided(Fact(subject, data)), (changed,))


def _decided(fact: Fact) -> Plan:
    def decide(_: Book) -> Decision:
        return Decision(fact)

    return Plan(decide)


def _unplanned(_: Lookup) -> Plan:
    raise AssertionError("a table command makes its plan in its transaction")


def _missing(scope: str) -> Refusal:
    return forbidden("scope.missing", f"This needs the scope {scope}; use a key that holds it.", scope=scope)
