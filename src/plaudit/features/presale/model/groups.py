"""Groups: a price that holds if enough buyers pay in time."""

from dataclasses import dataclass
from datetime import datetime

from plaudit.kernel.refusal import refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group as it was opened; what changes of it are counters of the ledger. `until` is its deadline."""

    id: str
    show: str
    offer: str
    viewer: str
    size: int
    price_minor: int
    until: datetime
    opened_at: datetime


def check_joinable(group: Group, *, members: int, over: bool, now: datetime) -> None:
    """Raise Refusal (REFUSED) `group.over` past its time or end, `group.full` when each place is taken."""
    if over or now >= group.until:
        raise refused("group.over", "This group is over; open one of your own, or join another.")
    if members >= group.size:
        raise refused(
            "group.full", "This group is full; open one of your own, or join another.", size=group.size
        )


def check_newcomer(*, has: int) -> None:
    """Raise Refusal `group.member` (REFUSED) to one who `has` a place in the group: others are to fill it."""
    if has:
        raise refused("group.member", "You are in this group already; send its link to others.")
