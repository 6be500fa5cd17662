"""What can be asked about media servers and sessions."""

from typing import Final

from plaudit.core.handles import Database
from plaudit.features.admission.model.places import Place
from plaudit.features.admission.model.servers import MediaServer, number_of, unknown_server
from plaudit.features.admission.store import places, servers
from plaudit.kernel.page import Page, check_limit, decode_cursor, encode_cursor

_SLOT_MAX: Final = 2**31 - 1


async def server(*, database: Database, tenant_id: int, server: str) -> MediaServer:
    """Return a media server. Raises Refusal `invalid.id`, `media_server.unknown` (NOT_FOUND)."""
    number = number_of(server, tenant_id=tenant_id)
    async with database.connection() as conn:
        found = await servers.load_servers(conn, tenant_id, [str(number)])
    if str(number) not in found:
        raise unknown_server()
    return found[str(number)]


async def every_server(*, database: Database, tenant_id: int) -> tuple[MediaServer, ...]:
    """Return all media servers by priority; there are a hundred at most."""
    async with database.connection() as conn:
        found = await servers.load_all_servers(conn, tenant_id, [servers.ALL])
    return found[servers.ALL]


async def session_page(
    *,
    database: Database,
    tenant_id: int,
    show: str | None,
    viewer: str | None,
    limit: int | None,
    cursor: str | None,
) -> Page[Place]:
    """Return a page of who watches now, by viewer. Raises Refusal `limit.invalid`, `cursor.invalid`."""
    size = check_limit(limit)
    after = ("", "", -1)
    if cursor is not None:
        last_viewer, last_show, slot = decode_cursor(cursor, str, str, int)
        after = (str(last_viewer), str(last_show), max(-1, min(int(slot), _SLOT_MAX)))
    async with database.connection() as conn:
        rows = await places.select_places(
            conn, tenant_id=tenant_id, show=show, viewer=viewer, after=after, limit=size + 1
        )
    last = rows[size - 1] if len(rows) > size else None
    return Page(rows[:size], encode_cursor([last.viewer, last.show, last.slot]) if last else None)
