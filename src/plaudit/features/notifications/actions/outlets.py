"""Saving webhooks and the mail server, whose secrets are sealed and told nowhere else."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from plaudit.core.commands.command import Grant, Outcome, Work
from plaudit.core.commands.table import work_of
from plaudit.core.feature import Anew
from plaudit.core.handles import Connection
from plaudit.core.journal.facts import canonical
from plaudit.features.notifications.actions.base import (
    MAIL_SERVER,
    ONLY,
    SEND,
    WEBHOOK,
    WRITE,
    Means,
    context_of,
    mark,
    opened,
    sealed,
    system_grant,
    table_command,
)
from plaudit.features.notifications.model import webhooks as rules
from plaudit.features.notifications.model.deliveries import Failed, Sent
from plaudit.features.notifications.model.mail import MailServer, check_password, check_server
from plaudit.features.notifications.model.webhooks import (
    SECRET_BYTES,
    WEBHOOKS_MAX,
    DisabledCause,
    Webhook,
    secret_text,
    unknown_webhook,
)
from plaudit.features.notifications.providers import webhooks
from plaudit.features.notifications.store import outlets as store
from plaudit.kernel.ids import decode_id, encode_id
from plaudit.kernel.refusal import busy, refused
from plaudit.kernel.time import format_time
from plaudit.platform.crypto import SealError
from plaudit.vocabulary.facts.notifications import MailServerSaved, WebhookDisabled, WebhookSaved


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What was done, and the secret that is shown this once; None where it was done before."""

    outcome: Outcome
    secret: str | None


def webhook_place(number: int) -> str:
    """Return where the secrets of a webhook are sealed for."""
    return f"webhook/{number}"


MAIL_PLACE: Final = "mail_server"
"""Where the password of the mail server is sealed for."""


async def reseal_webhooks(conn: Connection, *, tenant_id: int, anew: Anew) -> int:
    """Seal the secrets of all webhooks with the key in use, and return how many had one with another."""
    changed = 0
    for number, (secret, former) in (await store.lock_secrets(conn, tenant_id=tenant_id)).items():
        place = context_of(webhook_place(number))
        now = anew(secret, place) or secret
        before = former and (anew(former, place) or former)
        if (now, before) != (secret, former):
            changed += 1
            await store.save_secrets(conn, tenant_id=tenant_id, number=number, secret=now, former=before)
    return changed


async def reseal_password(conn: Connection, *, tenant_id: int, anew: Anew) -> int:
    """Seal the password of the mail server with the key in use, and return 1 where it was with another."""
    server = await store.lock_server(conn, tenant_id=tenant_id)
    sealed = None
    if server is not None and server.password is not None:
        sealed = anew(server.password, context_of(MAIL_PLACE))
    if sealed is None:
        return 0
    await store.save_password(conn, tenant_id=tenant_id, password=sealed)
    return 1


def secrets_of(means: Means, webhook: Webhook) -> list[bytes]:
    """Return the secrets by which a webhook's messages are signed now, the newest first."""
    place = webhook_place(webhook.number)
    found = [opened(means, sealed_text=webhook.secret, place=place)]
    ends_at = webhook.former_until
    if webhook.former is not None and ends_at is not None and means.clock.now() < ends_at:
        found.append(opened(means, sealed_text=webhook.former, place=place))
    return found


