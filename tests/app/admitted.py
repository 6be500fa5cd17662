"""A tenant's viewer who watches a show at a media server, for tests that want one of everything."""

from __future__ import annotations

from tests.app.edge import Caller, UnderTest, settled


async def admit(edge: UnderTest, a: Caller, ids: dict[str, str], *, mark: str) -> None:
    """Have A's viewer, who has a ticket, watch a show of A's at a media server."""
    show, viewer = ids["show"], ids["viewer"]
    await a.do("POST", f"/v1/shows/{show}/state", {"state": "live"})

    async def is_known() -> bool:
        answer = await a.send("GET", f"/v1/shows/{show}/access?viewer={viewer}")
        return answer.status_code == 200 and bool(answer.json()["state"] == "live")

    await settled(is_known)
    settings = {"urls": ["rtmp://edge.example/live/{name}"]}
    made = await a.do(
        "POST", "/v1/media-servers", {"kind": "srs", "name": f"SRS {mark}", "settings": settings}
    )
    ids["server"] = made["server"]
    given = await a.do("POST", f"/v1/shows/{show}/playback", {"stream": "main", "viewer": viewer})
    hook = {
        "action": "on_play",
        "client_id": f"client-{mark}",
        "app": "live",
        "stream": f"{show}~main",
        "param": f"?token={given['token']}",
    }
    assert (await edge.client.post(made["hook_path"], json=hook)).json() == {"code": 0}
    (session,) = (await a.get("/v1/viewing-sessions"))["items"]
    ids["session"] = session["session"]
