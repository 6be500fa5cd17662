"""Sending: what is due of one lane is taken, sent outside of any transaction, and what came of it kept."""

from collections.abc import Mapping, Sequence
from email.errors import MessageError
from typing import Any, Final

import msgspec

from plaudit.core.commands import tenants as core_tenants
from plaudit.core.handles import Connection
from plaudit.core.journal import read
from plaudit.core.journal.facts import Recorded
from plaudit.features.notifications.actions.base import (
    MAIL_SERVER,
    ONLY,
    WEBHOOK,
    Means,
    mark,
    opened,
)
from plaudit.features.notifications.actions.outlets import (
    MAIL_PLACE,
    disable_webhook,
    secrets_of,
)
from plaudit.features.notifications.model.contacts import LOUD, Channel, Contact
from plaudit.features.notifications.model.deliveries import (
    After,
    Delivery,
    Dropped,
    Failed,
    Postponed,
    Result,
    Sent,
    after,
    has_failed_for_days,
)
from plaudit.features.notifications.model.kinds import kind_of
from plaudit.features.notifications.model.mail import MailServer, mail_of
from plaudit.features.notifications.model.messages import MESSAGE, Message, Parcel
from plaudit.features.notifications.model.webhooks import DisabledCause, Webhook
from plaudit.features.notifications.providers import smtp, webhooks
from plaudit.features.notifications.providers.logged import LoggingCarrier
from plaudit.features.notifications.store import contacts as contact_store
from plaudit.features.notifications.store import deliveries as store
from plaudit.features.notifications.store import messages as message_store
from plaudit.features.notifications.store import outlets as outlet_store
from plaudit.kernel.ids import encode_id
from plaudit.kernel.refusal import Refusal
from plaudit.kernel.time import format_time
from plaudit.platform import jobs, log, telemetry
from plaudit.platform.crypto import SealError

_log = log.logger("notifications")

DELIVERIES: Final = telemetry.counter(
    "deliveries",
    "Attempts to deliver messages and facts, by channel and by what the delivery was after it.",
    labels=("channel", "state"),
)

_PAGE: Final = 40
_PAGES: Final = 25
"""Pages a job takes at most: the next one goes on, so that a long lane does not hold others up."""
_CARRIERS: Final = {"sms": LoggingCarrier("sms"), "push": LoggingCarrier("push")}


