"""Trees to examine: the project's own, and a copy of it to break on purpose."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["PACKAGE", "ROOT", "Source", "Verdict", "contract_names", "copy_of_tree", "lint", "sources"]

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGE: Final = "src/plaudit"
_CONTRACT: Final = "importlinter:contract:"
_LINT: Final = "from importlinter.cli import lint_imports_command as lint; lint()"


@dataclass(frozen=True, slots=True)
class Source:
    """One Python file: its path from the root of its tree with slashes, and what is in it."""

    path: str
    text: str
    tree: ast.Module


@dataclass(frozen=True, slots=True)
class Verdict:
    """What import-linter says of a tree: the ids of its broken contracts, and everything it printed."""

    broken: frozenset[str]
    output: str


def sources(root: Path, *folders: str) -> Iterator[Source]:
    """Yield every Python file below the folders of a tree (all of src/plaudit when none is named)."""
    for folder in folders or (PACKAGE,):
        for path in sorted((root / folder).rglob("*.py")):
            text = path.read_text()
            yield Source(path.relative_to(root).as_posix(), text, ast.parse(text, filename=str(path)))


def copy_of_tree(destination: Path) -> Path:
    """Copy what import-linter reads, so that it can be broken, and return the copy's root."""
    shutil.copytree(
        ROOT / PACKAGE,
        destination / PACKAGE,
        ignore=lambda folder, names: [
            name for name in names if not name.endswith(".py") and not (Path(folder) / name).is_dir()
        ],
    )
    shutil.copy(ROOT / ".importlinter", destination)
    return destination


def contract_names() -> dict[str, str]:
    """Return the contracts of the house, id → name."""
    parser = ConfigParser()
    parser.read_string((ROOT / ".importlinter").read_text())
    return {
        section.removeprefix(_CONTRACT): parser[section]["name"]
        for section in parser.sections()
        if section.startswith(_CONTRACT)
    }


def lint(root: Path) -> Verdict:
    """Run import-linter on a tree, without its cache. Fails the test when it gives no verdict."""
    path = os.pathsep.join(filter(None, (str(root / "src"), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", _LINT, "--no-cache", "--no-logo"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": path, "COLUMNS": "400", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    output = done.stdout + done.stderr
    named = {name: id_ for id_, name in contract_names().items()}
    found = re.findall(r"^(.+?) (KEPT|BROKEN)\b", output, flags=re.MULTILINE)
    verdicts = {named[name.strip()]: word for name, word in found if name.strip() in named}
    assert verdicts.keys() == set(named.values()), output
    return Verdict(frozenset(id_ for id_, word in verdicts.items() if word == "BROKEN"), output)
