"""Questions about links, their friends and posters, rules, boards."""

import asyncio
from dataclasses import dataclass
from typing import Final, Protocol

from plaudit.core.commands.references import References
from plaudit.core.commands.tenants import ZONE
from plaudit.core.handles import Database
from plaudit.features.invitations.model.links import Link, tenant_of, unknown_invitation
from plaudit.features.invitations.model.posters import Language, Poster, when_of
from plaudit.features.invitations.model.rules import EVERY_SHOW, RULE, Rule
from plaudit.features.invitations.providers import pictures
from plaudit.features.invitations.providers.posters import Posters
from plaudit.features.invitations.store import figures, links, rules
from plaudit.features.invitations.store.figures import FriendRow, Tally
from plaudit.kernel.page import Page, check_limit, decode_cursor, encode_cursor
from plaudit.kernel.refusal import not_found

BOARD_MAX: Final = 50

_NEWEST: Final = 2**63 - 1
_POSTERS: Final = Posters()


class Addressed(Protocol):
    """Where the world reaches this server."""

    @property
    def public_url(self) -> str:
        """The address, without a slash at its end."""


class Means(Protocol):
    """What these questions need of the assembled house."""

    @property
    def database(self) -> Database:
        """The database, for reading."""

    @property
    def references(self) -> References:
        """Reference rows."""

    @property
    def settings(self) -> Addressed:
        """What this process was told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Which picture a show's posters have: its SHA-256 in hex, None for the drawn ground."""

    revision: int
    digest: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What invitations came to in a tenant, and a page of its shows."""

    whole: Tally
    shows: Page[Tally]


def url_of(invitation: str, *, public_url: str) -> str:
    """Return the address of a link, which leads on to the rule's."""
    return f"{public_url}/i/{invitation}"


async def link(*, database: Database, tenant_id: int, invitation: str) -> Link:
    """Return a link. Raises Refusal `invitation.unknown` (NOT_FOUND) for none of this tenant's."""
    if tenant_of(invitation) != tenant_id:
        raise unknown_invitation()
    async with database.connection() as conn:
        found = await links.select_link(conn, tenant_id=tenant_id, invitation=invitation)
    if found is None:
        raise unknown_invitation()
    return found


async def link_of(*, database: Database, tenant_id: int, viewer: str, show: str) -> Link | None:
    """Return a viewer's link to a show, None where there is none yet."""
    async with database.connection() as conn:
        return await links.select_link_of(conn, tenant_id=tenant_id, viewer=viewer, show=show)


async def landing(means: Means, *, invitation: str) -> str:
    """Return where a link leads, whoever asks. Raises Refusal `invitation.unknown` (NOT_FOUND)."""
    tenant_id = tenant_of(invitation)
    found = await link(database=means.database, tenant_id=tenant_id, invitation=invitation)
    decides = await _rule_of(means, tenant_id=tenant_id, show=found.show)
    if decides is None:
        raise unknown_invitation()
    return decides.landing(show=found.show, invitation=found.id)


async def poster(means: Means, *, tenant_id: int, link: Link, language: Language) -> Poster:
    """Return what is on the poster of a link; a show that was never announced is called by its id."""
    async with means.database.connection() as conn:
        show = await figures.select_show(conn, tenant_id=tenant_id, show=link.show)
        picture = await rules.select_picture(conn, tenant_id=tenant_id, show=link.show)
    title, when = link.show, None
    if show is not None:
        zone = await means.references.get(tenant_id=tenant_id, topic=ZONE, key="*")
        title = show.title_zh if language == "zh" else show.title_en
        when = when_of(show.starts_at, zone=zone, language=language)
    return Poster(
        language=language,
        title=title,
        when=when,
        name=link.name,
        url=url_of(link.id, public_url=means.settings.public_url),
        picture=None if picture is None else picture[1],
        picture_digest=None if picture is None else picture[2],
    )


async def drawn(poster: Poster, *, posters: Posters = _POSTERS) -> bytes:
    """Return a poster as PNG, drawn in a thread unless it was drawn before."""
    return await asyncio.to_thread(posters.png, poster)


async def taken_in(sent: bytes) -> bytes:
    """Return a picture as it is kept, written anew in a thread. Raises Refusal `picture.invalid`."""
    return await asyncio.to_thread(pictures.taken_in, sent)


async def rule(*, database: Database, tenant_id: int, show: str) -> Rule:
    """Return the rule saved for a show, or for EVERY_SHOW.

    Raises Refusal `invitation_rule.unknown` (NOT_FOUND).
    """
    async with database.connection() as conn:
        found = await rules.load_rules(conn, tenant_id, [show])
    if show not in found:
        raise not_found(
            "invitation_rule.unknown", "There is no rule of its own here; save one, or ask for the tenant's."
        )
    return found[show]


async def picture(*, database: Database, tenant_id: int, show: str) -> Picture:
    """Return which picture a show has; revision 0 where there never was one."""
    async with database.connection() as conn:
        found = await rules.select_picture(conn, tenant_id=tenant_id, show=show)
    return Picture(revision=0, digest=None) if found is None else Picture(revision=found[0], digest=found[2])


async def friends(
    *,
    database: Database,
    tenant_id: int,
    viewer: str,
    show: str | None,
    limit: int | None,
    cursor: str | None,
) -> Page[FriendRow]:
    """Return a page of those who came by a viewer's links, newest first.

    Raises Refusal `limit.invalid`, `cursor.invalid`.
    """
    size = check_limit(limit)
    before = _NEWEST if cursor is None else int(decode_cursor(cursor, int)[0])
    async with database.connection() as conn:
        rows = await figures.select_friends(
            conn, tenant_id=tenant_id, viewer=viewer, show=show, before=before, limit=size + 1
        )
    return Page(rows[:size], encode_cursor([rows[size - 1].order]) if len(rows) > size else None)


async def board(*, database: Database, tenant_id: int, show: str) -> list[Tally]:
    """Return those who brought most friends to a show, at most 50."""
    async with database.connection() as conn:
        return list(await figures.select_board(conn, tenant_id=tenant_id, show=show, limit=BOARD_MAX))


async def totals(*, database: Database, tenant_id: int, limit: int | None, cursor: str | None) -> Totals:
    """Return the tenant's sums and a page of those of its shows, by id.

    Raises Refusal `limit.invalid`, `cursor.invalid`.
    """
    size = check_limit(limit)
    after = "" if cursor is None else str(decode_cursor(cursor, str)[0])
    async with database.connection() as conn:
        whole, rows = await figures.select_totals(conn, tenant_id=tenant_id, after=after, limit=size + 1)
    following = encode_cursor([rows[size - 1].id]) if len(rows) > size else None
    return Totals(whole=whole, shows=Page(rows[:size], following))


async def _rule_of(means: Means, *, tenant_id: int, show: str) -> Rule | None:
    for key in (show, EVERY_SHOW):
        found: Rule | None = await means.references.get(tenant_id=tenant_id, topic=RULE, key=key)
        if found is not None:
            return found
    return None
