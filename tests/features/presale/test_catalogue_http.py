"""The catalogue of presale as those who keep shows, and those who buy, call it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, Final

from plaudit.core import audit
from plaudit.kernel.time import format_time
from tests.app.edge import Caller, problem
from tests.features.examples import table
from tests.features.presale.stage import NOON, STARTS, Stage, offer_body, show_body

DAY: Final = timedelta(days=1)


def _at(moment: Any) -> str:  # noqa: ANN401 - a time
    return format_time(moment)


async def _clerk(stage: Stage, *scopes: str) -> Caller:
    made = await stage.acme.do("POST", "/v1/api-keys", {"name": "clerk", "scopes": list(scopes)})
    return stage.edge.caller(made["key"])


async def test_a_show_is_announced_moved_on_and_seen(stage: Stage) -> None:
    body = show_body(sale_at=STARTS - 10 * DAY, watch_url="https://live.example/{show}", devices_max=2)
    first = await stage.acme.send("PUT", "/v1/shows/winter", body, key="k1")
    assert (first.status_code, first.json()["state"], first.json()["revision"]) == (200, "draft", 1)
    for number, (before, state) in enumerate(
        [("draft", "presale"), ("presale", "on_sale"), ("on_sale", "live"), ("live", "ended")], start=2
    ):
        moved = await stage.move("winter", state)
        assert moved == {"show": "winter", "before": before, "state": state, "revision": number}
    again = await stage.acme.send("PUT", "/v1/shows/winter", body, key="k1")
    assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
    seen = await stage.acme.get("/v1/shows/winter")
    assert seen == first.json() | {
        "state": "ended",
        "revision": 5,
        "zones": [],
        "offers": {"items": [], "next_cursor": None},
    }
    (saved,) = await stage.facts("show.saved")
    assert (saved["title_zh"], saved["commission"], saved["devices_max"]) == ("冬日演唱会", "1/10", 2)
    assert "body" not in saved
    changed = await stage.facts("show.state.changed")
    assert [(one["before"], one["state"]) for one in changed] == [
        ("draft", "presale"),
        ("presale", "on_sale"),
        ("on_sale", "live"),
        ("live", "ended"),
    ]


async def test_the_page_has_one_language_or_both(stage: Stage) -> None:
    await stage.announce()
    both = (await stage.acme.get("/v1/shows/winter"))["texts"]
    assert (both["en"]["title"], both["zh"]["terms"]) == ("Winter concert", "不支持退款。")
    assert (await stage.acme.get("/v1/shows/winter", lang="zh"))["texts"] == both | {"en": None}
    assert problem(await stage.acme.send("GET", "/v1/shows/winter?lang=fr"), 400, "query.invalid")


async def test_that_a_show_was_moved_is_told_with_its_old_time_once_it_was_announced(stage: Stage) -> None:
    await stage.announce(state="draft")
    await stage.announce(state="draft", starts_at=STARTS - DAY)
    await stage.move("winter", "presale")
    await stage.announce(state="draft", starts_at=STARTS)
    await stage.announce(state="draft", poster_url="https://show.example/p.jpg")
    saved = await stage.facts("show.saved")
    assert [one.get("starts_before") for one in saved] == [None, None, "2026-12-21T12:00:00Z", None]
    assert [(one["revision"], one["state"]) for one in saved] == [
        (1, "draft"),
        (2, "draft"),
        (4, "presale"),
        (5, "presale"),
    ]


async def test_drafts_are_seen_by_those_who_may_read_them(stage: Stage) -> None:
    await stage.announce(state="draft")
    await stage.offer()
    buyer = await stage.viewer()
    for path, code in (
        ("/v1/shows/winter", "show.unknown"),
        ("/v1/shows/winter/offers", "show.unknown"),
        ("/v1/offers/vip", "offer.unknown"),
    ):
        assert problem(await buyer.send("GET", path), 404, code), path
        assert await stage.acme.get(path)
    assert (await buyer.get("/v1/shows"))["items"] == []
    assert (await buyer.get("/v1/shows", state="draft"))["items"] == []
    assert [one["show"] for one in (await stage.acme.get("/v1/shows"))["items"]] == ["winter"]
    await stage.move("winter", "presale")
    assert [one["show"] for one in (await buyer.get("/v1/shows"))["items"]] == ["winter"]
    seen = await buyer.get("/v1/shows/winter")
    assert (seen["commission"], [one["offer"] for one in seen["offers"]["items"]]) == (None, ["vip"])
    assert (await stage.acme.get("/v1/shows/winter"))["commission"] == "1/10"


async def test_shows_are_listed_by_their_start_page_by_page(stage: Stage) -> None:
    for days, name in ((3, "c"), (1, "b"), (1, "a"), (2, "d")):
        await stage.announce(name, state="draft", starts_at=NOON + days * DAY)
    await stage.move("d", "presale")
    first = await stage.acme.get("/v1/shows", limit=2)
    second = await stage.acme.get("/v1/shows", limit=1, cursor=first["next_cursor"])
    third = await stage.acme.get("/v1/shows", limit=1, cursor=second["next_cursor"])
    pages = [[one["show"] for one in page["items"]] for page in (first, second, third)]
    assert (pages, third["next_cursor"]) == ([["a", "b"], ["d"], ["c"]], None)
    presale = (await stage.acme.get("/v1/shows", state="presale"))["items"]
    assert [(one["show"], one["title_en"]) for one in presale] == [("d", "Winter concert")]
    for path, status, code in (
        ("/v1/shows?limit=0", 400, "limit.invalid"),
        ("/v1/shows?cursor=x", 400, "cursor.invalid"),
        ("/v1/shows?cursor=Wzk5OTk5OTk5OTk5OTk5OTk5OTksImEiXQ", 400, "cursor.invalid"),
        ("/v1/shows?state=over", 400, "query.invalid"),
    ):
        assert problem(await stage.acme.send("GET", path), status, code), path


async def test_only_the_next_states_can_be_reached(stage: Stage) -> None:
    await stage.announce(state="draft")
    for state, status, code in (
        ("live", 409, "show.state"),
        ("ended", 409, "show.state"),
        ("draft", 409, "show.state"),
        ("cancelled", 400, "show.state"),
        ("over", 400, "body.invalid"),
    ):
        answer = await stage.acme.send("POST", "/v1/shows/winter/state", {"state": state})
        said = problem(answer, status, code)
        assert state != "cancelled" or "/cancel" in said["detail"]
    unknown = await stage.acme.send("POST", "/v1/shows/summer/state", {"state": "presale"})
    assert problem(unknown, 404, "show.unknown")
    assert (await stage.acme.get("/v1/shows/winter"))["revision"] == 1
    for state in ("presale", "live", "ended"):
        await stage.move("winter", state)
    assert problem(await stage.acme.send("PUT", "/v1/shows/winter", show_body()), 422, "show.over")
    assert problem(await stage.acme.send("PUT", "/v1/offers/vip", offer_body()), 422, "show.over")


async def test_an_offer_is_seen_as_a_buyer_sees_it(stage: Stage) -> None:
    await stage.announce()
    steps = [
        {"price_minor": 5_000, "count": 3},
        {"price_minor": 8_000, "ends_at": _at(NOON + 2 * DAY)},
        {"price_minor": 10_000, "starts_at": _at(NOON + 3 * DAY)},
    ]
    terms: dict[str, Any] = {
        "deposit": {
            "deposit_minor": 1_000,
            "balance_from": _at(NOON + 5 * DAY),
            "balance_until": _at(NOON + 9 * DAY),
            "forfeited": "50%",
            "rights": ["chat"],
        },
        "group": {"size": 3, "within_s": 86_400, "price_minor": 4_000},
        "bundle": [{"kind": "coin", "amount_minor": 100}, {"kind": "gift", "amount_minor": 1, "id": "rose"}],
    }
    saved = await stage.offer(steps=steps, per_order_max=4, transferable=True, **terms)
    buyer = await stage.viewer()
    seen = await buyer.get("/v1/offers/vip")
    assert {name: value for name, value in seen.items() if name != "sale"} == saved
    assert saved["deposit"]["grace_s"] == 86_400
    assert seen["sale"] == {
        "state": "open",
        "available": 10,
        "step": 0,
        "price_minor": 5_000,
        "price_left": 3,
        "price_until": None,
        "next_price_minor": 8_000,
        "next_at": None,
    }
    await stage.sell(steps={0: 3, 1: 1})
    second = (await buyer.get("/v1/offers/vip"))["sale"]
    assert (second["available"], second["step"], second["price_minor"]) == (6, 1, 8_000)
    assert (second["price_until"], second["next_at"]) == (_at(NOON + 2 * DAY), _at(NOON + 3 * DAY))
    stage.clock.advance(days=2)
    buyer = await stage.viewer()
    pause = (await buyer.get("/v1/offers/vip"))["sale"]
    assert (pause["state"], pause["price_minor"], pause["next_at"]) == ("later", None, _at(NOON + 3 * DAY))
    stage.clock.advance(days=1)
    buyer = await stage.viewer()
    await stage.sell(steps={2: 6})
    (last,) = (await buyer.get("/v1/shows/winter/offers"))["items"]
    assert (last["sale"]["state"], last["sale"]["available"]) == ("sold_out", 0)
    await stage.offer(steps=steps, stock=20, on_sale=False)
    assert (await buyer.get("/v1/offers/vip"))["sale"]["state"] == "off"


async def test_a_hidden_offer_is_seen_with_its_code(stage: Stage) -> None:
    await stage.announce()
    await stage.offer("main", zone="main", rights=["main"])
    await stage.offer("vip", hidden=True)
    await stage.code("EARLY", reserved=4)
    await stage.code("LATE", enabled=False)
    buyer = await stage.viewer()
    assert problem(await buyer.send("GET", "/v1/offers/vip"), 404, "offer.unknown")
    for code in ("early", "LATE", "a b", "x" * 41):
        for path, answer in (
            (f"/v1/offers/vip?code={code}", "offer.unknown"),
            (f"/v1/offers/main?code={code}", "code.unknown"),
            (f"/v1/shows/winter?code={code}", "code.unknown"),
            (f"/v1/shows/winter/offers?code={code}", "code.unknown"),
        ):
            assert problem(await buyer.send("GET", path), 404, answer), path
    page = await buyer.get("/v1/shows/winter")
    assert [one["offer"] for one in page["offers"]["items"]] == ["main"]
    assert page["zones"] == [{"zone": "main", "offers": ["main"], "streams": ["main"]}]
    opened = await buyer.get("/v1/shows/winter", code="EARLY")
    assert [one["offer"] for one in opened["offers"]["items"]] == ["main", "vip"]
    assert opened["zones"][1] == {"zone": "vip", "offers": ["vip"], "streams": ["main", "backstage"]}
    assert (await buyer.get("/v1/offers/vip", code="EARLY"))["sale"]["available"] == 4
    assert (await stage.acme.get("/v1/offers/vip"))["sale"]["available"] == 6


async def test_offers_are_listed_page_by_page(stage: Stage) -> None:
    await stage.announce()
    for name in ("c", "a", "b"):
        await stage.offer(name, hidden=name == "b")
    buyer = await stage.viewer()
    first = await buyer.get("/v1/shows/winter/offers", limit=1)
    second = await buyer.get("/v1/shows/winter/offers", limit=1, cursor=first["next_cursor"])
    assert [one["offer"] for one in first["items"] + second["items"]] == ["a", "c"]
    assert second["next_cursor"] is None
    for path, status, code in (
        ("/v1/shows/summer/offers", 404, "show.unknown"),
        ("/v1/shows/winter/offers?limit=201", 400, "limit.invalid"),
        ("/v1/shows/winter/offers?cursor=x", 400, "cursor.invalid"),
        ("/v1/offers/summer", 404, "offer.unknown"),
        ("/v1/offers/summer/codes", 404, "offer.unknown"),
        ("/v1/offers/c/codes?cursor=x", 400, "cursor.invalid"),
    ):
        assert problem(await stage.acme.send("GET", path), status, code), path


async def test_seats_of_an_offer_and_its_codes_as_the_page_of_presale_shows_them(stage: Stage) -> None:
    await stage.announce()
    sold = 0
    for row in table("presale.md", "seats of an offer and of a code"):
        step, _, refusal = row["step"].partition(": ")
        what, number = step.rsplit(" ", 1)
        if what == "sold":
            await stage.sell(steps={0: int(number)})
            sold += int(number)
        elif what == "the offer has":
            answer = await stage.acme.send("PUT", "/v1/offers/vip", offer_body(stock=int(number)))
        else:
            assert what == "EARLY keeps"
            answer = await stage.acme.send("PUT", "/v1/offers/vip/codes/EARLY", {"reserved": int(number)})
        if refusal:
            free = problem(answer, 422, refusal)["free"]
            assert free == int(row["free"]), row
        assert await stage.seats() == (
            int(row["offer/vip/issued/seat"]),
            int(row["offer/vip/stock/seat"]),
            int(row["offer/vip/code/EARLY/seat"]),
        ), row
        assert sum(await stage.seats()) == -sold
    report = await audit.examine(stage.edge.house.database)
    assert report.green, report.findings


async def test_codes_are_kept_and_seen_by_those_who_keep_shows(stage: Stage) -> None:
    await stage.announce()
    await stage.offer()
    first = await stage.code(reserved=4, uses_max=8)
    assert first == {
        "offer": "vip",
        "code": "EARLY",
        "enabled": True,
        "reserved": 4,
        "uses_max": 8,
        "revision": 1,
    }
    await stage.code("PRESS")
    await stage.sell(steps={0: 3}, code="EARLY", kept=True)
    await stage.code(reserved=4, uses_max=8, enabled=False)
    page = await stage.acme.get("/v1/offers/vip/codes", limit=1)
    assert page["items"] == [first | {"enabled": False, "revision": 2, "kept": 1, "used": 3}]
    rest = await stage.acme.get("/v1/offers/vip/codes", cursor=page["next_cursor"])
    assert [(one["code"], one["kept"], one["used"]) for one in rest["items"]] == [("PRESS", 0, 0)]
    answer = await stage.acme.send("PUT", "/v1/offers/vip/codes/EARLY", {"reserved": 2})
    assert problem(answer, 422, "code.stock")["free"] == 1
    assert [one["revision"] for one in await stage.facts("offer.code.saved")] == [1, 1, 2]
    for path, body, status, code in (
        ("/v1/offers/main/codes/EARLY", {}, 404, "offer.unknown"),
        ("/v1/offers/vip/codes/a b", {}, 400, "code.invalid"),
        ("/v1/offers/vip/codes/EARLY", {"reserved": -1}, 400, "code.invalid"),
        ("/v1/offers/vip/codes/EARLY", {"uses_max": 0}, 400, "code.invalid"),
        ("/v1/offers/vip/codes/EARLY", {"kept": 1}, 400, "body.unknown_field"),
    ):
        assert problem(await stage.acme.send("PUT", path, body), status, code), (path, body)


async def test_an_offer_keeps_its_show_and_currency(stage: Stage) -> None:
    await stage.announce()
    await stage.announce("summer")
    await stage.offer()
    for fields in ({"show": "summer"}, {"asset": "USD"}):
        answer = await stage.acme.send("PUT", "/v1/offers/vip", offer_body(**fields))
        assert problem(answer, 422, "offer.fixed"), fields
    assert (await stage.offer(zone="gold", stock=11))["revision"] == 2
    assert await stage.seats() == (-11, 11, 0)
    saved = await stage.facts("offer.saved")
    assert [(one["zone"], one["stock"]) for one in saved] == [("vip", 10), ("gold", 11)]


async def test_offers_saved_at_once_leave_as_many_seats_as_the_last_says(stage: Stage) -> None:
    await stage.announce()
    bodies = [offer_body(stock=stock) for stock in (5, 9, 7, 3, 8, 6)]
    answers = await asyncio.gather(*(stage.acme.send("PUT", "/v1/offers/vip", body) for body in bodies))
    assert {answer.status_code for answer in answers} <= {200, 503}
    done = [answer.json() for answer in answers if answer.status_code == 200]
    assert sorted(one["revision"] for one in done) == list(range(1, len(done) + 1))
    last = max(done, key=lambda one: one["revision"])
    assert await stage.seats() == (-last["stock"], last["stock"], 0)


async def test_shows_that_cannot_be(stage: Stage) -> None:
    for fields, code in (
        ({"ends_at": STARTS}, "show.invalid"),
        ({"ends_at": STARTS - DAY}, "show.invalid"),
        ({"starts_at": "soon"}, "body.invalid"),
        ({"sale_at": "2026-02-30T00:00:00Z"}, "body.invalid"),
        ({"commission": "101%"}, "show.invalid"),
        ({"commission": "a tenth"}, "show.invalid"),
        ({"organiser": "a b"}, "show.invalid"),
        ({"texts": {"en": {"title": "Winter"}}}, "body.invalid"),
        ({"texts": {"en": {"title": "Winter"}, "zh": {"title": " "}}}, "show.invalid"),
        ({"streams": []}, "show.invalid"),
        ({"streams": [{"stream": "main", "rights": []}]}, "show.invalid"),
        ({"devices_max": 0}, "show.invalid"),
        ({"poster_url": "javascript:alert(1)"}, "show.invalid"),
        ({"colour": "red"}, "body.unknown_field"),
    ):
        answer = await stage.acme.send("PUT", "/v1/shows/winter", show_body(**fields))
        assert problem(answer, 400, code), fields
    assert (await stage.acme.get("/v1/shows"))["items"] == []


async def test_what_cannot_be_sold(stage: Stage) -> None:
    await stage.announce()
    later = _at(NOON + DAY)
    never_comes = [
        {"price_minor": 100, "count": 3, "starts_at": later},
        {"price_minor": 200, "ends_at": _at(NOON)},
    ]
    for fields, status, code in (
        ({"show": "summer"}, 404, "show.unknown"),
        ({"asset": "coin"}, 400, "offer.invalid"),
        ({"asset": "XXX"}, 404, "asset.unknown"),
        ({"stock": -1}, 400, "offer.invalid"),
        ({"stock": 1.5}, 400, "body.invalid"),
        ({"steps": []}, 400, "offer.invalid"),
        ({"steps": [{"price_minor": 100, "ends_at": "noon"}]}, 400, "body.invalid"),
        ({"steps": [{"price_minor": 100}, {"price_minor": 200}]}, 400, "offer.invalid"),
        ({"steps": [{"price_minor": 100, "from": later}]}, 400, "body.unknown_field"),
        ({"steps": never_comes}, 400, "offer.invalid"),
        ({"rights": []}, 400, "offer.invalid"),
        ({"waiting": "auction"}, 400, "body.invalid"),
        ({"group": {"size": 11, "within_s": 86_400, "price_minor": 1}}, 400, "offer.invalid"),
        ({"bundle": [{"kind": "gift", "amount_minor": 1}]}, 400, "offer.invalid"),
    ):
        answer = await stage.acme.send("PUT", "/v1/offers/vip", offer_body(**fields))
        assert problem(answer, status, code), fields
    assert problem(await stage.acme.send("PUT", "/v1/offers/a b", offer_body()), 400, "offer.invalid")
    assert problem(await stage.acme.send("GET", "/v1/offers/vip"), 404, "offer.unknown")
    assert await stage.seats() == (0, 0, 0)


async def test_who_may_do_what(stage: Stage) -> None:
    await stage.announce()
    await stage.offer()
    reader = await _clerk(stage, "catalogue.read")
    keeper = await _clerk(stage, "show.write")
    for caller in (reader, await stage.viewer()):
        for method, path, body in (
            ("PUT", "/v1/shows/winter", show_body()),
            ("POST", "/v1/shows/winter/state", {"state": "on_sale"}),
            ("PUT", "/v1/offers/vip", offer_body()),
            ("PUT", "/v1/offers/vip/codes/EARLY", {}),
            ("GET", "/v1/offers/vip/codes", None),
        ):
            assert problem(await caller.send(method, path, body), 403, "scope.missing"), (method, path)
        assert (await caller.get("/v1/offers/vip"))["sale"]["available"] == 10
    await keeper.do("PUT", "/v1/shows/winter", show_body())
    assert problem(await keeper.send("GET", "/v1/shows/winter"), 403, "scope.missing")


async def test_a_switched_off_presale_keeps_its_catalogue_as_it_is(stage: Stage) -> None:
    await stage.announce()
    await stage.acme.do("PUT", "/v1/switches/feature/presale", {"off": True, "reason": "maintenance"})
    assert problem(await stage.acme.send("PUT", "/v1/offers/vip", offer_body()), 422, "switch.off")
    assert (await stage.acme.get("/v1/shows/winter"))["state"] == "presale"
