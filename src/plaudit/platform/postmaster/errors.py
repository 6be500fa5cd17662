"""The one error of the embedded server."""

from __future__ import annotations

__all__ = ["EmbeddedServerError"]


class EmbeddedServerError(RuntimeError):
    """The embedded server cannot be used here; the message says why and what to do."""
