"""How a feature answers the payments of its amounts due: it fulfils or rejects, gives back or keeps.

The feature says how one payment is fulfilled and how one refund is given back, each as a command whose facts
move the money; what the journal is told besides, and in which order, is the same for all of them and stands
here. Everything is recorded in the reaction's own transaction, set-based: two records a batch at most for
payments and two for refunds, whatever its size.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final, Generic, TypeVar

from msgspec import Struct

from plaudit.core.commands.batch import Broken, Replay, Result
from plaudit.core.commands.command import Command, Grant, Outcome, Plan
from plaudit.core.commands.corridor import Corridor
from plaudit.core.commands.references import Lookup
from plaudit.core.journal import read
from plaudit.core.journal.facts import Fact
from plaudit.core.journal.subscriptions import Span
from plaudit.core.ledger.book import Book, Decision
from plaudit.kernel.actor import Actor
from plaudit.kernel.refusal import Refusal, RefusalKind, busy
from plaudit.platform.db import Connection
from plaudit.vocabulary import switches
from plaudit.vocabulary.facts.base import FactData
from plaudit.vocabulary.facts.dues import AmountDue, DueKept, DueRejected, DueReturned
from plaudit.vocabulary.facts.payments import PaymentSucceeded, RefundApproved

ANSWER: Final = "payment.answer"
"""The permission of what features answer by themselves; nobody is ever granted it."""

T = TypeVar("T", PaymentSucceeded, RefundApproved)
U = TypeVar("U", bound=AmountDue)

_ANSWERED: Final[Mapping[str, type[PaymentSucceeded | RefundApproved]]] = {
    PaymentSucceeded.KIND: PaymentSucceeded,
    RefundApproved.KIND: RefundApproved,
}
KINDS: Final = tuple(_ANSWERED)
"""The kinds of facts that are answered."""

_FEATURES_MAX: Final = 4_096


class Asked(Struct, Generic[T, U], frozen=True):
    """What payments said, at which position and when, and what the fact says that opened the amount due."""

    tenant_id: int
    position: int
    at: datetime
    said: T
    due: U


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions(Generic[U]):
    """What a span asks of the feature of one kind of amount due, in the order of the journal."""

    paid: tuple[Asked[PaymentSucceeded, U], ...]
    refunds: tuple[Asked[RefundApproved, U], ...]


@lru_cache(_FEATURES_MAX)
def system_grant(*, tenant_id: int, feature: str) -> Grant:
    """Return the grant of what a feature answers by itself."""
    return Grant(tenant_id, Actor("system", feature), frozenset({ANSWER}))


async def questions(conn: Connection, span: Span, *, due: type[U]) -> Questions[U]:
    """Return the payments and refunds in a span that are about one kind of amount due. Two queries."""
    heard = await span.heard(conn, _ANSWERED, saying=("due_kind", due.KIND))
    if not heard:
        return Questions(paid=(), refunds=())
    positions = sorted({fact.data.due for fact in heard})
    found = await read.heard_at(conn, tenant_id=span.tenant_id, positions=positions, types={due.KIND: due})
    dues = {fact.position: fact.data for fact in found}
    assert len(dues) == len(positions), f"payments of dues that there are not: {positions}"
    paid: list[Asked[PaymentSucceeded, U]] = []
    refunds: list[Asked[RefundApproved, U]] = []
    for fact in heard:
        said, opened = fact.data, dues[fact.data.due]
        if isinstance(said, PaymentSucceeded):
            paid.append(Asked(span.tenant_id, fact.position, fact.at, said, opened))
        else:
            refunds.append(Asked(span.tenant_id, fact.position, fact.at, said, opened))
    return Questions(paid=tuple(paid), refunds=tuple(refunds))


async def fulfil(
    corridor: Corridor,
    conn: Connection,
    *,
    feature: str,
    wanted: Sequence[tuple[Asked[PaymentSucceeded, U], Command]],
) -> list[Outcome | None]:
    """Record the commands that fulfil payments; those that are refused become `due.rejected`.

    Returns the outcome of each, None where it was rejected or had been answered before. Raises Refusal (BUSY)
    when it must be asked again later: the tenant is switched off, and no money moves while it is.
    """
    results = await recorded(corridor, conn, commands=[command for _, command in wanted])
    answers = [
        _answer(asked, feature, _rejected(asked.said, result.code))
        for (asked, _), result in zip(wanted, results, strict=True)
        if isinstance(result, Refusal)
    ]
    await _announce(corridor, conn, answers)
    return [result if isinstance(result, Outcome) else None for result in results]


async def give_back(
    corridor: Corridor,
    conn: Connection,
    *,
    feature: str,
    wanted: Sequence[tuple[Asked[RefundApproved, U], Command]],
    lost_minor: Callable[[Outcome], int],
) -> None:
    """Record the commands that bring the money of refunds back to clearing, and `due.returned` after each.

    Those that are refused become `due.kept`. `lost_minor` tells of an outcome how much of the money came out
    of the losses. Raises Refusal as `fulfil`.
    """
    results = await recorded(corridor, conn, commands=[command for _, command in wanted])
    answers = []
    for (asked, _), result in zip(wanted, results, strict=True):
        if isinstance(result, Refusal):
            answers.append(_answer(asked, feature, _kept(asked.said, result.code)))
        elif isinstance(result, Outcome):
            answers.append(_answer(asked, feature, _returned(asked.said, lost_minor(result))))
    await _announce(corridor, conn, answers)


def _raise_if_later(refusal: Refusal) -> None:
    """Raise what is no answer: it was too busy, or nothing moves in this tenant now, not even back."""
    if refusal.kind is RefusalKind.BUSY:
        raise refusal
    if refusal.code == "switch.off" and refusal.details.get("target") == switches.TENANT:
        raise busy("payment.waits", "The tenant is switched off; it goes on when it is on.", retry_after_s=1)


async def recorded(corridor: Corridor, conn: Connection, *, commands: Sequence[Command]) -> list[Result]:
    """Record what a feature does by itself, and return a result for each command: refusals among them.

    Raises what is broken, and Refusal (BUSY) when it must be tried again later, as `fulfil`.
    """
    results = await corridor.record(conn, commands)
    for result in results:
        if isinstance(result, Broken):
            raise result.cause
        if isinstance(result, Refusal):
            _raise_if_later(result)
    return results


async def _announce(corridor: Corridor, conn: Connection, commands: Sequence[Command]) -> None:
    for result in await recorded(corridor, conn, commands=commands):
        if isinstance(result, Refusal):
            raise result
        assert isinstance(result, Outcome | Replay), result


def _rejected(said: PaymentSucceeded, code: str) -> DueRejected:
    return DueRejected(
        due=said.due,
        due_kind=said.due_kind,
        payment=said.payment,
        asset=said.asset,
        amount_minor=said.amount_minor,
        code=code,
    )


def _kept(said: RefundApproved, code: str) -> DueKept:
    return DueKept(
        refund=said.refund,
        due=said.due,
        due_kind=said.due_kind,
        payment=said.payment,
        asset=said.asset,
        amount_minor=said.amount_minor,
        code=code,
    )


def _returned(said: RefundApproved, lost_minor: int) -> DueReturned:
    return DueReturned(
        refund=said.refund,
        due=said.due,
        due_kind=said.due_kind,
        payment=said.payment,
        asset=said.asset,
        amount_minor=said.amount_minor,
        lost_minor=lost_minor,
    )


def _answer(asked: Asked[T, U], feature: str, data: FactData) -> Command:
    key = f"answer/{asked.position}"
    decision = Decision(Fact(f"payment/{asked.said.payment}", data))

    def decide(_book: Book) -> Decision:
        return decision

    def plan(_lookup: Lookup) -> Plan:
        return Plan(decide)

    return Command(
        action=f"{feature}.answer",
        permission=ANSWER,
        grant=system_grant(tenant_id=asked.tenant_id, feature=feature),
        key=key,
        content=key.encode(),
        plan=plan,
    )
