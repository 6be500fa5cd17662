"""Campaigns over HTTP.

``drafts`` has terms and their review, ``running`` campaigns as a whole, ``budgets`` their budgets, ``people``
what viewers are and calendars, ``triggers`` the catalogue that screens are built from, ``terms`` the page for
everybody, ``rewards`` what was given, ``figures`` what it came to, ``explain`` why and how far, and
``backtest`` what a revision would have cost.
"""

from typing import Any, Final

from plaudit.features.campaigns.http import (
    backtest,
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
    *backtest.ROUTES,
)

__all__ = ["ROUTES"]
