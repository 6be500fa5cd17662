"""The label on admission's door."""

from typing import Final

from plaudit.core.feature import Feature

FEATURE: Final = Feature(name="admission")
