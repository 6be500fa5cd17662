"""The journal over HTTP."""

from typing import Any, Final

ROUTES: Final[tuple[Any, ...]] = ()
