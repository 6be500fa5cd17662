"""Presale over HTTP.

``shows``, ``offers`` and ``codes`` keep the catalogue; ``orders``, ``groups``, ``tickets`` and ``waiting``
are what buyers do; ``closing`` ends a show.
"""

from typing import Any, Final

from plaudit.features.presale.http import closing, codes, groups, offers, orders, shows, tickets, waiting

ROUTES: Final[tuple[Any, ...]] = (
    *shows.ROUTES,
    *offers.ROUTES,
    *codes.ROUTES,
    *orders.ROUTES,
    *groups.ROUTES,
    *tickets.ROUTES,
    *waiting.ROUTES,
    *closing.ROUTES,
)

__all__ = ["ROUTES"]
