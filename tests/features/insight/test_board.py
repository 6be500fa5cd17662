"""The board tells what the ledger holds, and why money goes back."""

from __future__ import annotations

from typing import Any

from plaudit.vocabulary import chart
from tests.app.edge import problem
from tests.features.insight.box_office import BoxOffice
from tests.features.insight.desk import ASSET


async def assert_as_the_ledger(office: BoxOffice, board: Any) -> None:  # noqa: ANN401 - JSON
    """Check a board's seats and money against the accounts of its offers and its show."""
    for offer in board["offers"]:
        name, seats = offer["offer"], offer["seats"]
        stock = chart.offer_stock(offer=name)
        assert seats["total"] == -await office.balance(chart.offer_issued(offer=name))
        assert seats["left"] == await office.balance(stock)
        assert seats["held"] == await office.balance(chart.held(stock))
        assert seats["offered"] == await office.balance(chart.held(chart.offer_waiting(offer=name)))
        assert seats["pledged"] == await office.balance(chart.offer_pledged(offer=name))
        assert seats["sold"] == await office.balance(chart.offer_sold(offer=name))
        for state in ("held", "pledged", "sold", "back"):
            assert seats[state] == sum(step[state] for step in offer["steps"])
    takings = sum(one["takings_minor"] for one in board["money"])
    deposits = sum(one["deposits_minor"] for one in board["money"])
    assert takings == await office.balance(chart.show_takings(show=board["show"], asset=ASSET))
    assert deposits == await office.balance(chart.show_deposits(show=board["show"], asset=ASSET))
    for kind in ("takings_minor", "deposits_minor", "paid_minor", "refunded_minor", "forfeited_minor"):
        steps = [step["money"][kind] for offer in board["offers"] for step in offer["steps"]]
        assert sum(steps) == sum(one[kind] for one in board["money"])
        assert sum(steps) == sum(one[kind] for zone in board["zones"] for one in zone["money"])


async def test_the_sums_of_a_sale_are_those_of_the_ledger(office: BoxOffice) -> None:
    await office.offer("vip", zone="vip", seats=20, prices=(9_900, 12_900))
    await office.offer("floor", seats=100, prices=(5_000,))
    checks = 0

    async def check() -> None:
        nonlocal checks
        await assert_as_the_ledger(office, await office.board())
        checks += 1

    await office.sell("vip", (0, 2, 9_900), (1, 1, 12_900))
    await check()
    refunded = await office.sell("floor", (0, 3, 5_000), viewer="v2")
    await office.refund(refunded, seats=1, amount_minor=5_000)
    await check()
    left = await office.order("floor", (0, 4, 5_000), viewer="v3")
    await check()
    await office.end(left)
    await check()
    late = await office.order("floor", (0, 1, 5_000), viewer="v4")
    await office.end(late)
    await office.pay(late)
    await office.issue(late, late=True)
    await check()
    for paid_up in (True, False):
        sale = await office.order("vip", (0, 1, 9_900), (1, 2, 12_900), viewer="v5", deposit_minor=3_000)
        await office.pay(sale)
        await office.deposit(sale)
        await check()
        if paid_up:
            await office.pay(sale)
            await office.issue(sale)
        else:
            await office.forfeit(sale, forfeited_minor=2_000)
        await check()
    await office.offer_seats("floor", 2)
    await check()
    assert checks == 10
    assert await office.differing() == []


