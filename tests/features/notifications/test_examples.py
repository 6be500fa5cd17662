"""What the page of notifications tells by example is what happens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from plaudit.features.notifications.model.contacts import Contact, quiet_of
from plaudit.features.notifications.model.deliveries import Failed, after
from plaudit.features.notifications.model.kinds import KINDS
from plaudit.features.notifications.model.wording import Money, Value, said
from plaudit.kernel.time import format_time, parse_time
from tests.features.examples import FOLDER, table
from tests.features.notifications.theatre import NOON, Theatre

PAGE = "notifications.md"


@pytest.mark.anyio
async def test_reminders_go_as_the_page_says(theatre: Theatre) -> None:
    rows = table(PAGE, "a show starts at 20:00 on the 27th")
    starts_at = datetime(2026, 11, 27, 20, tzinfo=UTC)
    for number, row in enumerate(rows):
        theatre.clock.time = NOON
        show, viewer = f"show{number}", f"v{number}"
        await theatre.show(show, starts_at=starts_at)
        theatre.clock.time = _moment(row["ticket since"])
        await theatre.buys(viewer, show=show)
        await theatre.caught_up()
        theatre.clock.time = _moment(row["looked at"])
        await theatre.tidy()
        told = [kind for kind in await theatre.told(viewer) if kind != "ticket.bought"]
        assert (told or ["nothing"]) == [row["told"]], row


def _moment(text: str) -> datetime:
    day, _, clock = text.partition(" ")
    hour, minute = clock.split(":")
    return datetime(2026, 11, int(day[:2]), int(hour), int(minute), tzinfo=UTC)


def test_quiet_hours_go_as_the_page_says() -> None:
    contact = Contact(viewer="v1", time_zone="Asia/Shanghai", quiet=quiet_of("22:00", "07:30"))
    for row in table(PAGE, "quiet from 22:00 until 07:30 in Shanghai"):
        heard_at = contact.heard_at(
            parse_time(row["made at, UTC"]), tenants_zone=ZoneInfo("UTC"), urgent=row["urgent"] == "yes"
        )
        assert heard_at == parse_time(row["heard at, UTC"]), format_time(heard_at)


def test_values_are_said_as_the_page_says() -> None:
    for row in table(PAGE, "amounts and times in two languages"):
        for language in ("en", "zh"):
            zone = ZoneInfo(row["zone"])
            assert said(_value(row["value"]), language=language, zone=zone) == row[language]


def _value(text: str) -> Value:
    asset, _, amount = text.partition(" ")
    return Money(asset=asset, amount_minor=int(amount)) if amount else parse_time(text)


def test_a_delivery_that_always_fails_goes_as_the_page_says() -> None:
    failed = Failed(failure="unknown", problem="http.no_answer")
    for row in table(PAGE, "what becomes of a delivery that always fails"):
        found = after(failed, attempts=int(row["attempt"]), now=NOON)
        gap = timedelta() if found.next_at is None else found.next_at - NOON
        assert (str(int(gap.total_seconds())), found.state) == (row["again after, s"], row["state"])


def test_the_page_names_every_kind_of_message_and_whether_it_is_urgent() -> None:
    text = (FOLDER / PAGE).read_text().partition("## Reminders")[0]
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    said_so = {
        name: line.rstrip(" |").endswith("yes") for line in rows for name in KINDS if f"`{name}`" in line
    }
    assert said_so == {name: kind.urgent for name, kind in KINDS.items()}
