"""LiveKit, Agora and CDNs through the house: what players are given, what is asked, who is kicked."""

from __future__ import annotations

from base64 import b64encode
from hashlib import md5, sha256
from hmac import digest
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import msgspec
import pytest

from plaudit.platform.crypto import SealError
from plaudit.vocabulary.facts.shows import StreamRights
from tests.app.edge import problem
from tests.features.admission.agora import opened
from tests.features.admission.theatre import EVENING, Theatre

LIVEKIT: dict[str, Any] = {
    "settings": {"url": "wss://lk.example", "api_key": "APIabc", "api_url": "http://lk.test:7880"},
    "secrets": {"api_secret": "a secret of LiveKit's, long enough"},
}
AGORA: dict[str, Any] = {
    "settings": {"app_id": "970CA35de60c44645bbae8a215061b33", "customer_id": "cust"},
    "secrets": {"app_certificate": "5CFd2fd1755d40ecb72977518be15d3b", "customer_secret": "word"},
}
HLS = "https://cdn.example/live/{name}.m3u8"
NOW_S = int(EVENING.timestamp())


def claims_of(token: str) -> Any:  # noqa: ANN401 - JSON
    return jwt.decode(
        token,
        LIVEKIT["secrets"]["api_secret"],
        algorithms=["HS256"],
        options={"verify_exp": False, "verify_nbf": False},
    )


async def test_livekit_lets_viewers_listen_and_cohosts_publish(theatre: Theatre) -> None:
    await theatre.server("livekit", **LIVEKIT)
    await theatre.give("v1")
    await theatre.give("v2", "cohost")
    given = await theatre.playback("v1", device="phone")
    assert (given["urls"], given["name"]) == (["wss://lk.example"], "winter~main")
    claims = claims_of(given["token"])
    assert claims == {
        "iss": "APIabc",
        "sub": "v1#phone",
        "name": "v1",
        "nbf": NOW_S,
        "exp": NOW_S + 300,
        "video": {
            "roomJoin": True,
            "room": "winter~main",
            "canPublish": False,
            "canPublishData": False,
            "canSubscribe": True,
        },
    }
    on_stage = claims_of((await theatre.playback("v2", device="tv", publish=True))["token"])
    assert on_stage["video"]["canPublish"] is True
    nameless = await theatre.acme.send(
        "POST", "/v1/shows/winter/playback", {"stream": "main", "viewer": "v1"}
    )
    problem(nameless, 400, "device.missing")


async def test_livekit_removes_a_participant_whose_right_is_gone(theatre: Theatre) -> None:
    await theatre.server("livekit", **LIVEKIT)
    await theatre.give("v1")
    await theatre.playback("v1", device="phone")
    await theatre.take("v1")
    path = "/twirp/livekit.RoomService/RemoveParticipant"
    sent = await theatre.until_sent("POST", path)
    assert msgspec.json.decode(sent.content) == {"room": "winter~main", "identity": "v1#phone"}
    claims = claims_of(sent.headers["authorization"].removeprefix("Bearer "))
    assert claims["video"] == {"roomAdmin": True, "room": "winter~main"}


REMOVED = "/twirp/livekit.RoomService/RemoveParticipant"


async def test_who_is_on_stage_and_who_watches_on_one_device_are_two(theatre: Theatre) -> None:
    await theatre.server("livekit", **LIVEKIT)
    await theatre.give("v1")
    await theatre.give("v1", "cohost")
    watching = await theatre.playback("v1", device="phone")
    publishing = await theatre.playback("v1", device="phone", publish=True)
    assert (watching["identity"], publishing["identity"]) == ("v1#phone", "v1#phone#stage")
    assert len(await theatre.sessions()) == 2
    # Who watches counts as a device, whether he was on the stage before or not.
    more = {"stream": "main", "viewer": "v1", "device": "tv"}
    problem(await theatre.acme.send("POST", "/v1/shows/winter/playback", more), 422, "device.limit")
    # Only the one whose right has gone is ended.
    await theatre.take("v1", "cohost")
    sent = await theatre.until_sent("POST", REMOVED)
    assert msgspec.json.decode(sent.content) == {"room": "winter~main", "identity": "v1#phone#stage"}
    (left,) = await theatre.sessions()
    assert left["stream"] == "main"
    assert len(theatre.outside.sent) == 1


