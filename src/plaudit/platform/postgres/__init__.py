"""The embedded PostgreSQL server: `with embedded(data_dir=...) as server: connect(server.url)`."""

from __future__ import annotations

from plaudit.platform.postgres.server import Server, embedded
from plaudit.platform.postmaster.errors import EmbeddedServerError

__all__ = ["EmbeddedServerError", "Server", "embedded"]
