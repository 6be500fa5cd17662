"""The label on presale's door."""

from typing import Final

from plaudit.core.feature import Feature

FEATURE: Final = Feature(name="presale")
