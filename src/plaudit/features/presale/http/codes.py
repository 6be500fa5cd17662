"""The codes of offers over HTTP. Who keeps shows sees them; a buyer sends one."""

from typing import Any, Final

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.core.commands.corridor import Corridor
from plaudit.core.handles import Database
from plaudit.features.presale.actions.offers import save_code
from plaudit.features.presale.http.fields import READ_ALL, TAGS, WRITE, Cursor, Limit, fact_of
from plaudit.features.presale.model.offers import Code
from plaudit.features.presale.queries import catalogue
from plaudit.features.presale.queries.catalogue import KeptCode
from plaudit.platform.web import Response, answer, get, put
from plaudit.vocabulary.facts.offers import OfferCodeSaved


class NewCode(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A code: it opens a hidden offer, has `reserved` seats kept for it, and is good for `uses_max` seats."""

    enabled: bool = True
    reserved: int = 0
    uses_max: int | None = None


class SavedCode(msgspec.Struct, kw_only=True):
    """A code as it was saved; `revision` counts its changes."""

    offer: str
    code: str
    enabled: bool
    reserved: int
    uses_max: int | None
    revision: int


class CodeView(SavedCode, kw_only=True):
    """A code, how many seats are still kept for it, and how many were ordered with it."""

    kept: int
    used: int


class CodePage(msgspec.Struct, kw_only=True):
    """Some codes of an offer, by name."""

    items: list[CodeView]
    next_cursor: str | None


@put("/v1/offers/{offer:str}/codes/{code:str}", opt=WRITE, summary="Make or change a code", tags=TAGS)
async def put_code(
    *, offer: str, code: str, data: NewCode, grant: Grant, idempotency_key: str, corridor: Corridor
) -> Response[SavedCode]:
    """Save a code of an offer. A code that is switched off keeps its seats until `reserved` is lowered."""
    wanted = Code(
        offer=offer,
        code=code,
        revision=0,
        enabled=data.enabled,
        reserved=data.reserved,
        uses_max=data.uses_max,
    )
    outcome = await save_code(corridor=corridor, grant=grant, key=idempotency_key, code=wanted)
    revision = fact_of(outcome, OfferCodeSaved).revision
    return answer(SavedCode(**_fields(wanted, revision=revision)), replayed=outcome.replayed)


@get("/v1/offers/{offer:str}/codes", opt=READ_ALL, summary="The codes of an offer", tags=TAGS)
async def list_codes(
    *, offer: str, grant: Grant, database: Database, limit: Limit = None, cursor: Cursor = None
) -> CodePage:
    """Return the codes of an offer by name, those that are off as well."""
    page = await catalogue.codes(
        database=database, tenant_id=grant.tenant_id, offer=offer, limit=limit, cursor=cursor
    )
    return CodePage(items=[_view(one) for one in page.items], next_cursor=page.next_cursor)


ROUTES: Final[tuple[Any, ...]] = (put_code, list_codes)


def _view(one: KeptCode) -> CodeView:
    return CodeView(**_fields(one.code, revision=one.code.revision), kept=one.kept, used=one.used)


def _fields(code: Code, *, revision: int) -> dict[str, Any]:
    return {
        "offer": code.offer,
        "code": code.code,
        "enabled": code.enabled,
        "reserved": code.reserved,
        "uses_max": code.uses_max,
        "revision": revision,
    }
