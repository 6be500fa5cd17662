"""The description of the API tells of every route, and its page needs nothing from elsewhere."""

from __future__ import annotations

import asyncio
import re
from html.parser import HTMLParser
from typing import Any

from plaudit.app.http.edge import UNGUARDED
from plaudit.vocabulary.permissions import PERMISSIONS
from tests.app.edge import Caller, UnderTest

KEYLESS = {"/v1/track", "/v1/campaigns/{campaign}/backtest"}
"""Writes whose parts have ids of their own, and questions that are asked with a body."""


def _walk(value: Any, path: str = "#") -> Any:  # noqa: ANN401 - pieces of a document
    yield path, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in inner:
        yield from _walk(one, f"{path}/{name}")


async def test_the_document_is_whole(edge: UnderTest) -> None:
    answer = await edge.client.get("/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    document = answer.json()
    assert document["openapi"].startswith("3.1")
    for path, value in _walk(document):
        if isinstance(value, dict) and isinstance(value.get("$ref"), str):
            found = document
            for part in value["$ref"].removeprefix("#/").split("/"):
                assert part in found, f"{path} refers to {value['$ref']}"
                found = found[part]
    identifiers = set()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            where = f"{method} {path}"
            assert operation["summary"], where
            assert operation["description"], where
            identifiers.add(operation["operationId"])
            if not path.startswith("/v1/"):
                continue
            if path.startswith(UNGUARDED):
                assert operation["security"] == []
                continue
            assert operation["x-permission"] is None or operation["x-permission"] in PERMISSIONS, where
            assert operation["security"], where
            assert {"400", "401", "403", "429", "503"} <= operation["responses"].keys(), where
            names = {one["name"] for one in operation.get("parameters", ())}
            assert ("Idempotency-Key" in names) == (method != "get" and path not in KEYLESS), where
            assert set(re.findall(r"\{(\w+)\}", path)) <= names, where
            for content in operation.get("requestBody", {}).get("content", {}).values():
                assert content["example"], where
    assert len(identifiers) == sum(len(item) for item in document["paths"].values())


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: set[str] = set()
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name in {"href", "src"} and value is not None:
                self.links.add(value)
            if name == "id" and value is not None:
                self.anchors.add(value)


async def test_the_page_shows_every_route_without_anything_from_elsewhere(edge: UnderTest) -> None:
    answer = await edge.client.get("/docs")
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    page = _Page()
    page.feed(answer.text)
    assert not page.tags & {"script", "link", "img", "iframe"}
    assert all(link == "/openapi.json" or link[1:] in page.anchors for link in page.links), page.links
    document = (await edge.client.get("/openapi.json")).json()
    assert len(page.anchors) == sum(len(item) for item in document["paths"].values())


async def test_health_and_metrics_need_no_credential(edge: UnderTest) -> None:
    assert (await edge.client.get("/health/live")).json() == {"status": "live"}
    assert (await edge.client.get("/health/ready")).json() == {"status": "ready"}
    await edge.client.get("/v1/tenant")
    text = (await edge.client.get("/metrics")).text
    assert 'plaudit_http_requests_total{method="GET",route="/health/ready",status="200"}' in text
    assert 'plaudit_refusals_total{code="auth.missing"}' in text
    assert "plaudit_http_request_seconds_bucket" in text
    assert "plaudit_writer_queue_commands" in text


async def test_the_writers_batches_are_counted(edge: UnderTest, acme: Caller) -> None:
    def counted(text: str, name: str) -> float:
        return float(next(line for line in text.splitlines() if line.startswith(name)).split()[1])

    before = (await edge.client.get("/metrics")).text
    path = "/v1/wallets/v1/credits"
    body = {"asset": "coin", "amount_minor": 5}
    await asyncio.gather(*(acme.do("POST", path, body, key=f"k{n % 6}") for n in range(12)))
    after = (await edge.client.get("/metrics")).text
    names = ("plaudit_writer_commands_total", "plaudit_writer_batch_commands_sum")
    done, taken = (counted(after, name) - counted(before, name) for name in names)
    assert (done, taken) == (6, 12)
