"""Views and clicks are taken at once, kept once, and counted with the rows that are kept."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from plaudit.core.journal.subscriptions import differences, rebuild
from plaudit.features.insight import schedule
from plaudit.features.insight.model import Event, event_digest
from plaudit.features.insight.reactions import TRAFFIC
from plaudit.features.insight.store import intake as intake_module
from plaudit.features.insight.store import traffic
from plaudit.features.insight.store.intake import Intake
from plaudit.kernel.time import format_time
from plaudit.platform.db import Database
from tests.app.edge import Caller, problem, settled
from tests.features.insight.box_office import BoxOffice, open_hall
from tests.features.insight.desk import NOON


def event(number: int | str, kind: str = "view", **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - the fields of an event
    """Return an event as a page tells of it."""
    return {"id": f"e{number}", "kind": kind, "show": "winter", **fields}


async def tell(office: BoxOffice, *events: dict[str, Any], caller: Caller | None = None) -> Any:  # noqa: ANN401 - JSON
    """Tell of events and return the answer."""
    answer = await (caller or office.acme).send("POST", "/v1/track", {"events": events}, key=None)
    assert answer.status_code == 202, answer.text
    return answer.json()


async def written(office: BoxOffice) -> None:
    """Wait until nothing waits to be written."""

    async def is_empty() -> bool:
        return not office.intake._size

    await settled(is_empty)


async def counted(office: BoxOffice) -> tuple[int, int, int]:
    """Return views, visitors and clicks of the show."""
    await written(office)
    told = (await office.board())["traffic"]
    return told["views"], told["visitors"], told["clicks"]


async def test_views_visitors_and_clicks_are_counted(office: BoxOffice) -> None:
    told = await tell(
        office,
        event(1, visitor="ann"),
        event(2, visitor="ann"),
        event(3, visitor="bob"),
        event(4),
        event(5, "click", visitor="eve", element="buy", page="/winter?x=1"),
    )
    assert told == {"taken": 5, "dropped": 0, "refused": []}
    assert await counted(office) == (4, 2, 1)


async def test_an_event_is_counted_once_in_one_call_and_over_calls(office: BoxOffice) -> None:
    same = event(1, visitor="ann")
    assert (await tell(office, same, same, event(2)))["taken"] == 3
    await written(office)
    office.clock.advance(hours=47)
    await tell(office, same, event(1, "click"), event(3))
    assert await counted(office) == (3, 1, 0)
    assert await office.differing() == []


async def test_an_event_is_counted_once_over_processes_that_write_at_once(
    office: BoxOffice,
) -> None:
    events = [made(number) for number in range(600)]
    async with Database.open(office.house.database.url, pool_max=8) as database:
        others = [Intake(database=database) for _ in range(4)]
        for place, one in enumerate(others):
            one.put(events[place * 50 :], tenant_id=office.tenant_id)
            one.put(events[: place * 50], tenant_id=office.tenant_id)
        await asyncio.gather(*(one.close() for one in others))
    assert await counted(office) == (600, 60, 0)
    assert await office.differing() == []


def made(number: int, *, show: str = "winter", campaign: str = "", invitation: str = "") -> Event:
    """Return a view of one of sixty visitors."""
    visitor = event_digest(f"visitor-{number % 60}")
    return Event(event_digest(f"e{number}"), "view", show, "/", "", visitor, campaign, invitation, NOON)


async def test_a_flood_is_dropped_and_blocks_nobody(office: BoxOffice) -> None:
    events = [made(number) for number in range(100)]
    async with (
        Database.open(office.house.database.url, pool_max=2) as database,
        database.transaction() as tx,
    ):
        # Nobody can write while this transaction is open; taking goes on in memory.
        await traffic.write_events(tx, tenant_id=office.tenant_id, events=events[:1])
        full = Intake(database=office.house.database, waiting_max=100)
        dropped = intake_module.EVENTS.labels("dropped")._value.get()
        assert full.put(events, tenant_id=office.tenant_id) == 50
        assert full.put(events, tenant_id=office.tenant_id) == 0
        # What one tenant floods leaves room for another.
        assert full.put(events[:30], tenant_id=office.tenant_id + 1) == 30
        assert full.put(events[:30], tenant_id=office.tenant_id + 2) == 20
        assert intake_module.EVENTS.labels("dropped")._value.get() - dropped == 160
        await asyncio.sleep(0.4)
        assert full._size == 100
    await full.close()
    assert full._size == 0
    assert await counted(office) == (50, 50, 0)


async def test_an_answer_says_how_many_were_taken(office: BoxOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office.intake, "_max", 6)
    told = await tell(office, *(event(number) for number in range(5)), event(6, "stare"))
    assert (told["taken"], told["dropped"], [one["index"] for one in told["refused"]]) == (3, 2, [5])
    assert await counted(office) == (3, 0, 0)


async def test_bad_events_are_named_one_by_one_and_the_others_taken(office: BoxOffice) -> None:
    told = await tell(
        office,
        event(1),
        event(2, "stare"),
        event("x/y"),
        event(3, at=format_time(NOON - timedelta(hours=49))),
        event(4, at=format_time(NOON + timedelta(minutes=6))),
        event(5, at=format_time(NOON - timedelta(hours=47))),
    )
    assert told["taken"] == 2
    assert [(one["index"], one["id"], one["code"]) for one in told["refused"]] == [
        (1, "e2", "event.kind"),
        (2, "ex/y", "event.id"),
        (3, "e3", "event.old"),
        (4, "e4", "event.future"),
    ]
    assert all(one["detail"] for one in told["refused"])
    assert await counted(office) == (2, 0, 0)
    assert list(await office.funnel("hour")) == ["2026-11-20T13:00:00.000000Z", "2026-11-22T12:00:00.000000Z"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"events": []}, "events.many"),
        ({"events": [event(number) for number in range(101)]}, "events.many"),
        ({"events": [{"id": "e1", "kind": "view"}]}, "body.invalid"),
        ({"events": [event(1, name="Ann")]}, "body.unknown_field"),
        ({"events": [event(1, visitor=7)]}, "body.invalid"),
        ({}, "body.invalid"),
    ],
)
async def test_a_body_that_cannot_be_read_is_refused_whole(
    office: BoxOffice, body: dict[str, Any], code: str
) -> None:
    problem(await office.acme.send("POST", "/v1/track", body, key=None), 400, code)


async def test_events_of_a_show_that_there_is_not_are_not_kept(office: BoxOffice) -> None:
    strange = intake_module.EVENTS.labels("strange")._value.get()
    await tell(office, event(1, show="summer"), event(2))
    assert await counted(office) == (1, 0, 0)
    assert intake_module.EVENTS.labels("strange")._value.get() - strange == 1


async def test_a_viewer_may_tell_and_a_creator_may_not(
    office: BoxOffice,
) -> None:
    secret = "0123456789abcdef" * 4
    pinned = await office.acme.do("POST", "/v1/token-keys", {"algorithm": "HS256", "secret": secret})

    def caller(role: str) -> Caller:
        token = office.edge.token(kid=pinned["id"], secret=secret, iss=office.slug, role=role)
        return office.edge.caller(token)

    assert (await tell(office, event(1), caller=caller("viewer")))["taken"] == 1
    refused = await caller("creator").send("POST", "/v1/track", {"events": [event(2)]}, key=None)
    problem(refused, 403, "scope.missing")
    problem(await caller("viewer").send("GET", "/v1/shows/winter/board"), 403, "scope.missing")


async def test_a_page_of_another_origin_may_call_and_read_the_answer(office: BoxOffice) -> None:
    client = office.edge.client
    asked = await client.options(
        "/v1/track",
        headers={"Origin": "https://live.example", "Access-Control-Request-Method": "POST"},
    )
    assert asked.status_code == 204
    assert asked.headers["access-control-allow-origin"] == "*"
    assert "authorization" in asked.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in asked.headers
    refused = await client.post("/v1/track", json={"events": []})
    problem(refused, 401, "auth.missing")
    assert refused.headers["access-control-allow-origin"] == "*"
    # Nothing else may be called from there.
    elsewhere = await client.options("/v1/tips", headers={"Origin": "https://live.example"})
    assert elsewhere.status_code == 401
    assert "access-control-allow-origin" not in elsewhere.headers


async def site_key(office: BoxOffice, **fields: Any) -> str:  # noqa: ANN401 - the fields of the body
    """Make a site key and return it."""
    made_ = await office.acme.do("POST", "/v1/site-keys", {"name": "tickets", **fields})
    key: str = made_["site_key"]
    return key


async def test_a_beacon_comes_with_a_site_key_and_as_plain_text(office: BoxOffice) -> None:
    key = await site_key(office)
    body = json.dumps({"events": [event(1), event(2)]}).encode()
    for media in ("text/plain;charset=UTF-8", "application/json"):
        answer = await office.edge.client.post(
            f"/v1/track/beacon?site={key}", content=body, headers={"Content-Type": media}
        )
        assert (answer.status_code, answer.json()["taken"]) == (202, 2)
        assert answer.headers["access-control-allow-origin"] == "*"
    assert await counted(office) == (2, 0, 0)
    wrong = await office.edge.client.post(
        f"/v1/track/beacon?site={key}", content=body, headers={"Content-Type": "text/html"}
    )
    problem(wrong, 415, "content_type.unsupported")
    # Only the beacon takes plain text.
    headers = {"Content-Type": "text/plain"}
    plain = await office.acme.send("POST", "/v1/track", content=body, headers=headers)
    problem(plain, 415, "content_type.unsupported")


async def test_an_image_counts_a_view_each_time_it_is_loaded(office: BoxOffice) -> None:
    key = await site_key(office)
    path = f"/v1/track.gif?site={key}&show=winter&utm_source=Mail&utm_medium=letter&visitor=ann"
    for _ in range(2):
        answer = await office.edge.client.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/gif")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.content.startswith(b"GIF89a")
    for _ in range(2):
        await office.edge.client.get(f"{path}&id=once&kind=click")
    assert await counted(office) == (2, 1, 1)
    assert list(await office.funnel("campaign")) == ["mail:letter"]
    refused = problem(await office.edge.client.get(f"{path}&page={'x' * 501}"), 400, "event.invalid")
    assert refused["event"] == "event.page"


async def test_a_site_key_is_of_one_tenant_and_allows_nothing_else(office: BoxOffice) -> None:
    key = await site_key(office)
    globex = await office.edge.tenant(f"other-{office.slug}")
    as_credential = office.edge.caller(key)
    problem(await as_credential.send("GET", "/v1/tenant"), 401, "auth.invalid")
    body = {"name": "tickets", "enabled": False}
    problem(await globex.send("PUT", f"/v1/site-keys/{key}", body), 404, "site_key.unknown")
    assert (await globex.get("/v1/site-keys"))["items"] == []
    (shown,) = (await office.acme.get("/v1/site-keys"))["items"]
    assert (shown["site_key"], shown["rate_per_second"], shown["revision"]) == (key, 200, 1)


async def test_a_site_key_that_is_off_or_unknown_is_refused_until_it_is_on(office: BoxOffice) -> None:
    key = await site_key(office)
    path = f"/v1/track.gif?site={key}&show=winter"
    for enabled, status in ((False, 404), (True, 200)):
        body = {"name": "tickets", "enabled": enabled}
        changed = await office.acme.do("PUT", f"/v1/site-keys/{key}", body)
        assert changed["enabled"] is enabled
        assert (await office.edge.client.get(path)).status_code == status
    unknown = "/v1/track.gif?show=winter&site=site_"
    problem(await office.edge.client.get(f"{unknown}0000004ZZZZZZ"), 404, "site_key.unknown")
    problem(await office.edge.client.get(f"{unknown}000000000009Z"), 404, "site_key.unknown")
    problem(await office.edge.client.get(f"{unknown}1"), 400, "invalid.id")
    for wish, code in (
        ({"name": " "}, "name.invalid"),
        ({"name": "x", "rate_per_second": 0}, "rate.invalid"),
    ):
        problem(await office.acme.send("POST", "/v1/site-keys", wish), 400, code)


async def test_a_site_key_has_a_rate(office: BoxOffice) -> None:
    key = await site_key(office, rate_per_second=3)
    path = f"/v1/track.gif?site={key}&show=winter"
    statuses = [(await office.edge.client.get(path)).status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    assert await counted(office) == (3, 0, 0)


async def test_what_waits_is_written_when_the_process_ends(database_url: str, tmp_path: Path) -> None:
    async with open_hall(database_url, tmp_path) as hall:
        office = await hall.office()
        await tell(office, event(1), event(2))
        assert office.intake._size == 2
    async with Database.open(database_url) as database, database.connection() as conn:
        cursor = await conn.execute("SELECT count(*) FROM insight.event")
        assert await cursor.fetchall() == [(2,)]


async def test_the_database_may_be_away_for_a_while(
    office: BoxOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    real: Callable[..., Any] = traffic.write_events
    tries = 0

    async def fails(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - as the real one
        nonlocal tries
        tries += 1
        if tries <= 6:
            raise psycopg.OperationalError("away")
        return await real(*arguments, **named)

    monkeypatch.setattr(traffic, "write_events", fails)
    await tell(office, event(1), event(2))
    assert await counted(office) == (2, 0, 0)


async def test_channels_past_the_bound_are_counted_together(
    office: BoxOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traffic, "CHANNELS_MAX", 3)
    await tell(office, *(event(number, campaign={"source": f"c{number}"}) for number in range(2)))
    await written(office)
    await tell(office, *(event(number, campaign={"source": f"c{number}"}) for number in range(2, 6)))
    await tell(office, event(6, invitation="inv_9"), event(7, campaign={"source": "c0"}))
    await written(office)
    lines = await office.funnel("campaign")
    assert {key: one["views"] for key, one in lines.items()} == {"c0": 2, "c1": 1, None: 1, "(other)": 4}
    assert await office.differing() == []


async def test_old_events_are_deleted_and_what_they_came_to_stays(office: BoxOffice) -> None:
    await tell(office, *(event(number, visitor="ann", campaign={"source": "weibo"}) for number in range(5)))
    await written(office)
    office.clock.advance(days=80)
    await tell(office, event(6, visitor="bob"), event(7, "click", visitor="bob"))
    await written(office)
    before = await office.funnel("campaign")
    office.clock.advance(days=20)
    await schedule.prune(office.house)
    assert await office.funnel("campaign") == before
    assert await office.differing() == []
    async with office.house.database.connection() as conn:
        cursor = await conn.execute(
            "SELECT count(*) FROM insight.event WHERE tenant_id = %s", (office.tenant_id,)
        )
        assert await cursor.fetchall() == [(2,)]
    await rebuild(
        database=office.house.database, clock=office.clock, subscription=TRAFFIC, tenant_id=office.tenant_id
    )
    assert await office.funnel("campaign") == before
    # Whoever comes back after so long is new.
    await tell(office, event(8, visitor="ann"), event(9, visitor="bob"))
    assert await counted(office) == (8, 3, 1)


async def test_pruning_goes_in_pages(office: BoxOffice) -> None:
    await tell(office, *(event(number, visitor=f"v{number}") for number in range(25)))
    await written(office)
    deleted = await schedule.prune_tenant(
        office.house, tenant_id=office.tenant_id, before=NOON + timedelta(seconds=1), page=10
    )
    assert deleted == 25
    assert await counted(office) == (25, 25, 0)
    assert await office.differing() == []


async def test_a_roll_up_that_is_wrong_is_named(office: BoxOffice) -> None:
    await tell(office, event(1))
    await written(office)
    await office.caught_up()
    async with office.house.database.connection() as conn:
        await conn.execute(
            "UPDATE insight.traffic SET views = 7 WHERE tenant_id = %s AND grain = 'hour'",
            (office.tenant_id,),
        )
    (found,) = await differences(
        database=office.house.database, subscription=TRAFFIC, tenant_id=office.tenant_id
    )
    assert found.table == "insight.traffic"
