"""Merchant accounts ready for use, what routing decides by, and the order that a channel is told of."""

from functools import partial
from typing import Final

from plaudit.features.payments.actions.base import MERCHANTS, Means
from plaudit.features.payments.actions.books import Books
from plaudit.features.payments.model.accounts import SealedMerchant
from plaudit.features.payments.model.channel import Channel, ChannelName, Order
from plaudit.features.payments.model.intents import Attempt
from plaudit.features.payments.model.routing import HEALTH_WINDOW, Scene
from plaudit.features.payments.providers import ready
from plaudit.features.payments.store import attempts
from plaudit.features.payments.store.accounts import ALL
from plaudit.platform.crypto import SealError
from plaudit.platform.failures import Final as FinalFailure

_TITLED_ZH: Final[frozenset[ChannelName]] = frozenset({"wechat", "alipay"})


def channel_of(means: Means, *, merchant: SealedMerchant) -> Channel:
    """Return a merchant account ready for use.

    Raises platform.failures.Final when it cannot be: its secrets do not open, or do not fit any more.
    """
    try:
        return ready(
            merchant=merchant,
            vault=means.vault,
            outbound=means.outbound,
            clock=means.clock,
            randomness=means.randomness,
            trades=partial(
                Books, database=means.database, tenant_id=merchant.tenant_id, account=merchant.number
            ),
        )
    except (SealError, ValueError) as error:
        message = f"{merchant!r} cannot be used"
        raise FinalFailure(message) from error


async def scene_of(means: Means, *, tenant_id: int) -> Scene:
    """Return what routing decides by now."""
    accounts: tuple[SealedMerchant, ...] = await means.references.get(
        tenant_id=tenant_id, topic=MERCHANTS, key=ALL
    )
    off: frozenset[str] = await means.references.get(tenant_id=tenant_id, topic="switch", key="*")
    async with means.database.connection() as conn:
        health = await attempts.select_health(
            conn,
            tenant_id=tenant_id,
            accounts=[one.number for one in accounts],
            since=means.clock.now() - HEALTH_WINDOW,
        )
    return Scene(accounts=accounts, off=off, health=health)


def order_of(
    attempt: Attempt,
    merchant: SealedMerchant,
    *,
    public_url: str,
    payer_reference: str | None = None,
    payer_ip: str | None = None,
) -> Order:
    """Return the order of an attempt as its channel is told, the same at every call.

    What is known of the payer is told when it is opened, and kept nowhere.
    """
    return Order(
        number=attempt.number,
        method=attempt.method,
        asset=attempt.asset,
        amount_minor=attempt.amount_minor,
        title=attempt.title_zh if attempt.channel in _TITLED_ZH else attempt.title_en,
        opened_at=attempt.opened_at,
        expires_at=attempt.expires_at,
        notify_url=notify_url(merchant, public_url=public_url),
        return_url=attempt.return_url,
        payer_reference=payer_reference,
        payer_ip=payer_ip,
    )


def notify_url(merchant: SealedMerchant, *, public_url: str) -> str:
    """Return where an account's callbacks go."""
    return f"{public_url}/v1/callbacks/{merchant.channel}/{merchant.id}"