async def test_a_device_that_goes_to_another_room_leaves_the_one_before(theatre: Theatre) -> None:
    await theatre.server("livekit", **LIVEKIT)
    await theatre.give("v1", "vip")
    await theatre.playback("v1", device="phone")
    await theatre.playback("v1", "backstage", device="phone")
    sent = await theatre.until_sent("POST", REMOVED)
    assert msgspec.json.decode(sent.content) == {"room": "winter~main", "identity": "v1#phone"}
    assert [one["stream"] for one in await theatre.sessions()] == ["backstage"]


async def test_agora_keeps_nobody_out_of_a_channel_that_he_comes_back_to(theatre: Theatre) -> None:
    await theatre.server("agora", **AGORA)
    await theatre.give("v1", "vip")
    first = await theatre.playback("v1", device="phone")
    await theatre.playback("v1", "backstage", device="phone")
    sent = await theatre.until_sent("POST", "/dev/v1/kicking-rule")
    assert msgspec.json.decode(sent.content)["uid"] == first["uid"]
    again = await theatre.playback("v1", device="phone")
    assert again["uid"] != first["uid"]


async def test_livekit_tells_who_has_left(theatre: Theatre) -> None:
    server = await theatre.server("livekit", **LIVEKIT)
    await theatre.give("v1")
    await theatre.playback("v1", device="phone")
    refused = await theatre.acme.send(
        "POST", "/v1/shows/winter/playback", {"stream": "main", "viewer": "v1", "device": "tv"}
    )
    problem(refused, 422, "device.limit")
    event = {
        "event": "participant_left",
        "room": {"sid": "RM_x", "name": "winter~main"},
        "participant": {"sid": "PA_x", "identity": "v1#phone", "state": "DISCONNECTED"},
        "id": "EV_x",
        "createdAt": str(NOW_S),
    }
    body = msgspec.json.encode(event)
    signed = livekit_claims(body)
    for said, secret, status in (
        (signed | {"sha256": b64encode(sha256(b"x").digest()).decode()}, None, 401),
        (signed | {"iss": "another"}, None, 401),
        (signed | {"exp": NOW_S - 3_600}, None, 401),
        (signed, "another secret, as long as that one", 401),
        (signed, None, 200),
    ):
        token = jwt.encode(said, secret or LIVEKIT["secrets"]["api_secret"], algorithm="HS256")
        answer = await theatre.edge.client.post(
            server["hook_path"], content=body, headers={"Authorization": token}
        )
        assert answer.status_code == status, answer.text
    assert await theatre.sessions() == []


async def test_livekit_tells_of_another_room_or_of_who_has_come_again_and_nobody_goes(
    theatre: Theatre,
) -> None:
    server = await theatre.server("livekit", **LIVEKIT)
    await theatre.give("v1", "vip")
    await theatre.playback("v1", device="phone")
    await theatre.playback("v1", device="phone", stream="backstage")

    async def leaves(room: str, **more: str) -> None:
        who = {"identity": "v1#phone", **more}
        event = {"event": "participant_left", "room": {"name": room}, "participant": who}
        body = msgspec.json.encode(event)
        token = jwt.encode(livekit_claims(body), LIVEKIT["secrets"]["api_secret"], algorithm="HS256")
        answer = await theatre.edge.client.post(
            server["hook_path"], content=body, headers={"Authorization": token}
        )
        assert answer.status_code == 200, answer.text

    await leaves("winter~main")
    await leaves("winter~backstage", disconnectReason="DUPLICATE_IDENTITY")
    assert [one["stream"] for one in await theatre.sessions()] == ["backstage"]
    await leaves("winter~backstage", disconnectReason="CLIENT_INITIATED")
    assert await theatre.sessions() == []


def livekit_claims(body: bytes) -> dict[str, Any]:
    """Return what LiveKit signs of a webhook."""
    hash_ = b64encode(sha256(body).digest()).decode()
    return {"iss": "APIabc", "nbf": NOW_S, "exp": NOW_S + 300, "sha256": hash_}


