"""Which days are compared by themselves: those whose bill should be there, of accounts that were in use."""

from __future__ import annotations

from datetime import date

import pytest

from plaudit.features.payments.actions import exceptions
from plaudit.features.payments.model.accounts import SealedMerchant
from plaudit.features.payments.schedule import BILLS
from tests.features.payments.counter import METHODS, WORD, Counter
from tests.features.payments.shop import account_body


@pytest.fixture
def requested(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Lend what is asked for from now on: channels, and days of November."""
    found: list[tuple[str, int]] = []

    async def note(_tx: object, merchant: SealedMerchant, day: date) -> None:
        found.append((merchant.channel, day.day))

    monkeypatch.setattr(exceptions, "_enqueue", note)
    return found


async def test_the_last_days_of_an_account_that_was_taken_out_of_use_are_compared(
    counter: Counter, requested: list[tuple[str, int]]
) -> None:
    await BILLS.work(counter.house)
    assert requested == [(channel, day) for channel in METHODS for day in (19, 20, 21)]
    body = account_body(
        channel=None, name="wechat", methods=["native"], secrets={"word": WORD}, enabled=False
    )
    await counter.shop.acme.do("PUT", f"/v1/channel-accounts/{counter.accounts['wechat']}", body)
    for days, wanted in ((1, [20, 21, 22]), (1, [21, 22]), (1, [22]), (1, [])):
        counter.shop.clock.advance(days=days)
        requested.clear()
        await BILLS.work(counter.house)
        assert [day for channel, day in requested if channel == "wechat"] == wanted
        assert sum(channel == "alipay" for channel, _ in requested) == 3


async def test_a_tenant_in_trouble_keeps_no_other_from_its_bills(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await counter.shop.edge.tenant("other")
    body = account_body(channel="wechat", methods=["native"], secrets={"word": WORD})
    account = (await other.do("POST", "/v1/channel-accounts", body))["account"]
    found: list[tuple[str, int]] = []

    async def note(_tx: object, merchant: SealedMerchant, day: date) -> None:
        if merchant.tenant_id == counter.shop.tenant_id:
            message = "the first tenant is in trouble"
            raise RuntimeError(message)
        found.append((merchant.id, day.day))

    monkeypatch.setattr(exceptions, "_enqueue", note)
    await BILLS.work(counter.house)
    assert found == [(account, day) for day in (19, 20, 21)]
