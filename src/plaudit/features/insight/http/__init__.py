"""Insight over HTTP: telling of views and clicks, site keys, boards and funnels."""

from typing import Any, Final

from plaudit.features.insight.http import board, funnel, site_keys, tracking

ROUTES: Final[tuple[Any, ...]] = (*tracking.ROUTES, *site_keys.ROUTES, *board.ROUTES, *funnel.ROUTES)
