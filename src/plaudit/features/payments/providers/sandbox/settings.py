"""What a merchant account at the sandbox needs."""

from typing import Annotated

import msgspec


class SandboxSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may be shown: the fee that the sandbox keeps of each payment, in hundredths of a percent."""

    fee_basis_points: Annotated[int, msgspec.Meta(ge=0, le=1_000)] = 0


class SandboxSecrets(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The key that callbacks are signed with, 16 characters or more."""

    signing_key: Annotated[str, msgspec.Meta(min_length=16, max_length=256)]

    def __repr__(self) -> str:
        """Say nothing secret."""
        return "SandboxSecrets()"
