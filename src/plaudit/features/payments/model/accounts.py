"""Merchant accounts at channels as they are kept: everything but their secrets is in the clear."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Literal, TypeAlias

from plaudit.features.payments.model.channel import ASSETS, METHODS, ChannelName, Method
from plaudit.kernel.ids import decode_id, encode_id
from plaudit.kernel.money import MAX_MINOR
from plaudit.kernel.refusal import Refusal, conflict, invalid, not_found
from plaudit.vocabulary.assets import asset_of

ACCOUNT: Final = "acc"
"""The prefix of the ids of merchant accounts."""

Device: TypeAlias = Literal["desktop", "mobile", "wechat", "app"]
"""What the payer holds: a computer's browser, a phone's, the browser within WeChat, an app of the tenant."""

_NUMBER_BITS: Final = 32
_KNOWN_MAX: Final = 4_096
"""Every callback and every fact about a payment names one of a few accounts."""
_NUMBER_MASK: Final = 2**_NUMBER_BITS - 1
_NAME_MAX: Final = 100
_PRIORITY_MAX: Final = 1_000
_ASSETS_MAX: Final = 20
_ADDRESS: Final = re.compile(r"(https?)://(\[[0-9A-Fa-f:.]+\]|[^\s:/?#@\[\]]+)(:[0-9]{1,5})?(/[^\s?#]*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedMerchant:
    """One revision of a merchant account, its secrets sealed.

    `secret_names` are those that are set, `secrets_at` when they were. Without `devices` it serves all.
    Amounts are in minor units of whichever of `assets` is paid.
    """

    tenant_id: int
    number: int
    channel: ChannelName
    name: str
    settings: Mapping[str, Any]
    sealed: bytes = field(repr=False)
    secret_names: tuple[str, ...]
    secrets_at: datetime
    enabled: bool
    priority: int
    assets: tuple[str, ...]
    methods: tuple[Method, ...]
    devices: tuple[Device, ...]
    min_minor: int
    max_minor: int
    revision: int
    saved_at: datetime

    @property
    def id(self) -> str:
        """The account's id, as it is in addresses of callbacks and in the chart of accounts."""
        return account_id(tenant_id=self.tenant_id, number=self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountTerms:
    """What of a merchant account is the same at every channel: when it is taken, and for what."""

    name: str
    enabled: bool
    priority: int
    assets: tuple[str, ...]
    methods: tuple[Method, ...]
    devices: tuple[Device, ...]
    min_minor: int
    max_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentPolicy:
    """From which amount on a refund in `asset` needs a second person; None: never."""

    asset: str
    review_above_minor: int | None
    revision: int


@lru_cache(_KNOWN_MAX)
def account_id(*, tenant_id: int, number: int) -> str:
    """Return the id of a merchant account; it tells the tenant, for callbacks carry no other credential."""
    return encode_id(ACCOUNT, tenant_id << _NUMBER_BITS | number)


@lru_cache(_KNOWN_MAX)
def account_of(account: str) -> tuple[int, int]:
    """Return the tenant and the number in an account's id. Raises Refusal `invalid.id` (INVALID)."""
    both = decode_id(ACCOUNT, account)
    return both >> _NUMBER_BITS, both & _NUMBER_MASK


def number_of(account: str, *, tenant_id: int) -> int:
    """Return the number in the id of a tenant's account.

    Raises Refusal `invalid.id` (INVALID), and `channel_account.unknown` (NOT_FOUND) for another tenant's.
    """
    owner, number = account_of(account)
    if owner != tenant_id:
        raise unknown_account()
    return number


def unknown_account() -> Refusal:
    """Return the refusal of an account that there is not."""
    return not_found("channel_account.unknown", "There is no such merchant account; check its id.")


def another_merchant(changed: Sequence[str]) -> Refusal:
    """Return the refusal of settings by which an account with attempts would be another merchant's."""
    return conflict(
        "channel_account.identity",
        "Make a new account for another merchant: what was paid at this one is asked for, given back and"
        " compared with bills here.",
        field="settings",
        settings=list(changed),
    )


def check_terms(*, channel: ChannelName, terms: AccountTerms) -> None:
    """Raise Refusal `channel_account.invalid` (INVALID), `asset.unknown` (NOT_FOUND) for impossible terms."""
    if not terms.name.strip() or len(terms.name) > _NAME_MAX or not terms.name.isprintable():
        raise _invalid("name", f"Give a name of 1 to {_NAME_MAX} printable characters.")
    if not 0 <= terms.priority <= _PRIORITY_MAX:
        raise _invalid("priority", f"Give a priority from 0 to {_PRIORITY_MAX}; the lowest is taken first.")
    if not 1 <= len(set(terms.assets)) == len(terms.assets) <= _ASSETS_MAX:
        raise _invalid("assets", f"Name 1 to {_ASSETS_MAX} currencies, each once.")
    if any(asset_of(code).kind != "money" for code in terms.assets):
        raise _invalid("assets", "Name currencies; coins and points are not paid with at channels.")
    taken = ASSETS.get(channel)
    if taken is not None and set(terms.assets) - taken:
        raise _invalid("assets", f"This channel takes {', '.join(sorted(taken))} only.")
    known = METHODS[channel]
    if not terms.methods or len(set(terms.methods)) != len(terms.methods) or set(terms.methods) - set(known):
        raise _invalid("methods", f"Name methods of this channel, each once: {', '.join(known)}.")
    if len(set(terms.devices)) != len(terms.devices):
        raise _invalid("devices", "Name each device once; none means all.")
    if not 1 <= terms.min_minor <= terms.max_minor <= MAX_MINOR:
        raise _invalid("min_minor", "Give amounts with 1 <= min_minor <= max_minor.")


def check_address(url: str, *, is_admitted: Callable[[str], bool]) -> None:
    """Raise Refusal `channel_account.settings` (INVALID) unless secrets may be sent to an address.

    https; plain http only where `is_admitted` says that the operator listed the host as one of the inside.
    """
    found = _ADDRESS.fullmatch(url)
    if found is None or (found[1] != "https" and not is_admitted(found[2].strip("[]"))):
        raise invalid(
            "channel_account.settings",
            "Give an address that starts with https://, or have the operator admit its host with"
            " PLAUDIT_OUTBOUND_INSIDE.",
            field="settings",
        )


def check_policy(policy: PaymentPolicy) -> None:
    """Raise Refusal `payment_policy.invalid` (INVALID) or `asset.unknown` (NOT_FOUND)."""
    asset_of(policy.asset)
    above = policy.review_above_minor
    if above is not None and not 0 <= above <= MAX_MINOR:
        raise invalid(
            "payment_policy.invalid",
            "Give an amount of 0 or more, or leave it out.",
            field="review_above_minor",
        )


def _invalid(field_name: str, message: str) -> Refusal:
    return invalid("channel_account.invalid", message, field=field_name)
