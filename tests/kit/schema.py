"""`make schema`: write schema.sql, the outcome of the migrations, for review and for the snapshot test."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from plaudit.platform.migrate import migrate, schema_snapshot
from plaudit.platform.postgres import embedded

__all__ = ["SCHEMA_FILE"]

SCHEMA_FILE: Final = Path(__file__).resolve().parents[2] / "schema.sql"


def main() -> None:
    """Migrate a throw-away server and write down what came of it."""
    with tempfile.TemporaryDirectory(prefix="plaudit-schema-") as folder:
        Path(folder).chmod(0o711)
        with embedded(data_dir=Path(folder) / "data", shared_buffers_mib=32) as server:
            migrate(server.owner_url)
            SCHEMA_FILE.write_text(schema_snapshot(server.owner_url))


if __name__ == "__main__":
    main()
