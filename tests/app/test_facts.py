"""The journal over HTTP: pages, the long poll, the stream."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from plaudit.app.http.facts import FactView, events
from tests.app.edge import Caller, UnderTest, problem, under_test


async def _tip(tenant: Caller, number: int = 1) -> int:
    done = await tenant.do("POST", f"/v1/wallets/v{number}/credits", {"asset": "coin", "amount_minor": 5})
    return int(done["position"])


async def test_facts_come_in_order_and_page_by_page(acme: Caller) -> None:
    for number in range(5):
        await _tip(acme, number)
    whole = await acme.get("/v1/facts")
    positions = [fact["position"] for fact in whole["facts"]]
    assert positions == list(range(1, len(positions) + 1))
    assert (whole["head"], whole["next_after"]) == (len(positions), len(positions))
    assert whole["facts"][0]["kind"] == "tenant.created"
    assert FactView.__struct_fields__ == tuple(whole["facts"][0])
    seen: list[int] = []
    after = 0
    while (page := await acme.get("/v1/facts", after=after, limit=2))["facts"]:
        seen += [fact["position"] for fact in page["facts"]]
        after = page["next_after"]
    assert seen == positions


async def test_facts_by_kind(acme: Caller) -> None:
    await _tip(acme)
    await acme.do("PUT", "/v1/creators/c1", {})
    page = await acme.get("/v1/facts", kinds="creator.saved,wallet.credited")
    assert {fact["kind"] for fact in page["facts"]} == {"creator.saved", "wallet.credited"}
    assert page["next_after"] == page["head"]


async def test_a_long_poll_waits_for_a_fact_and_no_longer(acme: Caller) -> None:
    head = (await acme.get("/v1/facts"))["head"]
    started = time.monotonic()
    empty = await acme.get("/v1/facts", after=head, wait_ms=300)
    assert (empty["facts"], empty["next_after"], empty["head"]) == ([], head, head)
    assert 0.3 <= time.monotonic() - started < 2

    polls = [asyncio.create_task(acme.get("/v1/facts", after=head, wait_ms=20_000)) for _ in range(20)]
    await asyncio.sleep(0.2)
    started = time.monotonic()
    position = await _tip(acme)
    pages = await asyncio.gather(*polls)
    assert {fact["position"] for page in pages for fact in page["facts"]} == {position}
    assert time.monotonic() - started < 1


async def test_a_long_poll_by_kind_sleeps_through_other_kinds(acme: Caller) -> None:
    head = (await acme.get("/v1/facts"))["head"]
    poll = asyncio.create_task(acme.get("/v1/facts", after=head, kinds="creator.saved", wait_ms=20_000))
    await asyncio.sleep(0.1)
    await _tip(acme)
    await asyncio.sleep(0.2)
    assert not poll.done()
    await acme.do("PUT", "/v1/creators/c1", {})
    page = await poll
    assert [fact["kind"] for fact in page["facts"]] == ["creator.saved"]


async def test_without_notifications_the_poll_wakes_all_the_same(database_url: str, tmp_path: Path) -> None:
    async with (
        under_test(database_url, tmp_path) as here,
        under_test(database_url, tmp_path, PLAUDIT_LISTEN="off") as there,
    ):
        acme = await here.tenant("acme")
        head = (await acme.get("/v1/facts"))["head"]
        poll = asyncio.create_task(there.caller(acme.credential).get("/v1/facts", after=head, wait_ms=20_000))
        await asyncio.sleep(0.1)
        started = time.monotonic()
        await _tip(acme)
        assert len((await poll)["facts"]) == 1
        assert time.monotonic() - started < 1.5


async def _read_events(edge: UnderTest, tenant: Caller, after: int, wanted: int) -> list[dict[str, Any]]:
    grant = (await edge.house.doorkeeper.admit(f"Bearer {tenant.credential}".encode())).grant

    async def readmit() -> None:
        await edge.house.doorkeeper.admit(f"Bearer {tenant.credential}".encode())

    found: list[dict[str, Any]] = []
    async with asyncio.timeout(10):
        async for chunk in events(house=edge.house, grant=grant, after=after, kinds=None, readmit=readmit):
            for event in chunk.decode().split("\n\n"):
                lines = dict(line.split(": ", 1) for line in event.splitlines() if not line.startswith(":"))
                if "event" in lines:
                    found.append(lines)
            if len(found) >= wanted or (found and found[-1]["event"] == "refused"):
                break
    return found


async def test_a_stream_holds_the_same_facts(edge: UnderTest, acme: Caller) -> None:
    other = await edge.tenant("beside")
    await _tip(acme)
    facts = (await acme.get("/v1/facts"))["facts"]
    reading = asyncio.create_task(_read_events(edge, acme, 0, len(facts) + 2))
    await asyncio.sleep(0.1)
    await _tip(other)
    await _tip(acme)
    await _tip(acme)
    events = await reading
    facts = (await acme.get("/v1/facts"))["facts"]
    assert [json.loads(event["data"]) for event in events] == facts
    assert [event["id"] for event in events] == [str(fact["position"]) for fact in facts]
    assert [event["event"] for event in events] == [fact["kind"] for fact in facts]


async def test_a_stream_ends_when_its_credential_does(edge: UnderTest, acme: Caller) -> None:
    made = await acme.do("POST", "/v1/api-keys", {"name": "follower", "scopes": ["facts.read"]})
    head = (await acme.get("/v1/facts"))["head"]
    reading = asyncio.create_task(_read_events(edge, edge.caller(made["key"]), head + 1, 10))
    await asyncio.sleep(0.2)
    await acme.do("DELETE", f"/v1/api-keys/{made['id']}")
    events = await asyncio.wait_for(reading, 3)
    assert events[-1] == {"event": "refused", "data": "auth.revoked"}


@pytest.mark.parametrize("value", ["x", "-1", "1.5", ""])
async def test_a_stream_goes_on_after_a_position_only(acme: Caller, value: str) -> None:
    answer = await acme.send("GET", "/v1/facts/stream", headers={"Last-Event-ID": value})
    problem(answer, 400, "position.invalid")


async def test_subscriptions_say_how_far_they_are(acme: Caller) -> None:
    await _tip(acme)
    items: list[dict[str, Any]] = [{"lag": 1}]
    async with asyncio.timeout(5):
        while any(one["lag"] for one in items):
            items = (await acme.get("/v1/subscriptions"))["items"]
    assert items
    assert all((one["state"], one["dead_letters"], one["problem"]) == ("running", [], None) for one in items)
