"""Saving media servers. Each save is a new revision and a fact without secrets."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from plaudit.core.commands.command import Grant, Outcome, Work
from plaudit.core.commands.table import work_of
from plaudit.core.feature import Anew
from plaudit.core.handles import Connection
from plaudit.core.journal.facts import canonical
from plaudit.features.admission.actions.base import SERVER, SERVERS, WRITE, Means, table_command
from plaudit.features.admission.model.servers import (
    SERVERS_MAX,
    Kind,
    ServerTerms,
    check_terms,
    kind_of,
    number_of,
    server_id,
    unknown_server,
)
from plaudit.features.admission.providers import SORTS, context_of, keyring_of, made, opened
from plaudit.features.admission.store import servers as store
from plaudit.kernel.refusal import Refusal, invalid, refused
from plaudit.vocabulary.facts.admission import MediaServerSaved


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What is a kind's own: shown and secret settings, as they were sent. Secrets None: kept as they are.

    With `renew` the keys of tokens and hooks change; those before are taken until they change again.
    """

    settings: Mapping[str, Any]
    secrets: Mapping[str, Any] | None
    renew: bool = False


async def create_server(
    means: Means, *, grant: Grant, key: str, kind: str, terms: ServerTerms, keys: Keys
) -> Outcome:
    """Add a media server.

    Raises Refusal `media_server.invalid`, `media_server.kind`, `media_server.settings`,
    `media_server.secrets` (INVALID), `media_server.limit` (REFUSED).
    """
    known = kind_of(kind)
    check_terms(terms)
    tenant_id, secrets, now = grant.tenant_id, keys.secrets or {}, means.clock.now()
    _check_keys(means, known, keys.settings, secrets)

    async def work(tx: Connection) -> Work:
        if await store.lock_all(tx, tenant_id=tenant_id) >= SERVERS_MAX:
            raise refused("media_server.limit", f"There are {SERVERS_MAX} servers; change one that is there.")
        number = await store.draw_number(tx, tenant_id=tenant_id)
        await store.insert_server(
            tx,
            tenant_id=tenant_id,
            number=number,
            kind=known,
            terms=terms,
            settings=keys.settings,
            sealed=_sealed(means, tenant_id, number, secrets),
            secret_names=_names(secrets),
            saved_by=grant.actor.text,
            now=now,
        )
        saved = MediaServerSaved(
            server=server_id(tenant_id=tenant_id, number=number),
            kind=known,
            revision=1,
            enabled=terms.enabled,
            keys=1,
            secrets_changed=True,
        )
        return _saved(saved, number)

    command = table_command(
        verb="create_server",
        permission=WRITE,
        grant=grant,
        key=key,
        content=(kind, terms, keys.settings, _mark(means, secrets)),
    )
    return await means.corridor.run(command, work)


async def update_server(
    means: Means, *, grant: Grant, key: str, server: str, terms: ServerTerms, keys: Keys
) -> Outcome:
    """Save a new revision of a media server; without secrets those that were set are kept.

    Raises Refusal as `create_server`, and `invalid.id`, `media_server.unknown` (NOT_FOUND).
    """
    check_terms(terms)
    tenant_id, now = grant.tenant_id, means.clock.now()
    number = number_of(server, tenant_id=tenant_id)

    async def work(tx: Connection) -> Work:
        before = await store.lock_server(tx, tenant_id=tenant_id, number=number)
        if before is None:
            raise unknown_server()
        anew = keys.secrets is not None
        secrets = opened(server=before, vault=means.vault) if keys.secrets is None else keys.secrets
        _check_keys(means, before.kind, keys.settings, secrets)
        revision = await store.update_server(
            tx,
            tenant_id=tenant_id,
            number=number,
            terms=terms,
            settings=keys.settings,
            sealed=_sealed(means, tenant_id, number, secrets) if anew else before.sealed,
            secret_names=_names(secrets),
            secrets_at=now if anew else before.secrets_at,
            keys=before.keys + keys.renew,
            saved_by=grant.actor.text,
            now=now,
        )
        saved = MediaServerSaved(
            server=server,
            kind=before.kind,
            revision=revision,
            enabled=terms.enabled,
            keys=before.keys + keys.renew,
            secrets_changed=anew,
        )
        return _saved(saved, number)

    mark = None if keys.secrets is None else _mark(means, keys.secrets)
    command = table_command(
        verb="update_server",
        permission=WRITE,
        grant=grant,
        key=key,
        content=(number, terms, keys.settings, mark, keys.renew),
    )
    return await means.corridor.run(command, work)


def _saved(saved: MediaServerSaved, number: int) -> Work:
    changed = ((SERVER, str(number)), (SERVERS, store.ALL))
    return work_of(f"media_server/{saved.server}", saved, changed=changed)


def _check_keys(means: Means, kind: Kind, settings: Mapping[str, Any], secrets: Mapping[str, Any]) -> None:
    """Raise Refusal unless a server can be made of this. What is wrong is told, secrets are not."""
    try:
        msgspec.convert(settings, SORTS[kind].settings)
    except ValueError as error:
        raise invalid("media_server.settings", f"Correct the settings: {error}.", field="settings") from error
    try:
        made(
            kind=kind,
            settings=settings,
            secrets=secrets,
            keyring=keyring_of(vault=means.vault, tenant_id=0, number=0, keys=1),
            outbound=means.outbound,
            clock=means.clock,
        )
    except ValueError as error:
        raise _bad_secrets(f"Correct the secrets: {error}.") from None


def _bad_secrets(message: str) -> Refusal:
    return invalid("media_server.secrets", message, field="secrets")


async def reseal(conn: Connection, *, tenant_id: int, anew: Anew) -> int:
    """Seal the secrets of all servers with the key in use, and return how many were with another."""
    sealed = {
        number: one
        for number, secrets in (await store.lock_secrets(conn, tenant_id=tenant_id)).items()
        if (one := anew(secrets, context_of(tenant_id=tenant_id, number=number))) is not None
    }
    if sealed:
        await store.save_secrets(conn, tenant_id=tenant_id, sealed=sealed)
    return len(sealed)


def _sealed(means: Means, tenant_id: int, number: int, secrets: Mapping[str, Any]) -> bytes:
    return means.vault.seal(
        text=canonical(secrets),
        context=context_of(tenant_id=tenant_id, number=number),
        randomness=means.randomness,
    )


def _names(secrets: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(sorted(name for name, value in secrets.items() if value is not None))


def _mark(means: Means, secrets: Mapping[str, Any]) -> str:
    """Return what stands for secrets in the digest of a request, readable nowhere."""
    return means.vault.mark(text=canonical(secrets), context="admission/secrets").hex()
