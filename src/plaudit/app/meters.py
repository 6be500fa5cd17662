"""What is measured: requests, refusals, the writer, subscriptions, jobs, the books."""

from collections.abc import Sequence
from typing import Any, Final

from plaudit.core.journal.subscriptions import Lag
from plaudit.platform import telemetry
from plaudit.platform.jobs import Count, Ending

_BATCH_BUCKETS: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024)

REQUESTS: Final = telemetry.counter(
    "http_requests", "Requests answered, by route template and status.", labels=("method", "route", "status")
)
LATENCY: Final = telemetry.histogram(
    "http_request_seconds", "Time from a request's head to the end of its answer.", labels=("method", "route")
)
REFUSALS: Final = telemetry.counter("refusals", "Refusals, by their code.", labels=("code",))
COMMANDS: Final = telemetry.counter(
    "writer_commands", "Commands that the posting writer recorded, replays and refusals left out."
)
BATCHES: Final = telemetry.histogram(
    "writer_batch_commands", "Commands in one commit of the posting writer.", buckets=_BATCH_BUCKETS
)
QUEUE: Final = telemetry.gauge("writer_queue_commands", "Commands that wait for the posting writer.")
LAG: Final = telemetry.gauge(
    "subscription_lag_facts",
    "Facts that a subscription has not read, over all tenants.",
    labels=("subscription",),
    over_processes="max",
)
LOST_LINES: Final = telemetry.counter("access_log_lost_lines", "Lines of the access log that were dropped.")

JOB_ATTEMPTS: Final = telemetry.counter(
    "job_attempts",
    "Attempts of jobs by how they ended: done, again (failed, tried later), dead, cut (the process stopped).",
    labels=("job", "ending"),
)
JOB_SECONDS: Final = telemetry.counter("job_seconds", "Time spent in jobs.", labels=("job",))
JOBS: Final = telemetry.gauge(
    "jobs",
    "Jobs that wait, run or are dead, counted each minute.",
    labels=("job", "state"),
    over_processes="latest",
)
EXPIRED_HOLDS: Final = telemetry.counter("expired_holds", "Holds given back past their deadline.")
DELETED_COUNTERS: Final = telemetry.counter("deleted_counters", "Counters deleted with their window.")
BOOKS_FINDINGS: Final = telemetry.gauge(
    "books_findings",
    "What the last examination of the books on time found; 0 when everything holds.",
    over_processes="latest",
)
BOOKS_EXAMINED: Final = telemetry.gauge(
    "books_examined_at_seconds",
    "When that was, in seconds since 1970; 0 when it was not yet since the start.",
    over_processes="latest",
)


class RequestMeter:
    """Counts requests; keeps the labelled children, whose look-up costs more than counting."""

    __slots__ = ("_counters", "_latencies", "_refusals")

    def __init__(self) -> None:
        """Begin without children."""
        self._counters: dict[tuple[str, str, int], Any] = {}
        self._latencies: dict[tuple[str, str], Any] = {}
        self._refusals: dict[str, Any] = {}

    def observe(self, *, method: str, route: str, status: int, seconds: float, code: str) -> None:
        """Count one answered request; `code` is that of its refusal, or empty."""
        counter = self._counters.get((method, route, status))
        if counter is None:
            counter = self._counters[(method, route, status)] = REQUESTS.labels(method, route, str(status))
        counter.inc()
        latency = self._latencies.get((method, route))
        if latency is None:
            latency = self._latencies[(method, route)] = LATENCY.labels(method, route)
        latency.observe(seconds)
        if code:
            refusal = self._refusals.get(code)
            if refusal is None:
                refusal = self._refusals[code] = REFUSALS.labels(code)
            refusal.inc()


def count_batch(commands: int, recorded: int) -> None:
    """Count one batch of the posting writer."""
    BATCHES.observe(commands)
    COMMANDS.inc(recorded)


def show_lag(lags: Sequence[Lag]) -> None:
    """Set the gauges of the subscriptions."""
    behind: dict[str, int] = {}
    for one in lags:
        behind[one.name] = behind.get(one.name, 0) + one.head - one.position
    for name, facts in behind.items():
        LAG.labels(name).set(facts)


def count_job(job: str, ending: Ending, seconds: float) -> None:
    """Count one attempt of a job."""
    JOB_ATTEMPTS.labels(job, ending).inc()
    JOB_SECONDS.labels(job).inc(seconds)


_counted: set[tuple[str, str]] = set()


def show_jobs(counts: Sequence[Count]) -> None:
    """Set the gauges of the queue, those included that were shown before and are at zero now."""
    now = {(one.name, one.state): one.jobs for one in counts}
    _counted.update(now)
    for labels in _counted:
        JOBS.labels(*labels).set(now.get(labels, 0))
