"""Sessions whose right is gone: their places are given up, their clients kicked, and it is told by a fact."""

from collections.abc import Mapping, Sequence
from typing import Final

from plaudit.core.commands.batch import Broken
from plaudit.core.commands.command import Command, Grant, Outcome, Plan, Work
from plaudit.core.commands.corridor import Corridor
from plaudit.core.commands.table import work_of
from plaudit.core.handles import Connection
from plaudit.core.journal.facts import Fact, canonical
from plaudit.core.ledger.book import Decision
from plaudit.features.admission.actions.base import REVOKE, WRITE, Means, system_grant, table_command
from plaudit.features.admission.actions.kicks import enqueue_kicks
from plaudit.features.admission.model.places import SESSION, Place
from plaudit.features.admission.model.shows import check_name
from plaudit.features.admission.store import places as store
from plaudit.kernel.ids import decode_id
from plaudit.kernel.refusal import Refusal, busy, not_found
from plaudit.vocabulary.facts.admission import AccessRevoked, RevokeCause

_OFF: Final = "switch.off"
_PAGE: Final = 1_000


async def revoke(
    corridor: Corridor,
    tx: Connection,
    *,
    tenant_id: int,
    ended: Mapping[tuple[str, str | None, RevokeCause, str], Sequence[Place]],
) -> None:
    """Kick the clients of places that were ended in this transaction, and record it.

    `ended` is by show, viewer (None: everybody), cause and what makes the key: the fact that it answers.
    Raises Refusal `access.waits` (BUSY) while the tenant is switched off.
    """
    places = [place for some in ended.values() for place in some]
    if not places:
        return
    await enqueue_kicks(tx, tenant_id=tenant_id, places=places)
    commands = [
        _revocation(
            tenant_id=tenant_id,
            revoked=AccessRevoked(show=show, viewer=viewer, cause=cause, sessions=len(some)),
            by=by,
        )
        for (show, viewer, cause, by), some in ended.items()
        if some
    ]
    for result in await corridor.record(tx, commands):
        if isinstance(result, Refusal):
            if result.code == _OFF:
                raise busy(
                    "access.waits", "The tenant is switched off; it goes on when it is on.", retry_after_s=1
                ) from result
            raise result
        if isinstance(result, Broken):
            raise result.cause


def _revocation(*, tenant_id: int, revoked: AccessRevoked, by: str) -> Command:
    decision = Decision(Fact(_subject(revoked), revoked))
    return Command(
        action="admission.revoke",
        permission=REVOKE,
        grant=system_grant(tenant_id),
        key=f"revoke/{by}/{revoked.show}/{revoked.viewer or ''}",
        content=canonical((revoked.show, revoked.viewer, revoked.cause)),
        plan=lambda _lookup: Plan(lambda _book: decision),
    )


def _subject(revoked: AccessRevoked) -> str:
    return f"show/{revoked.show}" if revoked.viewer is None else f"viewer/{revoked.viewer}"


async def end_sessions(
    means: Means, *, grant: Grant, key: str, show: str, viewer: str, session: str | None
) -> Outcome:
    """End a viewer's sessions in a show, or one of them. Who still has the right may begin again.

    Raises Refusal `name.invalid`, `invalid.id` (INVALID), `session.unknown` (NOT_FOUND).
    """
    check_name(show, field="show")
    check_name(viewer, field="viewer")
    number = None if session is None else decode_id(SESSION, session)
    tenant_id = grant.tenant_id

    async def work(tx: Connection) -> Work:
        found = await store.select_places(tx, tenant_id=tenant_id, show=show, viewer=viewer, limit=_PAGE)
        wanted = [
            (place.viewer, place.show, place.number) for place in found if number in {None, place.number}
        ]
        ended = await store.delete_places(tx, tenant_id=tenant_id, numbers=wanted)
        if not ended:
            raise not_found("session.unknown", "This viewer has no such session in this show.")
        await enqueue_kicks(tx, tenant_id=tenant_id, places=ended)
        revoked = AccessRevoked(show=show, viewer=viewer, cause="asked", sessions=len(ended))
        return work_of(_subject(revoked), revoked)

    command = table_command(
        verb="end_sessions", permission=WRITE, grant=grant, key=key, content=(show, viewer, number)
    )
    return await means.corridor.run(command, work)
