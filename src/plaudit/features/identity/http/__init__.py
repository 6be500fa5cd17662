"""Identity over HTTP: ``keys`` of applications and for tokens, ``people`` of a tenant."""

from typing import Any, Final

from plaudit.features.identity.http import keys, people

ROUTES: Final[tuple[Any, ...]] = (*people.ROUTES, *keys.ROUTES)

__all__ = ["ROUTES"]
