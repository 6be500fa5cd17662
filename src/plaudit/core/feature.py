"""The label on a feature's door: what assembly has to know of it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from plaudit.core.commands.references import Loader
from plaudit.core.journal.subscriptions import Subscription
from plaudit.platform.jobs import Job


@dataclass(frozen=True, slots=True)
class Schedule:
    """Work done at the times of ``cron`` (UTC; a sixth field for seconds), once over all processes.

    ``work`` is handed the assembled house. It must do no harm when it runs late, again, or not at all for a
    while, and take its time from the house's clock: the queue keeps the machine's.
    """

    name: str
    cron: str
    work: Callable[[Any], Awaitable[None]]
    timeout_s: float = 300.0


@dataclass(frozen=True, slots=True)
class Feature:
    """What a feature offers: web handlers, loaders of its reference rows by topic, subscriptions, schedules.

    ``jobs`` are those that it enqueues (``platform.jobs``) within its commands and reactions.
    """

    name: str
    routes: Sequence[Any] = ()
    loaders: Mapping[str, Loader] | None = None
    subscriptions: Sequence[Subscription] = ()
    schedules: Sequence[Schedule] = ()
    jobs: Sequence[Job[Any]] = ()
