"""What a merchant account at Stripe needs: which one it is, and the keys that open it."""

from typing import Annotated, Final

import msgspec

_API: Final = "https://api.stripe.com"


class StripeSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may be shown of an account: its id, and whether its keys move real money."""

    account: Annotated[str, msgspec.Meta(pattern=r"^acct_[0-9A-Za-z]{1,64}\Z")]
    livemode: bool = True
    base_url: Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s/?#@]+\Z")] = _API


class StripeSecrets(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What must not be shown: the secret key of the API, and that of the endpoint for callbacks."""

    secret_key: Annotated[str, msgspec.Meta(pattern=r"^(sk|rk)_(live|test)_[0-9A-Za-z]{1,256}\Z")]
    webhook_secret: Annotated[str, msgspec.Meta(pattern=r"^\S{8,256}\Z")]

    def __repr__(self) -> str:
        """Say nothing secret."""
        return "StripeSecrets()"
