"""Structured logs on standard error: one event a line, with the request it belongs to, without personal text.

Fields whose name tells of a person or a secret are withheld wherever they come from, so that a careless log
line costs nothing. Errors are logged by type, first line and place, not by their details, which in database
errors hold values.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, Literal, TextIO

import msgspec
import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

__all__ = ["bound_request", "configure", "logger", "request_id"]

request_id: ContextVar[str] = ContextVar("request_id", default="")

_WITHHELD: Final = "[withheld]"
_TEXT_MAX: Final = 300
_PLACES_MAX: Final = 6
_PERSONAL: Final = frozenset(
    {
        "address",
        "authorization",
        "body",
        "cookie",
        "display_name",
        "email",
        "ip",
        "key",
        "message",
        "name",
        "password",
        "phone",
        "private",
        "secret",
        "text",
        "token",
        "url",
        "user_agent",
    }
)


@contextmanager
def bound_request(identifier: str) -> Iterator[None]:
    """Mark every line logged within the block, in this task and those it starts, with the request's id."""
    mark = request_id.set(identifier)
    try:
        yield
    finally:
        request_id.reset(mark)


def _add_request(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    identifier = request_id.get()
    if identifier:
        event["request_id"] = identifier
    return event


def _withhold(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return _without_personal(event)


def _without_personal(fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in fields.items():
        if name in _PERSONAL:
            fields[name] = _WITHHELD
        elif isinstance(value, str) and len(value) > _TEXT_MAX:
            fields[name] = value[:_TEXT_MAX] + "…"
        elif isinstance(value, dict):
            fields[name] = _without_personal(dict(value))
    return fields


def _describe_error(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    given = event.pop("exc_info", None)
    error = given if isinstance(given, BaseException) else sys.exc_info()[1] if given is True else None
    if isinstance(given, tuple):
        error = given[1]
    if error is None:
        return event
    lines = str(error).splitlines()
    places = traceback.extract_tb(error.__traceback__)[-_PLACES_MAX:]
    event["error"] = type(error).__name__
    event["error_says"] = lines[0] if lines else ""
    event["error_at"] = [
        f"{place.filename.rpartition('/')[2]}:{place.lineno} {place.name}" for place in places
    ]
    return event


def _to_json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    return msgspec.json.encode(event, enc_hook=str).decode()


def configure(
    *, level: str, output: Literal["json", "console"] = "json", stream: TextIO | None = None
) -> None:
    """Set up logging for this process, that of the libraries included; `stream` is standard error by default.

    Call it once at the start of each process, before the first line is logged.
    """
    target = sys.stderr if stream is None else stream
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        _add_request,
        _describe_error,
        _withhold,
    ]
    render: Processor = (
        _to_json if output == "json" else structlog.dev.ConsoleRenderer(colors=target.isatty())
    )
    structlog.configure(
        processors=[*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=target),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(number, logging.WARNING))


def logger(name: str) -> FilteringBoundLogger:
    """Return the logger of one part; `name` is in each of its lines as `part`."""
    bound: FilteringBoundLogger = structlog.get_logger(part=name)
    return bound
