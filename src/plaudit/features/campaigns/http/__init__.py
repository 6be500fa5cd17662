"""Campaigns over HTTP.

``drafts`` has terms and their review, ``running`` campaigns as a whole, ``budgets`` their budgets, ``people``
what viewers are and calendars.
"""

from typing import Any, Final

from plaudit.features.campaigns.http import budgets, drafts, people, running

ROUTES: Final[tuple[Any, ...]] = (
    *drafts.ROUTES,
    *running.ROUTES,
    *budgets.ROUTES,
    *people.ROUTES,
)

__all__ = ["ROUTES"]