class Lane(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent one page after the other: a tenant's channel, and of webhooks one."""

    tenant_id: int
    channel: Channel
    endpoint: int = 0


class _Load(msgspec.Struct, kw_only=True):
    """What a page of deliveries carries, and whom it goes to."""

    messages: Mapping[int, Message]
    facts: Mapping[int, Recorded]
    contacts: Mapping[str, Contact]


async def enqueue(conn: Connection, *, tenant_id: int, channel: Channel, endpoint: int) -> None:
    """Have a lane sent once the caller's transaction is committed; one waiting job is enough for all."""
    lane = Lane(tenant_id=tenant_id, channel=channel, endpoint=endpoint)
    word = f"{tenant_id}/{channel}/{endpoint}"
    await jobs.enqueue(conn, SEND_LANE, arguments=lane, once=word, lock=f"notifications/{word}")


async def send_lane(means: Means, lane: Lane) -> None:
    """Send what is due of a lane."""
    for _ in range(_PAGES):
        async with means.database.transaction() as tx:
            taken = await store.take_due(
                tx,
                tenant_id=lane.tenant_id,
                channel=lane.channel,
                endpoint=lane.endpoint,
                now=means.clock.now(),
                limit=_PAGE,
            )
        if not taken:
            return
        await _send(means, lane, taken)
        if len(taken) < _PAGE:
            return


async def _send(means: Means, lane: Lane, taken: Sequence[Delivery]) -> None:
    async with means.database.connection() as conn:
        load = await _loaded(conn, lane.tenant_id, taken)
    results = await _checked(means, lane, taken, load)
    rest = [one for one in taken if one.number not in results]
    if rest:
        if lane.channel == "webhook":
            results |= await _to_webhook(means, lane, rest, load)
        elif lane.channel == "email":
            results |= await _by_mail(means, lane.tenant_id, rest, load)
        else:
            results |= await _by_carrier(means, lane, rest, load)
    now = means.clock.now()
    afters: dict[int, After] = {
        one.number: after(results[one.number], attempts=one.attempts, now=now) for one in taken
    }
    async with means.database.connection() as conn:
        await store.save_after(conn, tenant_id=lane.tenant_id, afters=afters, now=now)
    for one in afters.values():
        DELIVERIES.labels(lane.channel, one.state).inc()


async def _loaded(conn: Connection, tenant_id: int, taken: Sequence[Delivery]) -> _Load:
    numbers = [one.message for one in taken if one.message is not None]
    positions = [one.fact for one in taken if one.fact is not None]
    viewers = sorted({one.viewer for one in taken if one.viewer is not None})
    messages = await message_store.select_messages(conn, tenant_id=tenant_id, numbers=numbers)
    facts = await read.facts_at(conn, tenant_id=tenant_id, positions=positions)
    contacts = await contact_store.select_contacts(conn, tenant_id=tenant_id, viewers=viewers)
    return _Load(messages=messages, facts={fact.position: fact for fact in facts}, contacts=contacts)


async def _checked(means: Means, lane: Lane, taken: Sequence[Delivery], load: _Load) -> dict[int, Result]:
    """Return what is not sent now: too late for anybody, nowhere to send it to, or too early to be heard."""
    now = means.clock.now()
    zone = await means.references.get(tenant_id=lane.tenant_id, topic=core_tenants.ZONE, key="*")
    results: dict[int, Result] = {}
    for one in taken:
        message = None if one.message is None else load.messages[one.message]
        if message is None:
            continue
        if message.expires_at is not None and now >= message.expires_at:
            results[one.number] = Dropped(problem="expired")
            continue
        if lane.channel not in LOUD:
            continue
        contact = load.contacts.get(message.viewer)
        if contact is None or not contact.takes(lane.channel, kind=message.kind):
            results[one.number] = Dropped(problem="no_address")
            continue
        urgent = kind_of(message.kind).urgent
        heard_at = contact.heard_at(now, tenants_zone=zone, urgent=urgent)
        if heard_at > now:
            results[one.number] = Postponed(until=heard_at)
    return results


async def _to_webhook(means: Means, lane: Lane, taken: Sequence[Delivery], load: _Load) -> dict[int, Result]:
    webhook: Webhook | None = await means.references.get(
        tenant_id=lane.tenant_id, topic=WEBHOOK, key=str(lane.endpoint)
    )
    assert webhook is not None, "webhooks are never deleted"
    if not webhook.enabled:
        return {one.number: Failed(failure="final", problem="webhook.disabled") for one in taken}
    try:
        secrets = secrets_of(means, webhook)
    except SealError:
        return {one.number: Failed(failure="retryable", problem="webhook.sealed") for one in taken}
    results = await webhooks.send_all(
        means.outbound,
        url=webhook.url,
        secrets=secrets,
        parcels=[_content(means, lane.tenant_id, one, load) for one in taken],
        now=means.clock.now(),
    )
    await _note(means, lane, webhook, results)
    return {one.number: result for one, result in zip(taken, results, strict=True)}


async def _note(means: Means, lane: Lane, webhook: Webhook, results: Sequence[Sent | Failed]) -> None:
    """Keep since when a webhook fails, and switch it off when it is gone or has failed for days."""
    now = means.clock.now()
    failed = [one for one in results if isinstance(one, Failed)]
    cause: DisabledCause = "gone"
    if not any(one.gone for one in failed):
        async with means.database.connection() as conn:
            if len(failed) < len(results):
                await outlet_store.note_success(conn, tenant_id=lane.tenant_id, number=webhook.number)
                return
            since = await outlet_store.note_failure(
                conn, tenant_id=lane.tenant_id, number=webhook.number, now=now
            )
        if not has_failed_for_days(failing_since=since, now=now):
            return
        cause = "failing"
    try:
        await disable_webhook(means, tenant_id=lane.tenant_id, webhook=webhook, cause=cause)
    except Refusal as refusal:
        # What came of the page is kept all the same; the next page says so again.
        _log.warning("webhook not switched off", tenant_id=lane.tenant_id, code=refusal.code)


def _content(means: Means, tenant_id: int, one: Delivery, load: _Load) -> tuple[str, bytes]:
    """Return the id of what a webhook is sent, always the same for the same, and the body."""
    if one.fact is not None:
        return _of_fact(load.facts[one.fact])
    assert one.message is not None, one
    message = load.messages[one.message]
    data = {
        "message": encode_id(MESSAGE, message.number),
        "viewer": message.viewer,
        "about": message.thing,
        "language": message.language,
        "title": message.rendered.title,
        "body": message.rendered.body,
        "link": message.rendered.link or None,
    }
    body = {"type": message.kind, "timestamp": format_time(message.created_at), "data": data}
    return message_id(means, tenant_id=tenant_id, message=message), msgspec.json.encode(body)


def _of_fact(fact: Recorded) -> tuple[str, bytes]:
    data = {
        "position": fact.position,
        "version": fact.version,
        "subject": fact.subject,
        "actor": fact.actor,
        "recorded_at": format_time(fact.recorded_at),
        "fact": fact.data,
        "hash": fact.hash.hex(),
    }
    body = {"type": fact.kind, "timestamp": format_time(fact.at), "data": data}
    # The hash is over the content, which a journal from a backup may have another of at this position.
    return f"fact_{fact.position}_{fact.hash.hex()[:16]}", msgspec.json.encode(body)


def message_id(means: Means, *, tenant_id: int, message: Message) -> str:
    """Return what stands for a message outside, always the same; by it a receiver drops a repeat."""
    key = (tenant_id, message.viewer, message.kind, message.thing, message.occasion)
    return f"msg_{mark(means, value=key, context='message')[:32]}"


async def _by_mail(means: Means, tenant_id: int, taken: Sequence[Delivery], load: _Load) -> dict[int, Result]:
    server: MailServer | None = await means.references.get(tenant_id=tenant_id, topic=MAIL_SERVER, key=ONLY)
    if server is None or not server.enabled:
        return {one.number: Failed(failure="retryable", problem="mail_server.off") for one in taken}
    results: dict[int, Result] = {}
    try:
        password = None
        if server.password is not None:
            password = opened(means, sealed_text=server.password, place=MAIL_PLACE).decode()
        inside = means.settings.outbound_inside
        async with smtp.opened(server, password=password, inside=inside) as post:
            for one in taken:
                assert one.message is not None, one
                message = load.messages[one.message]
                to = load.contacts[message.viewer].email
                assert to is not None, "whoever has no address was dropped"
                try:
                    mail = mail_of(
                        server=server,
                        to=to,
                        id=message_id(means, tenant_id=tenant_id, message=message),
                        rendered=message.rendered,
                        at=means.clock.now(),
                    )
                    written = mail.as_bytes()
                except (ValueError, MessageError):
                    # One that cannot be written keeps no other of the lane.
                    results[one.number] = Failed(failure="final", problem="smtp.unsendable")
                    continue
                results[one.number] = await post.send(written, sender=server.from_address, to=to)
    except SealError:
        failed = Failed(failure="retryable", problem="mail_server.sealed")
    except smtp.Rejected as rejected:
        failed = rejected.failed
        _log.warning("mail server does not take mail", tenant_id=tenant_id, problem=failed.problem)
    else:
        return results
    return {one.number: results.get(one.number, failed) for one in taken}


async def _by_carrier(means: Means, lane: Lane, taken: Sequence[Delivery], load: _Load) -> dict[int, Result]:
    carrier = _CARRIERS[lane.channel]
    results: dict[int, Result] = {}
    for one in taken:
        assert one.message is not None, one
        message = load.messages[one.message]
        contact = load.contacts[message.viewer]
        to = contact.phone if lane.channel == "sms" else contact.push_token
        assert to is not None, "whoever has no address was dropped"
        parcel = Parcel(
            tenant_id=lane.tenant_id,
            delivery=one.number,
            id=message_id(means, tenant_id=lane.tenant_id, message=message),
            kind=message.kind,
            to=to,
            rendered=message.rendered,
        )
        results[one.number] = await carrier.send(parcel)
    return results


async def _perform(house: Any, attempt: jobs.Attempt[Lane]) -> None:  # noqa: ANN401 - the assembled house
    await send_lane(house, attempt.arguments)


SEND_LANE: Final = jobs.Job(name="notifications.send", arguments=Lane, work=_perform, timeout_s=150)
"""Sending what is due of one lane. What fails has its next time in its own row; the schedule sees to that."""
