"""What admission makes of facts: it keeps shows, and ends the sessions of those whose right is gone."""

from dataclasses import dataclass, field
from typing import Final

import msgspec

from plaudit.core.commands.corridor import Corridor
from plaudit.core.feature import Reaction
from plaudit.core.handles import Connection
from plaudit.core.journal.facts import Recorded
from plaudit.core.journal.subscriptions import Span, Subscription
from plaudit.features.admission.actions.revoking import revoke
from plaudit.features.admission.actions.rights import pages_of_rightless, rightless
from plaudit.features.admission.model.places import Place
from plaudit.features.admission.model.shows import OVER, Show
from plaudit.features.admission.store import places as store
from plaudit.features.admission.store import shows as show_store
from plaudit.vocabulary.facts.admission import RevokeCause
from plaudit.vocabulary.facts.identity import ViewerErased
from plaudit.vocabulary.facts.shows import ShowSaved, ShowStateChanged
from plaudit.vocabulary.facts.tickets import TicketForfeited, TicketRefunded, TicketTransferred

_Ended = dict[tuple[str, str | None, RevokeCause, str], list[Place]]


@dataclass(slots=True)
class _Said:
    """What a span says, each with the position of the fact that says it."""

    over: dict[str, int] = field(default_factory=dict)
    changed: dict[str, tuple[int, Show]] = field(default_factory=dict)
    losers: dict[tuple[str, str], int] = field(default_factory=dict)
    erased: dict[str, int] = field(default_factory=dict)


async def project(conn: Connection, span: Span) -> None:
    """Bring the projection of shows over a span."""
    await show_store.apply_facts(conn, tenant_id=span.tenant_id, after=span.after, upto=span.upto)


async def _revoke(corridor: Corridor, conn: Connection, span: Span) -> None:
    """End the sessions that a span of facts leaves without a right."""
    facts = await span.facts(conn)
    if not facts:
        return
    said, tenant_id = _said(facts), span.tenant_id
    ended: _Ended = {}
    if said.over:
        for place in await store.delete_of_shows(conn, tenant_id=tenant_id, shows=list(said.over)):
            by = str(said.over[place.show])
            ended.setdefault((place.show, None, "show", by), []).append(place)
    if said.erased:
        for place in await store.delete_of_viewers(conn, tenant_id=tenant_id, viewers=list(said.erased)):
            by = str(said.erased[place.viewer])
            ended.setdefault((place.show, place.viewer, "erased", by), []).append(place)
    if said.losers:
        await _end_losers(conn, tenant_id, said, ended)
    for show, (position, as_saved) in said.changed.items():
        await _end_of_show(conn, tenant_id, as_saved, ended, by=f"{position}/{show}")
    await revoke(corridor, conn, tenant_id=tenant_id, ended=ended)


def _said(facts: list[Recorded]) -> _Said:
    said = _Said()
    for fact in facts:
        data, position = fact.data, fact.position
        match fact.kind:
            case ShowStateChanged.KIND:
                if data["state"] in OVER:
                    said.over[data["show"]] = position
            case ShowSaved.KIND:
                said.changed[data["show"]] = (position, _show(fact))
            case ViewerErased.KIND:
                said.erased[data["viewer"]] = position
            case TicketTransferred.KIND:
                said.losers[data["holder"], data["show"]] = position
            case _:
                for viewer in (data["viewer"], *data.get("holders", ())):
                    said.losers[viewer, data["show"]] = position
    return said


def _show(fact: Recorded) -> Show:
    saved = msgspec.convert(fact.data, ShowSaved)
    return Show(
        show=saved.show,
        state=saved.state,
        starts_at=saved.starts_at,
        ends_at=saved.ends_at,
        devices_max=saved.devices_max,
        streams={one.stream: one.rights for one in saved.streams},
    )


async def _end_losers(conn: Connection, tenant_id: int, said: _Said, ended: _Ended) -> None:
    """End the places of viewers who gave something back, and have nothing else that opens their stream."""
    cursor = await store.ask_places(conn, tenant_id=tenant_id, viewers=list(said.losers))
    found = [place for some in (await store.places_in(cursor)).values() for place in some]
    names = list({place.show for place in found})
    shows = await show_store.select_shows(conn, tenant_id=tenant_id, shows=names)
    gone = await rightless(conn, tenant_id=tenant_id, places=found, shows=shows)
    numbers = [(place.viewer, place.show, place.number) for place in gone]
    for place in await store.delete_places(conn, tenant_id=tenant_id, numbers=numbers):
        by = str(said.losers[place.viewer, place.show])
        ended.setdefault((place.show, place.viewer, "right", by), []).append(place)


async def _end_of_show(conn: Connection, tenant_id: int, show: Show, ended: _Ended, *, by: str) -> None:
    """End the places in a show that was saved, of those whom it lets watch no more."""
    async for gone in pages_of_rightless(conn, tenant_id=tenant_id, show=show):
        numbers = [(place.viewer, place.show, place.number) for place in gone]
        for place in await store.delete_places(conn, tenant_id=tenant_id, numbers=numbers):
            ended.setdefault((place.show, None, "show", by), []).append(place)


SHOWS: Final = Subscription(
    name=show_store.PROJECTION,
    kinds=(ShowSaved.KIND, ShowStateChanged.KIND),
    apply=project,
    kind="projection",
    tables=("admission.show",),
)
REVOKING: Final = Reaction(
    name="admission.revoke",
    kinds=(
        TicketRefunded.KIND,
        TicketForfeited.KIND,
        TicketTransferred.KIND,
        ShowStateChanged.KIND,
        ShowSaved.KIND,
        ViewerErased.KIND,
    ),
    react=_revoke,
)
