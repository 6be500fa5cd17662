"""The label on a feature's door: what assembly has to know of it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from plaudit.core.commands.references import Loader
from plaudit.core.journal.subscriptions import Subscription


@dataclass(frozen=True, slots=True)
class Schedule:
    """Work done every ``every``, in one process at a time. ``work`` is handed the assembled house."""

    name: str
    every: timedelta
    work: Callable[[Any], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Feature:
    """What a feature offers: web handlers, loaders of its reference rows by topic, subscriptions, schedules."""

    name: str
    routes: Sequence[Any] = ()
    loaders: Mapping[str, Loader] | None = None
    subscriptions: Sequence[Subscription] = ()
    schedules: Sequence[Schedule] = ()
