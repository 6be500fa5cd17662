"""What the page of invitations tells by example is what happens."""

from __future__ import annotations

import pytest

from plaudit.core.ledger.book import Account, Book
from plaudit.core.ledger.debts import losses_of, take_what_is_there
from plaudit.features.invitations.model.tickets import REASONS
from plaudit.vocabulary import chart
from tests.features.examples import FOLDER, table
from tests.features.invitations.stage import NOON, Stage

pytestmark = pytest.mark.anyio

PAGE = "invitations.md"
WALLET = chart.viewer_wallet(viewer="ann", asset="coin")
DEBT = chart.viewer_debt(viewer="ann", asset="coin")
ISSUANCE = chart.issuance(asset="coin")


async def test_a_day_goes_as_the_page_says(stage: Stage) -> None:
    await stage.rule(per_day_max=2)
    link = await stage.holder("ann")
    await stage.buys("ann", show="summer", instrument="card-9")
    orders: dict[str, int] = {}
    seen = 0
    for row in table(PAGE, "a day of ann's"):
        friend, event = row["friend"], row["what happens"]
        if event == "is refunded":
            await stage.refund(orders[friend], friend)
        else:
            instrument = event.removeprefix("pays with ")
            orders[friend] = await stage.buys(friend, link, instrument=instrument)
        codes = await stage.codes()
        assert codes[seen:] == ([row["code"]] if row["code"] else []), row
        seen = len(codes)
        assert await stage.balance("ann") == int(row["ann's coins"]), row
        assert await stage.balance(friend, "points") == int(row["friend's points"]), row


@pytest.mark.parametrize("row", table(PAGE, "a reward of 50 is taken back"))
def test_a_reward_is_taken_back_as_the_page_says(row: dict[str, str]) -> None:
    balances = {
        WALLET: int(row["wallet holds"]),
        DEBT: -int(row["owed before"]),
        ISSUANCE: -50,
        losses_of(WALLET): 0,
    }
    accounts = {
        address: Account(number, address, "coin", None, 0, balance)
        for number, (address, balance) in enumerate(balances.items())
    }
    done = take_what_is_there(
        Book(accounts=accounts, counters={}, holds={}, now=NOON),
        wallet=WALLET,
        debt=DEBT if row["shortfall"] == "debt" else None,
        destination=ISSUANCE,
        amount_minor=50,
        debt_limit_minor=int(row["limit"]),
    )
    assert (done.taken_minor, done.owed_minor, done.lost_minor) == (
        int(row["taken"]),
        int(row["owed for it"]),
        int(row["lost"]),
    )


def test_every_code_is_on_the_page_and_has_its_words() -> None:
    text = (FOLDER / PAGE).read_text()
    for code, reason in REASONS.items():
        assert f"`{code}`" in text
        assert reason.en.endswith(".")
        assert reason.zh.endswith("。")
