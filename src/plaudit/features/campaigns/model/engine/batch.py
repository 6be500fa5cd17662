"""A batch judged: the one way from facts to verdicts, live and in a backtest."""

from collections.abc import Iterable, Sequence

from msgspec import Struct, field

from plaudit.features.campaigns.model.engine.foreseeing import Foreseen, Foresight, Item
from plaudit.features.campaigns.model.engine.judging import Judging
from plaudit.features.campaigns.model.engine.life import Life
from plaudit.features.campaigns.model.engine.needs import Needs, needs_of
from plaudit.features.campaigns.model.engine.purse import Purse
from plaudit.features.campaigns.model.engine.settling import Obstacles
from plaudit.features.campaigns.model.engine.state import State, Touched
from plaudit.features.campaigns.model.engine.verdicts import Verdict


class Batch(Struct):
    """Facts that were foreseen, and what is known of windows, budgets and caps.

    `budgets` are those that the purse began with.
    """

    life: Life
    state: State
    purse: Purse
    foreseen: Sequence[Foreseen]
    budgets: dict[str, int] = field(default_factory=dict)

    def needs(self) -> Needs:
        """Return what of windows, budgets, caps and accounts must be known."""
        return needs_of(self.foreseen)

    def judge(self, obstacles: Obstacles | None = None) -> list[Verdict]:
        """Return the verdicts in order; state and purse are as they leave them.

        Raises WalletsUnknown when something is to be taken back and nobody looked at the wallets.
        """
        judging = Judging(self.life, self.state, self.purse, obstacles=obstacles or {})
        judging.judge(self.foreseen)
        return judging.verdicts


def run(items: Iterable[Item], *, life: Life, state: State, purse: Purse) -> list[Verdict]:
    """Judge the next facts in memory: everything that is known is in the state already, or begins here.

    `state.originals` must have what `foreseeing.reaches` names. What was touched is forgotten.
    """
    state.touched = Touched()
    foreseen = Foresight(life, state).foresee(items)
    return Batch(life, state, purse, foreseen).judge()
