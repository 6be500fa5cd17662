"""Saving what top-ups are decided by. Each save is a table command: a new revision, and a fact saying so."""

from plaudit.core.commands.command import Grant, Outcome, Plan, Work
from plaudit.core.commands.corridor import Corridor
from plaudit.core.handles import Connection
from plaudit.core.journal.facts import Fact, canonical
from plaudit.core.ledger.book import Decision
from plaudit.features.wallets.actions.base import POLICY, table_command
from plaudit.features.wallets.model import Pack, TopupPolicy
from plaudit.features.wallets.store import packs as store
from plaudit.vocabulary.facts.base import FactData
from plaudit.vocabulary.facts.wallets import PackSaved, TopupPolicySaved

PACK = "pack"
"""The topic of packs, by their name."""


async def save_pack(*, corridor: Corridor, grant: Grant, key: str, pack: Pack) -> Outcome:
    """Save a pack under its name; its revision in `pack` is ignored."""

    async def work(tx: Connection) -> Work:
        revision = await store.save_pack(tx, tenant_id=grant.tenant_id, pack=pack)
        saved = PackSaved(
            pack=pack.id,
            revision=revision,
            price_asset=pack.price_asset,
            price_minor=pack.price_minor,
            asset=pack.asset,
            amount_minor=pack.amount_minor,
            on_sale=pack.on_sale,
            bonus_minor=pack.bonus_minor,
            valid_from=pack.valid_from,
            valid_until=pack.valid_until,
            pay_within_s=pack.pay_within_s,
        )
        return _work(PACK, pack.id, f"pack/{pack.id}", saved)

    command = table_command(
        verb="save_pack", permission="pack.write", grant=grant, key=key, content=canonical(pack)
    )
    return await corridor.run(command, work)


async def save_topup_policy(*, corridor: Corridor, grant: Grant, key: str, policy: TopupPolicy) -> Outcome:
    """Save what happens when top-ups of an asset are refunded; its revision in `policy` is ignored."""

    async def work(tx: Connection) -> Work:
        revision = await store.save_policy(tx, tenant_id=grant.tenant_id, policy=policy)
        saved = TopupPolicySaved(
            revision=revision,
            asset=policy.asset,
            clawback=policy.clawback,
            debt_limit_minor=policy.debt_limit_minor,
        )
        return _work(POLICY, policy.asset, f"topup_policy/{policy.asset}", saved)

    command = table_command(
        verb="save_topup_policy", permission="pack.write", grant=grant, key=key, content=canonical(policy)
    )
    return await corridor.run(command, work)


def _work(topic: str, name: str, subject: str, saved: FactData) -> Work:
    decision = Decision(Fact(subject, saved))
    return Work(plan=Plan(lambda _book: decision), changed=((topic, name),))
