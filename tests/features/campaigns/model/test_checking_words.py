"""Terms as they are sent: zones and texts."""

from __future__ import annotations

import pytest

from plaudit.features.campaigns.model.checking import TITLE_MAX
from plaudit.features.campaigns.model.clocks import clock_of
from plaudit.kernel.refusal import Refusal
from tests.features.campaigns.model.sent import WEEKLY, altered, checked, refused, tried


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "UTC", "Etc/GMT+8", "America/Argentina/Ushuaia", "PRC"])
def test_a_zone_is_one_of_the_iana(zone: str) -> None:
    assert checked(altered(WEEKLY, "zone", zone)).zone == zone
    assert clock_of(zone).zone.key == zone


@pytest.mark.parametrize(
    "zone",
    [
        "localtime",
        "posixrules",
        "Factory",
        "posix/Asia/Shanghai",
        "right/Asia/Shanghai",
        "Asia",
        "zone.tab",
        "",
    ],
)
def test_a_zone_that_depends_on_the_machine_is_none(zone: str) -> None:
    assert refused(altered(WEEKLY, "zone", zone)) == ("campaign.zone", "zone")


@pytest.mark.parametrize("sent", ["one\r\n\r\ntwo\r\n", "one\r\rtwo", "one\n\ntwo"])
def test_lines_of_a_text_end_alike_wherever_it_was_written(sent: str) -> None:
    assert checked(altered(WEEKLY, "texts.text_en", sent)).texts.text_en == "one\n\ntwo"


@pytest.mark.parametrize("name", ["title_zh", "text_en"])
@pytest.mark.parametrize(
    "unshown", ["\t", "\0", "\x1b", "\x7f", "\x85", "\ud800", "\ufdd0", "\ufffe", "\uffff", "\U0001fffe"]
)
def test_a_text_with_what_cannot_be_shown_is_told_so(name: str, unshown: str) -> None:
    outcome = tried(altered(WEEKLY, f"texts.{name}", f"20{unshown}%"))
    assert isinstance(outcome, Refusal)
    assert (outcome.code, outcome.details["place"]) == ("campaign.text", f"texts.{name}")
    assert "control characters" in outcome.message


def test_a_text_that_is_too_long_is_told_its_length() -> None:
    outcome = tried(altered(WEEKLY, "texts.title_en", "x" * (TITLE_MAX + 1)))
    assert isinstance(outcome, Refusal)
    assert outcome.message == "Send a text of 1 to 80 characters."
    assert checked(altered(WEEKLY, "texts.title_en", "返 20% 🎁" * 10)).texts.title_en == "返 20% 🎁" * 10
