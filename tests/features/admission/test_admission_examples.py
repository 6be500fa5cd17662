"""What the page of admission tells by example is what happens."""

from __future__ import annotations

import re
from datetime import timedelta

import msgspec
import pytest

from plaudit.features.admission.model.places import Place, Verdict, decide
from plaudit.kernel.refusal import Refusal
from tests.features.admission.test_places import ASK, SHOW, place
from tests.features.examples import table

_ASKS = re.compile(r"(\w+), token (\d), client (\w)")


@pytest.mark.parametrize("row", table("admission.md", "one viewer, two devices"))
def test_devices_are_counted_as_the_page_says(row: dict[str, str]) -> None:
    asks = _ASKS.fullmatch(row["who asks"])
    assert asks is not None, row
    device, serial, client = asks.groups()
    ask = msgspec.structs.replace(ASK, device=device, serial=int(serial), client=client)
    places = [
        _place(slot, words) for slot, words in enumerate(row["before"].split(", "), 1) if words != "nobody"
    ]
    found = decide(ask, show=SHOW, held={"main"}, places=places)
    assert _told(found) == row["answer"]


def _place(slot: int, words: str) -> Place:
    device, serial, client = words.split()
    since = ASK.at - timedelta(minutes=slot)
    return place(slot, device=device, serial=int(serial), client=client, since=since)


def _told(found: Verdict | Refusal) -> str:
    if isinstance(found, Refusal):
        return found.code
    if found.act == "keep":
        return "let in again"
    if found.before is not None:
        return f"let in for {found.before.device} {found.before.serial} {found.before.client}"
    return "let in" if found.slot == 1 else "let in as another device"
