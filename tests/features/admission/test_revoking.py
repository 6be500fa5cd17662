"""Whose right is gone is refused at once, and kicked: every way in which a right goes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from plaudit.core.ledger.book import Transfer
from plaudit.features.admission import schedule
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.identity import ViewerErased
from plaudit.vocabulary.facts.shows import StreamRights
from plaudit.vocabulary.facts.tickets import TicketForfeited, TicketTransferred
from tests.app.edge import problem, settled
from tests.features.admission.theatre import Theatre


async def _watching(theatre: Theatre, **fields: Any) -> tuple[dict[str, Any], str]:  # noqa: ANN401 - of the server
    server = await theatre.server(**fields)
    await theatre.give("v1")
    token = await theatre.token("v1")
    assert await theatre.ask(server, token, "c1") == (0, "")
    return server, token


async def test_a_revoke_shows_at_the_hook_although_nobody_has_followed_the_journal(theatre: Theatre) -> None:
    server, token = await _watching(theatre)
    await theatre.take("v1", tell=False)
    assert await theatre.ask(server, token, "c1") == (403, "right.missing")


async def test_a_viewer_with_another_right_that_opens_the_stream_stays(theatre: Theatre) -> None:
    server, token = await _watching(theatre)
    await theatre.give("v1", "vip")
    await theatre.take("v1", "main")
    assert await theatre.ask(server, token, "c1") == (0, "")
    await theatre.take("v1", "vip")
    assert await theatre.sessions() == []
    assert await theatre.facts("access.revoked") == [
        {"show": "winter", "viewer": "v1", "cause": "right", "sessions": 1}
    ]


async def _refunded(theatre: Theatre) -> None:
    await theatre.take("v1")


async def _transferred(theatre: Theatre) -> None:
    source = chart.viewer_right(viewer="v1", show="winter", right="main")
    fact = TicketTransferred(
        ticket="t1", order=1, show="winter", offer="main", holder="v1", recipient="v2", rights=("main",)
    )
    to = chart.viewer_right(viewer="v2", show="winter", right="main")
    await theatre.record(fact, Transfer(source, to, 1))
    await theatre.caught_up()


async def _forfeited(theatre: Theatre) -> None:
    source = chart.viewer_right(viewer="v1", show="winter", right="main")
    fact = TicketForfeited(
        order=1,
        viewer="v1",
        show="winter",
        offer="main",
        quantity=1,
        payment="pay_0000000000001",
        asset="CNY",
        deposit_minor=2,
        forfeited_minor=1,
        returned_minor=1,
    )
    await theatre.record(fact, Transfer(source, chart.show_right(show="winter", right="main"), 1))
    await theatre.caught_up()


async def _ended(theatre: Theatre) -> None:
    await theatre.becomes("ended")


async def _cancelled(theatre: Theatre) -> None:
    await theatre.becomes("cancelled")


async def _saved(theatre: Theatre) -> None:
    await theatre.announce(streams=(StreamRights(stream="main", rights=("vip",)),))


async def _erased(theatre: Theatre) -> None:
    await theatre.record(ViewerErased(viewer="v1", removed=0))
    await theatre.caught_up()


@pytest.mark.parametrize(
    ("goes", "cause", "viewer"),
    [
        (_refunded, "right", "v1"),
        (_transferred, "right", "v1"),
        (_forfeited, "right", "v1"),
        (_ended, "show", None),
        (_cancelled, "show", None),
        (_saved, "show", None),
        (_erased, "erased", "v1"),
    ],
)
async def test_however_the_right_goes_the_session_ends_and_the_client_is_kicked(
    theatre: Theatre, goes: Callable[[Theatre], Awaitable[None]], cause: str, viewer: str | None
) -> None:
    await _watching(theatre)
    await goes(theatre)
    await theatre.until_sent("DELETE", "/api/v1/clients/c1")
    assert await theatre.sessions() == []
    said = {"show": "winter", "viewer": viewer, "cause": cause, "sessions": 1}
    (fact,) = await theatre.facts("access.revoked")
    assert {name: fact.get(name) for name in said} == said


async def test_what_the_journal_leaves_out_is_found_on_time(theatre: Theatre) -> None:
    """A right given back in the very moment in which its holder was let in."""
    server, _ = await _watching(theatre)
    await theatre.give("v2")
    assert await theatre.ask(server, await theatre.token("v2"), "c2") == (0, "")
    source = chart.viewer_right(viewer="v1", show="winter", right="main")
    other = ViewerErased(viewer="v9", removed=0)
    await theatre.record(other, Transfer(source, chart.show_right(show="winter", right="main"), 1))
    await theatre.caught_up()
    assert len(await theatre.sessions()) == 2
    for _ in range(2):
        await schedule.sweep(theatre.house)
    assert [one["viewer"] for one in await theatre.sessions()] == ["v2"]
    await theatre.until_sent("DELETE", "/api/v1/clients/c1")
    assert len(await theatre.facts("access.revoked")) == 1


async def test_a_kick_that_fails_is_tried_again(theatre: Theatre) -> None:
    await _watching(theatre)
    answers = [httpx.Response(503), httpx.Response(200, json={"code": 0})]
    path = ("DELETE", "/api/v1/clients/c1")
    theatre.outside.answers[path] = lambda _: answers.pop(0)
    await theatre.take("v1")

    async def came_twice() -> bool:
        return theatre.outside.paths().count(path) == 2

    await settled(came_twice)


async def test_places_of_clients_that_are_gone_are_given_up(theatre: Theatre) -> None:
    server, _ = await _watching(theatre)
    await theatre.give("v2")
    theatre.clock.advance(minutes=1)
    assert await theatre.ask(server, await theatre.token("v2"), "c2") == (0, "")
    gone: dict[str, Any] = {"code": 0, "clients": []}
    theatre.outside.answers["GET", "/api/v1/clients"] = lambda _: httpx.Response(200, json=gone)
    await schedule.look(theatre.house)
    assert [one["client"] for one in await theatre.sessions()] == ["c2"]
    gone["clients"] = [{"id": "c2"}]
    theatre.clock.advance(minutes=1)
    await schedule.look(theatre.house)
    assert len(await theatre.sessions()) == 1
    theatre.outside.answers["GET", "/api/v1/clients"] = lambda _: httpx.Response(500)
    theatre.clock.advance(hours=11, minutes=59)
    await schedule.look(theatre.house)
    assert len(await theatre.sessions()) == 1
    theatre.clock.advance(minutes=2)
    await schedule.look(theatre.house)
    assert await theatre.sessions() == []


async def test_staff_ends_sessions_one_or_all(theatre: Theatre) -> None:
    server, token = await _watching(theatre)
    (session,) = await theatre.sessions(viewer="v1")
    body = {"show": "winter", "viewer": "v1", "session": session["session"]}
    done = await theatre.acme.do("POST", "/v1/viewing-sessions/end", body)
    assert done["sessions"] == 1
    await theatre.until_sent("DELETE", "/api/v1/clients/c1")
    problem(await theatre.acme.send("POST", "/v1/viewing-sessions/end", body), 404, "session.unknown")
    assert await theatre.ask(server, token, "c1") == (0, "")
    everything = {"show": "winter", "viewer": "v1"}
    assert (await theatre.acme.do("POST", "/v1/viewing-sessions/end", everything))["sessions"] == 1


async def test_sessions_come_in_pages_and_a_viewer_sees_its_own(theatre: Theatre) -> None:
    server = await theatre.server()
    for n in range(5):
        await theatre.give(f"v{n}")
        assert await theatre.ask(server, await theatre.token(f"v{n}"), f"c{n}") == (0, "")
    first = await theatre.acme.get("/v1/viewing-sessions", show="winter", limit=3)
    rest = await theatre.acme.get("/v1/viewing-sessions", cursor=first["next_cursor"])
    assert [one["viewer"] for one in first["items"] + rest["items"]] == [f"v{n}" for n in range(5)]
    viewer = await theatre.viewer("v1")
    assert [one["client"] for one in (await viewer.get("/v1/viewing-sessions"))["items"]] == ["c1"]
    problem(await viewer.send("GET", "/v1/viewing-sessions?viewer=v2"), 403, "scope.missing")


async def test_while_the_database_is_away_a_good_token_is_answered_as_the_server_says(
    theatre: Theatre, monkeypatch: pytest.MonkeyPatch
) -> None:
    careful, generous = await theatre.server(), await theatre.server(in_doubt="admit")
    await theatre.give("v1")
    tokens = [await theatre.token("v1", server=one["server"]) for one in (careful, generous)]

    async def away(*_: object, **__: object) -> None:
        raise TimeoutError

    monkeypatch.setattr("plaudit.features.admission.actions.gate.store.ask_places", away)
    assert await theatre.ask(careful, tokens[0], "c1") == (503, "gate.busy")
    assert await theatre.ask(generous, tokens[1], "c1") == (0, "")
    assert await theatre.ask(generous, tokens[0], "c1") == (401, "token.invalid")


async def test_a_renewed_secret_is_taken_beside_the_one_before_it(theatre: Theatre) -> None:
    server, token = await _watching(theatre)
    body = {"name": "srs", "settings": {"urls": ["rtmp://edge.example/live/{name}"]}, "renew_keys": True}
    path = f"/v1/media-servers/{server['server']}"
    renewed = await theatre.acme.do("PUT", path, body)
    assert renewed["hook_path"] != server["hook_path"]
    for one in (server, renewed):
        assert await theatre.ask(one, token, "c1") == (0, "")
    twice = await theatre.acme.do("PUT", path, body)
    assert await theatre.ask(twice, token, "c1") == (401, "token.invalid")
    gone = await theatre.post(server, {})
    problem(gone, 404, "media_server.unknown")
    assert twice["keys"] == 3
