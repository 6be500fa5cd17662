"""The label on invitations's door."""

from typing import Final

from plaudit.core.feature import Feature

FEATURE: Final = Feature(name="invitations")
