"""SRS asks: by the very requests that it sends (recorded forms of versions 3 to 6).

No SRS is to be had where these tests run: the requests are those of its documentation and of
`srs_app_http_hooks.cpp`, field by field.
"""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from plaudit.features.admission.actions.hooks import checked
from plaudit.features.admission.http import hooks
from plaudit.features.admission.providers.srs import token_in as srs_token
from plaudit.kernel.refusal import Refusal
from tests.app.edge import problem
from tests.features.admission.theatre import Theatre, srs_hook, token_in


async def test_a_viewer_with_a_right_is_let_in_and_has_a_session(theatre: Theatre) -> None:
    server = await theatre.server()
    await theatre.give("v1")
    given = await theatre.playback("v1", device="phone")
    assert [url.partition("?")[0] for url in given["urls"]] == [
        "rtmp://edge.example/live/winter~main",
        "https://edge.example/live/winter~main.flv",
    ]
    assert {token_in(url) for url in given["urls"]} == {given["token"]}
    assert max(map(len, given["urls"])) < 300
    assert await theatre.ask(server, given["token"], "c1") == (0, "")
    (session,) = await theatre.sessions()
    assert (session["viewer"], session["device"], session["client"]) == ("v1", "phone", "c1")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"client_id": 1985, "param": "?token={token}&salt=yyy"},
        {"param": "token={token}", "stream_id": None},
        {"param": "?vhost=__defaultVhost__&token={token}", "tcUrl": "webrtc://edge.example/live"},
        {"param": "?token={token}&hls_ctx=8t6d7x3z", "pageUrl": ""},
    ],
)
async def test_every_form_of_its_question_is_read(theatre: Theatre, changes: dict[str, Any]) -> None:
    server = await theatre.server()
    await theatre.give("v1")
    token = await theatre.token("v1")
    said = {name: value for name, value in changes.items() if value is not None}
    if "param" in said:
        said["param"] = said["param"].format(token=token)
    assert await theatre.ask(server, token, "c1", **said) == (0, "")


async def test_a_client_that_stops_gives_up_its_place(theatre: Theatre) -> None:
    server = await theatre.server()
    await theatre.give("v1")
    first, second = await theatre.token("v1"), await theatre.token("v1")
    assert await theatre.ask(server, first, "c1") == (0, "")
    assert await theatre.ask(server, second, "c2") == (403, "device.limit")
    for action in ("on_stop", "on_close"):
        assert await theatre.ask(server, first, "c1", action=action) == (0, "")
    assert await theatre.sessions() == []
    assert await theatre.ask(server, second, "c2") == (0, "")


@pytest.mark.parametrize("action", ["on_connect", "on_dvr", "on_hls", "on_forward"])
async def test_what_asks_for_nothing_is_answered_yes(theatre: Theatre, action: str) -> None:
    server = await theatre.server()
    assert await theatre.ask(server, "", "c1", action=action) == (0, "")
    assert await theatre.sessions() == []


async def test_forged_expired_and_foreign_tokens_are_refused(theatre: Theatre) -> None:
    server, other = await theatre.server(), await theatre.server(priority=200)
    await theatre.give("v1", "vip")
    token = await theatre.token("v1")
    forged = token[:20] + ("A" if token[20] != "A" else "B") + token[21:]
    elsewhere = await theatre.token("v1", server=other["server"])
    for bad in (forged, elsewhere, token[:-3], "x", "é", "=" * 50, "A" * 5_000):
        assert await theatre.ask(server, bad, "c1") == (401, "token.invalid"), bad
    assert await theatre.ask(server, "", "c1") == (401, "token.missing")
    for changes in (
        {"stream": "winter~backstage"},
        {"app": "vod"},
        {"action": "on_publish"},
        {"stream": "winter~main/../x"},
    ):
        assert await theatre.ask(server, token, "c1", **changes) == (401, "token.elsewhere")
    doubled = f"?token={token}&token={token}"
    assert await theatre.ask(server, token, "c1", param=doubled) == (401, "token.missing")
    assert await theatre.ask(server, token, "c1") == (0, "")
    theatre.clock.advance(minutes=5)
    assert await theatre.ask(server, token, "c1") == (401, "token.expired")


async def test_a_vhost_that_was_named_is_held_to(theatre: Theatre) -> None:
    settings = {"urls": ["rtmp://edge.example/live/{name}"], "vhost": "live.example"}
    server = await theatre.server(settings=settings)
    await theatre.give("v1")
    token = await theatre.token("v1")
    assert await theatre.ask(server, token, "c1") == (401, "token.elsewhere")
    assert await theatre.ask(server, token, "c1", vhost="live.example") == (0, "")


async def test_nobody_asks_without_the_servers_secret(theatre: Theatre) -> None:
    server = await theatre.server()
    await theatre.give("v1")
    token = await theatre.token("v1")
    path: str = server["hook_path"]
    client = theatre.edge.client
    for bad in (
        path[:-1] + ("0" if path[-1] != "0" else "1"),
        path.replace("/srs/", "/mediamtx/"),
        path.replace(server["server"], "med_0000004000009"),
        path.replace(server["server"], "med_7ZZZZZZZZZZZZ"),
    ):
        problem(await client.post(bad, json=srs_hook(token, "c1")), 404, "media_server.unknown")
    problem(await client.post("/v1/hooks/srs/nonsense/x", json={}), 400, "invalid.id")
    assert await theatre.sessions() == []


