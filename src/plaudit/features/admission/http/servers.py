"""Media servers over HTTP. Who may keep them sees the addresses of their hooks, which are secret."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from plaudit.core.commands.command import Grant, Outcome
from plaudit.core.handles import Database
from plaudit.features.admission import queries
from plaudit.features.admission.actions import servers as actions
from plaudit.features.admission.actions.base import WRITE, Means
from plaudit.features.admission.http.fields import CREATED, TAGS
from plaudit.features.admission.model.servers import AtLimit, InDoubt, MediaServer, ServerTerms, number_of
from plaudit.features.admission.providers import keyring_of
from plaudit.kernel.time import format_time
from plaudit.platform.crypto import Vault
from plaudit.platform.web import Response, answer, get, post, put
from plaudit.vocabulary.facts.admission import MediaServerSaved

_OPT: Final = {"permission": WRITE}
_PRIORITY: Final = 100
_TTL_S: Final = 300


class ServerBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A media server. The one of the lowest `priority` is offered first.

    `stream_name` is what a stream of a show is called there, with `~` or `/` between the two. A token is good
    for `token_ttl_s` seconds to begin with. `at_limit` says what happens to one device more than the show
    allows, `in_doubt` what a viewer with a good token is answered while the database is away. `settings` and
    `secrets` are the kind's own; left out, the secrets that were set are kept.
    """

    name: str
    settings: dict[str, Any] = {}
    secrets: dict[str, Any] | None = None
    enabled: bool = True
    priority: int = _PRIORITY
    stream_name: str = "{show}~{stream}"
    token_ttl_s: int = _TTL_S
    at_limit: AtLimit = "refuse"
    in_doubt: InDoubt = "refuse"


class NewServer(ServerBody, kw_only=True, forbid_unknown_fields=True):
    """A media server to be, and its kind, which never changes."""

    kind: str


class ChangedServer(ServerBody, kw_only=True, forbid_unknown_fields=True):
    """A media server as it is to be. With `renew_keys` its hook path and the keys of its tokens change.

    Those before are taken until they change once more.
    """

    renew_keys: bool = False


class ServerSecrets(msgspec.Struct, kw_only=True):
    """Which secrets are set, and since when; they themselves are never shown."""

    names: list[str]
    set_at: str


class ServerView(msgspec.Struct, kw_only=True):
    """A media server. `hook_path` is secret: who knows it may ask as this server."""

    server: str
    kind: str
    name: str
    enabled: bool
    priority: int
    stream_name: str
    token_ttl_s: int
    at_limit: AtLimit
    in_doubt: InDoubt
    settings: Mapping[str, Any]
    secrets: ServerSecrets
    keys: int
    hook_path: str
    revision: int
    saved_at: str


class ServerSaved(msgspec.Struct, kw_only=True):
    """A media server was saved. `hook_path` is secret: who knows it may ask as this server."""

    server: str
    kind: str
    revision: int
    enabled: bool
    keys: int
    secrets_changed: bool
    hook_path: str
    position: int


class ServerList(msgspec.Struct, kw_only=True):
    """All media servers, in the order in which they are offered; a hundred at most."""

    items: list[ServerView]


@post("/v1/media-servers", opt=_OPT, status_code=CREATED, summary="Add a media server", tags=TAGS)
async def create_server(
    *,
    data: NewServer,
    grant: Grant,
    idempotency_key: str,
    house: Any,  # noqa: ANN401 - the assembled house
) -> Response[ServerSaved]:
    """Add a media server. Its secrets are sealed and never shown again."""
    means: Means = house
    outcome = await actions.create_server(
        means,
        grant=grant,
        key=idempotency_key,
        kind=data.kind,
        terms=_terms(data),
        keys=actions.Keys(settings=data.settings, secrets=data.secrets),
    )
    return answer(_saved(means.vault, grant, outcome), replayed=outcome.replayed, status=CREATED)


@put("/v1/media-servers/{server:str}", opt=_OPT, summary="Save a media server", tags=TAGS)
async def put_server(
    *,
    server: str,
    data: ChangedServer,
    grant: Grant,
    idempotency_key: str,
    house: Any,  # noqa: ANN401 - the assembled house
) -> Response[ServerSaved]:
    """Save a new revision of a media server; every process goes by it within a second."""
    means: Means = house
    outcome = await actions.update_server(
        means,
        grant=grant,
        key=idempotency_key,
        server=server,
        terms=_terms(data),
        keys=actions.Keys(settings=data.settings, secrets=data.secrets, renew=data.renew_keys),
    )
    return answer(_saved(means.vault, grant, outcome), replayed=outcome.replayed)


@get("/v1/media-servers", opt=_OPT, summary="List media servers", tags=TAGS)
async def list_servers(*, grant: Grant, database: Database, vault: Vault) -> ServerList:
    """Return the tenant's media servers, without their secrets."""
    found = await queries.every_server(database=database, tenant_id=grant.tenant_id)
    return ServerList(items=[_view(vault, one) for one in found])


@get("/v1/media-servers/{server:str}", opt=_OPT, summary="A media server", tags=TAGS)
async def show_server(*, server: str, grant: Grant, database: Database, vault: Vault) -> ServerView:
    """Return a media server, without its secrets."""
    found = await queries.server(database=database, tenant_id=grant.tenant_id, server=server)
    return _view(vault, found)


ROUTES: Final[tuple[Any, ...]] = (create_server, put_server, list_servers, show_server)


def _terms(data: ServerBody) -> ServerTerms:
    return ServerTerms(
        name=data.name,
        enabled=data.enabled,
        priority=data.priority,
        stream_name=data.stream_name,
        token_ttl_s=data.token_ttl_s,
        at_limit=data.at_limit,
        in_doubt=data.in_doubt,
    )


def _saved(vault: Vault, grant: Grant, outcome: Outcome) -> ServerSaved:
    saved = outcome.data
    assert isinstance(saved, MediaServerSaved), outcome
    number = number_of(saved.server, tenant_id=grant.tenant_id)
    return ServerSaved(
        server=saved.server,
        kind=saved.kind,
        revision=saved.revision,
        enabled=saved.enabled,
        keys=saved.keys,
        secrets_changed=saved.secrets_changed,
        hook_path=_hook_path(vault, grant.tenant_id, number, saved.kind, saved.keys, server=saved.server),
        position=outcome.position,
    )


def _view(vault: Vault, one: MediaServer) -> ServerView:
    terms = one.terms
    return ServerView(
        server=one.id,
        kind=one.kind,
        name=terms.name,
        enabled=terms.enabled,
        priority=terms.priority,
        stream_name=terms.stream_name,
        token_ttl_s=terms.token_ttl_s,
        at_limit=terms.at_limit,
        in_doubt=terms.in_doubt,
        settings=one.settings,
        secrets=ServerSecrets(names=list(one.secret_names), set_at=format_time(one.secrets_at)),
        keys=one.keys,
        hook_path=_hook_path(vault, one.tenant_id, one.number, one.kind, one.keys, server=one.id),
        revision=one.revision,
        saved_at=format_time(one.saved_at),
    )


def _hook_path(vault: Vault, tenant_id: int, number: int, kind: str, keys: int, *, server: str) -> str:  # noqa: PLR0917
    keyring = keyring_of(vault=vault, tenant_id=tenant_id, number=number, keys=keys)
    return f"/v1/hooks/{kind}/{server}/{keyring.hook_secrets()[0]}"
