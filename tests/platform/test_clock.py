"""The clock that a file drives, and that no clock steps back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from plaudit.platform.clock import FileClock, MonotoneClock, clock_of


class _Machine:
    def __init__(self) -> None:
        self.at = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


def test_a_clock_is_held_where_it_would_step_back() -> None:
    machine = _Machine()
    clock = MonotoneClock(machine)
    first = clock.now()
    machine.at -= timedelta(hours=1)
    assert clock.now() == first
    machine.at += timedelta(hours=2)
    assert clock.now() == machine.at


def test_a_machine_set_back_goes_on_at_its_own_pace_until_it_has_caught_up() -> None:
    machine, paced = _Machine(), [100.0]
    clock = MonotoneClock(machine, pace=lambda: paced[0])
    first = clock.now()
    machine.at -= timedelta(hours=1)
    for passed_s in (1.5, 2.0):
        paced[0] = 100.0 + passed_s
        assert clock.now() == first + timedelta(seconds=passed_s)
    machine.at = first + timedelta(seconds=2.5)
    assert clock.now() == machine.at


def test_a_file_drives_the_clock(tmp_path: Path) -> None:
    machine = _Machine()
    path = tmp_path / "clock"
    clock = FileClock(path, source=machine)
    assert clock.now() == machine.at
    for text, expected in (
        ("2027-05-06T07:08:09.5Z\n", datetime(2027, 5, 6, 7, 8, 9, 500_000, tzinfo=UTC)),
        ("+3600", machine.at + timedelta(hours=1)),
        ("-0.25", machine.at - timedelta(milliseconds=250)),
        ("+86400.000001", machine.at + timedelta(days=1, microseconds=1)),
        ("", machine.at),
    ):
        path.write_text(text)
        assert clock.now() == expected, text


def test_a_garbled_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "clock"
    path.write_text("tomorrow")
    with pytest.raises(ValueError, match="tomorrow"):
        clock_of(path).now()


def test_the_machines_clock_is_taken_without_a_file() -> None:
    assert abs(clock_of(None).now() - datetime.now(UTC)) < timedelta(minutes=1)
