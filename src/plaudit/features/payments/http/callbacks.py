"""Callbacks of channels: what they prove, become a fact, and are answered by, within their time."""

import asyncio
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cache
from typing import Any, Final

from plaudit.core.commands.command import Command
from plaudit.core.commands.references import NotLoaded
from plaudit.features.payments import queries
from plaudit.features.payments.actions import notices
from plaudit.features.payments.actions.base import MERCHANT, Means, merchant_of
from plaudit.features.payments.actions.channels import channel_of
from plaudit.features.payments.model.accounts import SealedMerchant, account_of, unknown_account
from plaudit.features.payments.model.asking import is_number, is_payable
from plaudit.features.payments.model.channel import CallbackRejected, Channel, Notice, Reply
from plaudit.features.payments.model.intents import Placed
from plaudit.features.payments.model.refunds import refund_of, retry_in
from plaudit.kernel.refusal import Refusal, busy
from plaudit.platform import log, telemetry
from plaudit.platform.failures import Failure, classify
from plaudit.platform.failures import Final as FinalFailure
from plaudit.platform.web import Request, Response, Verbatim, post, whole_body

_log = log.logger("payments")

CALLBACKS: Final = telemetry.counter(
    "payment_callbacks",
    "Callbacks of payment channels by what became of them: recorded, other (acknowledged), mismatch (another"
    " amount or currency; refunded by itself), undone (a refund that had succeeded has failed all the same),"
    " probe, rejected, unknown, busy.",
    labels=("channel", "outcome"),
)

_ANSWER_MAX_S: Final = 4.0
"""The strictest channel waits five seconds."""
_TAGS: Final = ("callbacks",)
_OK: Final = 200
_SHOWN_MAX: Final = 64


class _Outcome(StrEnum):
    RECORDED = "recorded"
    OTHER = "other"
    MISMATCH = "mismatch"
    UNDONE = "undone"
    PROBE = "probe"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    BUSY = "busy"


_TAKEN: Final = frozenset({_Outcome.RECORDED, _Outcome.OTHER, _Outcome.MISMATCH, _Outcome.UNDONE})


@post(
    "/v1/callbacks/{channel:str}/{account:str}",
    opt={"permission": None},
    status_code=_OK,
    summary="Tell of a payment (channels)",
    tags=_TAGS,
    security=[],
)
async def receive_callback(
    *,
    channel: str,
    account: str,
    request: Request[Any, Any, Any],
    house: Any,  # noqa: ANN401 - the assembled house
) -> Response[bytes]:
    """Take what a channel tells of a payment or refund, proved by its signature instead of a credential.

    The body is the channel's own, and so is the answer: taken, or to be sent again.
    """
    means: Means = house
    merchant = await _merchant(means, account)
    if merchant.channel != channel:
        raise unknown_account()
    ready = _ready(means, merchant)
    outcome = _Outcome.REJECTED
    body = await whole_body(request.receive, limit_bytes=means.settings.body_max_bytes)
    if body is not None:
        outcome = await _taken(means, merchant, ready, headers=_headers(request.scope["headers"]), body=body)
    _counter(channel, outcome).inc()
    return _answer(ready.reply(accepted=outcome in _TAKEN))


async def _merchant(means: Means, account: str) -> SealedMerchant:
    """Return the account that a callback came for. Raises Refusal `channel_account.unknown` (NOT_FOUND)."""
    tenant_id, number = account_of(account)
    try:
        found = means.references.lookup(tenant_id).one(MERCHANT, str(number))
    except NotLoaded:
        # Whoever guesses at addresses puts nothing into the cache, and names no tenant that there is not.
        await queries.account(database=means.database, tenant_id=tenant_id, account=account)
        found = await merchant_of(means, tenant_id=tenant_id, number=number)
    if found is None:
        raise unknown_account()
    merchant: SealedMerchant = found
    return merchant


def _ready(means: Means, merchant: SealedMerchant) -> Channel:
    try:
        return channel_of(means, merchant=merchant)
    except Failure as error:
        _log.error("merchant account cannot be used", account=merchant.id, exc_info=error)
        raise busy(
            "channel_account.unusable",
            "This account cannot be used now; send it again later.",
            retry_after_s=60,
        ) from error


async def _taken(
    means: Means, merchant: SealedMerchant, channel: Channel, *, headers: Mapping[str, str], body: bytes
) -> _Outcome:
    """Return what became of a callback; BUSY is ours to repair, and the channel sends it again."""
    try:
        async with asyncio.timeout(_ANSWER_MAX_S):
            notice = await channel.read_callback(headers=headers, body=body, now=means.clock.now())
            return await _recorded(means, merchant, notice)
    except CallbackRejected as rejected:
        if rejected.quiet:
            return _Outcome.PROBE
        _warn(merchant, "callback rejected", code=rejected.code)
        return _Outcome.REJECTED
    except TimeoutError:
        _warn(merchant, "callback not recorded in time")
    except Refusal as refusal:
        _warn(merchant, "callback not recorded", code=refusal.code)
    except Exception as error:
        if not isinstance(error, Failure) and classify(error) is FinalFailure:
            raise
        _warn(merchant, "callback not recorded", exc_info=error)
    return _Outcome.BUSY


