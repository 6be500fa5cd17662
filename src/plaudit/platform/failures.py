"""Failures of technical means, classed by what the caller may do next.

A failure is *retryable* (nothing was done, do it again), *unknown* (it may have been done: ask before
anything else), or *final* (doing it again cannot help).
"""

from __future__ import annotations

import psycopg
from psycopg import errors
from psycopg_pool import PoolClosed, PoolTimeout, TooManyRequests

__all__ = ["Failure", "Final", "Retryable", "Unknown", "classify", "is_connection_lost", "is_duplicate"]


class Failure(Exception):
    """A technical failure; the error it stands for is its `__cause__`."""


class Retryable(Failure):
    """Nothing was done; the same may be tried again."""


class Unknown(Failure):
    """It may or may not have been done; find out before trying again."""


class Final(Failure):
    """Trying again cannot help."""


_ROLLED_BACK_STATES = frozenset(
    {
        "40001",  # serialization failure
        "40P01",  # deadlock detected
        "55P03",  # lock not available
        "57014",  # query cancelled, as by a timeout
        "57P03",  # cannot connect now (starting, recovering, stopping)
    }
)
_ROLLED_BACK_CLASSES = ("53",)  # insufficient resources: connections, memory, disk
_LOST_STATES = frozenset({"57P01", "57P02", "57P05", "25P03", "25P04", "40003"})
_LOST_CLASSES = ("08",)


def is_connection_lost(error: BaseException) -> bool:
    """Tell whether the connection is gone, so that the fate of what ran on it depends on how far it was."""
    if not isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return False
    state = error.sqlstate
    return state is None or state in _LOST_STATES or state.startswith(_LOST_CLASSES)


def is_duplicate(error: BaseException) -> bool:
    """Tell whether a unique constraint refused a row: somebody else was first."""
    return isinstance(error, errors.UniqueViolation)


def classify(  # noqa: PLR0911 - a table of cases
    error: BaseException, *, committing: bool = True
) -> type[Failure]:
    """Return the class of a database error.

    `committing` says whether a commit may have been under way: a lost connection leaves an unknown outcome
    then, and nothing done otherwise. Every error that is not recognised is Final.
    """
    if isinstance(error, Failure):
        return type(error)
    if isinstance(error, PoolTimeout | TooManyRequests | errors.ConnectionTimeout):
        return Retryable
    if isinstance(error, PoolClosed):
        return Final
    if not isinstance(error, psycopg.Error):
        return Final
    state = error.sqlstate or ""
    if state in _ROLLED_BACK_STATES or state.startswith(_ROLLED_BACK_CLASSES):
        return Retryable
    if is_connection_lost(error):
        return Unknown if committing else Retryable
    return Final
