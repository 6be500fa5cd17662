"""What payments does on time: channels are asked about what they have not told, and what is over is closed.

Plain functions of the house's clock, called every ten seconds; running them late, twice or in several
processes at once changes nothing. A row is taken by moving its next time forward, in a statement of its own;
the channel is asked outside of any transaction, and what it says becomes the same fact as by its callback.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, Final, TypeVar

from plaudit.core.commands.batch import Broken
from plaudit.core.commands.tenants import in_every_tenant
from plaudit.core.feature import Schedule
from plaudit.features.payments.actions import notices
from plaudit.features.payments.actions.alerts import alert
from plaudit.features.payments.actions.base import Means, merchant_of
from plaudit.features.payments.actions.channels import channel_of, order_of, scene_of
from plaudit.features.payments.actions.exceptions import request_due
from plaudit.features.payments.actions.refunds import confirm_refund, send_refund
from plaudit.features.payments.actions.settling import closing
from plaudit.features.payments.model.asking import ABSENT, GIVE_UP, Due, OrderTold, is_nothing, told_of
from plaudit.features.payments.model.channel import OrderReport
from plaudit.features.payments.model.figures import NOTHING, fall_of, span_before
from plaudit.features.payments.model.refunds import Refund
from plaudit.features.payments.model.states import after_intent
from plaudit.features.payments.store import asking as store
from plaudit.features.payments.store import figures
from plaudit.features.payments.store import refunds as refund_store
from plaudit.features.payments.store import settling as settling_store
from plaudit.kernel.refusal import Refusal
from plaudit.platform import log, telemetry
from plaudit.platform.failures import Failure, classify
from plaudit.platform.failures import Final as FinalFailure

_log = log.logger("payments")

QUESTIONS: Final = telemetry.counter(
    "payment_questions",
    "Questions put to channels (query, close, refund) by what came of them: what the channel said, or how it"
    " failed.",
    labels=("channel", "question", "answer"),
)
CLOSED: Final = telemetry.counter("payments_closed", "Payments closed at their deadline.")
UNSETTLED: Final = telemetry.gauge(
    "payments_unsettled",
    "Attempts and refunds that wait for a channel or a person, by state, looked at every ten seconds.",
    labels=("state",),
    over_processes="latest",
)
ALERTED: Final = telemetry.counter(
    "payment_alerts",
    "Alarms that payments of a channel's method succeed much less often than in the same hour before.",
    labels=("channel", "method"),
)
HEALTH: Final = telemetry.gauge(
    "payment_channel_attempts",
    "Payers of the last five minutes at a channel (200 attempts an account at most), by result: settled, and"
    " failed among them. An attempt without an answer is failed.",
    labels=("channel", "result"),
    over_processes="latest",
)

_PAGE: Final = 200
_AT_ONCE: Final = 16
"""So many questions to one account at a time."""
_ANSWER_MAX_S: Final = 30.0
_STATES: Final = (
    *("attempt.opening", "attempt.open", "attempt.unknown"),
    *("refund.review", "refund.approved", "refund.sending", "refund.failed"),
)

T = TypeVar("T")


async def tidy(house: Means) -> None:
    """Do in every tenant what is due by the house's clock."""
    waiting = dict.fromkeys(_STATES, 0)
    ended: dict[tuple[str, str], int] = {}

    async def work(tenant_id: int) -> None:
        try:
            await tidy_tenant(house, tenant_id=tenant_id)
        finally:
            await _look(house, tenant_id, waiting, ended)

    await in_every_tenant(house.database, work, trouble="payments not tidied")
    for state, count in waiting.items():
        UNSETTLED.labels(state).set(count)
    for labels, count in ended.items():
        HEALTH.labels(*labels).set(count)


async def tidy_tenant(house: Means, *, tenant_id: int) -> None:
    """Close intents past their deadline, and ask about attempts and refunds that are due."""
    # What needs no channel waits for none.
    while await _close_due(house, tenant_id) == _PAGE:
        pass
    now = house.clock.now()
    async with house.database.connection() as conn:
        for_attempts = await store.accounts_due(conn, tenant_id=tenant_id, now=now)
        for_refunds = await refund_store.accounts_due(conn, tenant_id=tenant_id, now=now)
    await asyncio.gather(
        *(_ask_about_attempts(house, tenant_id, account) for account in for_attempts),
        *(_ask_about_refunds(house, tenant_id, account) for account in for_refunds),
    )


