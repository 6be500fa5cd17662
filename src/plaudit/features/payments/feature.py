"""The label on payments' door."""

from typing import Final

from plaudit.core.feature import Feature

FEATURE: Final = Feature(name="payments")
