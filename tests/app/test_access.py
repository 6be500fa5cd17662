"""The access log: a line a request, and never a request that waits for it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest

from plaudit.app.http import access
from plaudit.app.http.access import AccessLog
from plaudit.app.http.application import build
from tests.app.edge import UnderTest

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    yield reader, writer
    os.close(reader)
    os.close(writer)


def test_a_line_is_json_with_all_that_is_known(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    log = AccessLog(output="json", descriptor=writer)
    log.line(AT, {"request_id": "r1", "method": "GET", "path": "/v1/tenant", "status": 200, "us": 41})
    log.line(AT, {"request_id": "r2", "method": "GET", "path": 'a"\nb', "status": 404, "us": 9})
    log.close()
    first, second = [json.loads(line) for line in os.read(reader, 65_536).splitlines()]
    assert first == {
        "event": "request",
        "level": "info",
        "part": "access",
        "request_id": "r1",
        "method": "GET",
        "path": "/v1/tenant",
        "status": 200,
        "us": 41,
        "at": "2026-11-22T12:00:00.000000Z",
    }
    assert second["path"] == 'a"\nb'


def test_a_pipe_that_nobody_reads_holds_nothing_up(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = pipe
    monkeypatch.setattr(access, "_LINES_MAX", 5_000)
    log = AccessLog(output="json", descriptor=writer)
    started = time.monotonic()
    for _ in range(20_000):
        log.line(AT, {"path": "x" * 100})
    assert time.monotonic() - started < 5
    assert len(log._lines) <= 5_000
    log.close()
    assert time.monotonic() - started < 5
    while log._thread.is_alive():
        os.read(reader, 65_536)
        log._thread.join(0.001)


def test_a_closed_pipe_is_no_reason_to_fail() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    log = AccessLog(output="json", descriptor=writer)
    log.line(AT, {"path": "/"})
    log.close()
    os.close(writer)


@pytest.mark.parametrize(
    ("path", "logged"),
    [
        ("/v1/hooks/srs/med_0000004000001/6b86b273ff34fce1", "/v1/hooks/srs/med_0000004000001/…"),
        ("/v1/hooks/mediamtx/med_0000004000001/6b86b2/end", "/v1/hooks/mediamtx/med_0000004000001/…/end"),
        ("/pay/1-pay_000000000001A-6b86b273ff34fce1", "/pay/1-pay_000000000001A-…"),
        ("/pay/1-pay_000000000001A-6b86b273ff34fce1/attempts", "/pay/1-pay_000000000001A-…/attempts"),
        ("/v1/payments/pay_000000000001A", "/v1/payments/pay_000000000001A"),
    ],
)
async def test_what_proves_a_cashiers_link_is_not_logged(edge: UnderTest, path: str, logged: str) -> None:
    lines: list[dict[str, Any]] = []
    access_log = cast("AccessLog", SimpleNamespace(line=lambda _at, fields: lines.append(fields)))
    transport = httpx.ASGITransport(app=cast("Any", build(edge.house, access=access_log)))
    async with httpx.AsyncClient(transport=transport, base_url="http://plaudit") as client:
        await client.get(path)
    assert [one["path"] for one in lines] == [logged]
