"""The wall clock of a zone."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from plaudit.features.campaigns.model.clocks import clock_of, clock_text, second_of


@pytest.mark.parametrize(
    ("zone", "at", "day", "weekday", "clock"),
    [
        ("Asia/Shanghai", "2026-11-26T15:59:59", date(2026, 11, 26), 4, "23:59:59"),
        ("Asia/Shanghai", "2026-11-26T16:00:00", date(2026, 11, 27), 5, "00:00:00"),
        ("Europe/Berlin", "2026-10-25T00:30:00", date(2026, 10, 25), 7, "02:30:00"),
        ("Europe/Berlin", "2026-10-25T01:30:00", date(2026, 10, 25), 7, "02:30:00"),
        ("Asia/Kathmandu", "2026-11-26T18:15:00", date(2026, 11, 27), 5, "00:00:00"),
        # The clock of St. John's went back from 00:01 to 23:01: the new day had begun.
        ("America/St_Johns", "2010-11-07T02:45:00", date(2010, 11, 7), 7, "23:15:00"),
    ],
)
def test_what_time_it_is_there(*, zone: str, at: str, day: date, weekday: int, clock: str) -> None:
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    local = clock_of(zone).local(moment)
    assert (local.day, local.iso, local.weekday) == (day, day.isoformat(), weekday)
    assert clock_text(local.second) == clock
    assert clock_of(zone).day(moment) == day


def test_a_clock_that_looked_at_one_day_knows_the_others() -> None:
    clock = clock_of("Asia/Shanghai")
    for hour in (15, 16, 15):
        moment = datetime(2026, 11, 26, hour, tzinfo=UTC)
        assert clock.day(moment) == date(2026, 11, 26 if hour == 15 else 27)


@pytest.mark.parametrize(
    ("text", "second"), [("00:00", 0), ("20:00", 72_000), ("23:59:59", 86_399), ("24:00", 86_400)]
)
def test_times_of_day(text: str, second: int) -> None:
    assert second_of(text) == second


@pytest.mark.parametrize("text", ["", "8:00", "20", "24:01", "20:60", "20:00:60", "２０:00", "20:00Z"])
def test_what_is_no_time_of_day(text: str) -> None:
    with pytest.raises(ValueError, match="no time of day"):
        second_of(text)
