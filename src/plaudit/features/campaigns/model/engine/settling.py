"""What a window's new worth means: a grant cut by caps and refused by an empty budget, or a taking back."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final, NamedTuple, TypeAlias

from plaudit.features.campaigns.model.catalogue import Match, chance_of
from plaudit.features.campaigns.model.clocks import clock_of
from plaudit.features.campaigns.model.engine.purse import (
    Purse,
    WalletsUnknown,
    given_back,
    places_of,
    remember,
    taken_off,
)
from plaudit.features.campaigns.model.engine.state import Dry, Key, Lot, Standing, State, is_part
from plaudit.features.campaigns.model.engine.verdicts import (
    Grant,
    Move,
    Pause,
    TakeBack,
    Taken,
    Verdict,
    Withheld,
)
from plaudit.features.campaigns.model.happenings import Happening, rank_of
from plaudit.features.campaigns.model.strategies.base import Given, Portion, Tally
from plaudit.features.campaigns.model.terms import First, Random
from plaudit.vocabulary import chart

BUDGET: Final = "campaign.budget"
"""The code of a reward that the budget did not reach for."""
CAP: Final = "campaign.cap"
"""The code of a reward of which a cap left nothing."""
PAUSED: Final = "campaign.paused"
"""The code of a reward before which the budget had run dry."""

Obstacles: TypeAlias = Mapping[tuple[str, int, int], str]
"""What the ledger said no to, by campaign, fact and cause: the code of its refusal."""


class _Case(NamedTuple):
    """One fact before one campaign."""

    match: Match
    happening: Happening
    cause: int
    day: date
    key: Key
    single: bool


class _Had(NamedTuple):
    """What was had back, and of which lots."""

    lots: tuple[Taken, ...] = ()
    pending_minor: int = 0
    taken_minor: int = 0
    debt_minor: int = 0


class Settling:
    """Counts portions, and gives or takes the difference that each makes. `verdicts` fills in order."""

    def __init__(
        self, state: State, purse: Purse, *, dry: dict[str, list[Dry]], obstacles: Obstacles
    ) -> None:
        self.verdicts: list[Verdict] = []
        self._state = state
        self._dry = dry
        self._purse = purse
        self._obstacles = obstacles

    def settle(self, match: Match, happening: Happening, *, cause: int, before: int, after: int) -> None:
        """Count a portion that was `before` and is `after` now (minor units of the base)."""
        if self._purse.balances is not None and isinstance(match.terms.strategy, Random):
            # A backtest may draw without a secret; what is really given never is.
            assert match.seed, match.campaign
        case = _case(match, happening, cause)
        standing = self._state.standings.get(case.key) or Standing()
        tally = _tally(case, standing, before)
        match.worker.count(tally, _portion(case, before, after))
        former = standing.entitled_minor
        entitled = standing.entitled_minor = match.worker.worth(tally)
        if entitled > former:
            self._grant(case, standing, former)
        elif entitled < former:
            self._take(case, standing, former)
        self._keep(case, standing)

    def tell_paused(self, match: Match, happening: Happening, *, after: int) -> None:
        """Tell what a campaign whose budget has run dry would have given for a fact. Nothing is counted."""
        case = _case(match, happening, happening.position)
        standing = self._state.standings.get(case.key) or Standing()
        tally = Tally()
        if not case.single and standing.tally is not None:
            said = standing.tally
            tally = Tally(dict(said.totals), dict(said.days), said.first, said.chance)
        match.worker.count(tally, _portion(case, 0, after))
        entitled = match.worker.worth(tally)
        amount = entitled - max(standing.entitled_minor, standing.granted_minor)
        if amount > 0:
            self._withhold(case, standing, amount=amount, entitled=entitled, code=PAUSED)

    def _keep(self, case: _Case, standing: Standing) -> None:
        """Keep what a window is now, unless it is one fact's and nobody will ask for it."""
        if case.single:
            kept = self._state.kept
            if (
                not standing.entitled_minor
                and not standing.granted_minor
                and case.key not in self._state.standings
            ):
                return
            if kept is not None and case.happening.position not in kept:
                return
        self._state.standings[case.key] = standing
        self._state.touched.standings.add(case.key)

    def _grant(self, case: _Case, standing: Standing, former: int) -> None:
        amount = standing.entitled_minor - max(former, standing.granted_minor)
        if amount <= 0:
            return
        campaign, fact, cause = case.match.campaign, case.happening.position, case.cause
        code = self._obstacles.get((campaign, fact, cause)) if self._obstacles else None
        if code is None:
            room = self._purse.room(
                terms=case.match.terms,
                campaign=campaign,
                viewer=case.happening.viewer,
                day=case.day,
                amount_minor=amount,
            )
            if not room.amount_minor:
                code = CAP
            elif self._purse.budgets.get(campaign, 0) < room.amount_minor:
                code, amount = BUDGET, room.amount_minor
        if code is not None:
            self._withhold(case, standing, amount=amount, entitled=standing.entitled_minor, code=code)
            if code == BUDGET:
                self._run_dry(campaign, cause)
            return
        self._pay(case, standing, room.amount_minor, room.moves)

    def _pay(self, case: _Case, standing: Standing, amount: int, moves: tuple[Move, ...]) -> None:
        match, happening = case.match, case.happening
        reward = match.terms.reward
        matures_at = happening.at + timedelta(seconds=reward.matures_s) if reward.matures_s else None
        standing.granted_minor += amount
        if standing.tally is not None:
            remember(standing.tally.given, day=case.day, amount_minor=amount, moves=moves)
        self._purse.give(campaign=match.campaign, amount_minor=amount, moves=moves)
        if self._purse.looked and matures_at is None:
            places = places_of(reward, campaign=match.campaign, viewer=happening.viewer)
            self._purse.pay_in(places=places, amount_minor=amount)
        if self._purse.balances is not None and (matures_at is not None or reward.kind == "coupon"):
            lots = self._state.lots.setdefault(case.key, [])
            lots.append(Lot(happening.position, case.cause, amount, matures_at))
            self._state.touched.lots.add(case.key)
        self.verdicts.append(
            Grant(
                campaign=match.campaign,
                revision=match.revision,
                fact=happening.position,
                at=happening.at,
                cause=case.cause,
                viewer=happening.viewer,
                reward=reward,
                window=case.key.window,
                amount_minor=amount,
                entitled_minor=standing.entitled_minor,
                granted_minor=standing.granted_minor,
                moves=moves,
                matures_at=matures_at,
            )
        )

    def _withhold(self, case: _Case, standing: Standing, *, amount: int, entitled: int, code: str) -> None:
        match, happening = case.match, case.happening
        self.verdicts.append(
            Withheld(
                campaign=match.campaign,
                revision=match.revision,
                fact=happening.position,
                at=happening.at,
                cause=case.cause,
                viewer=happening.viewer,
                reward=match.terms.reward,
                window=case.key.window,
                amount_minor=amount,
                entitled_minor=entitled,
                granted_minor=standing.granted_minor,
                code=code,
            )
        )

    def _run_dry(self, campaign: str, cause: int) -> None:
        spells = self._dry.setdefault(campaign, [])
        if not any(dry.fact == cause or dry.holds(cause) for dry in spells):
            spells.append(Dry(cause))
            self.verdicts.append(Pause(campaign=campaign, fact=cause))

    def _take(self, case: _Case, standing: Standing, former: int) -> None:
        amount = standing.granted_minor - standing.entitled_minor
        if amount <= 0:
            return
        match, happening = case.match, case.happening
        clawback = match.terms.clawback
        forgiven = 0
        had = _Had()
        if clawback.policy == "forgive":
            forgiven = amount = min(amount, former - standing.entitled_minor)
        else:
            had = self._have_back(case, amount)
        recovered = had.pending_minor + had.taken_minor + had.debt_minor
        standing.granted_minor -= recovered
        moves = given_back(
            match.terms,
            campaign=match.campaign,
            viewer=happening.viewer,
            parts=_parts(case, standing, recovered),
        )
        self._purse.put_back(campaign=match.campaign, amount_minor=recovered, moves=moves)
        self.verdicts.append(
            TakeBack(
                campaign=match.campaign,
                revision=match.revision,
                fact=happening.position,
                at=happening.at,
                cause=case.cause,
                viewer=happening.viewer,
                reward=match.terms.reward,
                window=case.key.window,
                amount_minor=amount,
                entitled_minor=standing.entitled_minor,
                granted_minor=standing.granted_minor,
                moves=moves,
                lots=had.lots,
                pending_minor=had.pending_minor,
                taken_minor=had.taken_minor,
                debt_minor=had.debt_minor,
                forgiven_minor=forgiven,
                lost_minor=amount - forgiven - recovered,
            )
        )

    def _have_back(self, case: _Case, amount: int) -> _Had:
        """Take an amount back: out of lots, then out of the wallet, then as debt."""
        purse, reward = self._purse, case.match.terms.reward
        if purse.balances is None:
            return _Had(taken_minor=amount)
        if not purse.looked:
            raise WalletsUnknown
        budget = chart.campaign_budget(campaign=case.match.campaign, asset=reward.asset)
        if budget in purse.frozen:
            return _Had()
        places = places_of(reward, campaign=case.match.campaign, viewer=case.happening.viewer)
        apart = places.wallet if reward.kind == "coupon" else places.pending
        lots: tuple[Taken, ...] = ()
        parted = 0
        if apart not in purse.frozen:
            lots, parted = self._take_lots(case, amount)
        if reward.kind == "coupon":
            return _Had(lots=lots, taken_minor=parted)
        taken, debt = purse.recover(
            places=places,
            amount_minor=amount - parted,
            debt_limit_minor=case.match.terms.clawback.debt_limit_minor,
        )
        return _Had(lots, parted, taken, debt)

    def _take_lots(self, case: _Case, amount: int) -> tuple[tuple[Taken, ...], int]:
        """Take out of what is kept apart of a window, the newest grant first."""
        parts: list[Taken] = []
        left = amount
        for lot in reversed(self._state.lots.get(case.key, [])):
            minor = min(left, lot.remaining_minor)
            if minor:
                lot.remaining_minor -= minor
                left -= minor
                parts.append(Taken(lot.fact, lot.cause, minor))
        if parts:
            self._state.touched.lots.add(case.key)
        return tuple(parts), amount - left


