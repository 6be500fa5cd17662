"""What insight does: events are taken, site keys kept."""

from plaudit.features.insight.actions.base import Means
from plaudit.features.insight.actions.site_keys import (
    SITE_KEY,
    change_site_key,
    create_site_key,
    open_site_key,
)
from plaudit.features.insight.actions.tracking import Refused, Taken, take

__all__ = [
    "SITE_KEY",
    "Means",
    "Refused",
    "Taken",
    "change_site_key",
    "create_site_key",
    "open_site_key",
    "take",
]
