"""Links over HTTP: who gets one, where it leads, who came by it; rules, boards and erasure."""

from __future__ import annotations

from typing import Any

import jwt
import pytest

from plaudit.features.invitations.model.links import new_id, tenant_of
from plaudit.kernel.refusal import Refusal
from plaudit.vocabulary.facts.invitations import InvitationOpened
from plaudit.vocabulary.facts.tickets import OrderEnded
from tests.app.edge import Caller, problem
from tests.features.invitations.stage import COINS, COUPON, LANDING, SHOW, Stage

pytestmark = pytest.mark.anyio

SECRET = "0123456789abcdef" * 4


async def signed_in(stage: Stage, viewer: str) -> Caller:
    """Return a caller with a viewer's own token."""
    pinned = await stage.acme.do("POST", "/v1/token-keys", {"algorithm": "HS256", "secret": SECRET})
    now = int(stage.clock.now().timestamp())
    said = {"iss": "acme", "sub": viewer, "role": "viewer", "iat": now, "exp": now + 600}
    return stage.edge.caller(jwt.encode(said, SECRET, algorithm="HS256", headers={"kid": pinned["id"]}))


async def test_a_ticket_holder_has_one_link_to_a_show(stage: Stage) -> None:
    await stage.rule()
    await stage.give_right("ann")
    first = await stage.acme.do("POST", "/v1/invitations", {"viewer": "ann", "show": SHOW})
    assert first["url"] == f"http://plaudit/i/{first['invitation']}"
    again = await stage.acme.send("POST", "/v1/invitations", {"viewer": "ann", "show": SHOW})
    assert (again.json(), again.headers["idempotency-replayed"]) == (first, "true")
    own = await signed_in(stage, "ann")
    assert await own.do("POST", "/v1/invitations", {"show": SHOW}) == first
    assert await own.get(f"/v1/invitations/{first['invitation']}") == first
    assert len(await stage.said(InvitationOpened)) == 1


async def test_an_id_tells_its_tenant_and_cannot_be_guessed() -> None:
    made = new_id(tenant_id=2**31 - 1, random_bytes=lambda count: b"\xff" * count)
    assert tenant_of(made) == 2**31 - 1
    assert len(made) == len("inv_") + 23
    for wrong in (
        "",
        "inv_",
        made[:-1],
        made + "0",
        made.lower(),
        "inv_" + "Z" * 23,
        "inv_" + "0" * 22 + "é",
    ):
        with pytest.raises(Refusal) as refusal:
            tenant_of(wrong)
        assert refusal.value.code == "invitation.unknown", wrong


async def test_who_gets_no_link(stage: Stage) -> None:
    body = {"viewer": "ann", "show": SHOW}
    problem(await stage.acme.send("POST", "/v1/invitations", body), 422, "invitation.over")
    await stage.rule()
    problem(await stage.acme.send("POST", "/v1/invitations", body), 422, "invitation.no_ticket")
    await stage.give_right("ann", show="summer")
    problem(await stage.acme.send("POST", "/v1/invitations", body), 422, "invitation.no_ticket")
    await stage.give_right("ann")
    await stage.give_right("ann", back=True)
    problem(await stage.acme.send("POST", "/v1/invitations", body), 422, "invitation.no_ticket")
    await stage.give_right("ann")
    own = await signed_in(stage, "eve")
    problem(await own.send("POST", "/v1/invitations", body), 403, "scope.missing")
    problem(await stage.acme.send("POST", "/v1/invitations", {"show": SHOW}), 400, "body.invalid")
    for odd in ("", "x" * 41, "a\nb", "\u202e" * 41):
        answer = await stage.acme.send("POST", "/v1/invitations", {**body, "name": odd})
        problem(answer, 400, "body.invalid")
    await stage.rule(enabled=False)
    problem(await stage.acme.send("POST", "/v1/invitations", body), 422, "invitation.over")
    assert await stage.said(InvitationOpened) == []


