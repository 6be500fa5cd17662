"""A link: given to whoever holds a ticket of the show, one for each viewer and show."""

from collections.abc import Callable
from datetime import datetime

from plaudit.core.commands.command import Grant, Outcome, Plan, Work
from plaudit.core.commands.corridor import Corridor
from plaudit.core.handles import Connection
from plaudit.core.journal.facts import Fact, canonical
from plaudit.core.ledger import balances
from plaudit.core.ledger.book import Decision
from plaudit.features.invitations.actions.base import FEATURE, table_command
from plaudit.features.invitations.model.links import new_id
from plaudit.features.invitations.model.rules import EVERY_SHOW
from plaudit.features.invitations.store import links, rules
from plaudit.kernel.refusal import refused
from plaudit.vocabulary import chart, switches
from plaudit.vocabulary.facts.invitations import InvitationOpened


async def open_link(
    *,
    corridor: Corridor,
    grant: Grant,
    key: str,
    viewer: str,
    show: str,
    name: str | None,
    now: datetime,
    random_bytes: Callable[[int], bytes],
) -> Outcome:
    """Give a viewer a link to a show, or the one there is another name (None: as it was).

    All ids have been checked. Raises Refusal (REFUSED) `invitation.over` where the rule is off or there is
    none, and `invitation.no_ticket` without a right in the show.
    """

    async def work(tx: Connection) -> Work:
        await _check_open(tx, tenant_id=grant.tenant_id, show=show, now=now)
        rights = await balances.below(
            tx, tenant_id=grant.tenant_id, prefix=chart.viewer_rights(viewer=viewer, show=show)
        )
        if not any(balance > 0 for _, balance, _ in rights.values()):
            raise refused(
                "invitation.no_ticket",
                "Only who holds a ticket of this show can invite to it; get a ticket first.",
                show=show,
            )
        link = await links.save_link(
            tx,
            tenant_id=grant.tenant_id,
            invitation=new_id(tenant_id=grant.tenant_id, random_bytes=random_bytes),
            viewer=viewer,
            show=show,
            name=name,
            now=now,
        )
        opened = InvitationOpened(invitation=link.id, viewer=viewer, show=show)
        decision = Decision(Fact(f"viewer/{viewer}", opened))
        return Work(Plan(lambda _book: decision))

    command = table_command(
        verb="open_link",
        permission="invitation.read",
        grant=grant,
        key=key,
        content=canonical((viewer, show, name)),
        targets=(FEATURE, switches.show(show)),
    )
    return await corridor.run(command, work)


async def _check_open(tx: Connection, *, tenant_id: int, show: str, now: datetime) -> None:
    known = await rules.load_rules(tx, tenant_id, [show, EVERY_SHOW])
    rule = known.get(show) or known.get(EVERY_SHOW)
    if rule is None or not rule.is_open(now):
        raise refused(
            "invitation.over",
            "Invitations to this show are not on now; save a rule that is, or try another show.",
            show=show,
        )
