"""Merchant accounts at channels and the payment policy over HTTP."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.core.commands.corridor import Corridor
from plaudit.core.handles import Database
from plaudit.features.payments import queries
from plaudit.features.payments.actions import accounts as actions
from plaudit.features.payments.actions.base import Means
from plaudit.features.payments.http.fields import CREATED, TAGS, Amount, Cursor, Limit, fact_of
from plaudit.features.payments.model.accounts import AccountTerms, Device, PaymentPolicy, SealedMerchant
from plaudit.features.payments.model.channel import Method
from plaudit.kernel.money import MAX_MINOR
from plaudit.kernel.time import format_time
from plaudit.platform.web import Response, answer, get, post, put
from plaudit.vocabulary.facts.payments import ChannelAccountSaved, PaymentPolicySaved

_READ: Final = {"permission": "channel.read"}
_WRITE: Final = {"permission": "channel.write"}
_PRIORITY: Final = 100


class AccountBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A merchant account: when it is taken, for what, and what opens it at its channel.

    The account of the lowest `priority` is taken first. No `devices` means all. `settings` and `secrets` are
    the channel's own; left out, the secrets that were set are kept.
    """

    name: str
    assets: list[str]
    methods: list[Method]
    settings: dict[str, Any] = {}
    secrets: dict[str, Any] | None = None
    enabled: bool = True
    priority: int = _PRIORITY
    devices: list[Device] = []
    min_minor: Amount = 1
    max_minor: Amount = MAX_MINOR


class NewAccount(AccountBody, kw_only=True, forbid_unknown_fields=True):
    """A merchant account to be, and its channel, which never changes."""

    channel: str


class SecretView(msgspec.Struct, kw_only=True):
    """Which secrets are set, and since when; they themselves are never shown."""

    names: list[str]
    set_at: str


class AccountView(msgspec.Struct, kw_only=True):
    """A merchant account."""

    account: str
    channel: str
    name: str
    enabled: bool
    priority: int
    assets: list[str]
    methods: list[Method]
    devices: list[Device]
    min_minor: int
    max_minor: int
    settings: Mapping[str, Any]
    secrets: SecretView
    callback_path: str
    revision: int
    saved_at: str


class AccountSaved(msgspec.Struct, kw_only=True):
    """A merchant account was saved. Its callbacks go to `callback_path`."""

    account: str
    channel: str
    revision: int
    enabled: bool
    priority: int
    secrets_changed: bool
    callback_path: str
    position: int


class AccountPage(msgspec.Struct, kw_only=True):
    """Some merchant accounts."""

    items: list[AccountView]
    next_cursor: str | None


class PolicyBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """From which amount on a refund needs a second person; null: never."""

    review_above_minor: Amount | None = None


class PolicyView(msgspec.Struct, kw_only=True):
    """The payment policy of a currency."""

    asset: str
    review_above_minor: int | None
    revision: int


@post("/v1/channel-accounts", opt=_WRITE, status_code=CREATED, summary="Make a merchant account", tags=TAGS)
async def create_account(
    *,
    data: NewAccount,
    grant: Grant,
    idempotency_key: str,
    house: Any,  # noqa: ANN401 - the assembled house
) -> Response[AccountSaved]:
    """Make a merchant account at a channel. Its secrets are sealed and never shown again."""
    means: Means = house
    outcome = await actions.create_account(
        means,
        grant=grant,
        key=idempotency_key,
        channel=data.channel,
        terms=_terms(data),
        keys=actions.Keys(settings=data.settings, secrets=data.secrets),
    )
    saved = fact_of(outcome, ChannelAccountSaved)
    return answer(_saved(saved, outcome.position), replayed=outcome.replayed, status=CREATED)


