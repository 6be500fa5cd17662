"""The inbox: what is read, what is not, what is muted, and a stream of what comes."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest

from plaudit.features.notifications.http.stream import events
from tests.app.edge import Caller, problem
from tests.features.notifications.theatre import NOON, Theatre

pytestmark = pytest.mark.anyio

STARTS_AT = NOON + timedelta(days=5)


async def test_messages_are_marked_read_one_by_one_and_all_up_to_one(theatre: Theatre) -> None:
    await theatre.show(starts_at=STARTS_AT)
    for _ in range(4):
        await theatre.buys("v1")
    await theatre.buys("v2")
    await theatre.tidy()
    acme = theatre.acme
    page = await acme.get("/v1/inbox", viewer="v1", limit=3)
    assert (len(page["items"]), page["unread"]) == (3, 4)
    rest = await acme.get("/v1/inbox", viewer="v1", limit=3, cursor=page["next_cursor"])
    assert (len(rest["items"]), rest["next_cursor"]) == (1, None)
    newest, second = page["items"][:2]

    read = await acme.do("POST", f"/v1/inbox/{second['message']}/read", {"viewer": "v1"})
    assert read["read_at"] == "2026-11-22T12:00:00.000000Z"
    theatre.clock.advance(hours=1)
    again = await acme.do("POST", f"/v1/inbox/{second['message']}/read", {"viewer": "v1"})
    assert again["read_at"] == read["read_at"]
    unread = await acme.get("/v1/inbox", viewer="v1", unread=True)
    assert second["message"] not in [one["message"] for one in unread["items"]]
    assert unread["unread"] == 3

    done = await acme.do("POST", "/v1/inbox/read", {"viewer": "v1", "upto": second["message"]})
    assert done == {"marked": 2, "unread": 1}
    unread = await acme.get("/v1/inbox", viewer="v1", unread=True)
    assert [one["message"] for one in unread["items"]] == [newest["message"]]
    assert (await acme.get("/v1/inbox", viewer="v2"))["unread"] == 1
    theirs = await acme.send("POST", f"/v1/inbox/{newest['message']}/read", {"viewer": "v2"})
    problem(theirs, 404, "message.unknown")


async def test_a_token_reads_and_changes_its_own_things_alone(theatre: Theatre) -> None:
    await theatre.show(starts_at=STARTS_AT)
    await theatre.buys("v1")
    await theatre.buys("v2")
    await theatre.tidy()
    one = await theatre.viewer("v1")
    assert [item["viewer"] for item in (await one.get("/v1/inbox"))["items"]] == ["v1"]
    (theirs,) = await theatre.inbox("v2")
    problem(await one.send("POST", f"/v1/inbox/{theirs['message']}/read", {}), 404, "message.unknown")
    for method, path, body in (
        ("GET", "/v1/inbox?viewer=v2", None),
        ("GET", "/v1/inbox/stream?viewer=v2", None),
        ("GET", "/v1/viewers/v2/contact", None),
        ("PUT", "/v1/viewers/v2/contact", {"language": "zh"}),
        ("POST", "/v1/inbox/read", {"viewer": "v2", "upto": theirs["message"]}),
        ("GET", "/v1/deliveries", None),
        ("GET", "/v1/templates", None),
    ):
        problem(await one.send(method, path, body), 403, "scope.missing")
    await one.do("PUT", "/v1/viewers/v1/contact", {"language": "zh"})
    assert (await theatre.acme.get("/v1/viewers/v1/contact"))["language"] == "zh"


async def test_a_kind_that_is_muted_in_the_app_is_not_in_the_inbox(theatre: Theatre) -> None:
    await theatre.contact("v1", muted={"ticket.bought": ["in_app"]})
    await theatre.show(starts_at=STARTS_AT)
    await theatre.buys("v1")
    await theatre.tidy()
    theatre.clock.time = STARTS_AT - timedelta(hours=24)
    await theatre.tidy()
    assert await theatre.told("v1") == ["show.soon.24h"]
    assert [one["kind"] for one in await theatre.deliveries(viewer="v1")] == ["show.soon.24h"]


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("email", "nobody", "contact.email"),
        ("email", "a@b\r\nBcc: c@d.example", "contact.email"),
        ("email", "=?utf-8?q?x?=@mail.example", "contact.email"),
        ("phone", "12345", "contact.phone"),
        ("push_token", "", "contact.push_token"),
        ("time_zone", "Mars/Olympus", "contact.time_zone"),
        ("time_zone", "../../etc/passwd", "contact.time_zone"),
        ("time_zone", "localtime", "contact.time_zone"),
        ("time_zone", "Factory", "contact.time_zone"),
        ("time_zone", "posix/Asia/Shanghai", "contact.time_zone"),
        ("muted", {"ticket.bought": ["telegram"]}, "contact.muted"),
        ("muted", {"ticket.lost": ["email"]}, "contact.muted"),
        ("quiet_from", "23:00", "contact.quiet"),
    ],
)
async def test_what_cannot_be_used_is_refused_by_name(
    acme: Caller,
    field: str,
    value: object,
    code: str,
) -> None:
    answer = await acme.send("PUT", "/v1/viewers/v1/contact", {field: value})
    problem(answer, 400, code)
    assert (await acme.get("/v1/viewers/v1/contact"))["revision"] == 0


async def test_a_contact_is_saved_once_for_each_key_and_told_by_its_revision_alone(theatre: Theatre) -> None:
    body = {"email": "mei@mail.example", "quiet_from": "23:00", "quiet_until": "07:30"}
    first = await theatre.acme.do("PUT", "/v1/viewers/v1/contact", body, key="once")
    again = await theatre.acme.send("PUT", "/v1/viewers/v1/contact", body, key="once")
    assert again.json() == first
    assert again.headers["idempotency-replayed"] == "true"
    assert await theatre.facts("contact.saved") == [{"viewer": "v1", "revision": 1}]


async def test_erasing_a_viewer_erases_addresses_and_texts_and_what_is_on_its_way(theatre: Theatre) -> None:
    await theatre.contact("v1", email="mei@mail.example", phone="+8613800000000", push_token="token-of-mei")
    await theatre.show(starts_at=STARTS_AT)
    await theatre.buys("v1")
    await theatre.tidy()
    await theatre.acme.do("POST", "/v1/viewers/v1/erasure", {"reason": "asked"})
    await theatre.caught_up()
    assert await theatre.inbox("v1") == []
    contact = await theatre.acme.get("/v1/viewers/v1/contact")
    assert (contact["email"], contact["revision"]) == (None, 0)
    async with theatre.house.database.connection() as conn:
        for table in ("contact", "message", "delivery", "holding"):
            cursor = await conn.execute(f"SELECT t::text FROM notifications.{table} t")  # noqa: S608 - a name of ours
            found = " ".join(row[0] for row in await cursor.fetchall())
            assert "mei" not in found, table
            assert "Winter" not in found, table
            assert "138000" not in found, table


class Stream:
    """A stream of events, read one by one."""

    def __init__(self, theatre: Theatre, viewer: str, after: int | None = None) -> None:
        async def readmit() -> None:
            """Let everybody stay."""

        self.chunks = events(
            house=theatre.house, tenant_id=theatre.tenant_id, viewer=viewer, after=after, readmit=readmit
        )
        self.waiting: list[dict[str, str]] = []

    async def next(self) -> dict[str, str]:
        async with asyncio.timeout(10):
            while not self.waiting:
                chunk = (await anext(self.chunks)).decode()
                for event in chunk.split("\n\n"):
                    lines = [line for line in event.splitlines() if not line.startswith(":")]
                    if lines:
                        self.waiting.append(dict(line.split(": ", 1) for line in lines))
        return self.waiting.pop(0)


async def test_a_stream_tells_of_a_message_within_a_second_or_so_and_of_nobody_elses(
    theatre: Theatre,
) -> None:
    await theatre.show(starts_at=STARTS_AT)
    await theatre.caught_up()
    one, two = Stream(theatre, "v1"), Stream(theatre, "v2")
    assert await one.next() == {"event": "unread", "data": '{"unread":0}'}
    assert await two.next() == {"event": "unread", "data": '{"unread":0}'}
    quiet = asyncio.create_task(two.next())
    loop = asyncio.get_running_loop()
    began = loop.time()
    await theatre.buys("v1")
    told = await one.next()
    assert loop.time() - began < 5
    assert told["event"] == "message"
    assert json.loads(told["data"]) == (await theatre.inbox("v1"))[0]
    assert told["id"] == json.loads(told["data"])["message"]
    assert await one.next() == {"event": "unread", "data": '{"unread":1}'}
    await theatre.acme.do("POST", f"/v1/inbox/{told['id']}/read", {"viewer": "v1"})
    assert await one.next() == {"event": "unread", "data": '{"unread":0}'}
    assert not quiet.done()
    quiet.cancel()
    await one.chunks.aclose()  # type: ignore[attr-defined]


async def test_a_stream_that_was_cut_goes_on_with_what_was_missed(theatre: Theatre) -> None:
    await theatre.show(starts_at=STARTS_AT)
    for _ in range(3):
        await theatre.buys("v1")
    await theatre.tidy()
    first, *missed = await theatre.inbox("v1")
    stream = Stream(theatre, "v1", after=1)
    assert first["message"] == "msg_0000000000001"
    assert [(await stream.next())["id"] for _ in missed] == [one["message"] for one in missed]
    assert (await stream.next())["data"] == '{"unread":3}'


async def test_streams_end_when_the_process_stops(theatre: Theatre) -> None:
    streams = [Stream(theatre, f"v{number % 7}") for number in range(100)]
    for stream in streams:
        await stream.next()
    endings = [asyncio.create_task(stream.next()) for stream in streams]
    await asyncio.sleep(0.1)
    theatre.house.wake.close()
    async with asyncio.timeout(3):
        ends = await asyncio.gather(*endings, return_exceptions=True)
    assert all(isinstance(one, StopAsyncIteration | RuntimeError) for one in ends)
    answer = await theatre.acme.send("GET", "/v1/inbox/stream?viewer=v1")
    problem(answer, 503, "server.stopping")
