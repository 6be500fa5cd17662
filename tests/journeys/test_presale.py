"""A show from its announcement to its settlement, in the time of a minute; the server is killed twice."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from tests.app.simulate.receiver import receiver
from tests.features.notifications.mailbox import open_mailbox
from tests.journeys.box_office import the_boards_say, the_books_say
from tests.journeys.commands import plaudit
from tests.journeys.doors import Doors
from tests.journeys.letterbox import Letterbox
from tests.journeys.playbill import EARLY, Cast, N, announced, cast_of, looked
from tests.journeys.season import SHOW, Buyer, Season
from tests.journeys.stage import Json
from tests.journeys.town import Town, town
from tests.kit.figures import tell
from tests.kit.scale import by_scale
from tests.kit.servers import DatabaseUrls

pytestmark = pytest.mark.timeout(by_scale(small=300, proof=2_400))


@pytest.fixture
async def place(database: DatabaseUrls, tmp_path: Path) -> AsyncIterator[Town]:
    async with town(database=database, folder=tmp_path, channels=(), tenant_count=2) as place:
        yield place


async def test_a_whole_show(place: Town) -> None:
    began = time.perf_counter()
    desk = place.desk(place.tenants[0], connections=16)
    season = Season(place, desk, place.now)
    async with open_mailbox() as mailbox, receiver() as platform:
        letters = Letterbox(mailbox, platform)
        await letters.opens(season)
        await announced(season)
        cast = cast_of(season)
        await letters.knows(season, season.buyers)
        await presale(season, cast)
        await deadlines(season, cast)
        friends = await sale(season, cast, letters)
        await second_thoughts(season, cast, letters, friends)
        await balances(season, cast)
        doors = Doors(season, place.desk(place.tenants[1]))
        await evening(season, cast, doors)
        settled = await the_books_say(season)
        await the_boards_say(season)
        told = await letters.told(season)
    for words in (("doctor",), ("rebuild", "--check")):
        done = await asyncio.to_thread(plaudit, *words, **place.environ)
        assert done.returncode == 0, (words, done.stdout[-4000:], done.stderr[-4000:])
    assert (told["doubled"], told["missing"]) == (0, 0), told
    tell(
        name="presale",
        buyers=len(season.buyers),
        kills=season.kills,
        **told,
        **settled,
        hooks_asked=doors.asked,
        seconds=round(time.perf_counter() - began, 1),
    )


async def presale(season: Season, cast: Cast) -> None:
    """Sell in the first hour, by all that there is, while the server is killed."""
    paying = [*cast.keep, *cast.two, *cast.return_it, *cast.hand_on, *cast.deposits, *cast.front]
    looking = [one for one in season.buyers if one not in cast.waiting]

    async def comes(one: Buyer) -> None:
        await season.orders(one)
        if one in cast.leave or one in cast.give_up:
            return
        await season.opens(one)
        if one not in cast.late and one not in cast.too_late:
            await season.acts(one)

    wave = [*paying, *cast.leave, *cast.give_up, *cast.late, *cast.too_late]
    await looked(season, looking)
    await season.each(comes, wave, kill_at=len(wave) // 2)
    await looked(season, looking)  # what the killed server had not written; told again it counts once
    await grouped(season, cast)
    for one in cast.give_up:
        await season.desk.post(f"/v1/ticket-orders/{one.order}/cancel", key=f"{one.name}-cancel")
    await season.settled()
    assert await season.states(cast.deposits) == {"pledged"}
    for one in [*cast.keep, *cast.two, *cast.return_it, *cast.hand_on, *cast.front, *cast.full]:
        one.has_it()
    for one in cast.leaver:
        if one.seats == 0 and not one.went_back_minor:
            one.has_it()
    for one in cast.waiting:
        assert await season.desk.refused("/v1/ticket-orders", season.wish(one)) == "offer.sold_out"
        made = await season.desk.post("/v1/waiting", {"viewer": one.name, "offer": "front"})
        cast.places.append(made["waiting"])
    lines = [line for fact in await season.desk.facts("ticket.ordered") for line in floor_lines(fact)]
    assert sum(line["quantity"] for line in lines if line["price_minor"] == 5_000) == EARLY
    assert {line["price_minor"] for line in lines} == {5_000, 8_000}


def floor_lines(fact: Json) -> list[Json]:
    """Return at which prices seats of the floor were ordered."""
    return list(fact["data"]["lines"]) if fact["data"]["offer"] == "floor" else []


async def grouped(season: Season, cast: Cast) -> None:
    """Fill groups, leave one, and leave others too small."""

    async def join(first: Buyer, *others: Buyer) -> None:
        for one in others:
            one.wants["group"] = first.wants["group"]
            await season.buys(one)

    for n in range(N):
        for some in (cast.full[3 * n : 3 * n + 3], cast.failed[2 * n : 2 * n + 2]):
            await season.buys(some[0])
            await join(*some)
        leaver, *others = cast.leaver[4 * n : 4 * n + 4]
        await season.buys(leaver)
        await join(leaver, others[0])
        await season.settled()
        await season.desk.post(f"/v1/ticket-orders/{leaver.order}/leave", key=f"{leaver.name}-leave")
        leaver.gives_back(6_000, seats=0)
        await season.settled()
        await join(leaver, *others[1:])
    await season.settled()
    assert await season.states(cast.full) == {"issued"}
    assert await season.states(cast.failed) == {"pledged"}
    one = cast.full[0]
    assert (await season.desk.get(f"/v1/groups/{one.wants['group']}"))["state"] == "filled"


async def deadlines(season: Season, cast: Cast) -> None:
    """Let seats that nobody paid for go back; money that comes late gets them, too late goes back."""
    await season.passes(930)
    assert await season.states([*cast.leave, *cast.give_up, *cast.late]) == {"expired"}
    await season.each(season.acts, cast.late)
    await season.settled()
    assert await season.states(cast.late) == {"issued"}
    for one in cast.late:
        one.has_it()
    await season.passes(300)

    async def too_late(one: Buyer) -> None:
        await season.acts(one, "pay_late")
        one.gives_back(one.amount_minor, seats=0)

    await season.each(too_late, cast.too_late)
    await season.settled()
    assert await season.states(cast.too_late) == {"expired"}


async def sale(season: Season, cast: Cast, letters: Letterbox) -> list[Buyer]:
    """Sell on the next day at the next price, to friends of those who have tickets. Return the friends."""
    await season.until(1, 10)
    assert (await season.desk.get(f"/v1/shows/{SHOW}"))["state"] == "on_sale"
    friends: list[Buyer] = []
    for inviter in cast.keep[: 3 * N]:
        link = await season.desk.post(
            "/v1/invitations", {"viewer": inviter.name, "show": SHOW}, key=f"{inviter.name}-link"
        )
        friends += season.hires("friend", 1, "floor", invitation=link["invitation"])
    crowd = [*friends, *season.hires("day-one", 3 * N, "floor", campaign="weibo")]
    await comes_and_buys(season, crowd, letters)
    prices = {line["price_minor"] for one in crowd for line in (await season.seen(one))["lines"]}
    assert prices == {8_000}
    return friends


async def comes_and_buys(season: Season, crowd: list[Buyer], letters: Letterbox) -> None:
    """Have new people look, order and pay."""
    await letters.knows(season, crowd)
    await looked(season, crowd)
    await season.each(season.buys, crowd)
    await season.settled()
    assert await season.states(crowd) == {"issued"}
    for one in crowd:
        one.has_it()


async def second_thoughts(season: Season, cast: Cast, letters: Letterbox, friends: list[Buyer]) -> None:
    """Refund, hand on, end groups that are too small, and let those who wait have what came back."""
    await season.until(2, 10, 20)
    assert await season.states(cast.failed) == {"ended"}
    for one in cast.failed:
        one.gives_back(6_000, seats=0)
    await comes_and_buys(season, season.hires("day-two", 2 * N, "floor", campaign="mail"), letters)
    await season.each(season.refunds, [*cast.return_it, *cast.front[:N], *friends[:N]])
    for one in cast.deposit_back:
        await season.refunds(one, seats=0)
    for one in cast.two:
        await season.refunds(one, (await season.seen(one))["lines"][-1]["price_minor"])
    heirs = season.hires("heir", N, "")
    await letters.knows(season, heirs)
    for one, heir in zip(cast.hand_on, heirs, strict=True):
        (ticket,) = (await season.seen(one))["tickets"]
        path = f"/v1/tickets/{ticket['ticket']}/transfer"
        await season.desk.post(path, {"recipient": heir.name}, key=f"{one.name}-transfer")
        one.in_hand, heir.in_hand = 0, 1
    await season.each(season.pays_balance, cast.early)
    await season.settled()
    assert await season.states([*cast.return_it, *cast.deposit_back, *friends[:N]]) == {"returned"}
    assert await season.states(cast.early) == {"issued"}
    for one in cast.early:
        one.has_it()
    await seats_come_back(season, cast)


async def seats_come_back(season: Season, cast: Cast) -> None:
    """Offer what came back to those who wait: some take it, some let it pass, and the next have it."""

    async def take(number: int) -> None:
        one = cast.waiting[number]
        one.wants["waiting"] = cast.places[number]
        await season.buys(one)
        await season.settled()
        one.has_it()

    async def states() -> list[str]:
        return [(await season.desk.get(f"/v1/waiting/{place}"))["state"] for place in cast.places]

    await season.until(2, 10, 30)
    assert await states() == ["offered"] * N + ["waiting"] * N
    for number in range(1, N, 2):
        await take(number)
    await season.passes(3_700)
    passed = (N + 1) // 2
    assert (await states())[N:] == ["offered"] * passed + ["waiting"] * (N - passed)
    for number in range(N, N + passed):
        await take(number)
    assert (
        Counter(await states()) == Counter({"taken": N, "passed": passed, "waiting": N - passed}) - Counter()
    )


async def balances(season: Season, cast: Cast) -> None:
    """Remind of balances; some come, in time or in the days of grace, and others never."""
    owing = [*cast.last_hour, *cast.grace, *cast.forfeit, *cast.forfeit_late]
    await season.until(3, 12)
    season.reminds("balance.due.72h", [*cast.reminded, *owing])
    await season.until(4, 10)
    await paid_off(season, cast.reminded)
    await season.until(5, 12)
    season.reminds("balance.due.24h", owing)
    await season.until(6, 11)
    season.reminds("balance.due.1h", owing)
    await season.until(6, 11, 30)
    await paid_off(season, cast.last_hour, kill_at=len(cast.last_hour) // 3)
    await season.until(6, 14)
    await paid_off(season, cast.grace)
    await season.until(6, 17, 50)
    await season.each(season.owes, cast.forfeit_late)
    await season.until(6, 18, 10)
    gone = [*cast.forfeit, *cast.forfeit_late]
    assert await season.states(gone) == {"forfeited"}
    for one in gone:
        one.forfeited_minor = 3_000
        one.gives_back(1_000, seats=0)
    for one in cast.forfeit_late:
        await season.acts(one, "pay_late")
        one.gives_back(16_000, seats=0)
    await season.settled()
    assert await season.states(gone) == {"forfeited"}


async def paid_off(season: Season, buyers: Sequence[Buyer], *, kill_at: int | None = None) -> None:
    """Have balances paid, and tickets issued for them."""
    await season.each(season.pays_balance, buyers, kill_at=kill_at)
    await season.settled()
    assert await season.states(buyers) == {"issued"}
    for one in buyers:
        one.has_it()


async def evening(season: Season, cast: Cast, doors: Doors) -> None:
    """Remind, refund, let in who has a ticket, and end."""
    await season.until(9, 20)
    season.reminds("show.soon.24h", season.holders())
    await season.until(9, 21)
    await season.each(season.refunds, cast.keep[3 * N :])
    await season.settled()
    await season.until(10, 19)
    season.reminds("show.soon.1h", season.holders())
    await season.until(10, 20)
    await season.desk.post(f"/v1/shows/{SHOW}/state", {"state": "live"}, key="live")
    await season.settled()
    await doors.open()
    await doors.admit()
    await doors.turn_away(outside=cast.leave[0])
    await doors.revoke(cast.late[0])
    await season.passes(301)
    await doors.expire()
    await season.until(10, 22)
    await doors.end()
