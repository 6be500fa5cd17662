"""Webhooks over HTTP."""

from typing import Any, Final, Literal

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.core.handles import Database
from plaudit.features.notifications.actions import outlets
from plaudit.features.notifications.actions.base import Means
from plaudit.features.notifications.http.fields import (
    CREATED,
    READ,
    TAGS,
    WRITE,
    Cursor,
    Limit,
    fact_of,
    text_of,
)
from plaudit.features.notifications.model.deliveries import Sent
from plaudit.features.notifications.model.webhooks import OVERLAP_DEFAULT_S, WEBHOOK, Webhook
from plaudit.features.notifications.queries import lists
from plaudit.kernel.ids import encode_id
from plaudit.kernel.time import format_time
from plaudit.platform.web import Response, answer, get, post, put
from plaudit.vocabulary.facts.notifications import WebhookSaved


class NewWebhook(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Where to send what: kinds of facts ("ticket.issued") and of messages ("show.soon.1h")."""

    url: str
    kinds: list[str]
    enabled: bool = True


class WebhookView(msgspec.Struct, kw_only=True):
    """A webhook, without its secret.

    `disabled_cause` is "gone" (it answered 410) or "failing" (for days) when it was switched off by itself.
    Two secrets sign until `former_until`.
    """

    webhook: str
    url: str
    kinds: list[str]
    enabled: bool
    disabled_cause: Literal["gone", "failing"] | None
    failing_since: str | None
    former_until: str | None
    revision: int
    saved_at: str


class WebhookMade(msgspec.Struct, kw_only=True):
    """A new webhook. `secret` is shown this once: it is kept sealed, so a replay has null."""

    webhook: str
    url: str
    kinds: list[str]
    enabled: bool
    secret: str | None
    revision: int


class WebhookKept(msgspec.Struct, kw_only=True):
    """A webhook as it was saved."""

    webhook: str
    url: str
    kinds: list[str]
    enabled: bool
    revision: int


class WebhookPage(msgspec.Struct, kw_only=True):
    """Some webhooks, in the order they were made."""

    items: list[WebhookView]
    next_cursor: str | None


class NewRotation(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """For how many seconds the secret before signs as well: 0 to a week, a day when left out."""

    overlap_s: int = OVERLAP_DEFAULT_S


class Rotated(msgspec.Struct, kw_only=True):
    """The new secret of a webhook, shown this once: a replay has null."""

    webhook: str
    secret: str | None
    revision: int


class Trial(msgspec.Struct, kw_only=True):
    """What came of a sample: `result` is the status it was answered with ("http.204"), or what failed.

    "http.inside" is an address in the operator's network that the operator does not admit: use one of the
    public internet, or have it admitted.
    """

    webhook: str
    arrived: bool
    result: str


@post("/v1/webhooks", opt=WRITE, status_code=CREATED, summary="Make a webhook", tags=TAGS)
async def create_webhook(
    *, data: NewWebhook, grant: Grant, idempotency_key: str, house: Means
) -> Response[WebhookMade]:
    """Make a webhook for what happens from now on. It is signed as Standard Webhooks prescribe."""
    shown = await outlets.create_webhook(
        house, grant=grant, key=idempotency_key, url=data.url, kinds=data.kinds, enabled=data.enabled
    )
    fact = fact_of(shown.outcome, WebhookSaved)
    body = WebhookMade(
        webhook=fact.webhook,
        url=data.url,
        kinds=list(fact.kinds),
        enabled=fact.enabled,
        secret=shown.secret,
        revision=fact.revision,
    )
    return answer(body, replayed=shown.outcome.replayed, status=CREATED)


@get("/v1/webhooks", opt=READ, summary="List webhooks", tags=TAGS)
async def list_webhooks(
    *, grant: Grant, database: Database, limit: Limit = None, cursor: Cursor = None
) -> WebhookPage:
    """Return webhooks in the order they were made."""
    page = await lists.webhooks(database=database, tenant_id=grant.tenant_id, limit=limit, cursor=cursor)
    return WebhookPage(items=[_view(one) for one in page.items], next_cursor=page.next_cursor)


@get("/v1/webhooks/{webhook:str}", opt=READ, summary="A webhook", tags=TAGS)
async def show_webhook(*, webhook: str, grant: Grant, database: Database) -> WebhookView:
    """Return one webhook."""
    return _view(await lists.webhook(database=database, tenant_id=grant.tenant_id, webhook=webhook))


@put("/v1/webhooks/{webhook:str}", opt=WRITE, summary="Change a webhook", tags=TAGS)
async def put_webhook(
    *, webhook: str, data: NewWebhook, grant: Grant, idempotency_key: str, house: Means
) -> Response[WebhookKept]:
    """Save where a webhook leads and what it gets. One that was switched off by itself may be on again."""
    outcome = await outlets.update_webhook(
        house,
        grant=grant,
        key=idempotency_key,
        webhook=webhook,
        url=data.url,
        kinds=data.kinds,
        enabled=data.enabled,
    )
    fact = fact_of(outcome, WebhookSaved)
    body = WebhookKept(
        webhook=fact.webhook,
        url=data.url,
        kinds=list(fact.kinds),
        enabled=fact.enabled,
        revision=fact.revision,
    )
    return answer(body, replayed=outcome.replayed)


@post("/v1/webhooks/{webhook:str}/secret", opt=WRITE, status_code=200, summary="Rotate a secret", tags=TAGS)
async def rotate_webhook(
    *, webhook: str, data: NewRotation, grant: Grant, idempotency_key: str, house: Means
) -> Response[Rotated]:
    """Give a webhook a new secret that signs from now on; the one before signs for a while, too."""
    shown = await outlets.rotate_webhook(
        house, grant=grant, key=idempotency_key, webhook=webhook, overlap_s=data.overlap_s
    )
    fact = fact_of(shown.outcome, WebhookSaved)
    body = Rotated(webhook=fact.webhook, secret=shown.secret, revision=fact.revision)
    return answer(body, replayed=shown.outcome.replayed)


@post("/v1/webhooks/{webhook:str}/test", opt=WRITE, status_code=200, summary="Send a sample", tags=TAGS)
async def try_webhook(
    *,
    webhook: str,
    grant: Grant,
    idempotency_key: str,
    house: Means,
) -> Trial:
    """Send a signed sample of the type `webhook.test` at once, and tell how it was answered."""
    result = await outlets.try_webhook(
        house, tenant_id=grant.tenant_id, webhook=webhook, word=idempotency_key
    )
    arrived = isinstance(result, Sent)
    return Trial(
        webhook=webhook,
        arrived=arrived,
        result=result.receipt if isinstance(result, Sent) else result.problem,
    )


ROUTES: Final[tuple[Any, ...]] = (
    create_webhook,
    list_webhooks,
    show_webhook,
    put_webhook,
    rotate_webhook,
    try_webhook,
)


def _view(one: Webhook) -> WebhookView:
    return WebhookView(
        webhook=encode_id(WEBHOOK, one.number),
        url=one.url,
        kinds=list(one.kinds),
        enabled=one.enabled,
        disabled_cause=one.disabled_cause,
        failing_since=text_of(one.failing_since),
        former_until=text_of(one.former_until),
        revision=one.revision,
        saved_at=format_time(one.saved_at),
    )
