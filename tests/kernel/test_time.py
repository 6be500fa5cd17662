"""Instants as text, and half-open periods in every zone, changes of the clock included."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from plaudit.kernel.time import (
    Period,
    SystemClock,
    day_of,
    format_time,
    is_zone,
    month_of,
    parse_time,
    week_of,
)

MICROSECOND = timedelta(microseconds=1)
INSTANTS = st.datetimes(datetime(1901, 1, 1), datetime(2998, 12, 1), timezones=st.just(UTC))  # noqa: DTZ001 - given by timezones
MODERN = st.datetimes(datetime(1975, 1, 1), datetime(2037, 12, 1), timezones=st.just(UTC))  # noqa: DTZ001 - given by timezones
ZONES = st.sampled_from(
    [
        ZoneInfo(name)
        for name in (
            "UTC",
            "Asia/Shanghai",
            "Asia/Tokyo",
            "Asia/Kathmandu",
            "Europe/Berlin",
            "Europe/London",
            "America/New_York",
            "America/Sao_Paulo",
            "America/Havana",
            "America/St_Johns",
            "Africa/Cairo",
            "Asia/Beirut",
            "Pacific/Apia",
            "Australia/Lord_Howe",
        )
    ]
)
SPANS = st.sampled_from([day_of, week_of, month_of])
PeriodOf = Callable[[datetime, ZoneInfo], Period]


@given(at=INSTANTS)
def test_what_is_formatted_parses_back(at: datetime) -> None:
    text = format_time(at)
    assert parse_time(text) == at
    assert len(text) == len("2026-11-22T02:03:04.123456Z")


@given(one=INSTANTS, other=INSTANTS)
def test_formatted_times_sort_as_instants(one: datetime, other: datetime) -> None:
    assert (format_time(one) < format_time(other)) == (one < other)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-22T02:03:04Z", "2026-11-22T02:03:04.000000Z"),
        ("2026-11-22t02:03:04.5z", "2026-11-22T02:03:04.500000Z"),
        ("2026-11-22 02:03:04.123456+08:00", "2026-11-21T18:03:04.123456Z"),
        ("2026-01-01T00:00:00-05:30", "2026-01-01T05:30:00.000000Z"),
        ("2024-02-29T00:00:00.120000000Z", "2024-02-29T00:00:00.120000Z"),
    ],
)
def test_parse(text: str, expected: str) -> None:
    at = parse_time(text)
    assert format_time(at) == expected
    assert at.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-22",
        "2026-11-22T02:03:04",
        "2026-11-22T02:03Z",
        "2026-02-30T00:00:00Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T02:03:60Z",
        "2026-11-22T02:03:04.1234567Z",
        "2026-11-22T02:03:04+24:00",
        "2026-11-22T02:03:04Z ",
        "20261122T020304Z",
        "1763777000",
        "now",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "1899-12-31T23:59:59Z",
        "3000-01-01T00:00:00Z",
        "\u0662026-11-22T02:03:04Z",
    ],
)
def test_parse_refuses_other_text(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - some sentences are the standard library's
        parse_time(text)


def test_format_takes_any_zone() -> None:
    at = datetime(2026, 11, 22, 10, 3, 4, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert format_time(at) == "2026-11-22T02:03:04.000000Z"


@given(at=MODERN, zone=ZONES, span=SPANS)
@example(datetime(2006, 10, 29, 3, 0, tzinfo=UTC), ZoneInfo("America/St_Johns"), day_of)
@example(datetime(2017, 10, 15, 3, 0, tzinfo=UTC), ZoneInfo("America/Sao_Paulo"), day_of)
@example(datetime(2011, 12, 30, 10, 0, tzinfo=UTC), ZoneInfo("Pacific/Apia"), day_of)
@example(datetime(2011, 12, 30, 9, 59, tzinfo=UTC), ZoneInfo("Pacific/Apia"), month_of)
def test_every_instant_is_in_exactly_one_period(at: datetime, zone: ZoneInfo, span: PeriodOf) -> None:
    period = span(at, zone)
    assert period.contains(at)
    assert span(period.start, zone) == period
    assert span(period.end - MICROSECOND, zone) == period
    assert span(period.end, zone).start == period.end
    assert span(period.start - MICROSECOND, zone).end == period.start


def test_a_period_has_its_start_and_not_its_end() -> None:
    period = day_of(datetime(2026, 11, 22, 12, tzinfo=UTC), ZoneInfo("UTC"))
    assert period == Period(datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC))
    assert period.contains(period.start)
    assert not period.contains(period.end)


@pytest.mark.parametrize(
    ("at", "hours"),
    [("2026-03-29T12:00:00Z", 23), ("2026-10-25T12:00:00Z", 25), ("2026-06-01T12:00:00Z", 24)],
)
def test_days_are_as_long_as_the_clock_says(at: str, hours: int) -> None:
    period = day_of(parse_time(at), ZoneInfo("Europe/Berlin"))
    assert period.end - period.start == timedelta(hours=hours)


def test_weeks_begin_on_monday_and_months_on_the_first() -> None:
    zone = ZoneInfo("Asia/Shanghai")
    week = week_of(parse_time("2026-11-22T15:59:59Z"), zone)
    assert (format_time(week.start), format_time(week.end)) == (
        "2026-11-15T16:00:00.000000Z",
        "2026-11-22T16:00:00.000000Z",
    )
    month = month_of(parse_time("2026-12-31T16:00:00Z"), zone)
    assert (format_time(month.start), format_time(month.end)) == (
        "2026-12-31T16:00:00.000000Z",
        "2027-01-31T16:00:00.000000Z",
    )


def test_the_system_clock_is_aware_and_in_utc() -> None:
    clock = SystemClock()
    assert clock.now().tzinfo is UTC
    assert clock.now() <= clock.now()


@pytest.mark.parametrize("name", ["UTC", "Asia/Shanghai", "America/Argentina/Buenos_Aires", "Etc/GMT+5"])
def test_a_zone_of_the_iana_is_one(name: str) -> None:
    assert is_zone(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "localtime",
        "posixrules",
        "Factory",
        "right/UTC",
        "posix/UTC",
        "utc/",
        "../UTC",
        "/UTC",
        "a\0",
        "é",
    ],
)
def test_what_depends_on_the_machine_or_is_no_zone_is_none(name: str) -> None:
    assert not is_zone(name)
