"""Announcing shows, changing them and moving them on. Each is a table command with a fact that says so."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from plaudit.core import dues
from plaudit.core.commands.command import Grant, Outcome, Work
from plaudit.core.commands.corridor import Corridor
from plaudit.core.commands.table import work_of
from plaudit.core.handles import Connection
from plaudit.core.journal.facts import PrivatePart
from plaudit.features.presale.actions.base import NAME, SHOW, table_command
from plaudit.features.presale.model.shows import Show, check_changeable, check_next, unknown_show
from plaudit.features.presale.store import shows as store
from plaudit.kernel.refusal import invalid
from plaudit.vocabulary.facts.shows import ShowSaved, ShowState, ShowStateChanged

_WRITE: Final = "show.write"


class NotDue(Exception):
    """Raised within the work of a sale that begins by itself when it has begun, or was put off."""


async def save_show(*, corridor: Corridor, grant: Grant, key: str, show: Show) -> Outcome:
    """Announce a show, or change one; its revision and state in `show` are ignored, a new one is a draft.

    Raises Refusal `show.over` (REFUSED) when it has ended or was cancelled.
    """

    async def work(tx: Connection) -> Work:
        before = await store.lock_show(tx, tenant_id=grant.tenant_id, show=show.id)
        if before is None:
            saved = replace(show, revision=1, state="draft")
            await store.insert_show(tx, tenant_id=grant.tenant_id, show=saved)
        else:
            check_changeable(before)
            saved = replace(show, revision=before.revision + 1, state=before.state)
            await store.update_show(tx, tenant_id=grant.tenant_id, show=saved)
        return work_of(f"show/{show.id}", _saved(saved, before), changed=((SHOW, show.id),))

    command = table_command(verb="save_show", permission=_WRITE, grant=grant, key=key, content=show)
    return await corridor.run(command, work)


async def change_state(
    *, corridor: Corridor, grant: Grant, key: str, show: str, state: ShowState, now: datetime
) -> Outcome:
    """Move a show on to its next state.

    Raises Refusal `show.unknown` (NOT_FOUND), `show.state` (CONFLICT) when it cannot go there from where it
    is, and (INVALID) for "cancelled", which takes more than this.
    """
    if state == "cancelled":
        raise invalid(
            "show.state",
            "Cancel a show by POST /v1/shows/{show}/cancel, which gives everybody the money back.",
            field="state",
        )

    async def work(tx: Connection) -> Work:
        return await move_show(tx, tenant_id=grant.tenant_id, show=show, state=state, now=now)

    command = table_command(
        verb="change_state", permission=_WRITE, grant=grant, key=key, content=(show, state)
    )
    return await corridor.run(command, work)


async def open_sale(*, corridor: Corridor, tenant_id: int, show: str, now: datetime) -> Outcome:
    """Let the sale of a show begin whose time for it has come.

    Raises NotDue when it has begun or was put off meanwhile, Refusal when presale is switched off.
    """

    async def work(tx: Connection) -> Work:
        found = await store.lock_show(tx, tenant_id=tenant_id, show=show)
        if found is None or found.state != "presale" or found.sale_at is None or found.sale_at > now:
            raise NotDue
        return await move_show(tx, tenant_id=tenant_id, show=show, state="on_sale", now=now)

    command = table_command(
        verb="open_sale",
        permission=dues.ANSWER,
        grant=dues.system_grant(tenant_id=tenant_id, feature=NAME),
        key=f"sale/{show}",
        content=show,
    )
    return await corridor.run(command, work)


async def move_show(
    tx: Connection,
    *,
    tenant_id: int,
    show: str,
    state: ShowState,
    now: datetime,
    reason: PrivatePart | None = None,
) -> Work:
    """Move a show on within a table command, and return the work that its fact tells of.

    The show stays locked to the end of the transaction. Raises Refusal `show.unknown` (NOT_FOUND),
    `show.state` (CONFLICT).
    """
    before = await store.lock_show(tx, tenant_id=tenant_id, show=show)
    if before is None:
        raise unknown_show(show)
    check_next(before, state)
    ended_at = now if state == "ended" else None
    after = replace(before, revision=before.revision + 1, state=state, ended_at=ended_at)
    await store.update_state(tx, tenant_id=tenant_id, show=after)
    changed = ShowStateChanged(
        show=show,
        revision=after.revision,
        before=before.state,
        state=state,
        reason_hash=None if reason is None else reason.digest,
    )
    private = () if reason is None else (reason,)
    return work_of(f"show/{show}", changed, changed=((SHOW, show),), private=private)


def _saved(show: Show, before: Show | None) -> ShowSaved:
    moved = before is not None and before.state != "draft" and before.starts_at != show.starts_at
    return ShowSaved(
        show=show.id,
        revision=show.revision,
        state=show.state,
        organiser=show.organiser,
        starts_at=show.starts_at,
        ends_at=show.ends_at,
        title_en=show.title_en,
        title_zh=show.title_zh,
        streams=show.streams,
        commission=str(show.commission),
        devices_max=show.devices_max,
        watch_url=show.watch_url,
        starts_before=before.starts_at if before is not None and moved else None,
    )
