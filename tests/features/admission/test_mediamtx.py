"""MediaMTX asks, or goes by our signature: by the requests of `internal/auth/manager.go`.

No MediaMTX is to be had where these tests run: its questions are recorded forms, and JWTs are verified by
another library's reading of the key set, as MediaMTX does.
"""

from __future__ import annotations

from typing import Any

import httpx
import jwt
import pytest

from tests.app.edge import problem
from tests.features.admission.theatre import MEDIAMTX_SETTINGS, Theatre, token_in

ID = "54cc6cbd-1d8c-4b52-b0a6-3c9a8b7d2f10"


def question(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - the fields of a question
    """Return what MediaMTX posts when somebody reads over RTSP."""
    return {
        "ip": "192.168.1.10",
        "user": "",
        "password": "",
        "token": "",
        "action": "read",
        "path": "winter~main",
        "protocol": "rtsp",
        "id": ID,
        "query": "",
        "userAgent": "LibVLC/3.0.20",
        **changes,
    }


async def test_rtsp_comes_without_credentials_first_and_is_asked_for_them(theatre: Theatre) -> None:
    server = await theatre.server("mediamtx")
    await theatre.give("v1")
    first = await theatre.post(server, question())
    assert (first.status_code, first.json()) == (401, {"reason": "token.missing"})
    token = await theatre.token("v1")
    for changes in ({"query": f"token={token}"}, {"password": token, "user": "any"}, {"token": token}):
        again = await theatre.post(server, question(**changes))
        assert (again.status_code, again.json()) == (200, {})
    (session,) = await theatre.sessions()
    assert session["client"] == ID


async def test_the_token_of_hls_is_in_the_query_and_its_requests_are_one_client(theatre: Theatre) -> None:
    server = await theatre.server("mediamtx")
    await theatre.give("v1")
    given = await theatre.playback("v1")
    token = token_in(given["urls"][1])
    for _ in range(3):
        answer = await theatre.post(
            server, question(protocol="hls", id=None, query=f"_HLS_msn=2&token={token}")
        )
        assert answer.status_code == 200
    assert len(await theatre.sessions()) == 1
    another = question(protocol="webrtc", id="c0ffee00-1d8c-4b52-b0a6-3c9a8b7d2f10", query=f"token={token}")
    refused = await theatre.post(server, another)
    assert (refused.status_code, refused.json()) == (403, {"reason": "device.limit"})


@pytest.mark.parametrize(
    ("changes", "status", "reason"),
    [
        ({"action": "publish"}, 401, "token.elsewhere"),
        ({"path": "winter~backstage"}, 401, "token.elsewhere"),
        ({"action": "api", "path": ""}, 403, "hook.action"),
        ({"action": "metrics", "path": ""}, 403, "hook.action"),
        ({"action": "playback", "protocol": ""}, 200, None),
    ],
)
async def test_what_it_asks_must_be_what_the_token_is_for(
    theatre: Theatre, changes: dict[str, Any], status: int, reason: str | None
) -> None:
    server = await theatre.server("mediamtx")
    await theatre.give("v1")
    token = await theatre.token("v1")
    answer = await theatre.post(server, question(query=f"token={token}", **changes))
    assert (answer.status_code, answer.json().get("reason")) == (status, reason)


async def test_a_reader_that_left_gives_up_its_place(theatre: Theatre) -> None:
    server = await theatre.server("mediamtx")
    await theatre.give("v1")
    token = await theatre.token("v1")
    await theatre.post(server, question(query=f"token={token}"))
    answer = await theatre.post(server, {"id": ID, "type": "rtspSession"}, more="/end")
    assert answer.status_code == 200
    assert await theatre.sessions() == []
    for unread in ({}, {"id": "a\0b"}):
        problem(await theatre.post(server, unread, more="/end"), 400, "hook.invalid")


@pytest.mark.parametrize(
    ("protocol", "lists"),
    [
        ("rtsp", ["rtspsessions", "rtspssessions"]),
        ("rtmp", ["rtmpconns", "rtmpsconns"]),
        ("hls", ["hlssessions"]),
        ("webrtc", ["webrtcsessions"]),
        ("srt", ["srtconns"]),
    ],
)
async def test_a_revoke_kicks_by_protocol(theatre: Theatre, protocol: str, lists: list[str]) -> None:
    server = await theatre.server("mediamtx")
    await theatre.give("v1")
    token = await theatre.token("v1")
    await theatre.post(server, question(query=f"token={token}", protocol=protocol))
    first, *rest = (f"/v3/{name}/kick/{ID}" for name in lists)
    if rest:
        theatre.outside.answers["POST", first] = lambda _: httpx.Response(404, json={"error": "not found"})
    await theatre.take("v1")
    for path in (first, *rest):
        await theatre.until_sent("POST", path)


async def test_by_jwt_it_lets_in_whom_we_signed_for(theatre: Theatre) -> None:
    settings = MEDIAMTX_SETTINGS | {"auth": "jwt", "query": "jwt", "issuer": "plaudit", "audience": "edge"}
    server = await theatre.server("mediamtx", settings=settings)
    await theatre.give("v1")
    given = await theatre.playback("v1", device="phone")
    assert given["urls"][0].startswith("rtsp://edge.example:8554/winter~main?jwt=")
    assert max(map(len, given["urls"])) < 1_024
    keys = jwt.PyJWKSet.from_dict(await _key_set(theatre, server))
    assert len(keys.keys) == 2
    claims = jwt.decode(
        given["token"],
        keys[jwt.get_unverified_header(given["token"])["kid"]],
        algorithms=["ES256"],
        issuer="plaudit",
        audience="edge",
        options={"verify_exp": False, "verify_iat": False},
    )
    assert claims["mediamtx_permissions"] == [{"action": "read", "path": "winter~main"}]
    assert claims["exp"] - claims["iat"] == 300
    assert len(await theatre.sessions()) == 1


async def test_a_new_signing_key_was_published_before_it_is_used(theatre: Theatre) -> None:
    settings = MEDIAMTX_SETTINGS | {"auth": "jwt"}
    server = await theatre.server("mediamtx", settings=settings)
    await theatre.give("v1")
    before = {one["kid"]: one for one in (await _key_set(theatre, server))["keys"]}
    old = (await theatre.playback("v1", device="a"))["token"]
    body = {"name": "mediamtx", "settings": settings, "renew_keys": True}
    await theatre.acme.do("PUT", f"/v1/media-servers/{server['server']}", body)
    new = (await theatre.playback("v1", device="a"))["token"]
    after = {one["kid"]: one for one in (await _key_set(theatre, server))["keys"]}
    kids = [jwt.get_unverified_header(token)["kid"] for token in (old, new)]
    assert kids[0] != kids[1]
    assert before[kids[1]] == after[kids[1]]
    assert set(kids) < set(after)


async def _key_set(theatre: Theatre, server: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    path = server["hook_path"].rpartition("/")[0] + "/jwks.json"
    answer = await theatre.edge.client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()