async def test_agora_is_joined_by_the_number_of_the_session(theatre: Theatre) -> None:
    await theatre.server("agora", **AGORA)
    await theatre.give("v1")
    given = await theatre.playback("v1", device="phone")
    said = opened(given["token"], certificate=AGORA["secrets"]["app_certificate"])
    assert (said.app_id, said.channel, said.uid) == (given["app_id"], "winter~main", str(given["uid"]))
    assert (said.issued_at_s, said.expire_s, said.privileges) == (NOW_S, 300, {1: 300})
    again = await theatre.playback("v1", device="phone")
    assert again["uid"] == given["uid"]
    await theatre.take("v1")
    sent = await theatre.until_sent("POST", "/dev/v1/kicking-rule")
    assert msgspec.json.decode(sent.content) == {
        "appid": given["app_id"],
        "cname": "winter~main",
        "uid": given["uid"],
        "time_in_seconds": 300,
        "privileges": ["join_channel"],
    }


async def test_a_channel_longer_than_agora_takes_is_refused(theatre: Theatre) -> None:
    await theatre.server("agora", **AGORA)
    show = "w" * 60
    await theatre.announce(show)
    await theatre.give("v1", show=show)
    answer = await theatre.acme.send(
        "POST", f"/v1/shows/{show}/playback", {"stream": "main", "viewer": "v1", "device": "tv"}
    )
    problem(answer, 422, "media_server.stream_name")


def cdn(form: str, **settings: Any) -> dict[str, Any]:  # noqa: ANN401 - the fields of the settings
    """Return the body of a CDN of a form."""
    keys = {"main_key": "main-key", "backup_key": "backup-key"}
    return {"settings": {"urls": [HLS], "form": form, **settings}, "secrets": keys}


async def _signed(theatre: Theatre, body: dict[str, Any]) -> tuple[str, dict[str, str]]:
    await theatre.server("cdn", **body)
    await theatre.give("v1")
    url = urlsplit((await theatre.playback("v1", device="tv"))["urls"][0])
    return url.path, {name: value for name, (value,) in parse_qs(url.query).items()}


async def test_a_url_of_type_a_is_signed_over_path_time_and_chance(theatre: Theatre) -> None:
    path, query = await _signed(theatre, cdn("type_a", validity_s=60))
    at, rand, uid, signature = query["auth_key"].split("-")
    assert (path, int(at), uid) == ("/live/winter~main.m3u8", NOW_S + 240, "0")
    assert signature == md5(f"{path}-{at}-{rand}-0-main-key".encode()).hexdigest()  # noqa: S324 - the CDN's


async def test_a_url_of_type_b_is_signed_over_key_stream_and_time(theatre: Theatre) -> None:
    _, query = await _signed(theatre, cdn("type_b", sign_with="backup"))
    assert int(query["txTime"], 16) == NOW_S + 300
    text = f"backup-keywinter~main{query['txTime']}"
    assert query["txSecret"] == md5(text.encode()).hexdigest()  # noqa: S324 - the CDN's


async def test_a_url_of_type_d_is_signed_by_hmac(theatre: Theatre) -> None:
    _, query = await _signed(theatre, cdn("type_d"))
    text = f"winter~main{query['hwTime']}"
    assert query["hwSecret"] == digest(b"main-key", text.encode(), "sha256").hex()


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
async def test_a_cdn_asks_and_reads_the_status(theatre: Theatre, method: str) -> None:
    server = await theatre.server("cdn", **cdn("none", remote_auth=True))
    await theatre.give("v1")
    token = await theatre.token("v1")
    send, path = theatre.edge.client.request, server["hook_path"]
    for query in (f"?token={token}", f"?uri=/live/winter~main.m3u8&token={token}"):
        assert (await send(method, path + query)).status_code == 200
    origin = {"X-Original-URI": f"/live/winter~main-1.ts?token={token}"}
    assert (await send(method, path, headers=origin)).status_code == 200
    assert len(await theatre.sessions()) == 1
    elsewhere = f"?uri=/live/winter~main2.m3u8&token={token}"
    for bad in ("", "?token=x", elsewhere, f"?token={token}&token={token}"):
        answer = await send(method, path + bad)
        assert answer.status_code == 403, bad
    await theatre.take("v1")
    assert (await send(method, f"{path}?token={token}")).status_code == 403


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("uri=//%5B", {}),
        ("uri=//%5B&token=x", {}),
        ("token=x", {"X-Original-URI": "//[x/live/winter~main.m3u8"}),
        ("token=%00", {}),
        ("uri=%00", {}),
        ("token=%ff%fe", {}),
        ("&".join(["a=b"] * 5_000), {}),
        ("token=" + "x" * 9_000, {}),
        ("", {"Content-Length": "9000000"}),
    ],
)
async def test_a_cdn_is_told_no_by_403_whatever_was_asked(
    theatre: Theatre, query: str, headers: dict[str, str], method: str
) -> None:
    server = await theatre.server("cdn", **cdn("none", remote_auth=True))
    answer = await theatre.edge.client.request(method, f"{server['hook_path']}?{query}", headers=headers)
    assert answer.status_code == 403