@put("/v1/channel-accounts/{account:str}", opt=_WRITE, summary="Save a merchant account", tags=TAGS)
async def put_account(
    *,
    account: str,
    data: AccountBody,
    grant: Grant,
    idempotency_key: str,
    house: Any,  # noqa: ANN401 - the assembled house
) -> Response[AccountSaved]:
    """Save a new revision of a merchant account; every process uses it from its next payment on."""
    means: Means = house
    outcome = await actions.update_account(
        means,
        grant=grant,
        key=idempotency_key,
        account=account,
        terms=_terms(data),
        keys=actions.Keys(settings=data.settings, secrets=data.secrets),
    )
    saved = fact_of(outcome, ChannelAccountSaved)
    return answer(_saved(saved, outcome.position), replayed=outcome.replayed)


@get("/v1/channel-accounts", opt=_READ, summary="List merchant accounts", tags=TAGS)
async def list_accounts(
    *, grant: Grant, database: Database, limit: Limit = None, cursor: Cursor = None
) -> AccountPage:
    """Return the tenant's merchant accounts, without their secrets."""
    page = await queries.account_page(
        database=database, tenant_id=grant.tenant_id, limit=limit, cursor=cursor
    )
    return AccountPage(items=[_view(one) for one in page.items], next_cursor=page.next_cursor)


@get("/v1/channel-accounts/{account:str}", opt=_READ, summary="A merchant account", tags=TAGS)
async def show_account(*, account: str, grant: Grant, database: Database) -> AccountView:
    """Return a merchant account, without its secrets."""
    return _view(await queries.account(database=database, tenant_id=grant.tenant_id, account=account))


@put("/v1/payment-policies/{asset:str}", opt=_WRITE, summary="Save a payment policy", tags=TAGS)
async def put_policy(
    *, asset: str, data: PolicyBody, grant: Grant, idempotency_key: str, corridor: Corridor
) -> Response[PolicyView]:
    """Save from which amount on a refund in one currency needs a second person."""
    policy = PaymentPolicy(asset=asset, review_above_minor=data.review_above_minor, revision=0)
    outcome = await actions.save_policy(corridor=corridor, grant=grant, key=idempotency_key, policy=policy)
    saved = fact_of(outcome, PaymentPolicySaved)
    body = PolicyView(asset=saved.asset, review_above_minor=saved.review_above_minor, revision=saved.revision)
    return answer(body, replayed=outcome.replayed)


@get("/v1/payment-policies/{asset:str}", opt=_READ, summary="A payment policy", tags=TAGS)
async def show_policy(*, asset: str, grant: Grant, database: Database) -> PolicyView:
    """Return the payment policy of a currency."""
    found = await queries.policy(database=database, tenant_id=grant.tenant_id, asset=asset)
    return PolicyView(asset=found.asset, review_above_minor=found.review_above_minor, revision=found.revision)


ROUTES: Final[tuple[Any, ...]] = (
    create_account,
    put_account,
    list_accounts,
    show_account,
    put_policy,
    show_policy,
)


def _terms(data: AccountBody) -> AccountTerms:
    return AccountTerms(
        name=data.name,
        enabled=data.enabled,
        priority=data.priority,
        assets=tuple(data.assets),
        methods=tuple(data.methods),
        devices=tuple(data.devices),
        min_minor=data.min_minor,
        max_minor=data.max_minor,
    )


def _saved(saved: ChannelAccountSaved, position: int) -> AccountSaved:
    return AccountSaved(
        account=saved.account,
        channel=saved.channel,
        revision=saved.revision,
        enabled=saved.enabled,
        priority=saved.priority,
        secrets_changed=saved.secrets_changed,
        callback_path=_path(saved.channel, saved.account),
        position=position,
    )


def _view(one: SealedMerchant) -> AccountView:
    return AccountView(
        account=one.id,
        channel=one.channel,
        name=one.name,
        enabled=one.enabled,
        priority=one.priority,
        assets=list(one.assets),
        methods=list(one.methods),
        devices=list(one.devices),
        min_minor=one.min_minor,
        max_minor=one.max_minor,
        settings=one.settings,
        secrets=SecretView(names=list(one.secret_names), set_at=format_time(one.secrets_at)),
        callback_path=_path(one.channel, one.id),
        revision=one.revision,
        saved_at=format_time(one.saved_at),
    )


def _path(channel: str, account: str) -> str:
    return f"/v1/callbacks/{channel}/{account}"
