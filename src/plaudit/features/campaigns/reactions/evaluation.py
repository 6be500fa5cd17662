"""Judging what a span of the journal says, and granting what comes of it, in the transaction of its cursor.

Everything is read and written set-based: a fixed small number of statements a batch, whatever its size. A
batch is attempted until the ledger takes all of it: what it says no to (a frozen account, a switch) is known
at the next attempt, and told.
"""

from collections.abc import Sequence
from typing import Final

from plaudit.core import dues
from plaudit.core.commands.command import Command, Outcome
from plaudit.core.commands.corridor import Corridor
from plaudit.core.feature import Reaction
from plaudit.core.handles import Connection
from plaudit.core.journal.subscriptions import Span
from plaudit.features.campaigns.actions import rewards
from plaudit.features.campaigns.model import triggers
from plaudit.features.campaigns.model.engine.batch import Batch
from plaudit.features.campaigns.model.engine.purse import WalletsUnknown
from plaudit.features.campaigns.model.engine.settling import BUDGET
from plaudit.features.campaigns.model.engine.verdicts import Grant, Pause, TakeBack, Verdict, Withheld
from plaudit.features.campaigns.reactions.loading import STEPS, Loading
from plaudit.features.campaigns.reactions.memory import memory_of
from plaudit.features.campaigns.reactions.saving import save
from plaudit.features.campaigns.store import facts
from plaudit.kernel.refusal import Refusal, busy

_ATTEMPTS: Final = 20
_EMPTY: Final = "ledger.insufficient"


class _RefusedError(Exception):
    """The ledger said no to some of a batch: undo it, and judge again with what it said."""

    def __init__(self, obstacles: dict[tuple[str, int, int], str], frozen: set[str]) -> None:
        super().__init__(obstacles, frozen)
        self.obstacles = obstacles
        self.frozen = frozen


async def _evaluate(corridor: Corridor, conn: Connection, span: Span) -> None:
    """Judge a span. Raises Refusal (BUSY) while the tenant is switched off: it waits until it is on."""
    obstacles: dict[tuple[str, int, int], str] = {}
    frozen: set[str] = set()
    careful = False
    for _ in range(_ATTEMPTS):
        loading = Loading(corridor, conn, span, memory=memory_of(corridor), frozen=frozen, careful=careful)
        try:
            async with facts.attempt(conn):
                await _attempt(loading, obstacles)
        except _RefusedError as refused:
            loading.forget()
            obstacles |= refused.obstacles
            frozen |= refused.frozen
        except WalletsUnknown:
            loading.forget()
            careful = True
        except BaseException:
            # Judging has let budgets run dry in what is kept, and nobody was told.
            loading.forget()
            raise
        else:
            return
    raise busy(
        "campaign.busy", "Accounts change faster than they can be read; it is tried again.", retry_after_s=1
    )


async def _attempt(loading: Loading, obstacles: dict[tuple[str, int, int], str]) -> None:
    batch = await loading.load()
    if batch is None:
        return
    verdicts = batch.judge(obstacles)
    commands = await _commands(loading, batch, verdicts)
    results = await dues.recorded(loading.corridor, loading.conn, commands=[one for _, one in commands])
    outcomes: list[tuple[Verdict, Outcome]] = []
    refusals: list[tuple[Verdict, Refusal]] = []
    for (verdict, _), result in zip(commands, results, strict=True):
        if isinstance(result, Refusal):
            refusals.append((verdict, result))
        else:
            assert isinstance(result, Outcome), result
            outcomes.append((verdict, result))
    if refusals:
        raise _told(refusals)
    if loading.steps or any(isinstance(one, Pause) for one in verdicts):
        loading.forget()
    await save(loading.conn, span=loading.span, batch=batch, steps=loading.steps, outcomes=outcomes)


def _told(refusals: Sequence[tuple[Verdict, Refusal]]) -> _RefusedError:
    """Return what refusals say: grants that are not to be made, accounts that give nothing."""
    obstacles: dict[tuple[str, int, int], str] = {}
    frozen: set[str] = set()
    for verdict, refusal in refusals:
        if isinstance(verdict, Grant):
            code = BUDGET if refusal.code == _EMPTY else refusal.code
            obstacles[verdict.campaign, verdict.fact, verdict.cause] = code
        elif isinstance(verdict, TakeBack) and "account" in refusal.details:
            frozen.add(str(refusal.details["account"]))
        else:
            raise refusal
    return _RefusedError(obstacles, frozen)


async def _commands(
    loading: Loading, batch: Batch, verdicts: Sequence[Verdict]
) -> list[tuple[Verdict, Command]]:
    """Return what is recorded of verdicts, in their order."""
    tenant_id = loading.span.tenant_id
    debts = await loading.debts(batch, verdicts)
    commands: list[tuple[Verdict, Command]] = []
    for verdict in verdicts:
        if isinstance(verdict, Grant):
            commands.append((verdict, rewards.grant(tenant_id=tenant_id, verdict=verdict, debts=debts)))
            if verdict.reward.kind == "coupon":
                commands.append((verdict, rewards.announce_coupons(tenant_id=tenant_id, verdict=verdict)))
        elif isinstance(verdict, Withheld):
            commands.append((verdict, rewards.withhold(tenant_id=tenant_id, verdict=verdict)))
        elif isinstance(verdict, Pause):
            commands.append((verdict, rewards.pause_dry(tenant_id=tenant_id, verdict=verdict)))
        else:
            commands += _taking_back(tenant_id, verdict)
    return commands


def _taking_back(tenant_id: int, verdict: TakeBack) -> list[tuple[Verdict, Command]]:
    commands: list[tuple[Verdict, Command]] = [
        (verdict, rewards.take_back(tenant_id=tenant_id, verdict=verdict))
    ]
    if verdict.reward.kind == "coupon":
        commands += [
            (verdict, rewards.revoke_coupons(tenant_id=tenant_id, verdict=verdict, taken=taken))
            for taken in verdict.lots
        ]
    return commands


EVALUATION: Final = Reaction(
    name="campaigns.evaluate",
    kinds=(*triggers.KINDS, triggers.DESCRIBED, *STEPS),
    react=_evaluate,
    by_index=True,
)
