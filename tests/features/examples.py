"""The worked examples of docs/features, read as tables: what stands there is tested, row by row."""

from __future__ import annotations

from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).resolve().parents[2] / "docs" / "features"


def table(page: str, heading: str) -> list[dict[str, str]]:
    """Return the rows of the first table under a heading of a page, by column; code marks are left out."""
    text = (FOLDER / page).read_text()
    _, found, rest = text.partition(f"\n### Example: {heading}\n")
    assert found, f"{page} has no example {heading!r}"
    lines = [line for line in rest.partition("\n#")[0].splitlines() if line.startswith("|")]
    rows = [[cell.strip().replace("`", "") for cell in line.strip("|").split("|")] for line in lines]
    names, _, *values = rows
    assert values
    return [dict(zip(names, row, strict=True)) for row in values]
