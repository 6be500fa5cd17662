"""Groups over HTTP: those that can be joined, and one by its link."""

from typing import Any, Final, Literal

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.core.handles import Database
from plaudit.features.presale.http.fields import READ, TAGS, asking_of
from plaudit.features.presale.queries import orders as queries
from plaudit.kernel.time import Clock, format_time
from plaudit.platform.web import get


class GroupView(msgspec.Struct, kw_only=True):
    """A group: `size` buyers must have paid by `until`; `members` have a place, `paid` of them have paid."""

    group: str
    show: str
    offer: str
    opened_by: str
    size: int
    members: int
    paid: int
    price_minor: int
    until: str
    state: Literal["open", "filled", "over"]


class GroupPage(msgspec.Struct, kw_only=True):
    """Groups that can be joined, those that end first at the front; at most 50."""

    items: list[GroupView]


@get("/v1/offers/{offer:str}/groups", opt=READ, summary="Groups that can be joined", tags=TAGS)
async def list_groups(*, offer: str, grant: Grant, database: Database, clock: Clock) -> GroupPage:
    """Return the open groups of an offer that have a place left, if the offer is shown and sold."""
    found = await queries.open_groups(
        database=database,
        tenant_id=grant.tenant_id,
        offer=offer,
        asking=asking_of(grant),
        now=clock.now(),
    )
    return GroupPage(items=[_view(one) for one in found])


@get("/v1/groups/{group:str}", opt=READ, summary="A group", tags=TAGS)
async def show_group(*, group: str, grant: Grant, database: Database) -> GroupView:
    """Return a group as its link shows it."""
    return _view(await queries.group(database=database, tenant_id=grant.tenant_id, group=group))


ROUTES: Final[tuple[Any, ...]] = (list_groups, show_group)

_STATES: Final[dict[bool | None, Literal["open", "filled", "over"]]] = {
    None: "open",
    True: "filled",
    False: "over",
}


def _view(seen: queries.GroupSeen) -> GroupView:
    group = seen.group
    return GroupView(
        group=group.id,
        show=group.show,
        offer=group.offer,
        opened_by=group.viewer,
        size=group.size,
        members=seen.members,
        paid=seen.paid,
        price_minor=group.price_minor,
        until=format_time(group.until),
        state=_STATES[seen.filled],
    )
