"""Which account a payment goes to: by priority among those that fit, and why the others do not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from plaudit.features.payments.model.accounts import Device, SealedMerchant
from plaudit.features.payments.model.routing import Health, Reason, Scene, Wish, open_options, route
from tests.features.payments.shop import NOON

WISH = Wish(asset="CNY", amount_minor=1_200)
WECHAT = SealedMerchant(
    tenant_id=1,
    number=1,
    channel="wechat",
    name="WeChat",
    settings={},
    sealed=b"",
    secret_names=(),
    secrets_at=NOON,
    enabled=True,
    priority=10,
    assets=("CNY",),
    methods=("native", "h5", "jsapi"),
    devices=(),
    min_minor=1,
    max_minor=100_000,
    revision=1,
    saved_at=NOON,
)
ALIPAY = replace(WECHAT, number=2, channel="alipay", priority=5, methods=("page", "wap"))
SANDBOX = replace(WECHAT, number=3, channel="sandbox", priority=5, methods=("sandbox",))
SCENE = Scene(accounts=(WECHAT, ALIPAY, SANDBOX), off=frozenset(), health={})


def ways(wish: Wish, scene: Scene = SCENE) -> list[tuple[int, str]]:
    return [(one.account, one.method) for one in open_options(route(wish, scene))]


def reasons(wish: Wish, scene: Scene = SCENE) -> dict[tuple[int, str], Reason | None]:
    return {(one.account, one.method): one.reason for one in route(wish, scene)}


def test_the_lowest_priority_comes_first_then_the_older_account_then_the_channels_own_order() -> None:
    assert ways(WISH) == [(2, "page"), (2, "wap"), (3, "sandbox"), (1, "native")]
    everything = replace(WISH, has_payer_reference=True, has_payer_ip=True)
    assert ways(everything)[3:] == [(1, "native"), (1, "h5"), (1, "jsapi")]


def test_what_a_method_needs_of_the_payer_is_asked_for() -> None:
    found = reasons(WISH)
    assert (found[1, "h5"], found[1, "jsapi"]) == ("payer_ip", "payer_reference")


@pytest.mark.parametrize(
    ("device", "expected"),
    [
        ("desktop", [(2, "page"), (3, "sandbox"), (1, "native")]),
        ("mobile", [(2, "wap"), (3, "sandbox"), (1, "native"), (1, "h5")]),
        ("wechat", [(3, "sandbox"), (1, "native"), (1, "jsapi")]),
        ("app", [(3, "sandbox")]),
    ],
)
def test_each_device_has_its_ways(device: Device, expected: list[tuple[int, str]]) -> None:
    wish = replace(WISH, device=device, has_payer_reference=True, has_payer_ip=True)
    assert ways(wish) == expected


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"enabled": False}, "disabled"),
        ({"assets": ("USD",)}, "currency"),
        ({"min_minor": 1_201}, "amount"),
        ({"max_minor": 1_199}, "amount"),
        ({"devices": ("app",)}, "device"),
    ],
)
def test_an_account_that_does_not_fit_says_why(change: dict[str, Any], reason: Reason) -> None:
    scene = replace(SCENE, accounts=(replace(SANDBOX, **change),))
    assert reasons(replace(WISH, device="desktop"), scene) == {(3, "sandbox"): reason}


def test_amounts_on_the_bounds_fit() -> None:
    exact = replace(SANDBOX, min_minor=1_200, max_minor=1_200)
    assert ways(WISH, replace(SCENE, accounts=(exact,))) == [(3, "sandbox")]


@pytest.mark.parametrize("target", ["channel/sandbox", f"channel/{SANDBOX.id}"])
def test_a_switched_off_channel_or_account_is_left_out(target: str) -> None:
    off = replace(SCENE, off=frozenset({target}))
    assert reasons(WISH, off)[3, "sandbox"] == "switched_off"
    assert (2, "page") in ways(WISH, off)


def test_a_wish_for_a_method_or_an_account_leaves_out_the_others() -> None:
    assert ways(replace(WISH, method="native")) == [(1, "native")]
    assert reasons(replace(WISH, method="native"))[3, "sandbox"] == "other_method"
    assert ways(replace(WISH, account=3)) == [(3, "sandbox")]
    assert reasons(replace(WISH, account=3))[2, "page"] == "other_account"
    assert ways(replace(WISH, tried=frozenset({2, 3}))) == [(1, "native")]


@pytest.mark.parametrize(
    ("settled", "failed", "failing"),
    [(4, 4, False), (5, 2, False), (5, 3, True), (6, 3, False), (6, 4, True), (0, 0, False)],
)
def test_more_than_half_of_five_or_more_results_failed_leaves_an_account_out(
    settled: int, failed: int, failing: bool
) -> None:
    sick = replace(SCENE, health={3: Health(settled=settled, failed=failed)})
    assert (reasons(WISH, sick)[3, "sandbox"] == "failing") is failing
