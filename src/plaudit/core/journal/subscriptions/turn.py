"""One subscription's turn with one tenant: a batch applied, or the fact found that cannot be."""

from dataclasses import dataclass
from enum import Enum, auto

import psycopg
import structlog

from plaudit.core.journal.subscriptions import store
from plaudit.core.journal.subscriptions.subscription import Span, Subscription
from plaudit.kernel.refusal import Refusal, RefusalKind
from plaudit.kernel.time import Clock
from plaudit.platform.db import Database
from plaudit.platform.failures import Final, classify, is_duplicate

_log = structlog.get_logger(__name__)

BATCH_MAX = 4_000
"""Positions in one transaction: large enough to spread its cost, small enough that its locks are short."""

_PROBLEM_MAX = 500
# A reaction that records may collide with another process's key or counter; a collision is gone when it
# runs again.
_DUPLICATES_MAX = 3


class Turn(Enum):
    """How a turn ended."""

    NOTHING = auto()
    """Nothing to read, or another process is at it."""
    CAUGHT_UP = auto()
    """Applied all that there was."""
    MORE = auto()
    """Applied a batch, and there is more to read."""
    LATER = auto()
    """Failed without a trace, as by a deadlock or a lost connection: the same again, a little later."""
    STOPPED = auto()
    """A projection stands at a fact that it cannot apply."""


@dataclass(frozen=True, slots=True)
class _Failed:
    """A span that was rolled back, and why."""

    after: int
    upto: int
    error: Exception


async def take_turn(
    *,
    database: Database,
    clock: Clock,
    subscription: Subscription,
    tenant_id: int,
    batch_max: int = BATCH_MAX,
) -> Turn:
    """Apply the next batch and move the cursor with it, in one transaction.

    A batch that fails is rolled back and halved down to the fact; what stands before that fact is
    applied. The fact becomes a dead letter of a reaction and stops a projection.
    """
    limit = batch_max
    failed_upto: int | None = None
    duplicates = 0
    while True:
        result = await _attempt(database, subscription, tenant_id, limit)
        if result is None:
            return Turn.NOTHING
        if isinstance(result, Span):
            if failed_upto is not None and result.upto < failed_upto:
                limit = max(1, (failed_upto - result.upto) // 2)
                continue
            return Turn.MORE if result.upto - result.after == batch_max or failed_upto else Turn.CAUGHT_UP
        error = result.error
        if is_transient(error) or (is_duplicate(error) and duplicates < _DUPLICATES_MAX):
            _log.warning(
                "subscription runs again",
                subscription=subscription.name,
                tenant_id=tenant_id,
                error=problem_of(error),
            )
            if not is_duplicate(error):
                return Turn.LATER
            duplicates += 1
            continue
        size = result.upto - result.after
        if size <= 1:
            return await _give_up(
                database=database,
                clock=clock,
                subscription=subscription,
                tenant_id=tenant_id,
                failed=result,
            )
        failed_upto = result.upto
        limit = size // 2


async def _attempt(
    database: Database, subscription: Subscription, tenant_id: int, limit: int
) -> Span | _Failed | None:
    after = upto = 0
    try:
        async with database.transaction() as tx:
            # A projection lost in a crash is applied again, and nobody was promised it; what a reaction
            # has set off outside the database must not be forgotten.
            claimed = await store.claim(
                tx,
                tenant_id=tenant_id,
                name=subscription.name,
                limit=limit,
                durable=subscription.kind == "reaction",
            )
            if claimed is None:
                return None
            after, upto = claimed
            span = Span(tenant_id, after, upto, subscription.kinds)
            await subscription.apply(tx, span)
    except Exception as error:  # noqa: BLE001 - whatever it is, it stops here and is told
        return _Failed(after, upto, error)
    return span


async def _give_up(
    *, database: Database, clock: Clock, subscription: Subscription, tenant_id: int, failed: _Failed
) -> Turn:
    problem = problem_of(failed.error)
    told = _log.bind(
        subscription=subscription.name, tenant_id=tenant_id, position=failed.upto, problem=problem
    )
    try:
        async with database.transaction() as tx:
            if subscription.kind == "projection":
                stopped = await store.stop(
                    tx,
                    tenant_id=tenant_id,
                    name=subscription.name,
                    position=failed.after,
                    problem=f"fact {failed.upto}: {problem}",
                )
                if stopped:
                    told.error("projection stopped", exc_info=failed.error)
                return Turn.STOPPED
            put_aside = await store.put_aside(
                tx,
                tenant_id=tenant_id,
                name=subscription.name,
                position=failed.upto,
                kinds=subscription.kinds,
                problem=problem,
                now=clock.now(),
            )
    except Exception as error:
        if not is_transient(error):
            raise
        told.warning("problem not written down yet", error=problem_of(error))
        return Turn.LATER
    if put_aside:
        told.error("dead letter", exc_info=failed.error)
    return Turn.MORE


def is_transient(error: BaseException) -> bool:
    """Tell whether an error left no trace and the same may go well a little later."""
    if isinstance(error, Refusal):
        return error.kind is RefusalKind.BUSY
    return classify(error, committing=False) is not Final


def problem_of(error: BaseException) -> str:
    """Return an error as a short text. Values of rows, which databases like to quote, are left out."""
    message = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    return f"{type(error).__name__}: {message or error}"[:_PROBLEM_MAX]
