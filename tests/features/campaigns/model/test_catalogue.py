"""Which campaigns are in force for a happening, and which of them it matches."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.features.campaigns.model.catalogue import NOWHERE, Catalogue, Life, chance_of
from plaudit.features.campaigns.model.conditions import Known, judge_of
from plaudit.features.campaigns.model.happenings import Happening, tie_of
from plaudit.features.campaigns.model.running import Row
from plaudit.features.campaigns.model.terms import Base, Cumulative, Random, Tier
from plaudit.vocabulary.facts.campaigns import CampaignEnded, CampaignPaused, CampaignResumed
from tests.features.campaigns.model.facts import AT, happened
from tests.features.campaigns.model.rows import LATE, SOON, approved, catalogue, promised
from tests.features.campaigns.model.trees import every, leaf, never, some

HOUR = timedelta(hours=1)
ROOM = leaf("room", "equals", "r1")


def matched(found: Catalogue, happening: Happening, known: Known | None = None) -> list[tuple[str, int]]:
    return [(one.campaign, one.revision) for one in found.matches(happening, known or Known())]


def test_a_happening_matches_what_goes_by_its_trigger_and_counts_its_asset() -> None:
    found = catalogue(
        tips=promised(),
        coins=promised(base=Base(amount="paid", asset="coin")),
        topups=promised(trigger="topup"),
        times=promised(base=Base(amount="times", asset="times")),
        rooms=promised(ROOM),
    )
    assert matched(found, happened()) == [("times", 1), ("tips", 1)]
    assert matched(found, happened(room="r1")) == [("times", 1), ("tips", 1), ("rooms", 1)]
    assert [one.base_minor for one in found.matches(happened(), Known())] == [1, 1000]


def test_what_nothing_was_paid_for_matches_nothing_that_counts_money() -> None:
    assert matched(catalogue(tips=promised()), happened(paid_minor=0)) == []


def test_a_sum_for_each_creator_counts_only_what_has_one() -> None:
    strategy = Cumulative(tiers=(Tier(from_minor=1, reward_minor=1),), counted="week", per=("creator",))
    found = catalogue(tips=promised(strategy=strategy))
    assert matched(found, happened()) == []
    assert matched(found, happened(creator="aurora")) == [("tips", 1)]


def test_only_trees_of_campaigns_that_could_match_are_evaluated() -> None:
    rooms = {f"room{number}": promised(leaf("room", "equals", f"r{number}")) for number in range(50)}
    gifts = {
        f"gift{number}": promised(every(leaf("gift", "one_of", [f"g{number}"]), never(ROOM)))
        for number in range(50)
    }
    over = {f"over{number}": promised(ends_at=AT) for number in range(50)}
    found = catalogue(**rooms, **gifts, **over, tips=promised())
    assert matched(found, happened(room="r3")) == [("tips", 1), ("room3", 1)]
    assert found.evaluated == 2
    assert sorted(matched(found, happened(room="r9", gift="g4"))) == [("gift4", 1), ("room9", 1), ("tips", 1)]
    assert found.evaluated == 5


def test_a_campaign_that_could_be_met_otherwise_is_not_looked_for_by_name() -> None:
    found = catalogue(
        either=promised(some(ROOM, leaf("gift", "equals", "rose"))), neither=promised(never(ROOM))
    )
    assert matched(found, happened(gift="rose")) == [("either", 1), ("neither", 1)]


def test_a_campaign_that_changed_its_room_is_found_in_both() -> None:
    found = catalogue(rooms=promised(ROOM))
    found.hear(
        approved("rooms", promised(leaf("room", "equals", "r2")), revision=2, effective_from=AT + HOUR),
        position=5,
        at=AT,
    )
    assert matched(found, happened(room="r1", position=9)) == [("rooms", 1)]
    assert matched(found, happened(room="r2", position=9)) == []
    assert matched(found, happened(room="r2", position=9, at=AT + HOUR)) == [("rooms", 2)]
    assert matched(found, happened(room="r1", position=9, at=AT + HOUR)) == []
    assert matched(found, happened(room="r1", position=4, at=AT + HOUR)) == [("rooms", 1)]


def test_a_revision_that_keeps_its_condition_and_drops_its_room_is_found_everywhere() -> None:
    found = catalogue(rooms=promised(ROOM))
    found.hear(approved("rooms", promised(), revision=2, effective_from=AT), position=5, at=AT)
    assert matched(found, happened(room="r8", position=9)) == [("rooms", 2)]


def test_what_the_viewer_was_is_asked_only_where_a_campaign_asks() -> None:
    found = catalogue(
        tips=promised(every(leaf("tags", "contains", "vip"), leaf("first_ever", "is", True))),  # noqa: FBT003
        topups=promised(leaf("level", "at_least", 3), trigger="topup"),
    )
    assert found.needs("tip") == {"tags", "first_ever"}
    assert found.needs("topup") == {"level"}
    assert found.needs("ticket") == frozenset()
    assert (found.asks_first("tip"), found.asks_first("topup")) == (True, False)
    assert (found.listens("tip"), found.listens("ticket")) == (True, False)
    assert matched(found, happened(), Known(tags=("vip",), first_ever=True)) == [("tips", 1)]


def test_nothing_before_the_first_approval_is_judged() -> None:
    found = Catalogue()
    assert found.since == NOWHERE
    found.hear(approved("tips", promised()), position=7, at=SOON)
    assert found.since == 7
    assert matched(found, happened(position=7)) == []
    assert matched(found, happened(position=8)) == [("tips", 1)]


PAUSE = CampaignPaused(campaign="tips", cause="operator", maker="staff/ann")
DRY = CampaignPaused(campaign="tips", cause="budget", fact=10)
RESUME = CampaignResumed(campaign="tips", maker="staff/ann")
END = CampaignEnded(campaign="tips", maker="staff/ann")


@pytest.mark.parametrize(
    ("told", "position", "at", "expected"),
    [
        ([], 1, AT, None),
        ([], 1, SOON, None),
        ([], 1, SOON - HOUR, "later"),
        ([], 1, LATE, "period"),
        ([(PAUSE, 5, AT)], 4, AT + HOUR, None),
        ([(PAUSE, 5, AT)], 6, AT + HOUR, "paused"),
        ([(PAUSE, 5, AT)], 6, AT - HOUR, None),
        ([(PAUSE, 5, AT), (RESUME, 8, AT + HOUR)], 9, AT, "paused"),
        ([(PAUSE, 5, AT), (RESUME, 8, AT + HOUR)], 9, AT + HOUR, None),
        ([(DRY, 20, AT)], 10, AT, None),
        ([(DRY, 20, AT)], 11, AT, "dry"),
        ([(DRY, 20, AT)], 21, AT - HOUR, "dry"),
        ([(DRY, 20, AT), (RESUME, 30, AT)], 29, AT, "dry"),
        ([(DRY, 20, AT), (RESUME, 30, AT)], 31, AT, None),
        ([(END, 5, AT)], 6, AT, "ended"),
        ([(END, 5, AT)], 6, AT - HOUR, "ended"),
        ([(END, 5, AT)], 4, AT, None),
    ],
)
def test_when_a_campaign_is_in_force(
    told: Sequence[tuple[Life, int, datetime]], position: int, at: datetime, expected: str | None
) -> None:
    found = catalogue(tips=promised())
    for said, place, moment in told:
        found.hear(said, position=place, at=moment)
        found.hear(said, position=place, at=moment)
    happening = happened(position=position, at=at)
    standing = found.standing("tips", happening)
    assert (standing if isinstance(standing, str) else None) == expected
    assert matched(found, happening) == ([] if expected else [("tips", 1)])


def test_a_campaign_that_nobody_approved_is_none() -> None:
    found = Catalogue()
    found.hear(PAUSE, position=3, at=AT)
    assert found.running == {}
    assert found.standing("tips", happened()) == "later"


MOMENTS = st.builds(lambda hours: AT + timedelta(hours=hours), st.integers(-3, 3))


@st.composite
def lives(draw: st.DrawFn) -> Sequence[tuple[Life, int, datetime]]:
    """Draw the life of a campaign in the order of the journal."""
    told: list[tuple[Life, int, datetime]] = []
    for place in range(1, draw(st.integers(1, 7))):
        said: Life = draw(
            st.one_of(
                st.just(PAUSE),
                st.just(RESUME),
                st.just(END),
                st.builds(
                    lambda fact: CampaignPaused(campaign="tips", cause="budget", fact=fact),
                    st.integers(1, 10 * place),
                ),
                st.builds(
                    lambda room, moment: approved(
                        "tips",
                        promised(leaf("room", "equals", room)),
                        revision=place + 1,  # noqa: B023 - run at once
                        effective_from=moment,
                    ),
                    st.sampled_from(["r1", "r2"]),
                    MOMENTS,
                ),
            )
        )
        told.append((said, 10 * place, AT + timedelta(hours=place - 3)))
    return told


@given(told=lives(), position=st.integers(1, 80), at=MOMENTS, room=st.sampled_from(["r1", "r2"]))
def test_kept_and_read_back_it_is_the_same(
    told: Sequence[tuple[Life, int, datetime]], position: int, at: datetime, room: str
) -> None:
    found = catalogue(tips=promised(ROOM))
    for said, place, moment in told:
        found.hear(said, position=place, at=moment)
    again = Catalogue(msgspec.json.decode(msgspec.json.encode(found.rows()), type=list[Row]))
    happening = happened(position=position, at=at, room=room)
    assert again.rows() == found.rows()
    assert matched(again, happening) == matched(found, happening)
    # What is found by its room is what looking at every campaign finds.
    standing = found.standing("tips", happening)
    expected = []
    if not isinstance(standing, str) and judge_of(standing.terms)(happening, Known()):
        expected = [("tips", standing.revision)]
    assert matched(found, happening) == expected


def test_the_chance_of_a_fact_can_be_worked_out_by_whoever_knows_the_seed() -> None:
    found = catalogue(lucky=promised(strategy=Random(low_minor=1, high_minor=6)))
    found.seeds["lucky"] = b"secret"
    happening = happened()
    (match,) = found.matches(happening, Known())
    moment_us = int((AT - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))
    said = f"lucky/v1/{moment_us}/".encode() + tie_of(happening)
    expected = int.from_bytes(hmac.new(b"secret", said, sha256).digest()[:8], "big")
    assert chance_of(match, happening) == expected
    assert chance_of(match, happened(position=99)) == expected
    assert chance_of(match, happened(viewer="v2")) != expected