async def test_seats_and_money_stand_at_their_step_zone_and_hour(office: BoxOffice) -> None:
    await office.offer("vip", zone="vip", seats=20, prices=(9_900, 12_900))
    await office.sell("vip", (0, 2, 9_900), (1, 1, 12_900))
    office.clock.advance(hours=2)
    held = await office.order("vip", (1, 3, 12_900), viewer="v2")
    board = await office.board(zone="tenant")
    (offer,) = board["offers"]
    first, second = offer["steps"]
    assert (first["step"], first["price_minor"], first["sold"]) == (0, 9_900, 2)
    assert (second["price_minor"], second["sold"], second["held"]) == (12_900, 1, 3)
    assert (first["money"]["paid_minor"], second["money"]["paid_minor"]) == (19_800, 12_900)
    (zone,) = board["zones"]
    assert (zone["zone"], zone["seats"]["left"]) == ("vip", 20 - 3 - held.quantity)
    hours = [(one["hour"], one["orders"], one["seats"], one["money_minor"]) for one in board["hours"]]
    assert hours == [
        ("2026-11-22T12:00:00.000000Z", 1, 3, 32_700),
        ("2026-11-22T14:00:00.000000Z", 1, 0, 0),
    ]
    # The hours are those of UTC; by the clocks of Kolkata they begin at half past.
    assert [one["local_hour"] for one in board["hours"]] == [
        "2026-11-22T17:30:00+05:30",
        "2026-11-22T19:30:00+05:30",
    ]
    assert {one["local_hour"] for one in (await office.board())["hours"]} == {None}


async def test_a_refund_is_divided_among_the_lines_without_a_rest(office: BoxOffice) -> None:
    await office.offer("vip", seats=20, prices=(100, 101, 1))
    sale = await office.sell("vip", (0, 1, 100), (1, 1, 101), (2, 1, 1))
    for amount in (33, 33, 33, 103):
        await office.refund(sale, seats=0, amount_minor=amount)
        await assert_as_the_ledger(office, await office.board())
    board = await office.board()
    refunded = [step["money"]["refunded_minor"] for step in board["offers"][0]["steps"]]
    assert refunded == [100, 101, 1]
    assert board["money"][0]["refund_basis_points"] == 10_000


async def test_payments_are_told_by_method_and_only_those_of_the_show(office: BoxOffice) -> None:
    await office.announce("spring")
    await office.offer("vip", seats=20, prices=(9_900,))
    await office.offer("lawn", seats=20, prices=(100,), show="spring")
    sale = await office.order("vip", (0, 1, 9_900))
    await office.fail(sale)
    await office.pay(sale)
    await office.sell("lawn", (0, 1, 100), show="spring")
    (method,) = (await office.board())["methods"]
    assert (method["channel"], method["method"], method["asset"]) == ("wechat", "native", "CNY")
    assert (method["attempted"], method["succeeded"], method["failed"]) == (2, 1, 1)
    assert (method["success_basis_points"], method["succeeded_minor"]) == (5_000, 9_900)
    assert method["reasons"] == {"bank_declined": 1}


async def test_the_balance_of_a_deposit_is_a_payment_of_the_show(office: BoxOffice) -> None:
    await office.offer("vip", seats=20, prices=(9_900,))
    sale = await office.order("vip", (0, 1, 9_900), deposit_minor=2_000)
    await office.pay(sale)
    await office.deposit(sale)
    money = (await office.board())["money"][0]
    assert (money["deposits_minor"], money["takings_minor"]) == (2_000, 0)
    assert (money["balance_due_minor"], money["balances_due"]) == (7_900, 1)
    office.clock.advance(hours=3)
    await office.pay(sale)
    await office.issue(sale)
    board = await office.board()
    money = board["money"][0]
    assert (money["deposits_minor"], money["takings_minor"], money["balances_due"]) == (0, 9_900, 0)
    assert [one["money_minor"] for one in board["hours"]] == [2_000, 7_900]
    assert [one["paid_orders"] for one in board["hours"]] == [1, 0]
    assert [one["seats"] for one in board["hours"]] == [0, 1]
    assert board["methods"][0]["succeeded"] == 2


