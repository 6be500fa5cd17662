"""What campaigns do by themselves when facts were judged: grant, take back, withhold, pause, announce.

Nobody asks for these. Each has a key made from campaign, revision, fact and what made it be judged, so that
it happens once. Switches stop what is granted, and nothing else. Amounts were worked out by the engine on
what this very transaction has read or locked; the ledger refuses what it does not find so.
"""

from collections.abc import Callable, Container
from functools import lru_cache
from typing import Final, TypeAlias

from plaudit.core.commands.command import Command, Grant, Plan
from plaudit.core.commands.references import Lookup
from plaudit.core.journal.facts import Fact
from plaudit.core.ledger.book import Book, Decision, Transfer, Use
from plaudit.core.ledger.debts import pay_in
from plaudit.features.campaigns.model.engine.purse import places_of
from plaudit.features.campaigns.model.engine.verdicts import Grant as Granted
from plaudit.features.campaigns.model.engine.verdicts import (
    Judged,
    Move,
    Pause,
    TakeBack,
    Taken,
    Withheld,
)
from plaudit.features.campaigns.model.lots import Maturing
from plaudit.features.campaigns.store.caps import window_of
from plaudit.kernel.actor import Actor
from plaudit.vocabulary import chart, switches
from plaudit.vocabulary.facts.base import FactData
from plaudit.vocabulary.facts.campaigns import (
    CampaignGranted,
    CampaignMatured,
    CampaignPaused,
    CampaignReversed,
    CampaignWithheld,
)
from plaudit.vocabulary.facts.rewards import RewardDue, RewardRevoked

ANSWER: Final = "campaign.answer"
"""The permission of what campaigns do by themselves; nobody is ever granted it."""

_FEATURE: Final = switches.feature("campaigns")
_TENANTS_MAX: Final = 4_096

_Decide: TypeAlias = Callable[[Book], Decision]


def grant_key(verdict: Judged) -> str:
    """Return the key by which a verdict has its effect once."""
    key = f"{verdict.campaign}/{verdict.revision}/{verdict.fact}"
    return key if verdict.cause == verdict.fact else f"{key}/{verdict.cause}"


def grant(*, tenant_id: int, verdict: Granted, debts: Container[str]) -> Command:
    """Return the command that pays a reward out of its campaign's budget.

    `debts` are the debt accounts that are open. Refused with `switch.off` while the feature or the campaign
    is off, and with what the ledger says of frozen accounts.
    """
    places = places_of(verdict.reward, campaign=verdict.campaign, viewer=verdict.viewer)
    budget = chart.campaign_budget(campaign=verdict.campaign, asset=verdict.reward.asset)
    uses = _uses(verdict.moves) if verdict.moves else ()
    if verdict.matures_at is not None:
        assert places.pending is not None, verdict
        target, debt = places.pending, None
    else:
        target, debt = places.wallet, places.debt if places.debt in debts else None
    accounts = (budget, target) if debt is None else (budget, target, debt)
    plan = Plan(
        _granting(verdict, budget=budget, target=target, debt=debt, uses=uses),
        accounts,
        tuple([use.window for use in uses]) if uses else (),
    )
    return _command(
        verb="grant",
        tenant_id=tenant_id,
        key=grant_key(verdict),
        plan=plan,
        targets=(_FEATURE, switches.campaign(verdict.campaign)),
    )


def take_back(*, tenant_id: int, verdict: TakeBack) -> Command:
    """Return the command that takes a reward back into the budget, as far as the engine found it there."""
    places = places_of(verdict.reward, campaign=verdict.campaign, viewer=verdict.viewer)
    budget = chart.campaign_budget(campaign=verdict.campaign, asset=verdict.reward.asset)
    parts = (
        (places.pending, verdict.pending_minor),
        (places.wallet, verdict.taken_minor),
        (places.debt, verdict.debt_minor),
    )
    transfers = tuple(
        Transfer(source, budget, minor) for source, minor in parts if source is not None and minor
    )
    uses = _uses(verdict.moves)
    said = CampaignReversed(
        campaign=verdict.campaign,
        revision=verdict.revision,
        fact=verdict.fact,
        cause=verdict.cause,
        viewer=verdict.viewer,
        kind=verdict.reward.kind,
        asset=verdict.reward.asset,
        item=verdict.reward.item,
        amount_minor=verdict.amount_minor,
        window=verdict.window,
        entitled_minor=verdict.entitled_minor,
        granted_minor=verdict.granted_minor,
        pending_minor=verdict.pending_minor,
        taken_minor=verdict.taken_minor,
        debt_minor=verdict.debt_minor,
        forgiven_minor=verdict.forgiven_minor,
        lost_minor=verdict.lost_minor,
    )
    decision = Decision(_about(verdict.viewer, said), transfers, uses)
    accounts = tuple({address: None for one in transfers for address in (one.source, one.destination)})
    plan = Plan(lambda _book: decision, accounts, tuple(use.window for use in uses))
    return _command(verb="take_back", tenant_id=tenant_id, key=grant_key(verdict), plan=plan)


def withhold(*, tenant_id: int, verdict: Withheld) -> Command:
    """Return the command that tells why a reward was not paid."""
    said = CampaignWithheld(
        campaign=verdict.campaign,
        revision=verdict.revision,
        fact=verdict.fact,
        cause=verdict.cause,
        viewer=verdict.viewer,
        kind=verdict.reward.kind,
        asset=verdict.reward.asset,
        item=verdict.reward.item,
        amount_minor=verdict.amount_minor,
        window=verdict.window,
        code=verdict.code,
    )
    key = f"withheld/{grant_key(verdict)}"
    return _telling(verb="withhold", tenant_id=tenant_id, key=key, fact=_about(verdict.viewer, said))