def _warn(merchant: SealedMerchant, event: str, **told: object) -> None:
    _log.warning(event, channel=merchant.channel, account=merchant.id, **told)


async def _recorded(means: Means, merchant: SealedMerchant, notice: Notice) -> _Outcome:
    if notice.told == "other":
        return _Outcome.OTHER
    # Numbers are looked up in batches, and what the database cannot take would spoil those of the others.
    if not is_number(notice.number) or not is_number(notice.transaction or ""):
        return _unknown(merchant, notice)
    placed = await queries.attempt_by_number(
        database=means.database, tenant_id=merchant.tenant_id, account=merchant.number, number=notice.number
    )
    if placed is None:
        return _unknown(merchant, notice)
    if notice.told in {"refunded", "refund_failed"}:
        return await _record_refund(means, merchant, notice, placed)
    return await _record_order(means, merchant, notice, placed)


async def _record_order(means: Means, merchant: SealedMerchant, notice: Notice, placed: Placed) -> _Outcome:
    assert notice.told in {"paid", "failed", "closed"}, notice
    outcome = _Outcome.RECORDED
    if notice.told == "paid" and (notice.asset, notice.amount_minor) != (placed.asset, placed.amount_minor):
        if not is_payable(asset=notice.asset, amount_minor=notice.amount_minor):
            return _unknown(merchant, notice)
        # The channel has proved that it holds this money: it is recorded as told, and goes back by itself.
        outcome = _Outcome.MISMATCH
        _mismatch(merchant, notice, asked_minor=placed.amount_minor, asked_asset=placed.asset)
    command: Command = notices.of_order(
        tenant_id=merchant.tenant_id,
        source="callback",
        told=notice.told,
        attempt=placed,
        report=notice,
        vault=means.vault,
    )
    await means.corridor.submit(command)
    return outcome


async def _record_refund(means: Means, merchant: SealedMerchant, notice: Notice, placed: Placed) -> _Outcome:
    assert notice.told in {"refunded", "refund_failed"}, notice
    if notice.refund_number is None:
        # Which of the order's refunds it was is not said: each of them is asked about in its time.
        return _Outcome.OTHER
    refund = await queries.refund_of_number(
        database=means.database,
        tenant_id=merchant.tenant_id,
        number=refund_of(notice.refund_number, order=placed.number),
    )
    if refund is None or (refund.account, refund.order_number) != (merchant.number, placed.number):
        return _unknown(merchant, notice)
    # Some channels tell the sum of an order's refunds: more than was asked for is no contradiction.
    less = notice.asset != refund.asset or notice.amount_minor < refund.amount_minor
    if notice.told == "refunded" and less:
        _mismatch(merchant, notice, asked_minor=refund.amount_minor, asked_asset=refund.asset)
        return _Outcome.REJECTED
    if retry_in(notice.refund_number) != refund.retries:
        # What became of a try before is asked when it matters: it may be told long after.
        return _Outcome.OTHER
    command = notices.of_refund(
        tenant_id=merchant.tenant_id,
        source="callback",
        told=notice.told,
        refund=refund,
        happened_at=notice.happened_at,
        code=notice.code,
    )
    await means.corridor.submit(command)
    if notice.told == "refund_failed" and refund.state == "succeeded":
        _log.error(
            "a channel takes back that a refund succeeded",
            channel=merchant.channel,
            account=merchant.id,
            refund=refund.id,
            code=notice.code,
        )
        return _Outcome.UNDONE
    return _Outcome.RECORDED


def _unknown(merchant: SealedMerchant, notice: Notice) -> _Outcome:
    """Tell of a callback that is about nothing of this account."""
    _log.warning(
        "callback about nothing of ours",
        channel=merchant.channel,
        account=merchant.id,
        told=notice.told,
        number=notice.number[:_SHOWN_MAX],
        refund=(notice.refund_number or "")[:_SHOWN_MAX],
    )
    return _Outcome.UNKNOWN


def _mismatch(merchant: SealedMerchant, notice: Notice, *, asked_minor: int, asked_asset: str) -> None:
    _log.error(
        "callback tells another amount or currency than was asked for",
        channel=merchant.channel,
        account=merchant.id,
        told=notice.told,
        number=notice.number,
        told_minor=notice.amount_minor,
        told_asset=notice.asset,
        asked_minor=asked_minor,
        asked_asset=asked_asset,
    )


@cache
def _counter(channel: str, outcome: _Outcome) -> telemetry.Counter:
    """Return the counter of an outcome, whose look-up costs more than counting."""
    return CALLBACKS.labels(channel, outcome)


def _headers(sent: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers as texts; the server hands them over with their names in lower case."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in sent}


def _answer(reply: Reply) -> Response[bytes]:
    return Verbatim(reply.body, status=reply.status, media_type=reply.media_type)


ROUTES: Final[tuple[Any, ...]] = (receive_callback,)
