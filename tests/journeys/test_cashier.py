"""A viewer pays at the cashier, in a real browser."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.journeys.stage import Api
from tests.kit.browser import browser, browser_here

pytestmark = pytest.mark.timeout(300)

PACK = {"price_asset": "CNY", "price_minor": 1_200, "asset": "coin", "amount_minor": 120, "on_sale": True}
WAIT_S = 20.0


@pytest.fixture(scope="module")
def window() -> Iterator[Chrome]:
    browser_here()
    with browser(language="en-US") as window:
        yield window


@pytest.fixture
def cashier(api: Api) -> Callable[[str], dict[str, Any]]:
    """Open a payment of 12.00 CNY for 120 coins at the sandbox, for a viewer."""
    account = {
        "channel": "sandbox",
        "name": "Sandbox",
        "secrets": {"signing_key": "s" * 32},
        "assets": ["CNY"],
        "methods": ["sandbox"],
    }
    api.post("/v1/channel-accounts", account)
    api.put("/v1/packs/small", PACK)

    def opened(viewer: str) -> dict[str, Any]:
        due = api.post("/v1/topups", {"viewer": viewer, "pack": "small"})["due"]
        payment: dict[str, Any] = api.post("/v1/payments", {"due": due})
        return payment

    return opened


def shows(window: Chrome, state: str) -> str:
    """Wait until the page says this state by itself, and return its words."""

    def said(_: Chrome) -> str | bool:
        try:
            status = window.find_element(By.ID, "status")
            return status.text if status.get_attribute("data-state") == state else False
        except StaleElementReferenceException:
            return False

    return str(WebDriverWait(window, WAIT_S).until(said))


def choose(window: Chrome, way: str) -> None:
    window.find_element(By.CSS_SELECTOR, f'[data-way="{way}"]').click()


def play(window: Chrome, act: str) -> None:
    """Press one of the sandbox's buttons once it is there: the page may draw it anew meanwhile."""

    def pressed(_: Chrome) -> bool:
        try:
            window.find_element(By.CSS_SELECTOR, f'#sandbox:not([hidden]) [data-act="{act}"]').click()
        except (NoSuchElementException, StaleElementReferenceException):
            return False
        return True

    WebDriverWait(window, WAIT_S).until(pressed)


def coins(api: Api, viewer: str) -> int:
    wallet = api.get(f"/v1/wallets/{viewer}")
    return sum(one["balance_minor"] for one in wallet["balances"] if one["asset"] == "coin")


def becomes(read: Callable[[], Any], wanted: object) -> None:
    deadline = time.monotonic() + WAIT_S
    while read() != wanted:
        assert time.monotonic() < deadline, (read(), wanted)
        time.sleep(0.1)


def test_a_viewer_pays_and_the_page_follows(
    api: Api, window: Chrome, cashier: Callable[[str], dict[str, Any]]
) -> None:
    payment = cashier("v1")
    window.get(payment["cashier_url"])
    assert window.find_element(By.ID, "amount").text == "12.00 CNY"
    assert window.find_element(By.ID, "deadline").text.startswith("Pay within ")
    first = window.find_element(By.ID, "deadline").text
    WebDriverWait(window, 5).until(lambda _: window.find_element(By.ID, "deadline").text != first)
    choose(window, "sandbox/sandbox")
    assert shows(window, "processing") == "Waiting for your payment."
    play(window, "pay")
    assert shows(window, "succeeded") == "Paid. Thank you!"
    becomes(lambda: coins(api, "v1"), 120)
    assert window.get_log("browser") == []  # type: ignore[no-untyped-call]


def test_in_chinese(window: Chrome, cashier: Callable[[str], dict[str, Any]]) -> None:
    payment = cashier("v2")
    window.get(payment["cashier_url"] + "?lang=zh")
    assert window.find_element(By.ID, "deadline").text.startswith("请在此时间内支付")
    choose(window, "sandbox/sandbox")
    play(window, "pay")
    assert shows(window, "succeeded") == "支付成功，谢谢！"
    window.find_element(By.ID, "language").click()
    assert window.find_element(By.ID, "status").text == "Paid. Thank you!"


def test_a_payment_that_fails_may_be_tried_again(
    api: Api, window: Chrome, cashier: Callable[[str], dict[str, Any]]
) -> None:
    payment = cashier("v3")
    window.get(payment["cashier_url"])
    choose(window, "sandbox/sandbox")
    play(window, "fail")
    assert shows(window, "failed").startswith("The payment did not go through.")
    assert coins(api, "v3") == 0
    choose(window, "sandbox/sandbox")
    shows(window, "processing")
    play(window, "pay")
    shows(window, "succeeded")
    becomes(lambda: coins(api, "v3"), 120)


@pytest.mark.parametrize(
    ("act", "after"),
    [
        ("pay_late", ("closed", 0)),
        ("pay_twice", ("succeeded", 120)),
        ("pay_other_amount", ("failed", 0)),
    ],
)
def test_what_is_not_ours_to_keep_goes_back_by_itself(
    api: Api,
    window: Chrome,
    cashier: Callable[[str], dict[str, Any]],
    *,
    act: str,
    after: tuple[str, int],
) -> None:
    ends, credited = after
    viewer = act.replace("_", "-")
    payment = cashier(viewer)
    window.get(payment["cashier_url"])
    choose(window, "sandbox/sandbox")
    shows(window, "processing")
    play(window, act)

    def refunds() -> list[tuple[str, str]]:
        items = api.get("/v1/refunds")["items"]
        return [(one["cause"], one["state"]) for one in items if one["payment"] == payment["payment"]]

    cause = {"pay_late": "late", "pay_twice": "double", "pay_other_amount": "amount"}[act]
    becomes(refunds, [(cause, "succeeded")])
    shows(window, ends)
    becomes(lambda: coins(api, viewer), credited)


def test_a_link_that_is_not_ours_opens_nothing(
    api: Api, window: Chrome, cashier: Callable[[str], dict[str, Any]]
) -> None:
    url = cashier("v4")["cashier_url"]
    forged = url[:-1] + ("0" if url[-1] != "0" else "1")
    window.get(forged)
    assert "payment.unknown" in window.page_source
    assert window.find_elements(By.ID, "amount") == []
    assert api.get("/v1/payments", payer="v4")["items"][0]["state"] == "pending"
