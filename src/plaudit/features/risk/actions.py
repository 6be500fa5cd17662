"""The verbs of risk: flip a switch, freeze an account; and the corridor's screener."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from plaudit.core.commands.command import Command, Grant, Outcome, Plan, Work
from plaudit.core.commands.corridor import Corridor
from plaudit.core.commands.references import Item, Lookup
from plaudit.core.commands.table import planned_by_work
from plaudit.core.handles import Connection
from plaudit.core.journal.facts import Fact, PrivatePart, canonical
from plaudit.core.ledger.accounts import Directory, freeze_account
from plaudit.core.ledger.book import FREEZE_ALL, FREEZE_DEBITS, FREEZE_NONE, Decision
from plaudit.features.risk import store
from plaudit.features.risk.model import DEFENCES, check_reason, check_target, stopped
from plaudit.vocabulary import chart, switches
from plaudit.vocabulary.facts.base import FactData
from plaudit.vocabulary.facts.risk import AccountFrozen, Freeze, SwitchFlipped

SWITCHES: Final[Item] = ("switch", "*")
"""The one reference row of switches: the set of targets that are off."""

_FLAGS: Final[Mapping[Freeze, int]] = {"none": FREEZE_NONE, "debits": FREEZE_DEBITS, "all": FREEZE_ALL}


def screen(command: Command, lookup: Lookup) -> None:
    """Raise Refusal `switch.off` (REFUSED), naming the target, when one of the command's targets is off.

    Runs for every command, so it costs one look-up while nothing is off. A flip makes commands that wait in
    a queue stale, so that they come here again.
    """
    off: frozenset[str] = lookup.one(*SWITCHES)
    if not off or command.permission in DEFENCES:
        return
    for target in (switches.TENANT, *command.targets):
        if target in off:
            raise stopped(target)


async def flip_switch(
    *,
    corridor: Corridor,
    grant: Grant,
    key: str,
    target: str,
    off: bool,
    reason: str | None,
    now: datetime,
    salt: bytes,
) -> Outcome:
    """Switch a target off or on again; saying what it is already is fine. `salt` are 16 random bytes.

    Raises Refusal `switch.target` and `body.invalid` (INVALID).
    """
    known = check_target(target)
    private = _private(grant, reason, salt)

    async def work(tx: Connection) -> Work:
        revision = await store.flip(
            tx, tenant_id=grant.tenant_id, target=known, off=off, flipped_by=grant.actor.text, now=now
        )
        flipped = SwitchFlipped(
            target=known, off=off, revision=revision, reason_hash=private[0].digest if private else None
        )
        return _work(f"switch/{known}", flipped, private, (SWITCHES,))

    command = _command(
        verb="flip_switch",
        permission="switch.write",
        grant=grant,
        key=key,
        content=canonical((known, off, reason)),
    )
    return await corridor.run(command, work)


async def freeze(  # noqa: PLR0913 - all by keyword
    *,
    corridor: Corridor,
    directory: Directory,
    grant: Grant,
    key: str,
    address: str,
    freeze: Freeze,
    reason: str | None,
    now: datetime,
    salt: bytes,
) -> Outcome:
    """Freeze an account for debits or for everything, or release it ("none"). `salt` are 16 random bytes.

    An account that nothing moved on yet is opened, so that it can be frozen before anything does. Raises
    Refusal `account.unknown`, `asset.unknown` (NOT_FOUND) and `body.invalid` (INVALID).
    """
    chart.account_of(address)
    private = _private(grant, reason, salt)

    async def work(tx: Connection) -> Work:
        await directory.ensure(tenant_id=grant.tenant_id, addresses=[address], now=now)
        await store.save_freeze(
            tx, tenant_id=grant.tenant_id, address=address, freeze=freeze, frozen_by=grant.actor.text, now=now
        )
        is_open = await freeze_account(tx, tenant_id=grant.tenant_id, address=address, frozen=_FLAGS[freeze])
        assert is_open, f"{address} was opened just now"
        frozen = AccountFrozen(
            address=address, freeze=freeze, reason_hash=private[0].digest if private else None
        )
        return _work(f"account/{address}", frozen, private, ())

    command = _command(
        verb="freeze",
        permission="account.freeze",
        grant=grant,
        key=key,
        content=canonical((address, freeze, reason)),
    )
    return await corridor.run(command, work)


def _private(grant: Grant, reason: str | None, salt: bytes) -> tuple[PrivatePart, ...]:
    text = check_reason(reason)
    return (PrivatePart("reason", grant.actor.text, text, salt),) if text else ()


def _command(*, verb: str, permission: str, grant: Grant, key: str, content: bytes) -> Command:
    return Command(
        action=f"risk.{verb}",
        permission=permission,
        grant=grant,
        key=key,
        content=content,
        plan=planned_by_work,
    )


def _work(subject: str, data: FactData, private: tuple[PrivatePart, ...], changed: tuple[Item, ...]) -> Work:
    decision = Decision(Fact(subject, data, private))
    return Work(plan=Plan(lambda _book: decision), changed=changed)