def pause_dry(*, tenant_id: int, verdict: Pause) -> Command:
    """Return the command that tells that a budget ran dry, and with which fact."""
    said = CampaignPaused(campaign=verdict.campaign, cause="budget", fact=verdict.fact)
    key = f"dry/{verdict.campaign}/{verdict.fact}"
    fact = Fact(f"campaign/{verdict.campaign}", said)
    return _telling(verb="pause_dry", tenant_id=tenant_id, key=key, fact=fact)


def announce_coupons(*, tenant_id: int, verdict: Granted) -> Command:
    """Return the command that tells whoever hands out coupons that a viewer has earned some."""
    assert verdict.reward.item is not None, verdict
    said = RewardDue(
        viewer=verdict.viewer,
        kind=verdict.reward.kind,
        item=verdict.reward.item,
        quantity=verdict.amount_minor,
        cause=verdict.fact,
        reference=_reference(verdict.campaign, verdict.fact, verdict.cause),
    )
    key = f"{said.KIND}/{said.reference}"
    return _telling(verb="announce", tenant_id=tenant_id, key=key, fact=_about(verdict.viewer, said))


def revoke_coupons(*, tenant_id: int, verdict: TakeBack, taken: Taken) -> Command:
    """Return the command that tells that coupons of one earlier grant are earned no more."""
    assert verdict.reward.item is not None, verdict
    said = RewardRevoked(
        viewer=verdict.viewer,
        kind=verdict.reward.kind,
        item=verdict.reward.item,
        quantity=taken.amount_minor,
        cause=verdict.cause,
        reference=_reference(verdict.campaign, taken.fact, taken.cause),
    )
    key = f"{said.KIND}/{said.reference}/{verdict.fact}/{verdict.cause}"
    return _telling(verb="announce", tenant_id=tenant_id, key=key, fact=_about(verdict.viewer, said))


def mature(*, tenant_id: int, lot: Maturing, debts: Container[str]) -> Command:
    """Return the command that puts what is left of a pending reward into the wallet, once for each grant.

    `lot` is locked; `debts` as of `grant`. No switch stops it: it was granted.
    """
    pending = chart.viewer_pending(viewer=lot.viewer, asset=lot.asset)
    wallet = chart.viewer_wallet(viewer=lot.viewer, asset=lot.asset)
    owed = chart.viewer_debt(viewer=lot.viewer, asset=lot.asset)
    debt = owed if owed in debts else None

    def decide(book: Book) -> Decision:
        paid = pay_in(book, source=pending, wallet=wallet, debt=debt, amount_minor=lot.remaining_minor)
        said = CampaignMatured(
            campaign=lot.campaign,
            grant=lot.grant,
            viewer=lot.viewer,
            asset=lot.asset,
            amount_minor=lot.remaining_minor,
            repaid_minor=paid.repaid_minor,
        )
        return Decision(_about(lot.viewer, said), paid.transfers)

    accounts = (pending, wallet) if debt is None else (pending, wallet, debt)
    return _command(
        verb="mature", tenant_id=tenant_id, key=f"mature/{lot.grant}", plan=Plan(decide, accounts)
    )


def hold_still(*, tenant_id: int, accounts: tuple[str, ...]) -> Command:
    """Return a command that is never recorded: it names what must be locked before anything is judged."""
    return _command(verb="hold", tenant_id=tenant_id, key="hold", plan=Plan(_never, accounts))


def _granting(
    verdict: Granted, *, budget: str, target: str, debt: str | None, uses: tuple[Use, ...]
) -> _Decide:
    def decide(book: Book) -> Decision:
        paid = pay_in(book, source=budget, wallet=target, debt=debt, amount_minor=verdict.amount_minor)
        reward = verdict.reward
        said = CampaignGranted(
            campaign=verdict.campaign,
            revision=verdict.revision,
            fact=verdict.fact,
            cause=verdict.cause,
            viewer=verdict.viewer,
            kind=reward.kind,
            asset=reward.asset,
            item=reward.item,
            amount_minor=verdict.amount_minor,
            window=verdict.window,
            entitled_minor=verdict.entitled_minor,
            granted_minor=verdict.granted_minor,
            repaid_minor=paid.repaid_minor,
            matures_at=verdict.matures_at,
        )
        return Decision(_about(verdict.viewer, said), paid.transfers, uses)

    return decide


def _never(_book: Book) -> Decision:
    raise AssertionError("this only names what to lock")


def _uses(moves: tuple[Move, ...]) -> tuple[Use, ...]:
    return tuple(Use(window_of(counter), amount, limit) for counter, amount, limit in moves)


def _reference(campaign: str, fact: int, cause: int) -> str:
    return f"campaign/{campaign}/{fact}/{cause}"


def _about(viewer: str, data: FactData) -> Fact:
    return Fact(f"viewer/{viewer}", data)


@lru_cache(_TENANTS_MAX)
def _grant_of(tenant_id: int) -> Grant:
    return Grant(tenant_id, Actor("system", "campaigns"), frozenset({ANSWER}))


def _telling(*, verb: str, tenant_id: int, key: str, fact: Fact) -> Command:
    decision = Decision(fact)
    return _command(verb=verb, tenant_id=tenant_id, key=key, plan=Plan(lambda _book: decision))


def _command(*, verb: str, tenant_id: int, key: str, plan: Plan, targets: tuple[str, ...] = ()) -> Command:
    def planned(_lookup: Lookup) -> Plan:
        return plan

    return Command(
        action=f"campaigns.{verb}",
        permission=ANSWER,
        grant=_grant_of(tenant_id),
        key=key,
        content=key.encode(),
        plan=planned,
        targets=targets,
    )
