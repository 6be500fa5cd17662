"""Log lines: one JSON object each, with its request, without personal text, libraries included."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from plaudit.platform.log import bound_request, configure, logger


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, before = root.handlers[:], root.level, structlog.get_config()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**before)


def _lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_carries_its_request() -> None:
    stream = io.StringIO()
    configure(level="info", stream=stream)
    log = logger("tipping")
    log.debug("not shown")
    with bound_request("req_1"):
        log.info("tip.sent", amount_minor=500)
    log.info("idle")
    first, second = _lines(stream)
    assert first | {"at": ""} == {
        "event": "tip.sent",
        "part": "tipping",
        "level": "info",
        "request_id": "req_1",
        "amount_minor": 500,
        "at": "",
    }
    assert first["at"].endswith("Z")
    assert "request_id" not in second


def test_personal_text_and_secrets_are_withheld() -> None:
    stream = io.StringIO()
    configure(level="info", stream=stream)
    logger("x").info(
        "e", message="I am Ann", request={"authorization": "Bearer abc", "size": 3}, long="x" * 1000
    )
    (line,) = _lines(stream)
    assert "Ann" not in stream.getvalue()
    assert "abc" not in stream.getvalue()
    assert line["request"]["size"] == 3
    assert len(line["long"]) < 400


def test_an_error_is_told_by_type_and_place() -> None:
    stream = io.StringIO()
    configure(level="info", stream=stream)
    try:
        int("no number\nDETAIL: Key (name)=(Ann) already exists.")
    except ValueError:
        logger("x").exception("failed")
        logging.getLogger("lib").exception("failed there")
    ours, theirs = _lines(stream)
    for line in (ours, theirs):
        assert line["error"] == "ValueError"
        assert line["error_at"][-1].startswith("test_log.py:")
    assert theirs["logger"] == "lib"
    assert "Traceback" not in stream.getvalue()


def test_libraries_log_through_the_same_door_from_warning_on() -> None:
    stream = io.StringIO()
    configure(level="debug", stream=stream)
    logging.getLogger("lib").info("chatter")
    with bound_request("req_2"):
        logging.getLogger("lib").warning("lost %s", "a connection")
    (line,) = _lines(stream)
    assert (line["event"], line["level"], line["request_id"]) == ("lost a connection", "warning", "req_2")


def test_columns_for_a_terminal() -> None:
    stream = io.StringIO()
    configure(level="info", output="console", stream=stream)
    logger("x").info("tip.sent", amount_minor=5)
    assert "amount_minor=5" in stream.getvalue()