async def create_webhook(
    means: Means, *, grant: Grant, key: str, url: str, kinds: Sequence[str], enabled: bool
) -> Shown:
    """Make a webhook with a new secret, for what is recorded from now on.

    Raises Refusal `webhook.url`, `webhook.kinds` (INVALID) and `webhook.many` (REFUSED).
    """
    _check(means, url, kinds)
    secret, now = means.randomness(SECRET_BYTES), means.clock.now()

    async def work(tx: Connection) -> Work:
        number = await store.draw_number(tx, tenant_id=grant.tenant_id)
        if await store.count_webhooks(tx, tenant_id=grant.tenant_id) >= WEBHOOKS_MAX:
            raise refused("webhook.many", "There are as many webhooks as there may be; change one of them.")
        await store.insert_webhook(
            tx,
            tenant_id=grant.tenant_id,
            number=number,
            url=url,
            kinds=kinds,
            enabled=enabled,
            secret=sealed(means, text=secret, place=webhook_place(number)),
            saved_by=grant.actor.text,
            now=now,
        )
        return _saved(number, revision=1, enabled=enabled, kinds=kinds, secret_changed=True)

    command = table_command(
        verb="create_webhook",
        permission=WRITE,
        grant=grant,
        key=key,
        content=(mark(means, value=url, context="url"), tuple(kinds), enabled),
    )
    outcome = await means.corridor.run(command, work)
    return Shown(outcome=outcome, secret=None if outcome.replayed else secret_text(secret))


async def update_webhook(
    means: Means, *, grant: Grant, key: str, webhook: str, url: str, kinds: Sequence[str], enabled: bool
) -> Outcome:
    """Save where a webhook leads and what it gets. One that was switched off by itself may be on again.

    Raises Refusal as `create_webhook`, and `invalid.id`, `webhook.unknown` (NOT_FOUND).
    """
    _check(means, url, kinds)
    number, now = decode_id(rules.WEBHOOK, webhook), means.clock.now()

    async def work(tx: Connection) -> Work:
        await _locked(tx, grant.tenant_id, number)
        revision = await store.update_webhook(
            tx,
            tenant_id=grant.tenant_id,
            number=number,
            url=url,
            kinds=kinds,
            enabled=enabled,
            saved_by=grant.actor.text,
            now=now,
        )
        return _saved(number, revision=revision, enabled=enabled, kinds=kinds, secret_changed=False)

    command = table_command(
        verb="update_webhook",
        permission=WRITE,
        grant=grant,
        key=key,
        content=(number, mark(means, value=url, context="url"), tuple(kinds), enabled),
    )
    return await means.corridor.run(command, work)


async def rotate_webhook(means: Means, *, grant: Grant, key: str, webhook: str, overlap_s: int) -> Shown:
    """Give a webhook a new secret; the one before signs beside it for so many seconds.

    Raises Refusal `webhook.overlap`, `invalid.id` (INVALID) and `webhook.unknown` (NOT_FOUND).
    """
    rules.check_overlap(overlap_s)
    number, now = decode_id(rules.WEBHOOK, webhook), means.clock.now()
    secret = means.randomness(SECRET_BYTES)

    async def work(tx: Connection) -> Work:
        before = await _locked(tx, grant.tenant_id, number)
        revision = await store.rotate_secret(
            tx,
            tenant_id=grant.tenant_id,
            number=number,
            secret=sealed(means, text=secret, place=webhook_place(number)),
            former_until=now + timedelta(seconds=overlap_s),
            saved_by=grant.actor.text,
            now=now,
        )
        return _saved(
            number, revision=revision, enabled=before.enabled, kinds=before.kinds, secret_changed=True
        )

    command = table_command(
        verb="rotate_webhook", permission=WRITE, grant=grant, key=key, content=(number, overlap_s)
    )
    outcome = await means.corridor.run(command, work)
    return Shown(outcome=outcome, secret=None if outcome.replayed else secret_text(secret))


async def disable_webhook(means: Means, *, tenant_id: int, webhook: Webhook, cause: DisabledCause) -> None:
    """Switch a webhook off that wants nothing any more, once for each of its revisions."""
    number, now = webhook.number, means.clock.now()
    grant = system_grant(tenant_id)
    key = f"disable/{number}/{webhook.revision}"

    async def work(tx: Connection) -> Work:
        before = await _locked(tx, tenant_id, number)
        revision = before.revision
        if before.enabled:
            revision = await store.disable_webhook(
                tx, tenant_id=tenant_id, number=number, cause=cause, saved_by=grant.actor.text, now=now
            )
        id_ = encode_id(rules.WEBHOOK, number)
        disabled = WebhookDisabled(webhook=id_, revision=revision, cause=cause)
        return work_of(f"webhook/{id_}", disabled, changed=((WEBHOOK, str(number)),))

    command = table_command(verb="disable_webhook", permission=SEND, grant=grant, key=key, content=key)
    await means.corridor.run(command, work)


