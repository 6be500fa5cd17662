"""An attempt to pay: a channel is chosen, written down, asked; the next one where that comes to nothing."""

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from plaudit.core.commands.command import Grant, Outcome, Work
from plaudit.core.commands.table import work_of
from plaudit.core.handles import Connection
from plaudit.features.payments.actions.base import (
    OPEN,
    Means,
    NothingToDo,
    merchant_of,
    system_grant,
    table_command,
)
from plaudit.features.payments.actions.channels import channel_of, notify_url, order_of, scene_of
from plaudit.features.payments.actions.intents import locked
from plaudit.features.payments.model.accounts import (
    Device,
    account_id,
    account_of,
    number_of,
    unknown_account,
)
from plaudit.features.payments.model.channel import Method, Order, Presentation
from plaudit.features.payments.model.intents import (
    CHANCE_BYTES,
    FIRST_ASK,
    PAYMENT,
    Attempt,
    Intent,
    check_attemptable,
    order_number,
)
from plaudit.features.payments.model.routing import Option, Scene, Wish, open_options, route
from plaudit.features.payments.model.states import after_intent
from plaudit.features.payments.store import attempts as store
from plaudit.features.payments.store import intents as intents_store
from plaudit.kernel.ids import decode_id
from plaudit.kernel.refusal import Refusal, refused
from plaudit.platform import log
from plaudit.platform.failures import Failure, Retryable, Unknown
from plaudit.vocabulary.facts.payments import AttemptFailed, PaymentAttempted

__all__ = ["Asked", "attempt_payment", "notify_url", "order_of"]

