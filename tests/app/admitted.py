"""A tenant's viewer who watches a show at a media server, for tests that want one of everything."""

from __future__ import annotations

from datetime import timedelta

from plaudit.core.commands.command import Command, Grant, Plan
from plaudit.core.journal.facts import Fact
from plaudit.core.ledger.book import Decision, Transfer
from plaudit.features.payments.model.accounts import account_of
from plaudit.kernel.actor import Actor
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.shows import ShowSaved, StreamRights
from tests.app.edge import Caller, UnderTest, settled


async def admit(edge: UnderTest, a: Caller, ids: dict[str, str], *, mark: str) -> None:
    """Have A's viewer watch a show of A's at a media server."""
    show, viewer = ids["show"], ids["viewer"]
    source = chart.show_right(show=show, right="main")
    own = chart.viewer_right(viewer=viewer, show=show, right="main")
    now = edge.house.clock.now()
    announced = ShowSaved(
        show=show,
        revision=1,
        state="live",
        organiser=ids["creator"],
        starts_at=now,
        ends_at=now + timedelta(hours=2),
        title_en="Gala",
        title_zh="盛典",
        streams=(StreamRights(stream="main", rights=("main",)),),
        commission="1/10",
    )
    decision = Decision(Fact(f"show/{show}", announced), (Transfer(source, own, 1),))
    tenant_id, _ = account_of(ids["account"])
    command = Command(
        action="test.announce",
        permission="test",
        grant=Grant(tenant_id, Actor("system", "test"), frozenset({"test"})),
        key=f"announce-{show}",
        content=b"announce",
        plan=lambda _: Plan(lambda _book: decision, (source, own)),
    )
    await edge.house.corridor.submit(command)

    async def is_known() -> bool:
        return (await a.send("GET", f"/v1/shows/{show}/access?viewer={viewer}")).status_code == 200

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
        "stream": f"{show}-main",
        "param": f"?token={given['token']}",
    }
    assert (await edge.client.post(made["hook_path"], json=hook)).json() == {"code": 0}
    (session,) = (await a.get("/v1/viewing-sessions"))["items"]
    ids["session"] = session["session"]
