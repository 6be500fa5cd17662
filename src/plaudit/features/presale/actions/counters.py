"""The counters of presale: what was taken of each price step, by whom, with which code, in which group."""

from plaudit.core.ledger.book import Window
from plaudit.core.ledger.reversals import unending


def step_window(*, offer: str, step: int) -> Window:
    """Return the counter of how many seats a price step has had; steps are counted from 0."""
    return unending(f"offer/{offer}/step/{step}")


def person_window(*, offer: str, viewer: str) -> Window:
    """Return the counter of how many seats of an offer a viewer has."""
    return unending(f"offer/{offer}/person/{viewer}")


def code_window(*, offer: str, code: str) -> Window:
    """Return the counter of how many seats were ordered with a code."""
    return unending(f"offer/{offer}/code/{code}")


def waiting_window(*, offer: str) -> Window:
    """Return the counter of how many seats the waiting list of an offer asks for."""
    return unending(f"offer/{offer}/waiting")


def group_members(*, group: str) -> Window:
    """Return the counter of how many buyers have a place in a group."""
    return unending(f"group/{group}/members")


def group_paid(*, group: str) -> Window:
    """Return the counter of how many buyers of a group have paid."""
    return unending(f"group/{group}/paid")


def group_over(*, group: str) -> Window:
    """Return the counter that is 1 when a group has ended, full or not."""
    return unending(f"group/{group}/over")
