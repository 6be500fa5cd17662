"""The label on insight's door."""

from typing import Final

from plaudit.core.feature import Feature

FEATURE: Final = Feature(name="insight")
