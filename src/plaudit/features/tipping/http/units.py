"""Units of gifts that a viewer has in hand, over HTTP."""

from typing import Any, Final

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.core.handles import Database
from plaudit.features.tipping import queries
from plaudit.features.tipping.http.fields import TAGS
from plaudit.features.tipping.model import check_person
from plaudit.platform.web import get


class UnitsView(msgspec.Struct, kw_only=True):
    """How many of a gift a viewer may give without paying again."""

    gift: str
    count: int


class UnitsList(msgspec.Struct, kw_only=True):
    """The gifts that a viewer has in hand, by name."""

    viewer: str
    items: list[UnitsView]


@get("/v1/gifts-in-hand", opt={"permission": "tip.read"}, summary="Gifts in hand", tags=TAGS)
async def list_units(*, grant: Grant, database: Database, viewer: str | None = None) -> UnitsList:
    """Return the units of gifts that a viewer has, as from a bundle: what `funding` "gift" pays with.

    A viewer's token sees its own and leaves `viewer` out.
    """
    person = check_person(actor=grant.actor, kind="viewer", named=viewer)
    found = await queries.units(database=database, tenant_id=grant.tenant_id, viewer=person)
    return UnitsList(viewer=person, items=[UnitsView(gift=gift, count=count) for gift, count in found])


ROUTES: Final[tuple[Any, ...]] = (list_units,)