async def _ask_about_attempts(house: Means, tenant_id: int, account: int) -> None:
    async def take() -> Sequence[Due]:
        async with house.database.connection() as conn:
            return await store.take_due(
                conn, tenant_id=tenant_id, account=account, now=house.clock.now(), limit=_AT_ONCE
            )

    await _each(take, lambda due: _ask(house, tenant_id, due))


async def _ask_about_refunds(house: Means, tenant_id: int, account: int) -> None:
    async def take() -> Sequence[Refund]:
        async with house.database.connection() as conn:
            return await refund_store.take_due(
                conn, tenant_id=tenant_id, account=account, now=house.clock.now(), limit=_AT_ONCE
            )

    await _each(take, lambda refund: _ask_refund(house, tenant_id, refund))


async def _each(take: Callable[[], Awaitable[Sequence[T]]], ask: Callable[[T], Awaitable[bool]]) -> None:
    """Ask one account about all that is due there, a few at once, until it is silent about all of them.

    What was not taken then is due at the next turn. So a channel that hangs costs a turn one wait, whatever
    stands in line there, and the other accounts none.
    """
    while True:
        taken = await take()
        answered = await asyncio.gather(*(ask(one) for one in taken))
        if len(taken) < _AT_ONCE or not any(answered):
            return


async def _ask(house: Means, tenant_id: int, due: Due) -> bool:
    attempt = due.attempt
    asked_at = house.clock.now()
    is_over = due.is_over(now=asked_at)
    question = "close" if is_over else "query"

    async def ask() -> str:
        merchant = await merchant_of(house, tenant_id=tenant_id, number=attempt.account)
        assert merchant is not None, attempt
        order = order_of(attempt, merchant, public_url=house.settings.public_url)
        channel = channel_of(house, merchant=merchant)
        report = await (channel.close(order) if is_over else channel.query(order))
        told = told_of(report, attempt=attempt, closing=is_over, asked_at=asked_at)
        if not due.is_last_look or told == "paid":
            await _record(house, tenant_id, due, report, told=told)
        elif is_nothing(report):
            await _end_looking(house, tenant_id, due)
        return report.state

    return await _asked(ask, channel=attempt.channel, question=question, number=attempt.number)


async def _record(
    house: Means, tenant_id: int, due: Due, report: OrderReport, *, told: OrderTold | None
) -> None:
    """Record what a channel said of an order, if it said anything."""
    attempt = due.attempt
    if told is None:
        if report.state == "paid":
            _log.error("a channel says paid, but not what", channel=attempt.channel, number=attempt.number)
        return
    if told == "failed" and report.state == "absent":
        report = OrderReport(state="failed", code=ABSENT)
    command = notices.of_order(
        tenant_id=tenant_id,
        source="query",
        told=told,
        attempt=attempt,
        report=report,
        vault=house.vault,
    )
    await house.corridor.submit(command)


async def _end_looking(house: Means, tenant_id: int, due: Due) -> None:
    attempt = due.attempt
    async with house.database.connection() as conn:
        await store.end_looking(conn, tenant_id=tenant_id, intent=attempt.intent, attempt=attempt.attempt)


async def _ask_refund(house: Means, tenant_id: int, refund: Refund) -> bool:
    async def ask() -> str:
        if refund.state == "succeeded":
            return await confirm_refund(house, tenant_id=tenant_id, refund=refund)
        return await send_refund(house, tenant_id=tenant_id, refund=refund, ask_first=True)

    return await _asked(ask, channel=refund.channel, question="refund", number=refund.id)