def key_of(match: Match, happening: Happening) -> Key:
    """Return which window a happening counts in."""
    window = match.worker.window(
        at=happening.at,
        day=clock_of(match.terms.zone).day(happening.at),
        values=happening.values,
        position=happening.position,
    )
    return Key(match.campaign, happening.viewer, window)


def _case(match: Match, happening: Happening, cause: int) -> _Case:
    key = key_of(match, happening)
    day = clock_of(match.terms.zone).day(happening.at)
    return _Case(match, happening, cause, day, key, is_part(key))


def _tally(case: _Case, standing: Standing, before: int) -> Tally:
    """Return what a window has counted; of one fact it is known from the fact."""
    if not case.single:
        if standing.tally is None:
            standing.tally = Tally()
        return standing.tally
    tally = Tally()
    if before:
        case.match.worker.count(tally, _portion(case, 0, before))
    return tally


def _parts(case: _Case, standing: Standing, recovered: int) -> list[Given]:
    """Return what was given of what was had back; the window of one fact has one grant, for that fact."""
    if standing.tally is not None:
        return taken_off(standing.tally.given, recovered)
    return [Given(case.day.isoformat(), recovered, int(not standing.granted_minor))]


def _portion(case: _Case, before: int, after: int) -> Portion:
    match, happening = case.match, case.happening
    strategy = match.terms.strategy
    tie, chance = b"", 0
    if isinstance(strategy, First):
        tie = rank_of(happening)
    elif isinstance(strategy, Random):
        chance = chance_of(match, happening)
    return Portion(happening.at, case.day, tie, before, after, match.revision, chance)
