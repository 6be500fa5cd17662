"""What all fact types have in common."""

from typing import ClassVar

import msgspec


class FactData(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The data of one fact: ids, amounts, codes, hashes and revision numbers, never personal text.

    A type is part of the published language: a field may be added with a default; anything else is a new
    `VERSION`. Unknown fields are ignored when read, defaults are left out when written.
    """

    KIND: ClassVar[str]
    VERSION: ClassVar[int]
