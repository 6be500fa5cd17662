"""What a merchant account at WeChat Pay needs: who it is, and the keys that prove it."""

from typing import Annotated, Final, Literal

import msgspec

from plaudit.features.payments.model.channel import FeeRate
from plaudit.features.payments.providers.wechat.signing import private_key_of, public_key_of

_HOST: Final = "https://api.mch.weixin.qq.com"
_API_KEY_BYTES: Final = 32


class WechatSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may be shown of an account.

    `serial_no` is the serial number of our own certificate. `mode` says what proves the channel's answers:
    its public key (named by `public_key_id`), or certificates that are fetched and change. In certificate
    mode a public key may be given too: while a merchant moves from one to the other both are used.
    """

    mchid: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,32}\Z")]
    appid: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,32}\Z")]
    serial_no: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Fa-f]{1,64}\Z")]
    mode: Literal["public_key", "certificate"] = "public_key"
    public_key_id: Annotated[str, msgspec.Meta(pattern=r"^PUB_KEY_ID_[0-9A-Za-z_]{1,64}\Z")] | None = None
    base_url: Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?\Z")] = _HOST
    fee_rate: FeeRate | None = None

    def __post_init__(self) -> None:
        """Refuse a mode without what it needs (ValueError)."""
        if self.mode == "public_key" and self.public_key_id is None:
            raise ValueError('mode "public_key" needs public_key_id')


class WechatSecrets(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What must not be shown: our private key, the key of version 3, and the channel's public key."""

    private_key_pem: str
    apiv3_key: str
    public_key_pem: str | None = None

    def __post_init__(self) -> None:
        """Refuse keys that cannot be used (ValueError, which quotes none of them)."""
        private_key_of(self.private_key_pem)
        if self.public_key_pem is not None:
            public_key_of(self.public_key_pem)
        if len(self.apiv3_key.encode()) != _API_KEY_BYTES:
            raise ValueError(f"apiv3_key must have {_API_KEY_BYTES} bytes")

    def __repr__(self) -> str:
        """Say nothing secret."""
        return "WechatSecrets()"
