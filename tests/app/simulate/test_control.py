"""The control interface, the memory across restarts, the clock file, mischief towards requests."""

from __future__ import annotations

import asyncio
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from plaudit.app.cli import cli
from plaudit.app.simulate.control import Control
from plaudit.app.simulate.house import House
from plaudit.app.simulate.mischief import Mischief
from plaudit.app.simulate.serving import MAKES
from plaudit.app.simulate.wire import Request
from tests.app.simulate.receiver import Receiver
from tests.app.simulate.wechat_merchant import WechatMerchant, merchant_of
from tests.kit.simulators import Simulator, simulator


@pytest.mark.parametrize("channel", ["wechat", "alipay"])
def test_help_shows_examples(channel: str) -> None:
    shown = CliRunner().invoke(cli, ["simulate", channel, "--help"])
    assert shown.exit_code == 0
    assert f"plaudit simulate {channel} --port" in shown.output


async def test_control_is_for_this_machine_only() -> None:
    house = House(MAKES["wechat"], address="http://x", concurrency=1, state=None, clock_file=None)
    control = Control(house)
    for client, status in (("127.0.0.1", 200), ("::1", 200), ("192.0.2.7", 403), ("", 403)):
        request = Request(
            method="GET", path="/control/figures", query="", headers={}, body=b"", client=client
        )
        assert (await control.serve(request)).status == status


@pytest.mark.parametrize(
    ("wish", "content", "status"),
    [
        ("nothing", {}, 404),
        ("pay", {"number": "NOT-THERE"}, 404),
        ("pay", {"nummer": "X"}, 400),
        ("mischief", {"lose": 2}, 400),
        ("merchants", {"fee_rate": "much"}, 400),
        ("time", {"at": "2026-11-22T02:03:04"}, 400),
        ("plantings", {"merchant": "1", "day": "2026-11-22", "kind": "missing_row", "number": "X"}, 404),
    ],
)
async def test_a_wish_that_cannot_be_granted_says_why(
    wechat: Simulator, wish: str, content: dict[str, object], status: int
) -> None:
    answer = await wechat.client.post(f"/control/{wish}", json=content)
    assert (answer.status_code, bool(answer.json()["error"])) == (status, True)


async def test_a_merchant_may_bring_what_it_has(wechat: Simulator, inbox: Receiver) -> None:
    model = (await wechat.merchant())["facts"]
    given = {"mchid": "1230000109", "appid": "wx8888888888888888", "apiv3_key": "k" * 32}
    kept = {name: model[name] for name in ("private_key", "certificate", "serial_no")}
    shop = await merchant_of(wechat, inbox.url, facts={**given, **kept}, fee_rate="1%")
    assert {name: shop.facts[name] for name in given} == given
    await shop.order("GIVEN001")
    assert (await wechat.pay("GIVEN001"))["fee_minor"] == 6
    twice = await wechat.client.post("/control/merchants", json={"facts": {**given, **kept}})
    assert twice.status_code == 400


async def test_everything_goes_on_after_a_restart(tmp_path: Path, inbox: Receiver) -> None:
    state = tmp_path / "wechat.json"
    inbox.answer = lambda _received: (500, b"")
    async with simulator("wechat", tmp_path, "--state", str(state)) as wechat:
        shop = await merchant_of(wechat, inbox.url)
        await shop.order("STAYS001")
        await wechat.pay("STAYS001")
        await wechat.flush()
        assert await wechat.end(signal.SIGTERM) == 0
    assert state.stat().st_mode & 0o077 == 0
    inbox.answer = lambda _received: (200, b"")
    async with simulator("wechat", tmp_path, "--state", str(state)) as wechat:
        again = WechatMerchant(wechat, shop.facts, shop.notify_url)
        assert (await again.query("STAYS001"))["trade_state"] == "SUCCESS"
        await wechat.drive(advance_s=16)
        for _ in range(100):
            if (await wechat.callbacks())[0]["state"] == "done":
                break
            await asyncio.sleep(0.05)
        assert [one["outcome"] for one in (await wechat.callbacks())[0]["attempts"]] == ["500", "200"]
        assert (await wechat.figures())["balances_minor"] == {shop.facts["mchid"]: 596}


async def test_the_clock_file_drives_simulator_and_schedule(tmp_path: Path, inbox: Receiver) -> None:
    clock = tmp_path / "clock"
    inbox.answer = lambda _received: (500, b"")
    async with simulator("wechat", tmp_path, "--clock-file", str(clock)) as wechat:
        shop = await merchant_of(wechat, inbox.url)
        await shop.order("CLOCKED1")
        await wechat.pay("CLOCKED1")
        await wechat.flush()
        clock.write_text("+3600")
        for _ in range(100):
            if len(inbox.callbacks) > 1:
                break
            await asyncio.sleep(0.05)
        assert len(inbox.callbacks) == 2
        told = datetime.fromisoformat((await wechat.ask("time"))["now"])
        assert timedelta(minutes=59) < told - datetime.now(UTC) < timedelta(minutes=61)


async def test_requests_are_lost_before_or_after_they_are_done(wechat: Simulator, inbox: Receiver) -> None:
    shop = await merchant_of(wechat, inbox.url)
    await wechat.mischief(request_lose=1)
    with pytest.raises(httpx.RemoteProtocolError):
        await shop.order("LOSTASK1")
    await wechat.mischief(answer_lose=1)
    with pytest.raises(httpx.RemoteProtocolError):
        await shop.order("LOSTTOLD")
    await wechat.mischief(error=1)
    broken = await shop.send("GET", "/v3/certificates", verify=False)
    assert (broken.status_code, broken.json()["code"]) == (500, "SYSTEM_ERROR")
    await wechat.mischief()
    assert (await shop.query("LOSTASK1"))["code"] == "ORDER_NOT_EXIST"
    assert (await shop.query("LOSTTOLD"))["trade_state"] == "NOTPAY"


async def test_answers_are_delayed(wechat: Simulator, inbox: Receiver) -> None:
    shop = await merchant_of(wechat, inbox.url)
    await wechat.mischief(answer_delay=1, answer_delay_ms=60_000)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await shop.query("DELAYED1")


def test_mischief_is_drawn_from_the_name_and_not_from_the_order_of_events() -> None:
    names = [f"callback-{place}" for place in range(4_000)]
    mischief = Mischief(seed=1, lose=0.05)
    struck = {name for name in names if mischief.strikes("lose", name=name)}
    assert struck == {name for name in reversed(names) if mischief.strikes("lose", name=name)}
    assert 150 < len(struck) < 250
    assert struck != {name for name in names if Mischief(seed=2, lose=0.05).strikes("lose", name=name)}
    assert not any(Mischief(seed=1).strikes("lose", name=name) for name in names)
