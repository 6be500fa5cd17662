"""Saving merchant accounts and the payment policy. Each save is a new revision and a fact without secrets."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import msgspec

from plaudit.core.commands.command import Grant, Outcome, Work
from plaudit.core.commands.corridor import Corridor
from plaudit.core.commands.references import Item
from plaudit.core.commands.table import work_of
from plaudit.core.feature import Anew
from plaudit.core.handles import Connection
from plaudit.core.journal.facts import canonical
from plaudit.features.payments.actions.base import MERCHANT, MERCHANTS, POLICY, Means, table_command
from plaudit.features.payments.actions.books import Books
from plaudit.features.payments.model.accounts import (
    AccountTerms,
    PaymentPolicy,
    SealedMerchant,
    account_id,
    another_merchant,
    check_address,
    check_policy,
    check_terms,
    number_of,
    unknown_account,
)
from plaudit.features.payments.model.channel import ChannelName, Merchant
from plaudit.features.payments.providers import CHANNELS, context_of, made, opened
from plaudit.features.payments.store import accounts as store
from plaudit.kernel.refusal import Refusal, invalid
from plaudit.vocabulary.facts.payments import ChannelAccountSaved, PaymentPolicySaved

_WRITE: Final = "channel.write"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What opens an account at its channel: shown and secret parts, as they were sent. None: kept."""

    settings: Mapping[str, Any]
    secrets: Mapping[str, Any] | None


async def create_account(
    means: Means, *, grant: Grant, key: str, channel: str, terms: AccountTerms, keys: Keys
) -> Outcome:
    """Make a merchant account.

    Raises Refusal `channel_account.invalid`, `channel_account.channel`, `channel_account.settings`,
    `channel_account.secrets` (INVALID) and `asset.unknown` (NOT_FOUND).
    """
    known = _channel(channel)
    check_terms(channel=known, terms=terms)
    if keys.secrets is None:
        raise _bad_secrets("Send the account's secrets.")
    tenant_id, secrets, now = grant.tenant_id, keys.secrets, means.clock.now()
    _check_keys(means, _merchant(tenant_id, 0, known, terms, keys.settings, secrets))

    async def work(tx: Connection) -> Work:
        number = await store.draw_number(tx, tenant_id=tenant_id)
        await store.insert_account(
            tx,
            tenant_id=tenant_id,
            number=number,
            channel=known,
            terms=terms,
            settings=keys.settings,
            sealed=_sealed(means, tenant_id, number, secrets),
            secret_names=_names(secrets),
            saved_by=grant.actor.text,
            now=now,
        )
        return _saved(tenant_id, number, channel=known, terms=terms, revision=1, secrets_changed=True)

    command = table_command(
        verb="create_account",
        permission=_WRITE,
        grant=grant,
        key=key,
        content=(channel, terms, keys.settings, _mark(means, secrets)),
    )
    return await means.corridor.run(command, work)


async def update_account(
    means: Means, *, grant: Grant, key: str, account: str, terms: AccountTerms, keys: Keys
) -> Outcome:
    """Save a new revision of a merchant account; without secrets those that were set are kept.

    They are kept for the address that they were given for: whoever names another one must know them.
    Raises Refusal as `create_account`, and `invalid.id`, `channel_account.unknown` (NOT_FOUND) and
    `channel_account.identity` (CONFLICT) for settings of another merchant once anybody was sent to pay there.
    """
    tenant_id, now = grant.tenant_id, means.clock.now()
    number = number_of(account, tenant_id=tenant_id)

    async def work(tx: Connection) -> Work:
        before = await store.lock_account(tx, tenant_id=tenant_id, number=number)
        if before is None:
            raise unknown_account()
        check_terms(channel=before.channel, terms=terms)
        secrets = _kept(means, before, keys.settings) if keys.secrets is None else keys.secrets
        _check_keys(means, _merchant(tenant_id, number, before.channel, terms, keys.settings, secrets))
        changed = _changed_identity(before, keys.settings)
        if changed and await store.has_attempts(tx, tenant_id=tenant_id, number=number):
            raise another_merchant(changed)
        anew = keys.secrets is not None
        revision = await store.update_account(
            tx,
            tenant_id=tenant_id,
            number=number,
            terms=terms,
            settings=keys.settings,
            sealed=_sealed(means, tenant_id, number, secrets) if anew else before.sealed,
            secret_names=_names(secrets),
            secrets_at=now if anew else before.secrets_at,
            saved_by=grant.actor.text,
            now=now,
        )
        return _saved(
            tenant_id, number, channel=before.channel, terms=terms, revision=revision, secrets_changed=anew
        )

    command = table_command(
        verb="update_account",
        permission=_WRITE,
        grant=grant,
        key=key,
        content=(number, terms, keys.settings, None if keys.secrets is None else _mark(means, keys.secrets)),
    )
    return await means.corridor.run(command, work)


