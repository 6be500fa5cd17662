"""What the page of insight tells by example is what happens."""

from __future__ import annotations

import pytest

from plaudit.features.insight.model import Campaign, campaign_text
from tests.features.examples import table
from tests.features.insight.box_office import BoxOffice

PAGE = "insight.md"


@pytest.mark.parametrize("row", table(PAGE, "under which name a campaign is counted"))
def test_a_campaign_is_counted_as_the_page_says(row: dict[str, str]) -> None:
    named = Campaign(source=row["source"], medium=row["medium"], campaign=row["campaign"])
    assert (campaign_text(named) or "none") == row["counted as"]


async def test_an_order_adds_to_the_board_what_the_page_says(office: BoxOffice) -> None:
    await office.offer("vip", seats=20, prices=(9_900, 12_900))
    sale = await office.order("vip", (0, 2, 9_900), (1, 1, 12_900), deposit_minor=3_000)
    for row in table(PAGE, "what an order adds, at two steps"):
        if row["after"] == "ticket.deposited":
            await office.pay(sale)
            await office.deposit(sale)
        elif row["after"] == "ticket.issued":
            office.clock.advance(hours=3)
            await office.pay(sale)
            await office.issue(sale)
        elif row["after"].startswith("ticket.refunded"):
            await office.refund(sale, seats=1, amount_minor=9_900)
        board = await office.board()
        seats, money = board["seats"], board["money"][0]
        told = [seats["held"], seats["pledged"], seats["sold"]]
        told += [money["deposits_minor"], money["takings_minor"], money["balance_due_minor"]]
        assert [str(one) for one in told] == list(row.values())[1:], row
    first, later = board["hours"]
    assert (first["orders"], first["paid_orders"], first["money_minor"]) == (1, 1, 3_000)
    assert (later["seats"], later["money_minor"]) == (3, 29_700)
