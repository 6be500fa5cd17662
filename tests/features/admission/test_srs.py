"""SRS asks: by the very requests that it sends (recorded forms of versions 4 to 6), answered as it reads them."""

from __future__ import annotations

from tests.features.admission.theatre import Theatre, token_in


async def test_a_viewer_with_a_right_is_let_in_and_has_a_session(theatre: Theatre) -> None:
    server = await theatre.server()
    await theatre.give("v1")
    given = await theatre.playback("v1", device="phone")
    assert [url.partition("?")[0] for url in given["urls"]] == [
        "rtmp://edge.example/live/winter-main",
        "https://edge.example/live/winter-main.flv",
    ]
    assert {token_in(url) for url in given["urls"]} == {given["token"]}
    assert await theatre.ask(server, given["token"], "c1") == (0, "")
    (session,) = await theatre.sessions()
    assert (session["viewer"], session["device"], session["client"]) == ("v1", "phone", "c1")
