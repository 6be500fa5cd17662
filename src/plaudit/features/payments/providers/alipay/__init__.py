"""Alipay's open platform (OpenAPI over its gateway, RSA2), for merchants in mainland China."""

from collections.abc import Callable

from plaudit.features.payments.model.channel import Channel, Merchant
from plaudit.features.payments.providers.alipay.channel import Alipay
from plaudit.features.payments.providers.alipay.keys import keys_of_certificates, keys_of_public
from plaudit.features.payments.providers.alipay.settings import AlipaySecrets, AlipaySettings
from plaudit.kernel.time import Clock
from plaudit.platform.outbound import Outbound

__all__ = ["AlipaySecrets", "AlipaySettings", "alipay"]


def alipay(
    *,
    merchant: Merchant,
    outbound: Outbound,
    clock: Clock,
    randomness: Callable[[int], bytes],
    settings: AlipaySettings,
    secrets: AlipaySecrets,
) -> Channel:
    """Return an account at Alipay, ready to be used. Raises ValueError when its keys do not belong together.

    `merchant` and `randomness` are not needed: Alipay's protocol draws nothing at random.
    """
    del merchant, randomness
    if settings.mode == "public_key":
        keys = keys_of_public(
            private_key=secrets.private_key, alipay_public_key=settings.alipay_public_key or ""
        )
    else:
        keys = keys_of_certificates(
            private_key=secrets.private_key,
            app=settings.app_cert_pem or "",
            alipay=settings.alipay_cert_pem or "",
            roots=settings.alipay_root_cert_pem or "",
        )
    return Alipay(settings=settings, keys=keys, outbound=outbound, clock=clock)
