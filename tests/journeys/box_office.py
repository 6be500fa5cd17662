"""What the books of a show must say when it is over: by buyer, offer, organiser and board."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Final

from tests.journeys.season import SHOW, Season
from tests.journeys.stage import Json

__all__ = ["the_boards_say", "the_books_say"]

_PLACES: Final = ("stock", "waiting", "pledged", "sold")


async def the_books_say(season: Season) -> dict[str, int]:
    """Settle with the organiser, and find every unit that was paid; return the sums."""
    desk = season.desk
    lost = await every_buyer_has_what_he_paid_for(season)
    takings = sum(one.worth_minor + one.forfeited_minor for one in season.buyers)
    assert await desk.balance(f"show/{SHOW}/takings/CNY") == takings
    settled = await desk.post(f"/v1/shows/{SHOW}/settle", {"asset": "CNY"}, key="settle")
    assert settled["takings_minor"] == takings
    organiser = await desk.balance("creator/aurora/earnings/CNY")
    commission = await desk.balance("platform/revenue/CNY")
    assert commission == takings * 12 // 100
    assert (organiser, commission) == (settled["organiser_minor"], settled["commission_minor"])
    (account,) = (await desk.get("/v1/channel-accounts"))["items"]
    came = sum(one.came_minor for one in season.buyers)
    went = sum(one.went_back_minor for one in season.buyers)
    assert -await desk.balance(f"channel/{account['account']}/CNY") == came - went
    for empty in (f"show/{SHOW}/takings/CNY", f"show/{SHOW}/deposits/CNY", "clearing/CNY", "losses/CNY"):
        assert await desk.balance(empty) == 0, empty
    for one in (await desk.get("/v1/subscriptions"))["items"]:
        assert not one["dead_letters"], one
    await every_seat_is_somewhere(season)
    await rewards_stand(season)
    return {
        "came_minor": came,
        "went_back_minor": went,
        "forfeited_minor": sum(one.forfeited_minor for one in season.buyers),
        "takings_minor": takings,
        "organiser_minor": organiser,
        "commission_minor": commission,
        "unsettled_minor": takings - organiser - commission,
        "lost_minor": lost,
    }


async def every_buyer_has_what_he_paid_for(season: Season) -> int:
    """Compare what each paid with what he holds, had back, and forfeited; return the sum of differences."""
    desk = season.desk
    back: Counter[str] = Counter()
    for refund in await desk.pages("/v1/refunds"):
        assert refund["state"] == "succeeded", refund
        back[refund["payment"]] += refund["amount_minor"]
    forfeited = {
        fact["data"]["viewer"]: fact["data"]["forfeited_minor"]
        for fact in await desk.facts("ticket.forfeited")
    }
    lost = 0
    for one in season.buyers:
        if not one.order:
            continue
        seen = await season.seen(one)
        holds = sum(prices_of(seen)[: len(seen["tickets"])])
        found = (holds, sum(back[payment] for payment in one.payments), forfeited.get(one.name, 0))
        assert found == (one.worth_minor, one.went_back_minor, one.forfeited_minor), (one, found, seen)
        assert len(seen["tickets"]) == one.seats, (one, seen)
        lost += abs(one.came_minor - sum(found))
    assert lost == 0
    return lost


def prices_of(order: Json) -> list[int]:
    """Return the price of each seat of an order; those that go back are taken from the end."""
    return [line["price_minor"] for line in order["lines"] for _ in range(line["quantity"])]


async def every_seat_is_somewhere(season: Season) -> None:
    """Find each offer's seats: they come to its stock, none is held, and who kept one has it."""
    desk = season.desk
    kept: Counter[str] = Counter()
    for one in season.buyers:
        kept[one.offer] += one.seats
    for offer in (await desk.get(f"/v1/shows/{SHOW}/offers"))["items"]:
        name = offer["offer"]
        seats = {place: await desk.balance(f"offer/{name}/{place}/seat") for place in _PLACES}
        held = {
            place: await desk.balance(f"held/offer/{name}/{place}/seat") for place in ("stock", "waiting")
        }
        assert sum(seats.values()) + sum(held.values()) == offer["stock"], (name, seats, held)
        assert -await desk.balance(f"offer/{name}/issued/seat") == offer["stock"], name
        assert (seats["sold"], seats["pledged"], set(held.values())) == (kept[name], 0, {0}), (name, seats)


async def rewards_stand(season: Season) -> None:
    """Both sides of an invitation have their reward while the friend's ticket stands."""
    coins: dict[str, int] = defaultdict(int)
    points: dict[str, int] = defaultdict(int)
    friends = [one for one in season.buyers if "invitation" in one.wants]
    inviters = {
        fact["data"]["invitation"]: fact["data"]["viewer"]
        for fact in await season.desk.facts("invitation.opened")
    }
    for one in season.buyers:
        if one.offer == "floor":
            coins[one.name] += 100 * one.seats
    for one in friends:
        coins[inviters[one.wants["invitation"]]] += 50 * one.seats
        points[one.name] += 20 * one.seats
    for one in season.buyers:
        wallet = (
            await season.desk.coins(one.name),
            await season.desk.balance(f"viewer/{one.name}/points"),
        )
        assert wallet == (coins[one.name], points[one.name]), one
    totals = await season.desk.get("/v1/invitation-totals")
    standing = sum(one.seats for one in friends)
    assert (totals["rewarded"], totals["reversed"], totals["refused"]) == (
        standing,
        len(friends) - standing,
        0,
    )


async def the_boards_say(season: Season) -> None:
    """Funnel and board agree with who looked, ordered and paid, and with the ledger."""
    ordered = [one for one in season.buyers if one.order]
    looked = [one for one in season.buyers if one.offer and not one.name.startswith("waiting-")]
    funnel = await season.desk.get(f"/v1/shows/{SHOW}/funnel?by=campaign")
    for line in funnel["items"]:
        of = [one for one in ordered if one.wants.get("campaign") == line["key"]]
        paid = [one for one in of if one.came_minor and not one.name.startswith("too-late-")]
        views = sum(one.wants.get("campaign") == line["key"] for one in looked)
        found = (line["views"], line["visitors"], line["clicks"], line["orders"], line["paid_orders"])
        assert found == (views, views, views, len(of), len(paid)), line
    board = await season.desk.get(f"/v1/shows/{SHOW}/board")
    (money,) = board["money"]
    takings = sum(one.worth_minor + one.forfeited_minor for one in season.buyers)
    stands = (money["takings_minor"], money["deposits_minor"], money["balances_due"])
    assert stands == (takings, 0, 0), (takings, money)
    assert money["forfeited_minor"] == sum(one.forfeited_minor for one in season.buyers)
    assert board["seats"]["sold"] == sum(one.seats for one in season.buyers)
    assert (board["seats"]["held"], board["seats"]["offered"], board["seats"]["pledged"]) == (0, 0, 0)
    for offer in board["offers"]:
        sold = await season.desk.balance(f"offer/{offer['offer']}/sold/seat")
        assert offer["seats"]["sold"] == sold, offer
