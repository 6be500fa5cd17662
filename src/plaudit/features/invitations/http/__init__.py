"""Invitations over HTTP.

``links`` has links, posters and who came by them, ``rules`` what they earn and look like, ``figures`` boards
and sums.
"""

from typing import Any, Final

from plaudit.features.invitations.http import figures, links, rules

ROUTES: Final[tuple[Any, ...]] = (*links.ROUTES, *rules.ROUTES, *figures.ROUTES)

__all__ = ["ROUTES"]
