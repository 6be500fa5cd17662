"""Composing: news for viewers become messages in their words, each once, and deliveries beside them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from plaudit.core.commands import tenants as core_tenants
from plaudit.core.handles import Connection
from plaudit.features.notifications.actions.sending import enqueue
from plaudit.features.notifications.model.contacts import LOUD, OWN, Channel, Contact
from plaudit.features.notifications.model.kinds import kind_of
from plaudit.features.notifications.model.messages import Draft, News, Route
from plaudit.features.notifications.model.templates import Template, render
from plaudit.features.notifications.store import contacts as contact_store
from plaudit.features.notifications.store import deliveries as delivery_store
from plaudit.features.notifications.store import messages as store
from plaudit.features.notifications.store import outlets as outlet_store
from plaudit.features.notifications.store import templates as template_store
from plaudit.platform import telemetry

MESSAGES: Final = telemetry.counter(
    "messages", "Messages made for viewers, by kind; each once.", labels=("kind",)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    """What messages are composed with."""

    contacts: Mapping[str, Contact]
    templates: Mapping[tuple[str, str], Template]
    webhooks: Mapping[int, frozenset[str]]
    has_mail: bool
    zone: ZoneInfo
    now: datetime


async def compose(conn: Connection, *, tenant_id: int, news: Sequence[News], now: datetime) -> None:
    """Insert messages for news that were not told before, and their deliveries; have these sent.

    Set-based, within the caller's transaction, eight statements however many. What was told before (the same
    viewer, kind, thing and occasion) is passed over.
    """
    if not news:
        return
    desk = await _opened(conn, tenant_id, {one.viewer for one in news}, now)
    drafts = [_draft(one, desk) for one in news]
    first = await store.draw_changes(conn, tenant_id=tenant_id, count=len(drafts))
    made = await store.insert_messages(conn, tenant_id=tenant_id, first=first, drafts=drafts, now=now)
    if not made:
        return
    await delivery_store.insert_of_messages(conn, tenant_id=tenant_id, drafts=made, now=now)
    lanes = {
        (route.channel, route.endpoint)
        for draft in made.values()
        for route in draft.routes
        if route.state == "queued"
    }
    for channel, endpoint in sorted(lanes):
        await enqueue(conn, tenant_id=tenant_id, channel=channel, endpoint=endpoint)
    for draft in made.values():
        MESSAGES.labels(draft.news.kind).inc()


async def _opened(conn: Connection, tenant_id: int, viewers: Iterable[str], now: datetime) -> _Desk:
    zones = await core_tenants.load_zone(conn, tenant_id, ["*"])
    server = await outlet_store.select_server(conn, tenant_id=tenant_id)
    return _Desk(
        contacts=await contact_store.select_contacts(conn, tenant_id=tenant_id, viewers=sorted(viewers)),
        templates=await template_store.select_templates(conn, tenant_id=tenant_id),
        webhooks=await outlet_store.select_enabled(conn, tenant_id=tenant_id),
        has_mail=server is not None and server.enabled,
        zone=zones["*"],
        now=now,
    )


def _draft(news: News, desk: _Desk) -> Draft:
    contact = desk.contacts.get(news.viewer) or Contact(viewer=news.viewer)
    kind = kind_of(news.kind)
    template = desk.templates.get((news.kind, contact.language))
    text = template.current if template is not None else kind.texts[contact.language]
    rendered = render(
        text,
        values=news.values,
        language=contact.language,
        zone=contact.zone(desk.zone),
        link=news.link,
    )
    heard_at = contact.heard_at(desk.now, tenants_zone=desk.zone, urgent=kind.urgent)
    taken = [
        channel
        for channel in OWN
        if contact.takes(channel, kind=news.kind) and (channel != "email" or desk.has_mail)
    ]
    routes = [_route(channel, heard_at=heard_at, now=desk.now) for channel in taken]
    routes += [
        Route(channel="webhook", endpoint=number, state="queued", next_at=desk.now)
        for number, kinds in desk.webhooks.items()
        if news.kind in kinds
    ]
    return Draft(
        news=news,
        language=contact.language,
        rendered=rendered,
        shown="in_app" in taken,
        routes=tuple(routes),
    )


def _route(channel: Channel, *, heard_at: datetime, now: datetime) -> Route:
    if channel not in LOUD:
        return Route(channel=channel, state="sent", next_at=None)
    state = "waiting" if heard_at > now else "queued"
    return Route(channel=channel, state=state, next_at=heard_at)
