"""Media servers, playback and access over HTTP: what is shown, what is kept secret, what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from plaudit.vocabulary.facts.shows import StreamRights
from tests.app.edge import problem
from tests.features.admission.theatre import MEDIAMTX_SETTINGS, SRS_SETTINGS, Theatre


async def test_a_media_server_is_kept_without_showing_its_secrets(theatre: Theatre) -> None:
    made = await theatre.server(secrets={"api_user": "admin", "api_password": "a word of mine"})
    path = f"/v1/media-servers/{made['server']}"
    shown = await theatre.acme.get(path)
    assert shown["secrets"]["names"] == ["api_password", "api_user"]
    assert shown["hook_path"] == made["hook_path"]
    assert "a word of mine" not in (await theatre.acme.send("GET", "/v1/facts?limit=1000")).text
    body = {"name": "Another", "settings": SRS_SETTINGS, "enabled": False, "token_ttl_s": 60}
    saved = await theatre.acme.do("PUT", path, body)
    assert (saved["revision"], saved["secrets_changed"], saved["keys"]) == (2, False, 1)
    again = await theatre.acme.get(path)
    assert again["secrets"] == shown["secrets"]
    assert (await theatre.acme.get("/v1/media-servers"))["items"] == [again]
    assert [fact["revision"] for fact in await theatre.facts("access.server.saved")] == [1, 2]
    assert all(made["hook_path"].rpartition("/")[2] not in str(fact) for fact in await _facts(theatre))


async def _facts(theatre: Theatre) -> Any:  # noqa: ANN401 - JSON
    return (await theatre.acme.get("/v1/facts", limit=1000))["facts"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"kind": "wowza"}, "media_server.kind"),
        ({"name": " "}, "media_server.invalid"),
        ({"priority": -1}, "media_server.invalid"),
        ({"token_ttl_s": 29}, "media_server.invalid"),
        ({"token_ttl_s": 86_401}, "media_server.invalid"),
        ({"stream_name": "{stream}"}, "media_server.invalid"),
        ({"stream_name": "{show}~{stream}?x"}, "media_server.invalid"),
        ({"stream_name": "/{show}~{stream}"}, "media_server.invalid"),
        ({"stream_name": "~{show}~{stream}"}, "media_server.invalid"),
        ({"stream_name": "{show}~{stream}" + "x" * 100}, "media_server.invalid"),
        ({"stream_name": "{show}{stream}"}, "media_server.invalid"),
        ({"stream_name": "{show}-{stream}"}, "media_server.invalid"),
        ({"stream_name": "live/{stream}:{show}~"}, "media_server.invalid"),
        ({"settings": {}}, "media_server.settings"),
        ({"settings": {"urls": []}}, "media_server.settings"),
        ({"settings": {"urls": ["rtmp://edge/live/x"]}}, "media_server.settings"),
        ({"settings": {"urls": ["javascript:{name}"]}}, "media_server.settings"),
        ({"settings": SRS_SETTINGS | {"api_url": "ftp://x"}}, "media_server.settings"),
        ({"settings": SRS_SETTINGS | {"what": 1}}, "media_server.settings"),
        ({"secrets": {"api_word": "x"}}, "media_server.secrets"),
        (
            {"kind": "livekit", "settings": {"url": "x", "api_key": "k", "api_url": "http://x"}},
            "media_server.settings",
        ),
        ({"kind": "agora", "settings": {"app_id": "short"}}, "media_server.settings"),
        (
            {"kind": "agora", "settings": {"app_id": "a" * 32}, "secrets": {"app_certificate": "x"}},
            "media_server.secrets",
        ),
        (
            {"kind": "cdn", "settings": {"urls": ["https://c/{name}"], "form": "none"}},
            "media_server.settings",
        ),
        (
            {"kind": "cdn", "settings": {"urls": ["https://c/{name}"], "form": "type_a"}},
            "media_server.secrets",
        ),
        ({"kind": "mediamtx", "settings": MEDIAMTX_SETTINGS | {"query": "key"}}, "media_server.settings"),
    ],
)
async def test_what_cannot_be_a_media_server_is_refused(
    theatre: Theatre, changes: dict[str, Any], code: str
) -> None:
    body = {"kind": "srs", "name": "SRS", "settings": SRS_SETTINGS} | changes
    problem(await theatre.acme.send("POST", "/v1/media-servers", body), 400, code)
    assert (await theatre.acme.get("/v1/media-servers"))["items"] == []


async def test_no_two_streams_are_called_alike(theatre: Theatre) -> None:
    server = await theatre.server()
    await theatre.announce("winter", streams=(StreamRights(stream="main-vip", rights=("main",)),))
    await theatre.announce("winter-main", streams=(StreamRights(stream="vip", rights=("vip",)),))
    await theatre.give("v1")
    token = await theatre.token("v1", "main-vip")
    assert await theatre.ask(server, token, "c1", stream="winter-main~vip") == (401, "token.elsewhere")
    assert await theatre.ask(server, token, "c1", stream="winter~main-vip") == (0, "")


async def test_a_server_that_was_saved_with_another_template_goes_on(theatre: Theatre) -> None:
    server = await theatre.server()
    await theatre.give("v1")
    async with theatre.house.database.transaction() as tx:
        await tx.execute(
            "UPDATE admission.server SET stream_name = '{show}-{stream}' WHERE tenant_id = %s",
            (theatre.tenant_id,),
        )
    token = await theatre.token("v1")
    assert await theatre.ask(server, token, "c1", stream="winter-main") == (0, "")
    shown = await theatre.acme.get(f"/v1/media-servers/{server['server']}")
    assert shown["stream_name"] == "{show}-{stream}"


async def test_a_viewer_is_told_in_one_look_what_it_may_watch(theatre: Theatre) -> None:
    await theatre.give("v1", "main", count=2)
    await theatre.give("v1", "chat")
    viewer = await theatre.viewer("v1")
    seen = await viewer.get("/v1/shows/winter/access")
    assert (seen["state"], seen["viewer"], seen["rights"]) == ("live", "v1", {"chat": 1, "main": 2})
    assert seen["streams"] == [
        {"stream": "main", "may_watch": True, "why_not": None},
        {"stream": "backstage", "may_watch": False, "why_not": "right.missing"},
    ]
    await theatre.announce(state="on_sale")
    before = await theatre.acme.get("/v1/shows/winter/access", viewer="v1")
    assert {one["why_not"] for one in before["streams"]} == {"show.not_live"}
    problem(await viewer.send("GET", "/v1/shows/winter/access?viewer=v2"), 403, "scope.missing")
    problem(await theatre.acme.send("GET", "/v1/shows/winter/access"), 400, "viewer.missing")
    problem(await theatre.acme.send("GET", "/v1/shows/winter/access?viewer=a%2Fb"), 400, "viewer.invalid")
    problem(await theatre.acme.send("GET", "/v1/shows/summer/access?viewer=v1"), 404, "show.unknown")


async def test_a_draft_is_known_to_those_who_read_drafts(theatre: Theatre) -> None:
    await theatre.server()
    await theatre.announce("secret", state="draft")
    await theatre.give("v1", show="secret")
    await theatre.give("v1", "cohost", show="secret")
    viewer = await theatre.viewer("v1")
    access, playback = "/v1/shows/secret/access", "/v1/shows/secret/playback"
    problem(await viewer.send("GET", access), 404, "show.unknown")
    for publish in (False, True):
        body = {"stream": "main", "publish": publish}
        problem(await viewer.send("POST", playback, body), 404, "show.unknown")
    assert (await theatre.acme.get(access, viewer="v1"))["state"] == "draft"
    watching = {"stream": "main", "viewer": "v1"}
    problem(await theatre.acme.send("POST", playback, watching), 422, "show.not_live")
    made = await theatre.acme.do(
        "POST", "/v1/api-keys", {"name": "encoder", "scopes": ["access.read", "access.write"]}
    )
    encoder = theatre.edge.caller(made["key"])
    assert (await encoder.do("POST", playback, {"stream": "main", "publish": True}))["viewer"] is None
    problem(await encoder.send("POST", playback, watching), 404, "show.unknown")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"stream": "main", "viewer": "v2"}, 403, "right.missing"),
        ({"stream": "side", "viewer": "v1"}, 404, "stream.unknown"),
        ({"stream": "main"}, 400, "viewer.missing"),
        ({"stream": "main", "viewer": "a b"}, 400, "viewer.invalid"),
        ({"stream": "a/b", "viewer": "v1"}, 400, "name.invalid"),
        ({"stream": "main", "viewer": "v1", "device": ""}, 400, "name.invalid"),
        ({"stream": "main", "viewer": "v1", "server": "x"}, 400, "invalid.id"),
        ({"stream": "main", "viewer": "v1", "server": "med_0000004000009"}, 404, "media_server.unknown"),
        ({"stream": "main", "viewer": "v1", "extra": 1}, 400, "body.unknown_field"),
    ],
)
async def test_who_may_not_watch_is_told_why(
    theatre: Theatre, body: dict[str, Any], status: int, code: str
) -> None:
    await theatre.server()
    await theatre.give("v1")
    problem(await theatre.acme.send("POST", "/v1/shows/winter/playback", body), status, code)


async def test_before_the_show_is_live_it_is_said_when_it_begins(theatre: Theatre) -> None:
    body = {"stream": "main", "viewer": "v1"}
    await theatre.give("v1")
    answer = await theatre.acme.send("POST", "/v1/shows/winter/playback", body)
    problem(answer, 422, "media_server.none")
    made = await theatre.server(enabled=False)
    named = body | {"server": made["server"]}
    problem(await theatre.acme.send("POST", "/v1/shows/winter/playback", named), 422, "media_server.off")
    await theatre.server()
    await theatre.announce(state="presale")
    early = problem(await theatre.acme.send("POST", "/v1/shows/winter/playback", body), 422, "show.not_live")
    assert early["starts_at"] == "2026-11-22T20:00:00.000000Z"
    await theatre.becomes("cancelled")
    late = await theatre.acme.send("POST", "/v1/shows/winter/playback", body)
    problem(late, 422, "show.over")


async def test_a_viewers_token_gets_playback_for_itself_alone(theatre: Theatre) -> None:
    server = await theatre.server()
    await theatre.give("v1")
    viewer = await theatre.viewer("v1")
    given = await viewer.do("POST", "/v1/shows/winter/playback", {"stream": "main"})
    assert (given["viewer"], given["expires_at"]) == ("v1", "2026-11-22T20:05:00.000000Z")
    assert await theatre.ask(server, given["token"], "c1") == (0, "")
    other = await viewer.send("POST", "/v1/shows/winter/playback", {"stream": "main", "viewer": "v2"})
    problem(other, 403, "scope.missing")
    stage = await viewer.send("POST", "/v1/shows/winter/playback", {"stream": "main", "publish": True})
    problem(stage, 403, "right.missing")
    problem(await viewer.send("GET", "/v1/media-servers"), 403, "scope.missing")


async def test_the_first_server_that_is_enabled_is_offered(theatre: Theatre) -> None:
    await theatre.server(priority=20)
    first = await theatre.server(priority=10)
    await theatre.server(priority=1, enabled=False)
    await theatre.give("v1")
    assert (await theatre.playback("v1"))["server"] == first["server"]
