"""What is measured: requests, refusals, the writer, subscriptions."""

from collections.abc import Sequence
from typing import Any, Final

from plaudit.core.journal.subscriptions import Lag
from plaudit.platform import telemetry

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
