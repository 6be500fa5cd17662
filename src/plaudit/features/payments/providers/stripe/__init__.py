"""Stripe, by its Checkout Sessions: card payments, and what else the account has enabled."""

from collections.abc import Callable

from plaudit.features.payments.model.channel import Channel, Merchant
from plaudit.features.payments.providers.stripe.api import Api
from plaudit.features.payments.providers.stripe.channel import Stripe
from plaudit.features.payments.providers.stripe.settings import StripeSecrets, StripeSettings
from plaudit.kernel.time import Clock
from plaudit.platform.outbound import Outbound

__all__ = ["StripeSecrets", "StripeSettings", "stripe"]


def stripe(
    *,
    merchant: Merchant,
    outbound: Outbound,
    clock: Clock,
    randomness: Callable[[int], bytes],
    settings: StripeSettings,
    secrets: StripeSecrets,
) -> Channel:
    """Return an account at Stripe, ready to be used. Raises ValueError for a key of the other mode.

    `merchant` and `randomness` are not needed: what could be drawn at random are our numbers.
    """
    del merchant, randomness
    if ("_live_" in secrets.secret_key) is not settings.livemode:
        raise ValueError("secret_key is for live mode and livemode is false, or the other way round")
    api = Api(base_url=settings.base_url, secret_key=secrets.secret_key, outbound=outbound)
    return Stripe(settings=settings, secrets=secrets, api=api, clock=clock)