async def test_a_deposit_that_has_gone_back_has_no_balance_due(office: BoxOffice) -> None:
    await office.offer("vip", seats=20, prices=(9_900,))
    sale = await office.order("vip", (0, 1, 9_900), deposit_minor=2_000)
    await office.pay(sale)
    await office.deposit(sale)
    await office.refund(sale, seats=1, amount_minor=2_000, pledged=True)
    money = (await office.board())["money"][0]
    assert (money["balance_due_minor"], money["balances_due"]) == (0, 0)
    assert (money["paid_minor"], money["refunded_minor"], money["deposits_minor"]) == (2_000, 2_000, 0)


async def test_groups_are_open_filled_or_failed(office: BoxOffice) -> None:
    await office.offer("vip", seats=20, prices=(9_900,))

    async def member(group: str, *, opens: bool = False) -> Any:  # noqa: ANN401 - a sale
        sale = await office.order("vip", (-1, 1, 7_900), group=group, opens_group=opens)
        await office.pay(sale)
        return sale

    for ending in ("filled", "failed", None):
        group = f"grp_{ending}"
        first = await member(group, opens=True)
        await office.pledge(first, group=group, paid=1, size=2)
        second = await member(group)
        await office.pledge(second, group=group, paid=2, size=2)
        if ending is not None:
            await office.end_group(first, group=group, filled=ending == "filled", paid=2, size=2)
        for sale in (first, second):
            if ending == "filled":
                await office.issue(sale)
            elif ending == "failed":
                await office.leave(sale, group=group)
                await office.revoke(sale, "group.failed")
                await office.refund(sale, seats=0, amount_minor=7_900, cause="revoked", pledged=True)
    board = await office.board()
    assert board["groups"] == {"open": 1, "filled": 1, "failed": 1}
    assert (board["seats"]["sold"], board["seats"]["pledged"], board["seats"]["back"]) == (2, 2, 0)
    await assert_as_the_ledger(office, board)
    refunds = {(one["stage"], one["reason"]): one["count"] for one in board["refunds"]}
    assert refunds == {("asked", "revoked"): 2, ("refunded", "revoked"): 2, ("revoked", "group.failed"): 2}
    assert await office.differing() == []


async def test_seats_for_the_waiting_list_are_held_until_they_are_taken(office: BoxOffice) -> None:
    await office.offer("vip", seats=2, prices=(9_900,))
    offered = await office.offer_seats("vip", 2)
    assert (await office.board())["seats"]["offered"] == 2
    await office.order("vip", (0, 2, 9_900), viewer="v9", waiting=offered)
    board = await office.board()
    assert (board["seats"]["offered"], board["seats"]["held"], board["seats"]["left"]) == (0, 2, 0)
    await assert_as_the_ledger(office, board)


async def test_the_board_is_a_sheet_as_well(office: BoxOffice) -> None:
    await office.offer("vip", zone="vip", seats=20, prices=(9_900,))
    await office.sell("vip", (0, 2, 9_900))
    await office.caught_up()
    answer = await office.acme.send("GET", "/v1/shows/winter/board.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="board-winter.csv"'
    head, line = (row.split(",") for row in answer.text.splitlines())
    row = dict(zip(head, line, strict=True))
    assert (row["zone"], row["offer"], row["step"], row["sold"]) == ("vip", "vip", "0", "2")
    assert (row["price_minor"], row["takings_minor"]) == ("9900", "19800")


async def test_a_show_that_there_is_not_and_a_span_that_cannot_be(office: BoxOffice) -> None:
    for path in ("board", "board.csv", "board/stream", "funnel", "funnel.csv"):
        problem(await office.acme.send("GET", f"/v1/shows/summer/{path}"), 404, "show.unknown")
    for query, code in (
        ("from=2026-11-22T00:00:00Z&until=2026-11-21T00:00:00Z", "span.invalid"),
        ("from=2026-01-22T00:00:00Z&until=2026-11-21T00:00:00Z", "span.invalid"),
        ("from=yesterday", "query.invalid"),
    ):
        for path in ("board", "funnel"):
            answer = await office.acme.send("GET", f"/v1/shows/winter/{path}?{query}")
            problem(answer, 400, code)
