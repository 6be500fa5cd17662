"""What a merchant account at Alipay needs: who it is, and the keys that prove it."""

from typing import Annotated, Final, Literal

import msgspec

from plaudit.features.payments.model.channel import FeeRate
from plaudit.features.payments.providers.alipay.keys import (
    certificate_of,
    private_key_of,
    public_key_of,
    roots_of,
)

_GATEWAY: Final = "https://openapi.alipay.com/gateway.do"
_CERTIFICATES: Final = ("app_cert_pem", "alipay_cert_pem", "alipay_root_cert_pem")


class AlipaySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may be shown of an account; all keys here are public ones.

    `seller_id` is the merchant's own number (2088…), which callbacks name beside the application. `mode` says
    what proves Alipay's answers: its public key (`alipay_public_key`, PEM or the bare base64 that the console
    shows), or certificates, of which all three are needed then.
    """

    app_id: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,32}\Z")]
    seller_id: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,32}\Z")]
    mode: Literal["public_key", "certificate"] = "public_key"
    alipay_public_key: str | None = None
    app_cert_pem: str | None = None
    alipay_cert_pem: str | None = None
    alipay_root_cert_pem: str | None = None
    gateway_url: Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?\Z")] = _GATEWAY
    fee_rate: FeeRate | None = None

    def __post_init__(self) -> None:
        """Refuse a mode without what it needs, and keys that cannot be used (ValueError)."""
        if self.mode == "public_key":
            if self.alipay_public_key is None:
                raise ValueError('mode "public_key" needs alipay_public_key')
            public_key_of(self.alipay_public_key)
            return
        if None in (self.app_cert_pem, self.alipay_cert_pem, self.alipay_root_cert_pem):
            raise ValueError(f'mode "certificate" needs {", ".join(_CERTIFICATES)}')
        certificate_of(self.app_cert_pem or "")
        certificate_of(self.alipay_cert_pem or "")
        roots_of(self.alipay_root_cert_pem or "")


class AlipaySecrets(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What must not be shown: the application's private key, PEM or the bare base64 of Alipay's key tool."""

    private_key: str

    def __post_init__(self) -> None:
        """Refuse a key that cannot be used (ValueError, which does not quote it)."""
        private_key_of(self.private_key)

    def __repr__(self) -> str:
        """Say nothing secret."""
        return "AlipaySecrets()"