_log = log.logger("payments")
UNREACHABLE: Final = "channel.unreachable"
REFUSED: Final = "channel.refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the caller wants and knows; None leaves it to routing. `account` is an account's id.

    `payer_reference` and `payer_ip` are told to the channel and kept nowhere.
    """

    method: Method | None = None
    account: str | None = None
    device: Device | None = None
    payer_reference: str | None = None
    payer_ip: str | None = None


async def attempt_payment(
    means: Means, *, grant: Grant, key: str, payment: str, asked: Asked
) -> tuple[Attempt, Outcome]:
    """Choose a channel for an intent and ask it; where that fails, the next one by itself.

    Returns the attempt that stands in the end: "open" with what the payer is shown, "unknown" when it is not
    known whether the channel has the order, "failed" when no channel took it. Under a key that was used
    before, the attempt that came of it; one that was cut short is asked for again, which is the same order.

    Raises Refusal `payment.unknown` and `channel_account.unknown` (NOT_FOUND), `payment.closed`,
    `payment.settled`, `payment.expired`, `payment.attempts` and `payment.no_channel` (REFUSED).
    """
    number = decode_id(PAYMENT, payment)
    if asked.account is not None:
        number_of(asked.account, tenant_id=grant.tenant_id)
    scene = await scene_of(means, tenant_id=grant.tenant_id)
    outcome = await _begin(means, grant=grant, key=key, number=number, asked=asked, scene=scene)
    assert isinstance(outcome.data, PaymentAttempted), outcome
    chain = await _chain(means, tenant_id=grant.tenant_id, number=number, first=outcome.data.attempt)
    current = chain[-1]
    if outcome.replayed and current.state not in {"opening", "unknown"}:
        return current, outcome
    current = await _pursue(means, tenant_id=grant.tenant_id, chain=chain, asked=asked, scene=scene)
    return current, outcome


async def _pursue(
    means: Means, *, tenant_id: int, chain: list[Attempt], asked: Asked, scene: Scene
) -> Attempt:
    """Ask the channel of the last attempt, then others in turn, and return the attempt that stands.

    The next attempt is made before the one that failed is marked, so that the payment never looks failed
    while something is still tried.
    """
    current, tried = chain[-1], {one.account for one in chain}
    while True:
        if means.clock.now() >= current.expires_at:
            return current
        current, code = await _ask(means, tenant_id=tenant_id, attempt=current, asked=asked)
        if code is None:
            return current
        following = await _follow(
            means, tenant_id=tenant_id, attempt=current, asked=asked, scene=scene, tried=frozenset(tried)
        )
        failed = await _failed(means, tenant_id=tenant_id, attempt=current, code=code)
        if following is None:
            return failed
        current = following
        tried.add(current.account)


async def _begin(
    means: Means,
    *,
    grant: Grant,
    key: str,
    number: int,
    asked: Asked,
    scene: Scene,
    follows: int | None = None,
    tried: frozenset[int] = frozenset(),
) -> Outcome:
    """Write down an attempt at the first way that is open."""

    async def work(tx: Connection) -> Work:
        now = means.clock.now()
        intent = await locked(tx, grant=grant, number=number)
        check_attemptable(intent, now=now)
        way = _choose(intent, asked=asked, scene=scene, tried=tried)
        attempt, state = intent.attempts + 1, after_intent(intent.state, "attempt")
        assert state is not None, intent
        chance = means.randomness(CHANCE_BYTES)
        order = order_number(intent=number, attempt=attempt, chance=chance)
        await store.insert_attempt(
            tx,
            tenant_id=grant.tenant_id,
            intent=number,
            attempt=attempt,
            account=way.account,
            channel=way.channel,
            method=way.method,
            number=order,
            asset=intent.asset,
            amount_minor=intent.amount_minor,
            follows=follows,
            now=now,
            ask_at=now + FIRST_ASK,
        )
        await intents_store.set_state(
            tx, tenant_id=grant.tenant_id, number=number, state=state, attempts=attempt, settled_at=None
        )
        return _attempted(intent, way=way, tenant_id=grant.tenant_id, attempt=attempt, order=order)

    command = table_command(
        verb="attempt_payment", permission=OPEN, grant=grant, key=key, content=(number, asked, follows)
    )
    return await means.corridor.run(command, work)


def _attempted(intent: Intent, *, way: Option, tenant_id: int, attempt: int, order: str) -> Work:
    attempted = PaymentAttempted(
        **_payment_of(intent),
        attempt=attempt,
        channel=way.channel,
        account=account_id(tenant_id=tenant_id, number=way.account),
        method=way.method,
        number=order,
    )
    return work_of(f"payment/{intent.id}", attempted)


def _choose(intent: Intent, *, asked: Asked, scene: Scene, tried: frozenset[int]) -> Option:
    wish = wish_of(intent, asked=asked, tried=tried)
    if wish.account is not None and all(one.number != wish.account for one in scene.accounts):
        raise unknown_account()
    options = route(wish, scene)
    for option in open_options(options):
        return option
    raise refused(
        "payment.no_channel",
        "No channel can take this payment as asked; choose another way to pay, or try again later.",
        reasons=[{"channel": one.channel, "method": one.method, "reason": one.reason} for one in options],
    )


def wish_of(intent: Intent, *, asked: Asked, tried: frozenset[int] = frozenset()) -> Wish:
    """Return what routing is asked for an intent."""
    return Wish(
        asset=intent.asset,
        amount_minor=intent.amount_minor,
        method=asked.method,
        account=None if asked.account is None else account_of(asked.account)[1],
        device=asked.device,
        has_payer_reference=asked.payer_reference is not None,
        has_payer_ip=asked.payer_ip is not None,
        tried=tried,
    )


async def _ask(means: Means, *, tenant_id: int, attempt: Attempt, asked: Asked) -> tuple[Attempt, str | None]:
    """Ask the channel for an attempt; return it as it is now, and the code when it came to nothing."""
    merchant = await merchant_of(means, tenant_id=tenant_id, number=attempt.account)
    assert merchant is not None, attempt
    order = order_of(
        attempt,
        merchant,
        public_url=means.settings.public_url,
        payer_reference=asked.payer_reference,
        payer_ip=asked.payer_ip,
    )
    try:
        presentation = await channel_of(means, merchant=merchant).open(order)
    except Unknown as error:
        _told(order, "unknown", error)
        async with means.database.connection() as conn:
            await store.save_unknown(
                conn, tenant_id=tenant_id, intent=attempt.intent, attempt=attempt.attempt
            )
        return replace(attempt, state="unknown"), None
    except Failure as error:
        code = UNREACHABLE if isinstance(error, Retryable) else REFUSED
        _told(order, code, error)
        # The order may be there since a call before: only asking about it tells.
        return attempt, code if attempt.state == "opening" else None
    opened = await _opened(means, tenant_id=tenant_id, attempt=attempt, presentation=presentation)
    return opened, None


async def _opened(means: Means, *, tenant_id: int, attempt: Attempt, presentation: Presentation) -> Attempt:
    shown: dict[str, Any] = msgspec.to_builtins(presentation)
    async with means.database.connection() as conn:
        await store.save_opened(
            conn, tenant_id=tenant_id, intent=attempt.intent, attempt=attempt.attempt, presentation=shown
        )
        rows = await store.select_attempts(conn, tenant_id=tenant_id, intent=attempt.intent)
    return rows[attempt.attempt - 1]


async def _failed(means: Means, *, tenant_id: int, attempt: Attempt, code: str) -> Attempt:
    """Write down that an attempt failed at opening, unless something else has become of it meanwhile."""
    grant = system_grant(tenant_id)

    async def work(tx: Connection) -> Work:
        intent = await locked(tx, grant=grant, number=attempt.intent)
        now = means.clock.now()
        if not await store.save_failed(
            tx, tenant_id=tenant_id, intent=attempt.intent, attempt=attempt.attempt, code=code, now=now
        ):
            raise NothingToDo
        failed = AttemptFailed(
            **_payment_of(intent),
            attempt=attempt.attempt,
            channel=attempt.channel,
            account=account_id(tenant_id=tenant_id, number=attempt.account),
            method=attempt.method,
            code=code,
        )
        return work_of(f"payment/{intent.id}", failed)

    command = table_command(
        verb="fail_attempt",
        permission=OPEN,
        grant=grant,
        key=f"fail/{attempt.number}",
        content=attempt.number,
    )
    with suppress(NothingToDo):
        await means.corridor.run(command, work)
    async with means.database.connection() as conn:
        rows = await store.select_attempts(conn, tenant_id=tenant_id, intent=attempt.intent)
    return rows[attempt.attempt - 1]


async def _follow(
    means: Means, *, tenant_id: int, attempt: Attempt, asked: Asked, scene: Scene, tried: frozenset[int]
) -> Attempt | None:
    """Attempt the next way that is open; None when there is none, or the payment has ended meanwhile."""
    try:
        outcome = await _begin(
            means,
            grant=system_grant(tenant_id),
            key=f"follow/{attempt.number}",
            number=attempt.intent,
            asked=asked,
            scene=scene,
            follows=attempt.attempt,
            tried=tried,
        )
    except Refusal:
        return None
    assert isinstance(outcome.data, PaymentAttempted), outcome
    async with means.database.connection() as conn:
        rows = await store.select_attempts(conn, tenant_id=tenant_id, intent=attempt.intent)
    return rows[outcome.data.attempt - 1]


async def _chain(means: Means, *, tenant_id: int, number: int, first: int) -> list[Attempt]:
    """Return an attempt and those that followed because it failed at opening, in order."""
    async with means.database.connection() as conn:
        rows = await store.select_attempts(conn, tenant_id=tenant_id, intent=number)
    chain = [rows[first - 1]]
    for row in rows[first:]:
        if row.follows == chain[-1].attempt:
            chain.append(row)
    return chain


def _payment_of(intent: Intent) -> dict[str, Any]:
    return {
        "payment": intent.id,
        "due": intent.due,
        "due_kind": intent.due_kind,
        "payer": intent.payer,
        "asset": intent.asset,
        "amount_minor": intent.amount_minor,
    }


def _told(order: Order, code: str, error: Failure) -> None:
    _log.warning("attempt not opened", number=order.number, method=order.method, code=code, error=str(error))
