"""Switches and freezes as staff sets them."""

from __future__ import annotations

import pytest

from tests.app.edge import Caller, problem

pytestmark = pytest.mark.anyio


async def test_switches_are_named_in_the_path(acme: Caller) -> None:
    for target in ("tenant", "feature/tipping", "gift/rose"):
        flipped = await acme.do("PUT", f"/v1/switches/{target}", {"off": True, "reason": "a drill"})
        assert (flipped["target"], flipped["off"], flipped["revision"]) == (target, True, 1)
    credit = {"asset": "coin", "amount_minor": 1}
    stopped = await acme.send("POST", "/v1/wallets/v1/credits", credit)
    assert problem(stopped, 422, "switch.off")["target"] == "tenant"
    await acme.do("PUT", "/v1/switches/tenant", {"off": False})
    await acme.do("POST", "/v1/wallets/v1/credits", credit)
    listed = (await acme.get("/v1/switches"))["items"]
    assert [(one["target"], one["off"]) for one in listed] == [
        ("feature/tipping", True),
        ("gift/rose", True),
        ("tenant", False),
    ]
    for target in ("galaxy", "gift", "gift/a/b", "feature/nothing"):
        answer = await acme.send("PUT", f"/v1/switches/{target}", {"off": True})
        assert problem(answer, 400, "switch.target"), target


async def test_freezes_are_named_by_address(acme: Caller) -> None:
    path = "/v1/freezes/viewer/v1/coin"
    done = await acme.do("PUT", path, {"freeze": "all", "reason": "under review"})
    assert (done["address"], done["freeze"]) == ("viewer/v1/coin", "all")
    credit = await acme.send("POST", "/v1/wallets/v1/credits", {"asset": "coin", "amount_minor": 1})
    assert problem(credit, 422, "account.frozen")
    assert [one["freeze"] for one in (await acme.get("/v1/freezes"))["items"]] == ["all"]
    assert problem(await acme.send("PUT", path, {"freeze": "some"}), 400, "body.invalid")
    assert problem(await acme.send("PUT", "/v1/freezes/viewer/v1", {"freeze": "all"}), 404, "account.unknown")