async def _asked(ask: Callable[[], Awaitable[str]], *, channel: str, question: str, number: str) -> bool:
    """Put one question and tell whether anybody was there; what fails is asked again, and never guessed."""
    is_there = True
    try:
        async with asyncio.timeout(_ANSWER_MAX_S):
            answer = await ask()
    except (Failure, Refusal, TimeoutError) as error:
        is_there = isinstance(error, FinalFailure | Refusal)
        answer = type(error).__name__.lower()
        _log.warning("channel not asked", channel=channel, question=question, number=number, error=str(error))
    except Exception as error:
        if isinstance(error, AssertionError):
            raise
        answer = classify(error).__name__.lower()
        _log.warning("channel not asked", channel=channel, question=question, number=number, exc_info=error)
    QUESTIONS.labels(channel, question, answer).inc()
    return is_there


async def _close_due(house: Means, tenant_id: int) -> int:
    """Close intents past their deadline, a page of them, and return how many."""
    now = house.clock.now()
    async with house.database.transaction() as tx:
        claims = await settling_store.lock_due_claims(
            tx, tenant_id=tenant_id, now=now, given_up=now - GIVE_UP, limit=_PAGE
        )
        if not claims:
            return 0
        for claim in claims:
            state = after_intent(claim.state, "close")
            assert state is not None, claim
            claim.state = state
        await settling_store.save_claims(tx, tenant_id=tenant_id, claims=[(claim, now) for claim in claims])
        commands = [closing(tenant_id=tenant_id, claim=claim) for claim in claims]
        for result in await house.corridor.record(tx, commands):
            if isinstance(result, Refusal):
                raise result
            if isinstance(result, Broken):
                raise result.cause
    CLOSED.inc(len(claims))
    return len(claims)


async def _look(
    house: Means, tenant_id: int, waiting: dict[str, int], ended: dict[tuple[str, str], int]
) -> None:
    """Add one tenant's counts to what the gauges show."""
    async with house.database.connection() as conn:
        counts = await store.count_unsettled(conn, tenant_id=tenant_id)
    for state, count in counts.items():
        waiting[state] = waiting.get(state, 0) + count
    scene = await scene_of(house, tenant_id=tenant_id)
    for account in scene.accounts:
        health = scene.health.get(account.number)
        for result in ("settled", "failed"):
            key = (account.channel, result)
            ended[key] = ended.get(key, 0) + (getattr(health, result) if health is not None else 0)


async def _tidy(house: Any) -> None:  # noqa: ANN401 - the assembled house
    await tidy(house)


async def watch(house: Means) -> None:
    """Look in every tenant whether payments succeed less often than they did, and say so.

    Every five minutes; a channel's method is told of once in an hour of the clock.
    """
    await in_every_tenant(
        house.database,
        lambda tenant_id: watch_tenant(house, tenant_id=tenant_id),
        trouble="payments not watched",
    )


async def watch_tenant(house: Means, *, tenant_id: int) -> None:
    """Compare the last hour with the same one of yesterday and of last week, by channel and method."""
    starts_at, ends_at = span_before(house.clock.now())
    async with house.database.connection() as conn:
        now, day_before, week_before = [
            await figures.select_counted(
                conn, tenant_id=tenant_id, starts_at=starts_at - back, ends_at=ends_at - back
            )
            for back in (timedelta(), timedelta(days=1), timedelta(weeks=1))
        ]
    for (channel, method), counted in now.items():
        before = [span.get((channel, method), NOTHING) for span in (day_before, week_before)]
        fall = fall_of(now=counted, day_before=before[0], week_before=before[1])
        if fall is None:
            continue
        outcome = await house.corridor.submit(
            alert(
                tenant_id=tenant_id,
                channel=channel,
                method=method,
                span=(starts_at, ends_at),
                counted=counted,
                fall=fall,
            )
        )
        if not outcome.replayed:
            ALERTED.labels(channel, method).inc()
            _log.error(
                "payments succeed less often",
                tenant_id=tenant_id,
                channel=channel,
                method=method,
                rate_basis_points=fall.rate_basis_points,
                day_before_basis_points=fall.day_before_basis_points,
                week_before_basis_points=fall.week_before_basis_points,
            )


JANITOR: Final = Schedule(name="payments.tidy", cron="* * * * * */10", work=_tidy)
ALERTS: Final = Schedule(name="payments.alerts", cron="*/5 * * * *", work=watch)
BILLS: Final = Schedule(name="payments.bills", cron="7 * * * *", work=request_due)
"""Each hour the bills that should be there by the clock of their channel, and have not been compared."""