async def save_mail_server(
    means: Means, *, grant: Grant, key: str, server: MailServer, password: str | None
) -> Outcome:
    """Save the tenant's mail server. Without a password the one that was set for this user stays.

    Raises Refusal `mail_server.invalid`, `mail_server.password` (INVALID).
    """
    check_server(server, standing_of=means.settings.outbound_inside.standing)
    now = means.clock.now()

    async def work(tx: Connection) -> Work:
        before = await store.lock_server(tx, tenant_id=grant.tenant_id)
        kept = password is None and server.username is not None
        kept = kept and before is not None and before.username == server.username
        # A password is not handed to another host than it was given for.
        kept = kept and before is not None and before.host == server.host
        if kept and before is not None:
            stored = before.password
        else:
            check_password(password, username=server.username)
            stored = None
            if password is not None:
                stored = sealed(means, text=password.encode(), place=MAIL_PLACE)
        revision = await store.save_server(
            tx,
            tenant_id=grant.tenant_id,
            server=replace(server, password=stored),
            saved_by=grant.actor.text,
            now=now,
        )
        saved = MailServerSaved(
            revision=revision, enabled=server.enabled, password_changed=password is not None
        )
        return work_of("mail_server", saved, changed=((MAIL_SERVER, ONLY),))

    content = mark(means, value=(server, password), context="mail_server")
    command = table_command(verb="save_mail_server", permission=WRITE, grant=grant, key=key, content=content)
    return await means.corridor.run(command, work)


def _check(means: Means, url: str, kinds: Sequence[str]) -> None:
    rules.check_url(url, standing_of=means.settings.outbound_inside.standing)
    rules.check_kinds(kinds)


async def _locked(tx: Connection, tenant_id: int, number: int) -> Webhook:
    found = await store.lock_webhook(tx, tenant_id=tenant_id, number=number)
    if found is None:
        raise unknown_webhook()
    return found


def _saved(number: int, *, revision: int, enabled: bool, kinds: Sequence[str], secret_changed: bool) -> Work:
    webhook = encode_id(rules.WEBHOOK, number)
    saved = WebhookSaved(
        webhook=webhook,
        revision=revision,
        enabled=enabled,
        kinds=tuple(kinds),
        secret_changed=secret_changed,
    )
    return work_of(f"webhook/{webhook}", saved, changed=((WEBHOOK, str(number)),))


async def try_webhook(means: Means, *, tenant_id: int, webhook: str, word: str) -> Sent | Failed:
    """Send a signed sample to a webhook at once, on or off, and return what came of it.

    `word` stands for the request: the same makes the same id. Raises Refusal `invalid.id` (INVALID),
    `webhook.unknown` (NOT_FOUND), `webhook.sealed` (BUSY).
    """
    number, now = decode_id(rules.WEBHOOK, webhook), means.clock.now()
    found: Webhook | None = await means.references.get(tenant_id=tenant_id, topic=WEBHOOK, key=str(number))
    if found is None:
        # Numbers that nobody has are not remembered, or guessing them would push out what is in use.
        means.references.forget(tenant_id=tenant_id, item=(WEBHOOK, str(number)))
        raise unknown_webhook()
    try:
        secrets = secrets_of(means, found)
    except SealError as error:
        raise busy(
            "webhook.sealed", "Its secret cannot be opened; give it a new one.", retry_after_s=60
        ) from error
    body = canonical({"type": "webhook.test", "timestamp": format_time(now), "data": {"webhook": webhook}})
    id_ = f"test_{mark(means, value=(tenant_id, number, word), context='test')[:32]}"
    (result,) = await webhooks.send_all(
        means.outbound,
        url=found.url,
        secrets=secrets,
        parcels=[(id_, body)],
        now=now,
    )
    return result
