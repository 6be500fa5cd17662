"""What of an event is kept, and under which name a campaign is counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from plaudit.features.insight.model import (
    SPAN_MAX,
    Campaign,
    Hours,
    Told,
    basis_points,
    campaign_text,
    event_of,
    hours_of,
    local_text,
    sheet_cell,
)
from plaudit.kernel.refusal import Refusal

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
MARK = bytes(range(16))


def told(**changes: Any) -> Told:  # noqa: ANN401 - the fields of an event
    """Return an event that is taken, but for what is changed."""
    return Told(**({"id": "e1", "kind": "view", "show": "winter"} | changes))


@pytest.mark.parametrize(
    ("campaign", "text"),
    [
        (None, ""),
        (Campaign(), ""),
        (Campaign(source="Weibo"), "weibo"),
        (Campaign(source=" Weibo ", medium="Social", campaign="Winter  2026"), "weibo:social:winter-2026"),
        (Campaign(campaign="winter"), "-:-:winter"),
        (Campaign(source="a:b", term="c"), "a-b:-:-:-:c"),
        (Campaign(source="\uff37eibo"), "weibo"),
        (Campaign(source="双十一"), "双十一"),
    ],
)
def test_a_campaign_is_counted_under_one_text(campaign: Campaign | None, text: str) -> None:
    assert campaign_text(campaign) == text


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"id": ""}, "event.id"),
        ({"id": "x" * 65}, "event.id"),
        ({"id": "a b"}, "event.id"),
        ({"kind": "stare"}, "event.kind"),
        ({"show": "win/ter"}, "event.show"),
        ({"page": "x" * 501}, "event.page"),
        ({"page": "/\u202ex"}, "event.page"),
        ({"element": "x" * 101}, "event.element"),
        ({"visitor": ""}, "event.visitor"),
        ({"visitor": "x" * 129}, "event.visitor"),
        ({"campaign": Campaign(source="x" * 61)}, "event.campaign"),
        ({"campaign": Campaign(term="\u202e")}, "event.campaign"),
        ({"invitation": "in/v"}, "event.invitation"),
        ({"at": "yesterday"}, "event.time"),
        ({"at": "2026-11-20T12:29:59Z"}, "event.old"),
        ({"at": "2026-11-22T12:35:01Z"}, "event.future"),
    ],
)
def test_what_cannot_be_taken_has_its_code(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(Refusal) as refused:
        event_of(told(**changes), visitor=MARK, now=NOW)
    assert refused.value.code == code


def test_the_ends_of_the_time_that_is_taken() -> None:
    oldest = event_of(told(at="2026-11-20T12:30:00Z"), visitor=b"", now=NOW)
    ahead = event_of(told(at="2026-11-22T12:35:00Z"), visitor=b"", now=NOW)
    assert (oldest.at, ahead.at) == (NOW - timedelta(hours=48), NOW)


def test_what_follows_a_question_mark_in_an_address_is_not_kept() -> None:
    taken = event_of(told(page="/shows/winter?mail=ann@example.com#me"), visitor=b"", now=NOW)
    assert taken.page == "/shows/winter"


def test_a_visitor_is_kept_as_a_mark() -> None:
    assert event_of(told(visitor="ann"), visitor=MARK, now=NOW).visitor == MARK
    assert event_of(told(), visitor=b"", now=NOW).visitor == bytes(16)


def test_hours_are_whole_and_the_last_is_among_them() -> None:
    since, until = NOW - timedelta(hours=2), NOW
    found = hours_of(since=since, until=until, now=NOW)
    assert found == Hours(datetime(2026, 11, 22, 10, tzinfo=UTC), datetime(2026, 11, 22, 13, tzinfo=UTC))
    sharp = hours_of(since=None, until=datetime(2026, 11, 22, 12, tzinfo=UTC), now=NOW)
    assert sharp is not None
    assert sharp.until == datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert sharp.until - sharp.since == SPAN_MAX
    assert hours_of(since=None, until=None, now=NOW) is None


@pytest.mark.parametrize("gap", [timedelta(), timedelta(hours=-1), SPAN_MAX + timedelta(seconds=1)])
def test_a_span_is_not_too_long_and_ends_after_it_begins(gap: timedelta) -> None:
    with pytest.raises(Refusal, match=r"span\.invalid"):
        hours_of(since=NOW - gap, until=NOW, now=NOW)


def test_rates_hours_and_cells() -> None:
    assert (basis_points(part=1, whole=3), basis_points(part=1, whole=0)) == (3_333, 0)
    assert local_text(NOW, ZoneInfo("Asia/Kolkata")) == "2026-11-22T18:00:00+05:30"
    assert [sheet_cell(one) for one in ("=1+1", "@x", "weibo", -5, None)] == [
        "'=1+1",
        "'@x",
        "weibo",
        "-5",
        "",
    ]
