"""Site keys: what a page names to tell of views and clicks."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from plaudit.kernel.ids import decode_id, encode_id
from plaudit.kernel.refusal import Refusal, invalid, not_found

RATE_DEFAULT: Final = 200
"""Calls a second."""

_PREFIX: Final = "site"
_RATE_MAX: Final = 10_000
_NAME_MAX: Final = 100
_NUMBER_BITS: Final = 32
_NUMBER_MASK: Final = 2**_NUMBER_BITS - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteKey:
    """A site key as it is kept; `revision` counts its changes."""

    tenant_id: int
    number: int
    name: str
    enabled: bool
    rate_per_second: int
    revision: int
    saved_at: datetime

    @property
    def id(self) -> str:
        """The key as pages name it."""
        return site_key_id(tenant_id=self.tenant_id, number=self.number)


def site_key_id(*, tenant_id: int, number: int) -> str:
    """Return the text of a site key; it tells the tenant, for pages hold no other credential."""
    return encode_id(_PREFIX, tenant_id << _NUMBER_BITS | number)


def site_key_of(text: str) -> tuple[int, int]:
    """Return the tenant and the number of a site key. Raises Refusal `invalid.id` (INVALID)."""
    both = decode_id(_PREFIX, text)
    return both >> _NUMBER_BITS, both & _NUMBER_MASK


def number_of(text: str, *, tenant_id: int) -> int:
    """Return the number of a tenant's site key.

    Raises Refusal `invalid.id` (INVALID), and `site_key.unknown` (NOT_FOUND) for another tenant's.
    """
    owner, number = site_key_of(text)
    if owner != tenant_id:
        raise unknown_site_key()
    return number


def unknown_site_key() -> Refusal:
    """Return the refusal of a site key that there is not, or that is off."""
    return not_found("site_key.unknown", "There is no such site key, or it is off; check it.")


def check_site_key(*, name: str, rate_per_second: int) -> None:
    """Raise Refusal `name.invalid`, `rate.invalid` (INVALID) for what cannot be one."""
    if not name.strip() or len(name) > _NAME_MAX or not name.isprintable():
        raise invalid("name.invalid", f"Give a name of 1 to {_NAME_MAX} printable characters.")
    if not 1 <= rate_per_second <= _RATE_MAX:
        raise invalid("rate.invalid", f"Let rate_per_second be a number from 1 to {_RATE_MAX}.")
