"""What the pages of the features tell by example is what happens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from plaudit.core.commands.command import Grant, Outcome
from plaudit.features.identity.model import CREATOR_SCOPES, VIEWER_SCOPES, check_claims, require_person
from plaudit.features.tipping.model import Shares, Terms, reversal_of, split_tip, tier_of
from plaudit.features.wallets import actions as wallets
from plaudit.kernel.actor import Actor
from plaudit.kernel.refusal import Refusal
from plaudit.vocabulary.facts.tipping import TipSent
from tests.features.examples import FOLDER, table
from tests.features.floor import SALT, Floor

pytestmark = pytest.mark.anyio


def minor(row: dict[str, str], *names: str) -> tuple[int, ...]:
    return tuple(int(row[name]) for name in names)


def parts(shares: Shares) -> tuple[int, ...]:
    return (shares.creator_minor, shares.guild_minor, shares.platform_minor)


def test_every_feature_has_its_page() -> None:
    assert {path.stem for path in FOLDER.glob("*.md")} >= {"identity", "risk", "tipping", "wallets"}


@pytest.mark.parametrize("row", table("tipping.md", "a tip is split"))
def test_a_tip_is_split_as_the_page_says(row: dict[str, str]) -> None:
    tier = tier_of(from_minor=0, creator=row["creator's ratio"], guild=row["guild's ratio"])
    shares = split_tip(
        terms=Terms(id="t", revision=1, basis="fixed", tiers=(tier,)),
        amount_minor=int(row["amount"]),
        volume_before_minor=0,
        in_guild=row["in a guild"] == "yes",
    )
    assert parts(shares) == minor(row, "creator", "guild", "platform")


async def test_a_month_with_tiers_goes_as_the_page_says(floor: Floor) -> None:
    await floor.credit("v1", 10_000)
    await floor.terms("rising", (0, "50%", None), (1_000, "60%", "10%"), (2_000, "70%", "10%"))
    await floor.register("c1", guild="g1", terms="rising")
    for row in table("tipping.md", "a month with tiers"):
        sent = (await floor.tip("v1", "c1", int(row["amount"]))).data
        assert isinstance(sent, TipSent)
        assert (sent.volume_before_minor, sent.creator_minor, sent.guild_minor, sent.platform_minor) == minor(
            row, "volume before", "creator", "guild", "platform"
        )


def test_a_reversal_in_parts_goes_as_the_page_says() -> None:
    before = 0
    for row in table("tipping.md", "a tip of 19, split 14 to 2 to 3, is reversed in parts"):
        part = reversal_of(
            shares=Shares(14, 2, 3), reversed_before_minor=before, amount_minor=int(row["reversed"])
        )
        before += part.amount_minor
        assert (*parts(part), before) == minor(row, "creator", "guild", "platform", "reversed in all")
    assert before == 19


async def test_a_days_limit_goes_as_the_page_says(floor: Floor) -> None:
    await floor.credit("v1", 1_000)
    await floor.register("c1")
    await floor.policy(day_limit_minor=100)
    morning = floor.clock.now()
    given: dict[str, int] = {}
    for row in table("tipping.md", "a limit of 100 a day"):
        floor.clock.time = morning + timedelta(days=int(row["day"]))
        answer = await _answer(floor, int(row["tip"]))
        assert answer == row["answer"]
        given[row["day"]] = given.get(row["day"], 0) + (int(row["tip"]) if answer == "done" else 0)
        assert given[row["day"]] == int(row["given that day"])


async def test_gifts_in_hand_go_as_the_page_says(floor: Floor) -> None:
    await floor.register("c1")
    await floor.gift("rose", 100)
    addresses = {
        "in hand": "viewer/v1/gift/rose/gift",
        "issued": "gift/rose/issued/gift",
        "issuance/coin": "issuance/coin",
        "creator": "creator/c1/earnings/coin",
        "platform": "platform/revenue/coin",
    }
    tip: Outcome | None = None
    for row in table("tipping.md", "five roses in hand, at 100 each, split 70 to 30"):
        verb, _, number = row["step"].rpartition(" ")
        answer = "done"
        try:
            if verb == "bundle":
                await floor.bundle("v1", "rose", int(number))
            elif verb == "give":
                tip = await floor.tip("v1", "c1", gift="rose", count=int(number), funding=("gift",))
            else:
                assert verb == "take back"
                assert tip is not None
                await floor.reverse(tip, int(number))
        except Refusal as refusal:
            answer = refusal.code
        assert answer == row["answer"], row
        found = await floor.everything()
        for name, address in addresses.items():
            assert found.get(address, 0) == int(row[name]), (row, name)


async def _answer(floor: Floor, amount_minor: int) -> str:
    try:
        await floor.tip("v1", "c1", amount_minor)
    except Refusal as refusal:
        return refusal.code
    return "done"


async def test_a_wallet_in_a_week_goes_as_the_page_says(floor: Floor) -> None:
    asked = ""
    for row in table("wallets.md", "a wallet in a week"):
        who, _, rest = row["step"].partition(" ")
        verb, _, code = rest.partition(": ")
        if who == "credit":
            await floor.credit("v1", int(rest))
        elif verb.startswith("asks for"):
            amount_minor = int(verb.removeprefix("asks for "))
            asked = await floor.request("viewer/v1/coin", amount_minor, grant=floor.grant("staff", who))
        else:
            assert await _decided(floor, verb, who, asked) == code, row
        balances = await floor.everything()
        for address in ("viewer/v1/coin", "issuance/coin", "adjustment/coin"):
            assert balances.get(address, 0) == int(row[address]), (row, address)


async def _decided(floor: Floor, verb: str, who: str, adjustment: str) -> str:
    grant = floor.grant("staff", who)
    try:
        if verb == "approves":
            await floor.approve(adjustment, grant=grant)
        else:
            assert verb == "rejects"
            await wallets.reject_adjustment(
                corridor=floor.corridor,
                grant=grant,
                key=floor.key(),
                adjustment=adjustment,
                reason="not there",
                now=floor.clock.now(),
                salt=SALT,
            )
    except Refusal as refusal:
        return refusal.code
    return ""


async def test_a_switch_stops_what_the_page_says(floor: Floor) -> None:
    await floor.credit("v1", 1_000)
    for creator in ("c1", "c2"):
        await floor.register(creator)
    await floor.gift("rose", 1)
    tip = await floor.tip("v1", "c1", 100)
    deeds = {
        "rose to c1": lambda: floor.tip("v1", "c1", gift="rose"),
        "amount to c2": lambda: floor.tip("v1", "c2", 1),
        "credit": lambda: floor.credit("v1", 1),
        "reversal": lambda: floor.reverse(tip, 1),
        "save a gift": lambda: floor.gift("rose", 1),
        "freeze": lambda: floor.freeze("viewer/v9/coin", "all"),
    }
    for row in table("risk.md", "what a switch stops"):
        target = row.pop("switched off")
        await floor.flip(target, off=True)
        for name, verdict in row.items():
            if verdict == "goes on":
                await deeds[name]()
                continue
            assert verdict == "stopped"
            with pytest.raises(Refusal) as refusal:
                await deeds[name]()
            assert (refusal.value.code, refusal.value.details) == ("switch.off", {"target": target}), name
        await floor.flip(target, off=False)


def test_tokens_may_do_what_the_page_says() -> None:
    for row in table("identity.md", "what a token may do"):
        scopes = VIEWER_SCOPES if row.pop("role") == "viewer" else CREATOR_SCOPES
        assert row.pop("anything else") == "no"
        assert {name for name, may in row.items() if may == "yes"} == scopes


def test_a_request_means_whom_the_page_says() -> None:
    for row in table("identity.md", "whom a request means"):
        kind, _, person = row["caller"].partition(" ")
        actor = {"viewer": Actor("viewer", person), "creator": Actor("creator", person)}.get(kind)
        grant = Grant(1, actor or Actor("app", "plk_1"), frozenset())
        named = None if row["names viewer"] == "nobody" else row["names viewer"]
        try:
            means = require_person(grant=grant, kind="viewer", id=named)
        except Refusal as refusal:
            means = refusal.code
        assert means == row["means"], row


def test_a_token_holds_as_long_as_the_page_says() -> None:
    for row in table("identity.md", "how long a token holds"):
        issued_s, expires_s, used_s = minor(row, "signed at, s", "ends at, s", "used at, s")
        claims = {"iss": "acme", "sub": "v1", "role": "viewer", "iat": issued_s, "exp": expires_s}
        now = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=used_s)
        try:
            check_claims(claims=claims, tenant="acme", now=now)
        except Refusal as refusal:
            answer = refusal.code
        else:
            answer = "holds"
        assert answer == row["answer"], row