async def test_a_link_leads_where_the_rule_says(stage: Stage) -> None:
    await stage.rule()
    link = await stage.holder("ann")
    answer = await stage.edge.client.get(f"/i/{link}")
    assert (answer.status_code, answer.headers["location"]) == (
        302,
        f"https://live.example/winter?inv={link}",
    )
    await stage.rule(landing_url="https://live.example/join/{invitation}")
    answer = await stage.edge.client.get(f"/i/{link}")
    assert answer.headers["location"] == f"https://live.example/join/{link}"
    other = link[:-1] + ("0" if link[-1] != "0" else "1")
    for wrong in (other, "inv_1", "x", "inv_" + "0" * 23):
        problem(await stage.edge.client.get(f"/i/{wrong}"), 404, "invitation.unknown")
    eve = await signed_in(stage, "eve")
    problem(await eve.send("GET", f"/v1/invitations/{link}"), 403, "scope.missing")


async def test_an_inviter_sees_what_became_of_friends(stage: Stage) -> None:
    await stage.rule(per_day_max=1)
    link = await stage.holder("ann")
    await stage.buys("bob", link)
    await stage.buys("cat", link)
    dan = await stage.order("dan", link)
    eve = await stage.order("eve", link)
    ended = OrderEnded(order=eve, viewer="eve", show=SHOW, offer="vip", quantity=1, cause="expired")
    await stage.say("viewer/eve", ended)
    await stage.caught_up()
    rows = await stage.friends("ann")
    assert [(one["friend"], one["state"], one["code"]) for one in rows] == [
        ("eve", "ended", None),
        ("dan", "pending", None),
        ("cat", "refused", "invitation.limit"),
        ("bob", "rewarded", None),
    ]
    assert "as often as the rule lets" in rows[2]["reason"]["en"]
    assert rows[2]["reason"]["zh"].endswith("上限。")
    await stage.refund(dan, "dan")
    await stage.issue(dan, "dan", link)
    await stage.caught_up()
    assert [one["state"] for one in await stage.friends("ann", show=SHOW)][1] == "refused"
    assert await stage.friends("ann", show="summer") == []
    first = await stage.acme.get("/v1/invitation-friends", viewer="ann", limit=3)
    second = await stage.acme.get(
        "/v1/invitation-friends", viewer="ann", limit=3, cursor=first["next_cursor"]
    )
    assert [one["friend"] for one in (*first["items"], *second["items"])] == ["eve", "dan", "cat", "bob"]
    own = await signed_in(stage, "eve")
    answer = await own.send("GET", "/v1/invitation-friends?viewer=ann")
    problem(answer, 403, "scope.missing")
    assert (await own.get("/v1/invitation-friends"))["items"] == []


async def test_a_board_counts_friends_that_stand(stage: Stage) -> None:
    await stage.rule()
    links = {viewer: await stage.holder(viewer) for viewer in ("ann", "bea", "cid")}
    for number, viewer in enumerate(["ann", "bea", "bea", "cid"]):
        last = await stage.buys(f"f{number}", links[viewer])
    await stage.refund(last, "f3")
    board = await stage.acme.get(f"/v1/invitation-boards/{SHOW}")
    assert [(one["viewer"], one["rewarded"], one["coin_minor"]) for one in board["items"]] == [
        ("bea", 2, 100),
        ("ann", 1, 50),
    ]
    totals = await stage.acme.get("/v1/invitation-totals")
    assert (totals["rewarded"], totals["reversed"], totals["coin_minor"]) == (3, 1, 150)
    assert [(one["show"], one["points_minor"]) for one in totals["items"]] == [(SHOW, 60)]
    own = await signed_in(stage, "ann")
    problem(await own.send("GET", f"/v1/invitation-boards/{SHOW}"), 403, "scope.missing")


