"""The ledger's counters that presale goes by; none of their windows ever ends."""

from plaudit.core.ledger.book import Window
from plaudit.core.ledger.reversals import unending
from plaudit.features.presale.model.counters import (
    code_counter,
    members_counter,
    paid_counter,
    step_counter,
)


def step_window(*, offer: str, step: int) -> Window:
    """Return the counter of how many seats a price step has had, counted from 0."""
    return unending(step_counter(offer=offer, step=step))


def person_window(*, offer: str, viewer: str) -> Window:
    """Return the counter of how many seats of an offer a viewer has, reserved ones as well."""
    return unending(f"offer/{offer}/person/{viewer}")


def code_window(*, offer: str, code: str) -> Window:
    """Return the counter of how many seats were ordered with a code."""
    return unending(code_counter(offer=offer, code=code))


def waiting_window(*, offer: str) -> Window:
    """Return the counter of how many seats those want who wait for an offer and were not offered any."""
    return unending(f"offer/{offer}/waiting")


def waiter_window(*, offer: str, viewer: str) -> Window:
    """Return the counter of how many seats of an offer a viewer waits for, or was offered."""
    return unending(f"offer/{offer}/waiter/{viewer}")


def group_members(*, group: str) -> Window:
    """Return the counter of a group's members, those who have not paid yet as well."""
    return unending(members_counter(group=group))


def group_member(*, group: str, viewer: str) -> Window:
    """Return the counter that is 1 while a viewer has a place in a group, paid or not."""
    return unending(f"group/{group}/viewer/{viewer}")


def group_paid(*, group: str) -> Window:
    """Return the counter of a group's members who have paid."""
    return unending(paid_counter(group=group))


def group_over(*, group: str) -> Window:
    """Return the counter that is 1 once a group is full or its time is over."""
    return unending(f"group/{group}/over")
