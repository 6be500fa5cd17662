"""Terms as they are sent: zones and texts."""

from __future__ import annotations

import pytest

from plaudit.features.campaigns.model.clocks import clock_of
from tests.features.campaigns.model.sent import WEEKLY, altered, checked, refused


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
