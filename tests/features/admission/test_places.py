"""N devices: decided by tables, and kept under races by the table's key."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from plaudit.features.admission.actions.gate import Gate, Let
from plaudit.features.admission.model.places import Ask, Place, Verdict, decide
from plaudit.features.admission.model.shows import Show
from plaudit.kernel.refusal import Refusal
from tests.features.admission.theatre import EVENING, Theatre

SHOW = Show(
    show="winter",
    state="live",
    starts_at=EVENING,
    ends_at=EVENING + timedelta(hours=2),
    devices_max=2,
    streams={"main": ("main", "vip"), "backstage": ("vip",)},
)
ASK = Ask(
    viewer="v1",
    show="winter",
    stream="main",
    device="phone",
    publish=False,
    serial=10,
    server=1,
    client="c1",
    protocol="srs",
    at_limit="refuse",
    at=EVENING,
)


def place(slot: int, **changes: Any) -> Place:  # noqa: ANN401 - the fields of a place
    """Return a place of v1."""
    fields: dict[str, Any] = {
        "number": slot,
        "viewer": "v1",
        "show": "winter",
        "slot": slot,
        "server": 1,
        "client": f"other-{slot}",
        "protocol": "srs",
        "stream": "main",
        "device": f"device-{slot}",
        "serial": slot,
        "since": EVENING + timedelta(seconds=slot),
        "seen_at": EVENING,
        "ends_at": None,
    }
    return Place(**fields | changes)


def told(verdict: Verdict | Refusal) -> tuple[str, int] | str:
    """Return a verdict in short."""
    return verdict.code if isinstance(verdict, Refusal) else (verdict.act, verdict.slot)


@pytest.mark.parametrize(
    ("places", "ask", "verdict"),
    [
        ([], {}, ("take", 1)),
        ([place(1)], {}, ("take", 2)),
        ([place(2)], {}, ("take", 1)),
        ([place(1), place(2)], {}, "device.limit"),
        ([place(1), place(2)], {"at_limit": "replace_oldest"}, ("replace", 1)),
        ([place(1), place(2, ends_at=EVENING)], {}, ("replace", 2)),
        # The same client again, with the same token or another one.
        ([place(1), place(2, client="c1", serial=10)], {}, ("keep", 2)),
        ([place(1), place(2, client="c1", serial=9)], {}, ("replace", 2)),
        # The same token with a second client is another device; a newer token of the device takes over.
        ([place(1, device="phone", serial=10)], {}, ("take", 2)),
        ([place(1, device="phone", serial=10), place(2)], {}, "device.limit"),
        ([place(1), place(2, device="phone", serial=9)], {}, ("replace", 2)),
        ([place(1, device="phone", serial=11)], {}, "token.replaced"),
        # The stage is a place of its own.
        ([place(0), place(1)], {}, ("take", 2)),
        ([place(1), place(2)], {"publish": True}, ("take", 0)),
        ([place(0, serial=9)], {"publish": True}, ("replace", 0)),
        ([place(0, serial=10)], {"publish": True}, "stream.busy"),
        ([place(0, client="c1")], {}, ("take", 1)),
        ([place(1, client="c1")], {"publish": True}, ("take", 0)),
        # Places beyond what the show allows now are no places.
        ([place(1), place(2), place(3)], {"at_limit": "replace_oldest"}, ("replace", 1)),
    ],
)
def test_who_has_which_place(
    places: list[Place], ask: dict[str, Any], verdict: tuple[str, int] | str
) -> None:
    held = {"cohost"} if ask.get("publish") else {"main"}
    asked = msgspec.structs.replace(ASK, **ask)
    assert told(decide(asked, show=SHOW, held=held, places=places)) == verdict


@pytest.mark.parametrize(
    ("changes", "stream", "held", "code"),
    [
        ({}, "main", {"vip"}, None),
        ({}, "backstage", {"main"}, "right.missing"),
        ({}, "main", set(), "right.missing"),
        ({}, "nowhere", {"main"}, "stream.unknown"),
        ({"state": "on_sale"}, "main", {"main"}, "show.not_live"),
        ({"state": "draft"}, "main", {"main"}, "show.not_live"),
        ({"state": "ended"}, "main", {"main"}, "show.over"),
        ({"state": "cancelled"}, "main", {"main"}, "show.over"),
        (None, "main", {"main"}, "show.unknown"),
    ],
)
def test_rights_and_states_come_first(
    changes: dict[str, Any] | None, stream: str, held: set[str], code: str | None
) -> None:
    show = None if changes is None else replace(SHOW, **changes)
    found = decide(msgspec.structs.replace(ASK, stream=stream), show=show, held=held, places=[])
    assert (found.code if isinstance(found, Refusal) else None) == code


async def test_a_token_used_by_many_clients_at_once_is_many_devices(theatre: Theatre) -> None:
    """A storm: 40 clients in two processes with one token, two places."""
    await theatre.server()
    await theatre.announce(devices_max=2)
    await theatre.give("v1")
    (one,) = (await theatre.acme.get("/v1/media-servers"))["items"]
    assert one["at_limit"] == "refuse"
    database = theatre.house.database
    gates = [Gate(database=database, tenant_id=theatre.tenant_id) for _ in range(2)]
    answers = await asyncio.gather(
        *(gates[n % 2].ask(msgspec.structs.replace(ASK, client=f"c{n}", server=1)) for n in range(40))
    )
    let_in = [answer for answer in answers if isinstance(answer, Let)]
    refused = {answer.code for answer in answers if isinstance(answer, Refusal)}
    assert (len(let_in), refused) == (2, {"device.limit"})
    assert len({answer.number for answer in let_in}) == 2
    assert len(await theatre.sessions()) == 2


async def test_one_client_that_asks_many_times_at_once_has_one_place(theatre: Theatre) -> None:
    await theatre.server()
    await theatre.announce(devices_max=3)
    await theatre.give("v1")
    gates = [Gate(database=theatre.house.database, tenant_id=theatre.tenant_id) for _ in range(3)]
    answers = await asyncio.gather(*(gates[n % 3].ask(ASK) for n in range(18)))
    assert {type(answer) for answer in answers} == {Let}
    assert len(await theatre.sessions()) == 1
    assert theatre.outside.sent == []


async def test_many_viewers_at_once_have_a_place_each(theatre: Theatre) -> None:
    viewers = [f"v{n}" for n in range(60)]
    for viewer in viewers[:50]:
        await theatre.give(viewer)
    gate = Gate(database=theatre.house.database, tenant_id=theatre.tenant_id)
    answers = await asyncio.gather(
        *(gate.ask(msgspec.structs.replace(ASK, viewer=viewer, client=f"c-{viewer}")) for viewer in viewers)
    )
    assert [isinstance(answer, Let) for answer in answers] == [True] * 50 + [False] * 10


async def test_a_client_that_has_the_place_of_who_publishes_and_watches_gives_it_up(theatre: Theatre) -> None:
    await theatre.server()
    await theatre.give("v1")
    await theatre.give("v1", "cohost")
    gate = Gate(database=theatre.house.database, tenant_id=theatre.tenant_id)
    assert isinstance(await gate.ask(msgspec.structs.replace(ASK, publish=True)), Let)
    assert isinstance(await gate.ask(ASK), Let)
    assert len(await theatre.sessions()) == 1


async def test_a_client_that_comes_with_another_viewers_token_changes_places(theatre: Theatre) -> None:
    server = await theatre.server()
    await theatre.give("v1")
    await theatre.give("v2")
    assert await theatre.ask(server, await theatre.token("v1"), "c1") == (0, "")
    assert await theatre.ask(server, await theatre.token("v2"), "c1") == (0, "")
    (session,) = await theatre.sessions()
    assert session["viewer"] == "v2"


async def test_a_device_that_begins_anew_takes_its_place_over_and_the_old_client_is_kicked(
    theatre: Theatre,
) -> None:
    server = await theatre.server()
    await theatre.give("v1")
    first = await theatre.token("v1", device="phone")
    assert await theatre.ask(server, first, "c1") == (0, "")
    theatre.clock.advance(seconds=1)
    second = await theatre.token("v1", device="phone")
    assert await theatre.ask(server, second, "c2") == (0, "")
    assert await theatre.ask(server, first, "c1") == (401, "token.replaced")
    (session,) = await theatre.sessions()
    assert session["client"] == "c2"
    await theatre.until_sent("DELETE", "/api/v1/clients/c1")


async def test_by_setting_the_oldest_device_goes(theatre: Theatre) -> None:
    server = await theatre.server(at_limit="replace_oldest")
    await theatre.give("v1")
    for client in ("c1", "c2"):
        theatre.clock.advance(seconds=1)
        assert await theatre.ask(server, await theatre.token("v1"), client) == (0, "")
    await theatre.until_sent("DELETE", "/api/v1/clients/c1")
    assert [one["client"] for one in await theatre.sessions()] == ["c2"]
