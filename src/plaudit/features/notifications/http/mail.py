"""The mail server over HTTP."""

from typing import Annotated, Any, Final, Literal

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.core.handles import Database
from plaudit.features.notifications.actions import outlets
from plaudit.features.notifications.actions.base import Means
from plaudit.features.notifications.http.fields import READ, TAGS, WRITE, fact_of, text_of
from plaudit.features.notifications.model.mail import MailServer
from plaudit.features.notifications.queries import lists
from plaudit.platform.web import Response, answer, get, put
from plaudit.vocabulary.facts.notifications import MailServerSaved

Security = Literal["tls", "starttls", "none"]
Port = Annotated[int, msgspec.Meta(description="1 to 65535.", extra_json_schema={"maximum": 65_535})]


class NewMailServer(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The server that takes the tenant's mail, and whom mail is from.

    `security` is "tls" from the start, "starttls", or "none", which no user's name goes over. Without
    `password` the one that was set for this host and user stays. `ca_pem` has certificates of those to trust
    instead of the usual authorities.
    """

    host: str
    port: Port
    from_address: str
    security: Security = "starttls"
    username: str | None = None
    password: str | None = None
    from_name: str = ""
    ca_pem: str | None = None
    enabled: bool = True


class MailServerView(msgspec.Struct, kw_only=True):
    """The mail server, without its password; `revision` counts its changes."""

    host: str
    port: int
    security: Security
    username: str | None
    from_address: str
    from_name: str
    ca_pem: str | None
    enabled: bool
    revision: int
    saved_at: str | None


@put("/v1/mail-server", opt=WRITE, summary="Save the mail server", tags=TAGS)
async def put_mail_server(
    *, data: NewMailServer, grant: Grant, idempotency_key: str, house: Means
) -> Response[MailServerView]:
    """Save which server takes the tenant's mail; the password is kept sealed and never shown."""
    wanted = MailServer(
        enabled=data.enabled,
        host=data.host,
        port=data.port,
        security=data.security,
        username=data.username,
        password=None,
        from_address=data.from_address,
        from_name=data.from_name,
        ca_pem=data.ca_pem,
    )
    outcome = await outlets.save_mail_server(
        house, grant=grant, key=idempotency_key, server=wanted, password=data.password
    )
    revision = fact_of(outcome, MailServerSaved).revision
    view = _view(wanted, revision=revision, saved_at=text_of(outcome.recorded_at))
    return answer(view, replayed=outcome.replayed)


@get("/v1/mail-server", opt=READ, summary="The mail server", tags=TAGS)
async def show_mail_server(*, grant: Grant, database: Database) -> MailServerView:
    """Return which server takes the tenant's mail."""
    found = await lists.mail_server(database=database, tenant_id=grant.tenant_id)
    return _view(found, revision=found.revision, saved_at=text_of(found.saved_at))


ROUTES: Final[tuple[Any, ...]] = (put_mail_server, show_mail_server)


def _view(one: MailServer, *, revision: int, saved_at: str | None) -> MailServerView:
    return MailServerView(
        host=one.host,
        port=one.port,
        security=one.security,
        username=one.username,
        from_address=one.from_address,
        from_name=one.from_name,
        ca_pem=one.ca_pem,
        enabled=one.enabled,
        revision=revision,
        saved_at=saved_at,
    )
