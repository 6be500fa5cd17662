"""Rights as the ledger has them now: a viewer's in a show, and which places have lost theirs."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

from plaudit.core.handles import Connection, Database
from plaudit.core.ledger import balances
from plaudit.features.admission.model.places import STAGE, Place
from plaudit.features.admission.model.shows import Show, refusal_to_watch, right_addresses
from plaudit.features.admission.store import places as place_store
from plaudit.features.admission.store import shows as store
from plaudit.vocabulary import chart

_PAGE: Final = 1_000


async def rights_in_hand(
    *, database: Database, tenant_id: int, viewer: str | None, show: str
) -> tuple[Show | None, dict[str, int]]:
    """Return a show, None where it was never announced, and by right how many of it a viewer has in hand."""
    async with database.connection() as conn:
        shows = await store.select_shows(conn, tenant_id=tenant_id, shows=[show])
        if viewer is None:
            return shows.get(show), {}
        prefix, right, rest = chart.viewer_right(viewer=viewer, show=show, right="\0").partition("\0")
        assert right, "the address of a right has the right in it"
        found = await balances.below(conn, tenant_id=tenant_id, prefix=prefix)
    return shows.get(show), {
        address.removeprefix(prefix).removesuffix(rest): balance
        for address, (_, balance, _) in found.items()
        if balance > 0
    }


async def rightless(
    conn: Connection, *, tenant_id: int, places: Sequence[Place], shows: Mapping[str, Show]
) -> list[Place]:
    """Return the places of those who may not watch any more, by the shows given and the ledger."""
    wanted: dict[str, None] = {}
    for place in places:
        wanted.update(dict.fromkeys(_addresses(place, shows).values()))
    found = await balances.balances(conn, tenant_id=tenant_id, addresses=list(wanted))
    return [
        place
        for place in places
        if refusal_to_watch(
            shows.get(place.show),
            place.stream,
            held={right for right, address in _addresses(place, shows).items() if found.get(address, 0) > 0},
            publish=place.slot == STAGE,
        )
    ]


def _addresses(place: Place, shows: Mapping[str, Show]) -> dict[str, str]:
    show = shows.get(place.show)
    if show is None:
        return {}
    rights = show.rights_for(place.stream, publish=place.slot == STAGE)
    return right_addresses(viewer=place.viewer, show=place.show, rights=rights)


async def pages_of_rightless(
    conn: Connection, *, tenant_id: int, show: Show | None = None
) -> AsyncIterator[list[Place]]:
    """Give the places of those who may not watch any more, page by page: of one show as given, or of all."""
    after = ("", "", -1)
    while True:
        places = await place_store.select_places(
            conn, tenant_id=tenant_id, show=None if show is None else show.show, after=after, limit=_PAGE
        )
        if not places:
            return
        last = places[-1]
        after = (last.viewer, last.show, last.slot)
        if show is None:
            names = list({place.show for place in places})
            shows = await store.select_shows(conn, tenant_id=tenant_id, shows=names)
        else:
            shows = {show.show: show}
        gone = await rightless(conn, tenant_id=tenant_id, places=places, shows=shows)
        if gone:
            yield gone
