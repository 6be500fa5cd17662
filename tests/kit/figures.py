"""What a test measured: one JSON file for each in the folder PLAUDIT_TEST_FIGURES, where that is set."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import msgspec

__all__ = ["FIGURES", "tell"]

FIGURES: Final = "PLAUDIT_TEST_FIGURES"


def tell(*, name: str, **figures: object) -> None:
    """Print the figures of a test, and write them to `<name>.json`."""
    print(f"{name}: {figures}")  # noqa: T201 -- shown with -s and on failure
    folder = os.environ.get(FIGURES)
    if folder:
        path = Path(folder) / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(msgspec.json.format(msgspec.json.encode(figures)))
