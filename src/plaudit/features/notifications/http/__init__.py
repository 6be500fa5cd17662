"""Notifications over HTTP.

``contacts`` has how viewers are reached, ``inbox`` what they were told, ``stream`` the same as it comes,
``templates`` what messages say, ``webhooks`` and ``mail`` where they go, ``deliveries`` what came of them.
"""

from typing import Any, Final

from plaudit.features.notifications.http import (
    contacts,
    deliveries,
    inbox,
    mail,
    stream,
    templates,
    webhooks,
)

ROUTES: Final[tuple[Any, ...]] = (
    *contacts.ROUTES,
    *inbox.ROUTES,
    *stream.ROUTES,
    *templates.ROUTES,
    *webhooks.ROUTES,
    *mail.ROUTES,
    *deliveries.ROUTES,
)

__all__ = ["ROUTES"]
