"""What invitations came to, over HTTP: who brought most friends to a show, and the sums of a tenant."""

from typing import Any, Final

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.core.handles import Database
from plaudit.features.invitations import queries
from plaudit.features.invitations.http.fields import TAGS, Cursor, Limit
from plaudit.features.invitations.model.links import check_show
from plaudit.features.invitations.store.figures import Tally
from plaudit.platform.web import get

# A viewer's token may read its own invitations, and not who else invites.
_READ: Final = {"permission": "show.read"}


class InviterView(msgspec.Struct, kw_only=True):
    """What one inviter brought to a show: friends rewarded and not taken back, taken back, refused.

    `coin_minor` and `points_minor` are what both sides were given for it, net.
    """

    viewer: str
    rewarded: int
    reversed: int
    refused: int
    coin_minor: int
    points_minor: int


class BoardView(msgspec.Struct, kw_only=True):
    """Those who brought most friends to a show, at most 50."""

    show: str
    items: list[InviterView]


class ShowTotal(msgspec.Struct, kw_only=True):
    """What invitations to one show came to."""

    show: str
    rewarded: int
    reversed: int
    refused: int
    coin_minor: int
    points_minor: int


class TotalsView(msgspec.Struct, kw_only=True):
    """What invitations came to in all, and by show."""

    rewarded: int
    reversed: int
    refused: int
    coin_minor: int
    points_minor: int
    items: list[ShowTotal]
    next_cursor: str | None


@get("/v1/invitation-boards/{show:str}", opt=_READ, summary="Who brought most friends", tags=TAGS)
async def show_board(*, show: str, grant: Grant, database: Database) -> BoardView:
    """Return the inviters of a show by how many friends they brought."""
    rows = await queries.board(database=database, tenant_id=grant.tenant_id, show=check_show(show))
    return BoardView(show=show, items=[InviterView(viewer=one.id, **_sums(one)) for one in rows])


@get("/v1/invitation-totals", opt=_READ, summary="What invitations came to", tags=TAGS)
async def show_totals(
    *, grant: Grant, database: Database, limit: Limit = None, cursor: Cursor = None
) -> TotalsView:
    """Return the sums of all invitations, and those of the shows by id."""
    found = await queries.totals(database=database, tenant_id=grant.tenant_id, limit=limit, cursor=cursor)
    return TotalsView(
        **_sums(found.whole),
        items=[ShowTotal(show=one.id, **_sums(one)) for one in found.shows.items],
        next_cursor=found.shows.next_cursor,
    )


ROUTES: Final[tuple[Any, ...]] = (show_board, show_totals)


def _sums(one: Tally) -> dict[str, Any]:
    return {
        "rewarded": one.rewarded,
        "reversed": one.reversed,
        "refused": one.refused,
        "coin_minor": one.coin_minor,
        "points_minor": one.points_minor,
    }
