"""Campaigns over HTTP.

``drafts`` has terms and their review, ``running`` campaigns as a whole, ``budgets`` their budgets, ``people``
what viewers are and calendars, ``triggers`` the catalogue that screens are built from, ``terms`` the page for
everybody, ``rewards`` what was given, ``figures`` what it came to, and ``explain`` why and how far.
"""

from typing import Any, Final

from plaudit.features.campaigns.http import (
    budgets,
    drafts,
    explain,
    figures,
    people,
    rewards,
    running,
    terms,
    triggers,
)

ROUTES: Final[tuple[Any, ...]] = (
    *drafts.ROUTES,
    *running.ROUTES,
    *budgets.ROUTES,
    *people.ROUTES,
    *rewards.ROUTES,
    *figures.ROUTES,
    *explain.ROUTES,
    *triggers.ROUTES,
    *terms.ROUTES,
)

__all__ = ["ROUTES"]
