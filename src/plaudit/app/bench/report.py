"""What a benchmark prints: figures, ratios to the baselines of the same run, and where it was measured."""

import os
import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Final, TypeAlias

import msgspec
import psutil
import psycopg

Value: TypeAlias = int | float | str | bool | list[float] | list[str] | None

_PACKAGES: Final = ("plaudit", "psycopg", "uvloop", "msgspec", "litestar", "granian")
_SERVER_SETTINGS: Final = (
    "fsync",
    "full_page_writes",
    "synchronous_commit",
    "wal_compression",
    "shared_buffers",
    "max_wal_size",
    "checkpoint_timeout",
)


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One benchmark's result. Names end in their unit; ratios are named by what they are measured against."""

    bench: str
    figures: dict[str, Value]
    ratios: dict[str, float]
    machine: dict[str, Value]
    versions: dict[str, str]
    settings: dict[str, Value]


def machine() -> dict[str, Value]:
    """Describe this machine: cores, processor, memory, and how busy it was when asked."""
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "memory_mib": psutil.virtual_memory().total // 2**20,
        "system": f"{platform.system()} {platform.release()}",
        "load_before": round(os.getloadavg()[0], 2),
    }


def versions(*, url: str) -> dict[str, str]:
    """Return the versions of Python, of PostgreSQL at `url`, and of what the hot path is made of."""
    with psycopg.connect(url, autocommit=True) as connection:
        number = connection.info.server_version
    found = {"python": platform.python_version(), "postgresql": f"{number // 10_000}.{number % 10_000}"}
    return found | {name: version(name) for name in _PACKAGES}


def server_settings(*, url: str) -> dict[str, Value]:
    """Return the database settings that decide speed and durability, as the server says they are."""
    with psycopg.connect(url, autocommit=True) as connection:
        rows = connection.execute(
            "SELECT name, current_setting(name) FROM unnest(%s::text[]) AS v (name)",
            (list(_SERVER_SETTINGS),),
        ).fetchall()
    return {name: value for name, value in rows}  # noqa: C416 - rows, not pairs


def middle(values: Iterable[float]) -> float:
    """Return the median, to one decimal."""
    return round(median(values), 1)


def ratio(part: float, whole: float) -> float:
    """Return part / whole to three decimals, 0 when there is no whole."""
    return round(part / whole, 3) if whole else 0.0


def lines(report: Report) -> list[str]:
    """Return the report for people: one name and value a line, in sections."""
    found = [f"bench {report.bench}"]
    sections: Mapping[str, Mapping[str, Value]] = {
        "figures": report.figures,
        "ratios": {**report.ratios},
        "settings": report.settings,
        "machine": report.machine,
        "versions": {**report.versions},
    }
    for title, values in sections.items():
        found.append(f"  {title}")
        found += [f"    {name:<32} {_shown(value)}" for name, value in values.items()]
    return found


def _shown(value: Value) -> str:
    if isinstance(value, float):
        return f"{value:,.3f}".rstrip("0").rstrip(".")
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, list):
        return "  ".join(_shown(one) for one in value)
    return str(value)


def _processor() -> str:
    try:
        rows = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        rows = []
    names = [row.partition(":")[2].strip() for row in rows if row.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
