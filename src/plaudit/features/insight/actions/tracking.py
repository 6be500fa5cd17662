"""Taking events: each is looked at by itself, and those that will do wait in memory to be written."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from plaudit.features.insight.actions.base import Means
from plaudit.features.insight.model import EVENTS_MAX, Event, Told, event_of
from plaudit.features.insight.store.intake import Intake
from plaudit.kernel.refusal import Refusal, invalid

FEATURE: Final = "insight"

_VISITOR_BYTES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """An event that was not taken: its place in the call, its id, and why."""

    index: int
    id: str
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of a call: how many events were taken, how many found no room, and which were refused."""

    taken: int
    dropped: int
    refused: tuple[Refused, ...]


def take(means: Means, *, tenant_id: int, events: Sequence[Told]) -> Taken:
    """Look at each event by itself, and put those that will do where they wait to be written.

    Raises Refusal `events.many` (INVALID) for none, or more than 100.
    """
    if not 1 <= len(events) <= EVENTS_MAX:
        raise invalid("events.many", f"Send 1 to {EVENTS_MAX} events in a call.", count=len(events))
    now = means.clock.now()
    context = f"insight/visitor/{tenant_id}"
    good: list[Event] = []
    refused: list[Refused] = []
    for index, told in enumerate(events):
        visitor = b""
        if told.visitor is not None:
            visitor = means.vault.mark(text=told.visitor.encode(), context=context)[:_VISITOR_BYTES]
        try:
            good.append(event_of(told, visitor=visitor, now=now))
        except Refusal as refusal:
            refused.append(Refused(index=index, id=told.id[:64], code=refusal.code, message=refusal.message))
    intake: Intake = means.companions[FEATURE]
    taken = intake.put(good, tenant_id=tenant_id) if good else 0
    return Taken(taken=taken, dropped=len(good) - taken, refused=tuple(refused))