NUL = rb'{"action": "on_stop", "client_id": "a\u0000b"}'


async def test_what_is_no_question_is_told_so(theatre: Theatre) -> None:
    server = await theatre.server()
    for body in (b"", b"0", b"{", b'{"action": 1}', b'{"action": "on_play"}', b"\xff", b"[]", NUL):
        answer = await theatre.edge.client.post(server["hook_path"], content=body)
        problem(answer, 400, "hook.invalid")
    large = await theatre.edge.client.post(server["hook_path"], content=b" " * 2_000_000)
    assert large.status_code in {400, 413}


async def test_a_refusal_costs_less_than_a_millisecond_of_our_time(theatre: Theatre) -> None:
    """Own time of what is refused without the books: the token, not the framework around it."""
    server = await theatre.server()
    await theatre.give("v1")
    token = await theatre.token("v1")
    theatre.clock.advance(minutes=1)
    _, _, _, _, server_id, secret = server["hook_path"].split("/")
    ready = await hooks._ready(theatre.house, server_id, secret, "srs")
    forged = token[:-4] + "AAAA"
    for bad, code in ((forged, "token.invalid"), (token, "token.expired"), (token, "token.elsewhere")):
        if code == "token.expired":
            theatre.clock.advance(minutes=5)
        now = theatre.clock.now()
        if code == "token.elsewhere":
            theatre.clock.advance(minutes=-5)
            now = theatre.clock.now()
        began = time.process_time()
        for _ in range(200):
            found = checked(
                ready,
                token=srs_token(f"?token={bad}"),
                publish=False,
                is_at=lambda name: name == "another",
                now=now,
            )
            assert isinstance(found, Refusal)
            assert found.code == code
        assert (time.process_time() - began) / 200 < 0.001


async def test_who_may_join_on_stage_may_publish(theatre: Theatre) -> None:
    server = await theatre.server()
    await theatre.give("v1")
    await theatre.give("v2", "cohost")
    answer = await theatre.acme.send(
        "POST", "/v1/shows/winter/playback", {"stream": "main", "viewer": "v1", "publish": True}
    )
    problem(answer, 403, "right.missing")
    watching = await theatre.token("v1")
    assert await theatre.ask(server, watching, "c0", action="on_publish") == (401, "token.elsewhere")
    token = await theatre.token("v2", publish=True)
    assert await theatre.ask(server, token, "c1") == (401, "token.elsewhere")
    assert await theatre.ask(server, token, "c1", action="on_publish") == (0, "")
    assert await theatre.ask(server, token, "c2", action="on_publish") == (409, "stream.busy")
    (session,) = await theatre.sessions()
    assert session["publishes"]
    # Tokens of one millisecond are in no order: their serials differ by chance alone.
    theatre.clock.advance(minutes=1)
    newer = await theatre.token("v2", publish=True)
    assert await theatre.ask(server, newer, "c3", action="on_publish") == (0, "")
    await theatre.until_sent("DELETE", "/api/v1/clients/c1")


async def test_the_organiser_publishes_before_the_show_and_not_after_it(theatre: Theatre) -> None:
    server = await theatre.server()
    await theatre.announce(state="on_sale")
    token = await theatre.token(None, publish=True)
    assert await theatre.ask(server, token, "obs", action="on_publish") == (0, "")
    assert await theatre.sessions() == []
    await theatre.becomes("ended")
    assert await theatre.ask(server, token, "obs", action="on_publish") == (403, "show.over")
    weak = await theatre.acme.do("POST", "/v1/api-keys", {"name": "weak", "scopes": ["access.read"]})
    caller = theatre.edge.caller(weak["key"])
    body = {"stream": "main", "publish": True}
    problem(await caller.send("POST", "/v1/shows/winter/playback", body), 403, "scope.missing")


async def test_a_client_is_deleted_at_the_server_and_looked_for_when_that_fails(theatre: Theatre) -> None:
    server = await theatre.server(secrets={"api_user": "admin", "api_password": "word"})
    await theatre.give("v1")
    assert await theatre.ask(server, await theatre.token("v1"), "c1") == (0, "")
    present = [{"id": "c1"}, {"id": "c2"}]
    answers = theatre.outside.answers
    answers["DELETE", "/api/v1/clients/c1"] = lambda _: httpx.Response(404, text="EOF")
    answers["GET", "/api/v1/clients"] = lambda _: httpx.Response(200, json={"code": 0, "clients": present})
    await theatre.take("v1")
    await theatre.until_sent("GET", "/api/v1/clients")
    present.clear()
    asked = len(theatre.outside.sent)
    sent = await theatre.until_sent("DELETE", "/api/v1/clients/c1")
    assert sent.headers["authorization"] == "Basic YWRtaW46d29yZA=="
    assert len(theatre.outside.sent) >= asked
