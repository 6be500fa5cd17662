"""What the staff does: freeze and thaw, correct by two persons, erase a viewer; the books stay whole."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.journeys.stage import Api
from tests.journeys.test_tipping import registered, seen

TIP = {"viewer": "v1", "creator": "c1", "amount_minor": 100}


def test_a_frozen_creator_is_tipped_again_once_thawed(api: Api) -> None:
    registered(api)
    api.put("/v1/creators/c2", {})
    api.post("/v1/tips", TIP)
    frozen = {"freeze": "all", "reason": "a complaint is looked into"}
    api.put("/v1/freezes/creator/c1/earnings/coin", frozen)
    assert api.post("/v1/tips", TIP, key="later", status=422)["code"] == "creator.frozen"
    api.post("/v1/tips", {**TIP, "creator": "c2"})
    assert [one["freeze"] for one in api.get("/v1/freezes")["items"]] == ["all"]
    api.put("/v1/freezes/creator/c1/earnings/coin", {"freeze": "none"})
    assert api.post("/v1/tips", TIP, key="later")["balance_minor"] == 700
    assert api.balance("creator/c1/earnings/coin") == 140


def test_a_frozen_wallet_takes_money_in_and_gives_none_out(api: Api) -> None:
    registered(api)
    api.put("/v1/freezes/viewer/v1/coin", {"freeze": "debits"})
    assert api.post("/v1/tips", TIP, status=422)["code"] == "account.frozen"
    api.post("/v1/wallets/v1/credits", {"asset": "coin", "amount_minor": 1})
    assert api.balance("viewer/v1/coin") == 1_001


@pytest.fixture
def staff(api: Api, somebody: Callable[[str], Api]) -> Callable[[str], Api]:
    """Register a person of the staff who may make and check adjustments."""

    def hired(name: str) -> Api:
        scopes = ["adjustment.make", "adjustment.check"]
        return somebody(api.post("/v1/staff", {"name": name, "scopes": scopes})["key"])

    return hired


def requested(maker: Api, amount_minor: int, **other: object) -> str:
    body = {"address": "viewer/v1/coin", "amount_minor": amount_minor, "reason": "paid twice", **other}
    answer = maker.post("/v1/adjustments", body)
    assert (answer["state"], answer["balance_minor"]) == ("pending", None)
    return str(answer["adjustment"])


def test_an_adjustment_needs_a_second_person(api: Api, staff: Callable[[str], Api]) -> None:
    registered(api)
    maker, checker = staff("Mia"), staff("Chen")
    path = f"/v1/adjustments/{requested(maker, -300)}"
    assert api.balance("viewer/v1/coin") == 1_000
    assert maker.post(f"{path}/approval", status=403)["code"] == "checker.invalid"
    assert api.post(f"{path}/approval", status=403)["code"] == "checker.invalid"
    done = checker.post(f"{path}/approval")
    assert (done["state"], done["balance_minor"]) == ("approved", 700)
    assert checker.post(f"{path}/approval", status=409)["code"] == "adjustment.settled"
    assert (api.balance("viewer/v1/coin"), api.balance("adjustment/coin")) == (700, 300)

    rejected = f"/v1/adjustments/{requested(maker, 5_000)}"
    assert checker.post(f"{rejected}/rejection", {"reason": "no proof"})["state"] == "rejected"
    too_much = f"/v1/adjustments/{requested(maker, -701)}"
    assert checker.post(f"{too_much}/approval", status=422)["code"] == "ledger.insufficient"
    states = [one["state"] for one in checker.get("/v1/adjustments")["items"]]
    assert states == ["approved", "rejected", "pending"]
    assert api.balance("viewer/v1/coin") == 700


def test_erasing_a_viewer_takes_their_words_and_leaves_the_books(api: Api) -> None:
    registered(api)
    api.put("/v1/words", {"words": ["meet me"]})
    shown = api.post("/v1/tips", {**TIP, "message": "For the cat"})
    held = api.post("/v1/tips", {**TIP, "message": "Meet me at home"})
    assert (shown["message_state"], held["message_state"]) == ("shown", "held")
    assert seen(api, f"/v1/tips/{shown['tip']}")["message"] == "For the cat"
    before = [
        api.get("/v1/creators/c1/statement"),
        api.get("/v1/wallets/v1/entries"),
        seen(api, "/v1/tipping/totals", by="viewer"),
        api.get("/v1/facts", after=0, limit=200)["facts"],
    ]
    erased = api.post("/v1/viewers/v1/erasure", {"reason": "asked for it by letter"})
    assert erased["removed"] >= 2
    assert seen(api, f"/v1/tips/{shown['tip']}")["message"] is None
    after = [
        api.get("/v1/creators/c1/statement"),
        api.get("/v1/wallets/v1/entries"),
        seen(api, "/v1/tipping/totals", by="viewer"),
        api.get("/v1/facts", after=0, limit=200)["facts"][: len(before[3])],
    ]
    assert after == before
    assert api.post("/v1/tips", TIP)["balance_minor"] == 700


def test_a_gift_is_switched_off_and_on(api: Api) -> None:
    registered(api)
    api.put("/v1/gifts/rose", {"name": {"en": "Rose", "zh": "玫瑰"}, "price_minor": 10})
    rose = {"viewer": "v1", "creator": "c1", "gift": "rose"}
    api.post("/v1/tips", rose)
    for target in ("gift/rose", "creator/c1", "feature/tipping", "tenant"):
        api.put(f"/v1/switches/{target}", {"off": True, "reason": "a drill"})
        assert api.post("/v1/tips", rose, key="waits", status=422)["code"] == "switch.off", target
        api.put(f"/v1/switches/{target}", {"off": False})
    assert api.post("/v1/tips", rose, key="waits")["balance_minor"] == 980
