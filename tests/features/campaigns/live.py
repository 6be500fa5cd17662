"""Campaigns at work on the stage: terms in force, tips and their reversals, the reaction in any batches."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from plaudit.core.commands.command import Command, Grant, Plan
from plaudit.core.journal.facts import Fact
from plaudit.core.journal.subscriptions import (
    Subscription,
    catch_up,
    dead_letters,
    position_of,
    retry_dead_letter,
)
from plaudit.core.ledger.accounts import freeze_account
from plaudit.core.ledger.book import FREEZE_ALL, Decision, Transfer
from plaudit.features.campaigns.reactions.evaluation import EVALUATION
from plaudit.features.campaigns.reactions.memory import memory_of
from plaudit.kernel.actor import Actor
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.base import FactData
from plaudit.vocabulary.facts.campaigns import (
    BudgetApproved,
    CampaignApproved,
    CampaignEnded,
    CampaignGranted,
    CampaignPaused,
    CampaignResumed,
    CampaignReversed,
    CampaignWithheld,
    ViewerAttributesSaved,
)
from plaudit.vocabulary.facts.payments import PaymentRefunded, PaymentSucceeded
from plaudit.vocabulary.facts.tipping import TipReversed, TipSent
from plaudit.vocabulary.facts.wallets import TopupCredited, WalletCredited
from tests.features.campaigns.model.engine.scene import terms
from tests.features.campaigns.stage import NOON, Stage

PLENTY: Final = 1_000_000


@dataclass(slots=True)
class Live:
    """The engine on PostgreSQL."""

    stage: Stage
    assets: dict[str, str] = field(default_factory=dict)

    async def campaign(
        self,
        name: str = "c",
        *,
        budget_minor: int = PLENTY,
        revision: int = 1,
        **fields: Any,  # noqa: ANN401 - of terms
    ) -> int:
        """Fund a campaign and approve a revision, as those do who may."""
        said = terms(**fields)
        self.assets[name] = said["reward"]["asset"]
        if budget_minor:
            await self.fund(name, budget_minor)
        approved = CampaignApproved(
            campaign=name,
            revision=revision,
            maker="ada",
            checker="bob",
            effective_from=NOON - timedelta(days=30),
            terms=said,
            terms_hash="0" * 64,
        )
        return await self.stage.say(f"campaign/{name}", approved)

    async def fund(self, name: str = "c", budget_minor: int = PLENTY) -> int:
        """Move something into a budget."""
        asset = self.assets[name]
        approved = BudgetApproved(
            campaign=name, transfer="t", asset=asset, amount_minor=budget_minor, maker="ada", checker="bob"
        )
        source = (
            chart.units_issued(asset=asset) if asset in {"chance", "coupon"} else chart.issuance(asset=asset)
        )
        budget = chart.campaign_budget(campaign=name, asset=asset)
        return await self.stage.say(f"campaign/{name}", approved, Transfer(source, budget, budget_minor))

    async def withdraw(self, name: str = "c", budget_minor: int = PLENTY) -> int:
        """Move something out of a budget."""
        asset = self.assets[name]
        approved = BudgetApproved(
            campaign=name, transfer="t", asset=asset, amount_minor=-budget_minor, maker="ada", checker="bob"
        )
        budget = chart.campaign_budget(campaign=name, asset=asset)
        transfer = Transfer(budget, chart.issuance(asset=asset), budget_minor)
        return await self.stage.say(f"campaign/{name}", approved, transfer)

    async def pause(self, name: str = "c") -> int:
        return await self.stage.say(
            f"campaign/{name}", CampaignPaused(campaign=name, cause="operator", maker="a")
        )

    async def resume(self, name: str = "c") -> int:
        return await self.stage.say(f"campaign/{name}", CampaignResumed(campaign=name, maker="a"))

    async def end(self, name: str = "c") -> int:
        return await self.stage.say(f"campaign/{name}", CampaignEnded(campaign=name, maker="a"))

    async def credit(self, viewer: str, minor: int) -> None:
        """Give a viewer coins."""
        credited = WalletCredited(viewer=viewer, asset="coin", amount_minor=minor)
        wallet = chart.viewer_wallet(viewer=viewer, asset="coin")
        await self.stage.say(
            f"viewer/{viewer}", credited, Transfer(chart.issuance(asset="coin"), wallet, minor)
        )

    async def spend(self, viewer: str, minor: int) -> None:
        """Have a viewer lose coins, without any campaign hearing of it."""
        credited = WalletCredited(viewer="nobody", asset="coin", amount_minor=minor)
        wallet = chart.viewer_wallet(viewer=viewer, asset="coin")
        await self.stage.say("viewer/nobody", credited, Transfer(wallet, chart.issuance(asset="coin"), minor))

    async def tip(self, minor: int, *, viewer: str = "v", at: datetime | None = None, **values: Any) -> int:  # noqa: ANN401 - of the fact
        """Have a viewer tip, and return where."""
        sent = TipSent(
            viewer=viewer,
            creator="aurora",
            asset="coin",
            amount_minor=minor,
            creator_minor=minor,
            guild_minor=0,
            platform_minor=0,
            terms="t",
            terms_revision=1,
            **values,
        )
        return await self.record(f"viewer/{viewer}", sent, at=at)

    async def undo(self, tip: int, total_minor: int, *, viewer: str = "v") -> int:
        """Undo so much of a tip, in all."""
        undone = TipReversed(
            tip=tip,
            viewer=viewer,
            creator="aurora",
            asset="coin",
            amount_minor=total_minor,
            creator_minor=total_minor,
            guild_minor=0,
            platform_minor=0,
            reversed_minor=total_minor,
        )
        return await self.record(f"viewer/{viewer}", undone)

    async def record(self, subject: str, data: FactData, *, at: datetime | None = None) -> int:
        """Record a fact that moves nothing, which may have happened earlier."""
        decision = Decision(Fact(subject, data))
        key = f"live/{next(self.stage.numbers)}"
        command = Command(
            action="test.record",
            permission="test",
            grant=Grant(self.stage.tenant_id, Actor("system", "test"), frozenset({"test", "import"})),
            key=key,
            content=key.encode(),
            plan=lambda _: Plan(lambda _book: decision),
            at=at,
        )
        return (await self.stage.house.corridor.submit(command)).position

    async def freeze(self, address: str) -> None:
        """Freeze an account, so that it neither gets nor gives."""
        async with self.stage.house.database.transaction() as tx:
            frozen = await freeze_account(
                tx, tenant_id=self.stage.tenant_id, address=address, frozen=FREEZE_ALL
            )
        assert frozen

    async def describe(
        self, viewer: str = "v", *, level: int | None = None, at: datetime | None = None
    ) -> int:
        """Have the host platform say what a viewer is, or was from an earlier time on."""
        said = ViewerAttributesSaved(viewer=viewer, revision=1, level=level)
        return await self.record(f"viewer/{viewer}", said, at=at)

    async def top_up(self, paid_minor: int, *, viewer: str = "v") -> str:
        """Have a viewer's top-up paid and credited, and return the payment."""
        payment = f"pay_{next(self.stage.numbers)}"
        succeeded = PaymentSucceeded(
            payment=payment,
            due=1,
            due_kind="ticket.ordered",
            payer=viewer,
            asset="CNY",
            amount_minor=paid_minor,
            attempt=1,
            channel="wechat",
            account="main",
            method="qr",
            transaction=payment,
        )
        credited = TopupCredited(
            viewer=viewer,
            due=1,
            payment=payment,
            pack="small",
            pack_revision=1,
            asset="coin",
            amount_minor=paid_minor,
            bonus_minor=0,
            paid_asset="CNY",
            paid_minor=paid_minor,
        )
        await self.record(f"payment/{payment}", succeeded)
        await self.record(f"viewer/{viewer}", credited)
        return payment

    async def refund(self, payment: str, total_minor: int, *, paid_minor: int, viewer: str = "v") -> int:
        """Have so much of a payment refunded, in all."""
        refunded = PaymentRefunded(
            payment=payment,
            due=1,
            due_kind="ticket.ordered",
            payer=viewer,
            asset="CNY",
            amount_minor=total_minor,
            refund="ref_1",
            cause="asked",
            channel="wechat",
            account="main",
            paid_minor=paid_minor,
            refunded_minor=total_minor,
        )
        return await self.record(f"payment/{payment}", refunded)

    def forget(self) -> None:
        """Be another process: remember nothing of the campaigns."""
        memory_of(self.stage.house.corridor).forget(self.stage.tenant_id)

    def subscription(self) -> Subscription:
        """Return the reaction as this house runs it."""
        return EVALUATION.bound(self.stage.house.corridor)

    async def evaluate(self, batch_max: int = 4_000) -> None:
        """Let the reaction follow to the head, and to what it said itself, in batches of this size."""
        house = self.stage.house
        await catch_up(
            database=house.database,
            clock=house.clock,
            subscriptions=[self.subscription()],
            tenant_id=self.stage.tenant_id,
            batch_max=batch_max,
        )
        async with house.database.connection() as conn:
            letters = await dead_letters(conn, tenant_id=self.stage.tenant_id, subscription=EVALUATION.name)
        assert not letters, letters

    async def retry(self, position: int) -> None:
        """Let the reaction try a dead letter again."""
        found = await retry_dead_letter(
            self.stage.house.database,
            tenant_id=self.stage.tenant_id,
            subscription=self.subscription(),
            position=position,
        )
        assert found

    async def reached(self) -> int:
        """Return how far the reaction has read."""
        async with self.stage.house.database.connection() as conn:
            return await position_of(conn, tenant_id=self.stage.tenant_id, subscription=EVALUATION.name)

    async def told(self) -> list[str]:
        """Return what was recorded of rewards, in order, as `scene.told` has it."""
        texts: list[tuple[int, str]] = []
        for kind in (CampaignGranted, CampaignWithheld, CampaignReversed, CampaignPaused):
            for position, data in await self.stage.placed(kind):
                if isinstance(data, CampaignPaused):
                    if data.cause == "budget":
                        texts.append((position, f"dry {data.campaign} fact {data.fact}"))
                    continue
                texts.append((position, _text(data)))
        return [text for _, text in sorted(texts)]

    async def coins(self, viewer: str = "v", *, sort: str = "") -> int:
        """Return what a wallet holds, or another account of a viewer's coins."""
        return await self.stage.balance(f"viewer/{viewer}/{sort}coin")

    async def budget(self, name: str = "c") -> int:
        """Return what a budget holds."""
        return await self.stage.balance(chart.campaign_budget(campaign=name, asset=self.assets[name]))


def _text(data: FactData) -> str:
    assert isinstance(data, CampaignGranted | CampaignWithheld | CampaignReversed), data
    about = f"{data.viewer}/{data.campaign} fact {data.fact}"
    if data.cause != data.fact:
        about += f" by {data.cause}"
    if isinstance(data, CampaignGranted):
        return f"+{data.amount_minor} {about}"
    if isinstance(data, CampaignWithheld):
        return f"no {data.amount_minor} {about} {data.code}"
    recovered = data.pending_minor + data.taken_minor + data.debt_minor
    return f"-{recovered} of {data.amount_minor} {about}"
