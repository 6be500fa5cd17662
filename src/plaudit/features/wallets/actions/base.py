"""What the actions of wallets share: table commands, and how value comes into a wallet."""

from typing import Final, NamedTuple

from plaudit.core.commands.command import Command, Grant
from plaudit.core.commands.references import Lookup
from plaudit.core.commands.table import planned_by_work
from plaudit.features.wallets.model import TopupPolicy, default_policy
from plaudit.vocabulary import chart, switches

FEATURE: Final = switches.feature("wallets")

POLICY: Final = "topup_policy"
"""The topic of what happens when a top-up is refunded, by asset."""


class Purse(NamedTuple):
    """Where an amount goes that comes in: out of issuance into the wallet, after the debt.

    `debt` is None in assets that nobody can owe.
    """

    issuance: str
    wallet: str
    debt: str | None

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts to lock."""
        return self if self.debt is not None else self[:2]  # type: ignore[return-value]


def policy_of(lookup: Lookup, asset: str) -> TopupPolicy:
    """Return the policy of an asset, saved or not."""
    return lookup.one(POLICY, asset) or default_policy(asset=asset)


def purse_of(lookup: Lookup, *, viewer: str, asset: str) -> Purse:
    """Return where an amount goes that a viewer is credited with.

    Debts are locked in those assets alone in which the policy lets, or once let, a wallet owe something: that
    is a row of reference data, so a credit elsewhere costs no more than it did.
    """
    may_owe = policy_of(lookup, asset).debts
    return Purse(
        issuance=chart.issuance(asset=asset),
        wallet=chart.viewer_wallet(viewer=viewer, asset=asset),
        debt=chart.viewer_debt(viewer=viewer, asset=asset) if may_owe else None,
    )


def table_command(*, verb: str, permission: str, grant: Grant, key: str, content: bytes) -> Command:
    """Return a command whose plan comes from its work in the transaction."""
    return Command(
        action=f"wallets.{verb}",
        permission=permission,
        grant=grant,
        key=key,
        content=content,
        plan=planned_by_work,
    )