async def test_a_cdn_that_is_not_known_is_told_no_by_403(theatre: Theatre) -> None:
    server = await theatre.server("cdn", **cdn("none", remote_auth=True))
    await theatre.give("v1")
    token = await theatre.token("v1")
    path: str = server["hook_path"]
    for bad in (
        path[:-1] + ("0" if path[-1] != "0" else "1"),
        path.replace(server["server"], "med_0000004000009"),
        path.replace(server["server"], "nonsense"),
        path + "/more",
        path + "%00",
    ):
        answer = await theatre.edge.client.get(f"{bad}?token={token}")
        assert (answer.status_code, answer.json()["status"]) == (403, 403), bad


@pytest.mark.parametrize("fault", [SealError("another key"), RuntimeError("a fault")])
async def test_a_cdn_is_told_no_by_403_by_a_server_that_fails(
    theatre: Theatre, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    server = await theatre.server("cdn", **cdn("none", remote_auth=True))
    await theatre.give("v1")
    token = await theatre.token("v1")

    def fails(**_: object) -> None:
        raise fault

    monkeypatch.setattr("plaudit.features.admission.actions.base.ready", fails)
    assert (await theatre.edge.client.get(f"{server['hook_path']}?token={token}")).status_code == 403


async def test_what_a_viewer_says_he_asked_for_does_not_open_another_stream(theatre: Theatre) -> None:
    server = await theatre.server("cdn", **cdn("none", remote_auth=True))
    await theatre.give("v1")
    token = await theatre.token("v1")
    asked, said = "uri=/live/winter~backstage.m3u8", "uri=/live/winter~main.m3u8"
    for query in (f"token={token}&{said}&{asked}", f"{asked}&token={token}&{said}"):
        answer = await theatre.edge.client.get(f"{server['hook_path']}?{query}")
        assert answer.status_code == 403, query


CAMERAS = (StreamRights(stream="cam", rights=("main",)), StreamRights(stream="cam-2", rights=("vip",)))


async def test_a_token_of_a_stream_does_not_open_one_that_is_called_like_its_pieces(theatre: Theatre) -> None:
    server = await theatre.server("cdn", **cdn("none", remote_auth=True), stream_name="{show}/{stream}")
    await theatre.announce(streams=CAMERAS)
    await theatre.give("v1")
    token = await theatre.token("v1", "cam")

    async def asked(leaf: str) -> int:
        query = f"uri=/live/{leaf}&token={token}"
        return (await theatre.edge.client.get(f"{server['hook_path']}?{query}")).status_code

    for own in ("winter/cam.m3u8", "winter/cam-1.ts", "winter/cam-21.ts", "winter/cam/2.ts"):
        assert await asked(own) == 200, own
    for other in ("winter/cam-2.ts", "winter/cam-2-15.ts", "winter/cam-2_1.mp4", "winter/cam-2.m3u8"):
        assert await asked(other) == 403, other
    # What a token of the other opens is not less by that.
    await theatre.give("v2", "vip")
    token = await theatre.token("v2", "cam-2")
    assert await asked("winter/cam-2-15.ts") == 200


async def test_pieces_are_in_the_folder_where_a_name_ends_with_the_show(theatre: Theatre) -> None:
    server = await theatre.server("cdn", **cdn("none", remote_auth=True), stream_name="{stream}/{show}")
    await theatre.give("v1")
    token = await theatre.token("v1")
    for leaf, status in (("winter.m3u8", 200), ("winter/2.ts", 200), ("winter-2.ts", 403)):
        query = f"uri=/live/main/{leaf}&token={token}"
        answer = await theatre.edge.client.get(f"{server['hook_path']}?{query}")
        assert answer.status_code == status, leaf
