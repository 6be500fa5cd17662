"""How viewers are reached, over HTTP."""

from typing import Any, Final, Literal

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.core.handles import Database
from plaudit.features.notifications.actions import saving
from plaudit.features.notifications.actions.base import Means
from plaudit.features.notifications.http.fields import INBOX, TAGS, fact_of
from plaudit.features.notifications.model.contacts import (
    DEFAULT_LANGUAGE,
    Contact,
    check_viewer,
    clock_of,
    quiet_of,
)
from plaudit.features.notifications.queries import lists
from plaudit.platform.web import Response, answer, get, put
from plaudit.vocabulary.facts.notifications import ContactSaved

Language = Literal["en", "zh"]


class NewContact(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How a viewer is reached, all of it: what is left out is forgotten.

    `time_zone` is an IANA name, the tenant's zone when left out. `muted` has the channels that are off by
    kind of message. Between `quiet_from` and `quiet_until` ("23:00", "07:30", in that zone) nothing is heard
    that is not urgent; it comes when they end.
    """

    language: Language = DEFAULT_LANGUAGE
    time_zone: str | None = None
    email: str | None = None
    phone: str | None = None
    push_token: str | None = None
    muted: dict[str, list[str]] = msgspec.field(default_factory=dict)
    quiet_from: str | None = None
    quiet_until: str | None = None


class ContactView(msgspec.Struct, kw_only=True):
    """How a viewer is reached; `revision` counts the changes, 0 where nothing was saved."""

    viewer: str
    language: Language
    time_zone: str | None
    email: str | None
    phone: str | None
    push_token: str | None
    muted: dict[str, list[str]]
    quiet_from: str | None
    quiet_until: str | None
    revision: int


@put("/v1/viewers/{viewer:str}/contact", opt=INBOX, summary="Save how a viewer is reached", tags=TAGS)
async def put_contact(
    *, viewer: str, data: NewContact, grant: Grant, idempotency_key: str, house: Means
) -> Response[ContactView]:
    """Save a viewer's addresses and preferences. They stand in no fact, and go with the viewer's erasure."""
    wanted = Contact(
        viewer=check_viewer(actor=grant.actor, viewer=viewer),
        language=data.language,
        time_zone=data.time_zone,
        email=data.email,
        phone=data.phone,
        push_token=data.push_token,
        muted=data.muted,
        quiet=quiet_of(data.quiet_from, data.quiet_until),
    )
    outcome = await saving.save_contact(house, grant=grant, key=idempotency_key, contact=wanted)
    return answer(_view(wanted, fact_of(outcome, ContactSaved).revision), replayed=outcome.replayed)


@get("/v1/viewers/{viewer:str}/contact", opt=INBOX, summary="How a viewer is reached", tags=TAGS)
async def show_contact(*, viewer: str, grant: Grant, database: Database) -> ContactView:
    """Return a viewer's addresses and preferences, the defaults where nothing was saved."""
    meant = check_viewer(actor=grant.actor, viewer=viewer)
    found = await lists.contact(database=database, tenant_id=grant.tenant_id, viewer=meant)
    return _view(found, found.revision)


ROUTES: Final[tuple[Any, ...]] = (put_contact, show_contact)


def _view(one: Contact, revision: int) -> ContactView:
    return ContactView(
        viewer=one.viewer,
        language=one.language,
        time_zone=one.time_zone,
        email=one.email,
        phone=one.phone,
        push_token=one.push_token,
        muted={kind: list(channels) for kind, channels in one.muted.items()},
        quiet_from=None if one.quiet is None else clock_of(one.quiet.from_min),
        quiet_until=None if one.quiet is None else clock_of(one.quiet.until_min),
        revision=revision,
    )