async def test_an_erased_viewer_keeps_the_link_and_loses_the_name(stage: Stage) -> None:
    await stage.rule()
    await stage.give_right("ann")
    link = await stage.invites("ann", name="  小明 ")
    assert (await stage.acme.get(f"/v1/invitations/{link}"))["name"] == "小明"
    assert await stage.invites("ann", name="Ann") == link
    assert await stage.invites("ann") == link
    assert (await stage.acme.get(f"/v1/invitations/{link}"))["name"] == "Ann"
    await stage.buys("bob", link)
    await stage.acme.do("POST", "/v1/viewers/ann/erasure", {"reason": "asked"})
    await stage.caught_up()
    assert (await stage.acme.get(f"/v1/invitations/{link}"))["name"] is None
    facts = await stage.acme.get("/v1/facts", limit=1000)
    assert "小明" not in str(facts)
    assert await stage.balance("ann") == 50


GOOD: dict[str, Any] = {"landing_url": LANDING, "inviter": [COINS], "friend": [COUPON]}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"inviter": [{"kind": "coin"}]}, "inviter"),
        ({"inviter": [COINS, COINS]}, "inviter"),
        ({"inviter": [{**COINS, "item": "x"}]}, "inviter"),
        ({"friend": [{"kind": "coupon", "quantity": 1}]}, "friend"),
        ({"friend": [{"kind": "coupon", "item": "x"}]}, "friend"),
        ({"friend": [{**COUPON, "amount_minor": 1}]}, "friend"),
        ({"friend": [{**COUPON, "kind": "CNY"}]}, "friend"),
        ({"friend": [{**COUPON, "kind": "Coupon"}]}, "friend"),
        ({"friend": [{**COUPON, "item": str(number)} for number in range(9)]}, "friend"),
        ({"per_day_max": 0}, "per_day_max"),
        ({"per_show_max": 1_000_001}, "per_show_max"),
        ({"landing_url": "https://live.example/{show}"}, "landing_url"),
        ({"landing_url": "https://{show}.example/{invitation}"}, "landing_url"),
        ({"landing_url": "https://a@b.example/{invitation}"}, "landing_url"),
        ({"landing_url": "javascript:alert(1)//{invitation}"}, "landing_url"),
        ({"landing_url": "https://live.example/{invitation}/{viewer}"}, "landing_url"),
        ({"landing_url": "https://live.example/{invitation}\r\nx: y"}, "landing_url"),
        ({"shortfall": "debt"}, "debt_limit_minor"),
        ({"debt_limit_minor": 5}, "debt_limit_minor"),
        ({"valid_from": "2026-01-02T00:00:00Z", "valid_until": "2026-01-02T00:00:00Z"}, "valid_until"),
    ],
)
async def test_a_rule_that_makes_no_sense_is_refused(
    stage: Stage, fields: dict[str, Any], field: str
) -> None:
    answer = await stage.acme.send("PUT", f"/v1/invitation-rules/{SHOW}", GOOD | fields)
    assert problem(answer, 400, "invitation_rule.invalid")["field"] == field


async def test_a_rule_is_read_as_it_was_saved(stage: Stage) -> None:
    problem(await stage.acme.send("GET", "/v1/invitation-rule"), 404, "invitation_rule.unknown")
    body = GOOD | {"valid_until": "2027-01-01T00:00:00.000000Z", "shortfall": "debt", "debt_limit_minor": 9}
    saved = await stage.acme.do("PUT", "/v1/invitation-rule", body)
    assert saved == await stage.acme.get("/v1/invitation-rule")
    assert (saved["show"], saved["revision"], saved["debt_limit_minor"]) == (None, 1, 9)
    await stage.acme.do("PUT", f"/v1/invitation-rules/{SHOW}", GOOD)
    again = await stage.acme.do("PUT", f"/v1/invitation-rules/{SHOW}", GOOD | {"per_day_max": 3})
    assert again == await stage.acme.get(f"/v1/invitation-rules/{SHOW}")
    assert (again["show"], again["revision"], again["per_day_max"]) == (SHOW, 2, 3)