async def save_policy(*, corridor: Corridor, grant: Grant, key: str, policy: PaymentPolicy) -> Outcome:
    """Save from which amount on refunds need a second person; its revision in `policy` is ignored.

    Raises Refusal `payment_policy.invalid` (INVALID) and `asset.unknown` (NOT_FOUND).
    """
    check_policy(policy)

    async def work(tx: Connection) -> Work:
        revision = await store.save_policy(tx, tenant_id=grant.tenant_id, policy=policy)
        saved = PaymentPolicySaved(
            revision=revision, asset=policy.asset, review_above_minor=policy.review_above_minor
        )
        return work_of(f"payment_policy/{policy.asset}", saved, changed=((POLICY, policy.asset),))

    command = table_command(
        verb="save_policy",
        permission=_WRITE,
        grant=grant,
        key=key,
        content=(policy.asset, policy.review_above_minor),
    )
    return await corridor.run(command, work)


async def reseal(conn: Connection, *, tenant_id: int, anew: Anew) -> int:
    """Seal the secrets of all accounts with the key in use, and return how many were with another."""
    sealed = {
        number: one
        for number, secrets in (await store.lock_secrets(conn, tenant_id=tenant_id)).items()
        if (one := anew(secrets, context_of(tenant_id=tenant_id, number=number))) is not None
    }
    if sealed:
        await store.save_secrets(conn, tenant_id=tenant_id, sealed=sealed)
    return len(sealed)


def _saved(
    tenant_id: int,
    number: int,
    *,
    channel: ChannelName,
    terms: AccountTerms,
    revision: int,
    secrets_changed: bool,
) -> Work:
    account = account_id(tenant_id=tenant_id, number=number)
    saved = ChannelAccountSaved(
        account=account,
        channel=channel,
        revision=revision,
        enabled=terms.enabled,
        priority=terms.priority,
        secrets_changed=secrets_changed,
    )
    changed: tuple[Item, ...] = ((MERCHANT, str(number)), (MERCHANTS, store.ALL))
    return work_of(f"channel_account/{account}", saved, changed=changed)


def _merchant(  # noqa: PLR0917 - in the order of the columns
    tenant_id: int,
    number: int,
    channel: ChannelName,
    terms: AccountTerms,
    settings: Mapping[str, Any],
    secrets: Mapping[str, Any],
) -> Merchant:
    return Merchant(
        tenant_id=tenant_id,
        number=number,
        channel=channel,
        name=terms.name,
        settings=settings,
        secrets=secrets,
        enabled=terms.enabled,
        priority=terms.priority,
        assets=terms.assets,
        methods=terms.methods,
        devices=terms.devices,
        min_minor=terms.min_minor,
        max_minor=terms.max_minor,
        revision=0,
    )


def _check_keys(means: Means, merchant: Merchant) -> None:
    """Raise Refusal unless a channel can be made of the account. What is wrong is told, secrets are not."""
    kind = CHANNELS[merchant.channel]
    try:
        msgspec.convert(merchant.settings, kind.settings)
    except ValueError as error:
        raise invalid(
            "channel_account.settings", f"Correct the settings: {error}.", field="settings"
        ) from error
    try:
        msgspec.convert(merchant.secrets, kind.secrets)
        made(
            merchant=merchant,
            outbound=means.outbound,
            clock=means.clock,
            randomness=means.randomness,
            trades=partial(
                Books, database=means.database, tenant_id=merchant.tenant_id, account=merchant.number
            ),
        )
    except ValueError as error:
        raise _bad_secrets(f"Correct the secrets: {error}.") from None
    if kind.address is not None:
        standing_of = means.settings.outbound_inside.standing
        check_address(
            kind.shown(merchant.settings, name=kind.address),
            is_admitted=lambda host: standing_of(host) == "admitted",
        )


def _bad_secrets(message: str) -> Refusal:
    return invalid("channel_account.secrets", message, field="secrets")


def _channel(name: str) -> ChannelName:
    for known in CHANNELS:
        if known == name:
            return known
    raise invalid(
        "channel_account.channel",
        "Name a channel that there is.",
        field="channel",
        channels=sorted(CHANNELS),
    )


def _kept(means: Means, before: SealedMerchant, settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the secrets that were set. Raises Refusal where they would go to another address."""
    kind = CHANNELS[before.channel]
    name = kind.address
    if name is not None and kind.shown(settings, name=name) != kind.shown(before.settings, name=name):
        raise _bad_secrets(
            "Send the secrets again with another address: those that are kept do not go there."
        )
    return opened(merchant=before, vault=means.vault).secrets


def _changed_identity(before: SealedMerchant, settings: Mapping[str, Any]) -> list[str]:
    kind = CHANNELS[before.channel]
    return [
        name
        for name in kind.identity
        if kind.shown(settings, name=name) != kind.shown(before.settings, name=name)
    ]


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
    return means.vault.mark(text=canonical(secrets), context="payments/secrets").hex()
