"""Reads of what is kept: contacts, inboxes, templates, outlets, deliveries."""

from typing import NamedTuple

from plaudit.core.handles import Database
from plaudit.features.notifications.model.contacts import Channel, Contact
from plaudit.features.notifications.model.deliveries import (
    DELIVERY,
    Delivery,
    State,
    unknown_delivery,
)
from plaudit.features.notifications.model.kinds import KINDS, LANGUAGES, kind_of, language_of
from plaudit.features.notifications.model.mail import MailServer
from plaudit.features.notifications.model.messages import Message
from plaudit.features.notifications.model.templates import Template
from plaudit.features.notifications.model.webhooks import WEBHOOK, Webhook, unknown_webhook
from plaudit.features.notifications.store import contacts as contact_store
from plaudit.features.notifications.store import deliveries as delivery_store
from plaudit.features.notifications.store import messages as message_store
from plaudit.features.notifications.store import outlets as outlet_store
from plaudit.features.notifications.store import templates as template_store
from plaudit.kernel.ids import MAX_NUMBER, decode_id
from plaudit.kernel.page import Page, check_limit, decode_cursor, encode_cursor
from plaudit.kernel.refusal import not_found


class Inbox(NamedTuple):
    """A page of an inbox, newest first, and how many messages in all of it were not read."""

    page: Page[Message]
    unread: int


async def contact(*, database: Database, tenant_id: int, viewer: str) -> Contact:
    """Return how a viewer is reached: the defaults at revision 0 where nothing was saved."""
    async with database.connection() as conn:
        found = await contact_store.select_contacts(conn, tenant_id=tenant_id, viewers=[viewer])
    return found.get(viewer) or Contact(viewer=viewer)


async def inbox(
    *,
    database: Database,
    tenant_id: int,
    viewer: str,
    unread: bool,
    limit: int | None,
    cursor: str | None,
) -> Inbox:
    """Return a page of a viewer's inbox. Raises Refusal `limit.invalid`, `cursor.invalid`."""
    size = check_limit(limit)
    before = MAX_NUMBER if cursor is None else int(decode_cursor(cursor, int)[0])
    async with database.connection() as conn:
        rows = await message_store.select_inbox(
            conn, tenant_id=tenant_id, viewer=viewer, unread=unread, before=before, limit=size + 1
        )
        count = await message_store.count_unread(conn, tenant_id=tenant_id, viewer=viewer)
    page = Page(rows[:size], encode_cursor([rows[size - 1].number]) if len(rows) > size else None)
    return Inbox(page, count)


async def templates(*, database: Database, tenant_id: int) -> list[Template]:
    """Return what every kind of message says in every language, changed or not."""
    async with database.connection() as conn:
        saved = await template_store.select_templates(conn, tenant_id=tenant_id)
    return [
        saved.get((kind, language)) or Template(kind=kind, language=language, revision=0, text=None)
        for kind in KINDS
        for language in LANGUAGES
    ]


async def template(*, database: Database, tenant_id: int, kind: str, language: str) -> Template:
    """Return what a kind of message says in a language.

    Raises Refusal `template.kind`, `template.language` (NOT_FOUND).
    """
    known, spoken = kind_of(kind), language_of(language)
    found = await templates(database=database, tenant_id=tenant_id)
    return next(one for one in found if (one.kind, one.language) == (known.name, spoken))


async def webhooks(
    *, database: Database, tenant_id: int, limit: int | None, cursor: str | None
) -> Page[Webhook]:
    """Return a page of webhooks in the order they were made.

    Raises Refusal `limit.invalid`, `cursor.invalid`.
    """
    size = check_limit(limit)
    after = 0 if cursor is None else int(decode_cursor(cursor, int)[0])
    async with database.connection() as conn:
        rows = await outlet_store.select_webhooks(conn, tenant_id=tenant_id, after=after, limit=size + 1)
    return Page(rows[:size], encode_cursor([rows[size - 1].number]) if len(rows) > size else None)


async def webhook(*, database: Database, tenant_id: int, webhook: str) -> Webhook:
    """Return one webhook. Raises Refusal `invalid.id` (INVALID), `webhook.unknown` (NOT_FOUND)."""
    key = str(decode_id(WEBHOOK, webhook))
    async with database.connection() as conn:
        found = await outlet_store.load_webhooks(conn, tenant_id, [key])
    if key not in found:
        raise unknown_webhook()
    return found[key]


async def mail_server(*, database: Database, tenant_id: int) -> MailServer:
    """Return the tenant's mail server. Raises Refusal `mail_server.unknown` (NOT_FOUND)."""
    async with database.connection() as conn:
        found = await outlet_store.select_server(conn, tenant_id=tenant_id)
    if found is None:
        raise not_found("mail_server.unknown", "No mail server was saved yet; save one first.")
    return found


async def delivery(*, database: Database, tenant_id: int, delivery: str) -> Delivery:
    """Return one delivery. Raises Refusal `invalid.id` (INVALID), `delivery.unknown` (NOT_FOUND)."""
    number = decode_id(DELIVERY, delivery)
    async with database.connection() as conn:
        found = await delivery_store.select_delivery(conn, tenant_id=tenant_id, number=number)
    if found is None:
        raise unknown_delivery()
    return found


async def deliveries(
    *,
    database: Database,
    tenant_id: int,
    state: State | None,
    channel: Channel | None,
    viewer: str | None,
    limit: int | None,
    cursor: str | None,
) -> Page[Delivery]:
    """Return a page of deliveries, newest first.

    Raises Refusal `limit.invalid`, `cursor.invalid` (INVALID).
    """
    size = check_limit(limit)
    before = MAX_NUMBER if cursor is None else int(decode_cursor(cursor, int)[0])
    async with database.connection() as conn:
        rows = await delivery_store.select_deliveries(
            conn,
            tenant_id=tenant_id,
            state=state,
            channel=channel,
            viewer=viewer,
            before=before,
            limit=size + 1,
        )
    return Page(rows[:size], encode_cursor([rows[size - 1].number]) if len(rows) > size else None)
