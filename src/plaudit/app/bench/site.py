"""A server of Plaudit to be loaded, and one of the bare framework beside it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plaudit.app.bench.child import Child, child
from plaudit.app.bench.ground import Base
from plaudit.app.place import migrated_place_of
from plaudit.platform.settings import Settings

_HOST: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Site:
    """The two servers, side by side, and the database of the first."""

    plaudit: Child
    bare: Child
    base: Base
    data_dir: Path


@contextmanager
def site() -> Iterator[Site]:
    """Run both servers for the time of the block, on an embedded database that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="plaudit-bench-"))
    logs = Path(tempfile.mkdtemp(prefix="plaudit-bench-log-"))
    try:
        with ExitStack() as stack:
            place = stack.enter_context(migrated_place_of(settings_of(folder)))
            assert place.superuser_url is not None
            environ = {
                "PLAUDIT_DATA_DIR": str(folder),
                "PLAUDIT_HOST": _HOST,
                "PLAUDIT_PORT": "0",
                "PLAUDIT_OUTBOUND_INSIDE": _HOST,
            }
            yield Site(
                plaudit=stack.enter_context(child(what="plaudit", environ=environ, log=logs / "plaudit.log")),
                bare=stack.enter_context(child(what="bare", environ={}, log=logs / "bare.log")),
                base=Base("plaudit", place.url, place.owner_url, place.superuser_url),
                data_dir=folder,
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(logs, ignore_errors=True)


def settings_of(folder: Path) -> Settings:
    """Return the settings of the server on a data folder."""
    return Settings.from_environment({"PLAUDIT_DATA_DIR": str(folder)})
