"""Facts of the feature identity: tenants, keys, staff, erasure."""

from typing import ClassVar, Literal, TypeAlias

from plaudit.vocabulary.facts.base import FactData

TokenAlgorithm: TypeAlias = Literal["HS256", "RS256", "ES256", "EdDSA"]


class TenantCreated(FactData, frozen=True, kw_only=True):
    """A tenant was opened; `tenant` is its slug, `time_zone` an IANA name."""

    KIND: ClassVar[str] = "tenant.created"
    VERSION: ClassVar[int] = 1

    tenant: str
    time_zone: str


class KeyCreated(FactData, frozen=True, kw_only=True):
    """An API key was made; `rate_per_second` is None where the default holds."""

    KIND: ClassVar[str] = "key.created"
    VERSION: ClassVar[int] = 1

    key: str
    scopes: tuple[str, ...]
    rate_per_second: int | None = None


class KeyRevoked(FactData, frozen=True, kw_only=True):
    """An API key was revoked and is refused from now on."""

    KIND: ClassVar[str] = "key.revoked"
    VERSION: ClassVar[int] = 1

    key: str


class StaffCreated(FactData, frozen=True, kw_only=True):
    """A person was registered as staff; the name stands in a private part."""

    KIND: ClassVar[str] = "staff.created"
    VERSION: ClassVar[int] = 1

    staff: str
    scopes: tuple[str, ...]
    name_hash: str | None = None


class StaffRevoked(FactData, frozen=True, kw_only=True):
    """A staff member's key was revoked and is refused from now on."""

    KIND: ClassVar[str] = "staff.revoked"
    VERSION: ClassVar[int] = 1

    staff: str


class TokenKeyCreated(FactData, frozen=True, kw_only=True):
    """A key that verifies tokens was pinned; `public_key_hash` is None for a shared secret."""

    KIND: ClassVar[str] = "token_key.created"
    VERSION: ClassVar[int] = 1

    token_key: str
    algorithm: TokenAlgorithm
    public_key_hash: str | None = None


class TokenKeyRevoked(FactData, frozen=True, kw_only=True):
    """A token key was revoked: tokens signed with it are refused from now on."""

    KIND: ClassVar[str] = "token_key.revoked"
    VERSION: ClassVar[int] = 1

    token_key: str


class ViewerErased(FactData, frozen=True, kw_only=True):
    """What was personal about a viewer was removed: `removed` counts the private parts."""

    KIND: ClassVar[str] = "viewer.erased"
    VERSION: ClassVar[int] = 1

    viewer: str
    removed: int
    reason_hash: str | None = None
