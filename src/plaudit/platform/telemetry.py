"""Metrics in the format of Prometheus, summed over all processes of one server.

With several processes each keeps its values in files of one folder, and whichever is asked adds them up. The
library decides on that when it is first imported in a process: `prepare_folder` therefore runs in the parent,
before the workers start.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal, TypeVar

import psutil
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

__all__ = [
    "CONTENT_TYPE",
    "LATENCY_BUCKETS_S",
    "Counter",
    "counter",
    "gauge",
    "histogram",
    "made",
    "prepare_folder",
    "render",
]

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
LATENCY_BUCKETS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_FOLDER_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
M = TypeVar("M", bound=MetricWrapperBase)
_MADE: Final[list[MetricWrapperBase]] = []
_OF_PROCESS: Final = re.compile(r"(?:counter|histogram|summary|gauge_[a-z]+)_(\d+)\.db")


def prepare_folder(folder: Path) -> None:
    """Make `folder` (0700) the place of the metrics of all processes started later, without old values."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in folder.iterdir():
        if _OF_PROCESS.fullmatch(path.name):
            path.unlink()
    os.environ[_FOLDER_VARIABLE] = str(folder.absolute())


def counter(name: str, sentence: str, *, labels: Sequence[str] = ()) -> Counter:
    """Return a new counter `plaudit_<name>_total`, summed over processes."""
    return _kept(Counter(f"plaudit_{name}", sentence, labels))


def gauge(
    name: str,
    sentence: str,
    *,
    labels: Sequence[str] = (),
    over_processes: Literal["sum", "max", "latest"] = "sum",
) -> Gauge:
    """Return a new gauge `plaudit_<name>`: over living processes its sum, or its highest value.

    "latest" is what was set last, by whichever process, also when that has ended.
    """
    mode: Literal["livesum", "livemax", "mostrecent"] = "mostrecent"
    if over_processes != "latest":
        mode = "livesum" if over_processes == "sum" else "livemax"
    return _kept(Gauge(f"plaudit_{name}", sentence, labels, multiprocess_mode=mode))


def histogram(
    name: str, sentence: str, *, labels: Sequence[str] = (), buckets: Sequence[float] = LATENCY_BUCKETS_S
) -> Histogram:
    """Return a new histogram `plaudit_<name>`, summed over processes; seconds end the name."""
    return _kept(Histogram(f"plaudit_{name}", sentence, labels, buckets=buckets))


def made() -> tuple[MetricWrapperBase, ...]:
    """Return every metric of this process, in the order in which modules made them."""
    return tuple(_MADE)


def _kept(metric: M) -> M:
    _MADE.append(metric)
    return metric


def render() -> bytes:
    """Return all metrics as text for the scraper, of content type CONTENT_TYPE.

    Gauges of processes that have ended count no more; their counters and histograms still do, as they must.
    """
    folder = os.environ.get(_FOLDER_VARIABLE)
    if not folder:
        return generate_latest(REGISTRY)
    pids = {int(match[1]) for path in Path(folder).iterdir() if (match := _OF_PROCESS.fullmatch(path.name))}
    for pid in pids:
        if not psutil.pid_exists(pid):
            mark_process_dead(pid, folder)
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=folder)
    return generate_latest(registry)
