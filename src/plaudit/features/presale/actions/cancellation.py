"""Cancelling a show: its state changes at once, and a job that goes on where it was refunds everybody."""

from typing import Any, Final

import msgspec

from plaudit.core import dues
from plaudit.core.commands.command import Grant, Outcome, Work
from plaudit.core.handles import Connection
from plaudit.core.journal.facts import PrivatePart
from plaudit.features.presale.actions.base import Means, table_command
from plaudit.features.presale.actions.revoking import of_cancelled, revoke
from plaudit.features.presale.actions.shows import move_show
from plaudit.features.presale.model.shows import check_reason
from plaudit.features.presale.store import bookings as booking_store
from plaudit.kernel.refusal import Refusal
from plaudit.platform import jobs
from plaudit.platform.jobs import Attempt, Job

_PAGE: Final = 200
_SALT_BYTES: Final = 16


class RefundShow(msgspec.Struct, frozen=True, kw_only=True):
    """Which cancelled show's buyers are refunded."""

    tenant_id: int
    show: str


async def cancel_show(means: Means, *, grant: Grant, key: str, show: str, reason: str) -> Outcome:
    """Cancel a show; from the commit on nothing of it is sold, and everybody's money goes back.

    Raises Refusal `show.unknown` (NOT_FOUND), `show.state` (CONFLICT), `body.invalid` (INVALID).
    """
    text = check_reason(reason)
    tenant_id = grant.tenant_id
    salt, now = means.randomness(_SALT_BYTES), means.clock.now()

    async def work(tx: Connection) -> Work:
        private = PrivatePart("reason", grant.actor.text, text, salt)
        done = await move_show(tx, tenant_id=tenant_id, show=show, state="cancelled", now=now, reason=private)
        await _enqueue(tx, tenant_id, show)
        return done

    command = table_command(
        verb="cancel_show", permission="show.settle", grant=grant, key=key, content=(show, text)
    )
    return await means.corridor.run(command, work)


async def refund_show(house: Any, attempt: Attempt[RefundShow]) -> None:  # noqa: ANN401 - the assembled house
    """Ask for the refunds of a cancelled show, page by page; what was asked for before is not asked again."""
    means: Means = house
    tenant_id, show = attempt.arguments.tenant_id, attempt.arguments.show
    after = 0
    while True:
        async with means.database.transaction() as tx:
            page = await booking_store.lock_unrevoked(
                tx, tenant_id=tenant_id, show=show, after=after, limit=_PAGE
            )
            if not page:
                return
            commands = [
                revoke(tenant_id=tenant_id, revoked=one) for booking in page for one in of_cancelled(booking)
            ]
            for result in await dues.recorded(means.corridor, tx, commands=commands):
                if isinstance(result, Refusal):
                    raise result
            for booking in page:
                booking.revoked = True
            await booking_store.save_bookings(tx, tenant_id=tenant_id, bookings=page)
        after = page[-1].order


async def refund_rest(means: Means, *, tenant_id: int) -> int:
    """Have those refunded whose payments came in while their show was cancelled; return how many shows.

    One probe of an index for each cancelled show.
    """
    async with means.database.transaction() as tx:
        shows = await booking_store.select_unrevoked_shows(tx, tenant_id=tenant_id)
        for show in shows:
            await _enqueue(tx, tenant_id, show)
    return len(shows)


async def _enqueue(tx: Connection, tenant_id: int, show: str) -> None:
    arguments = RefundShow(tenant_id=tenant_id, show=show)
    name = f"{tenant_id}/{show}"
    await jobs.enqueue(tx, REFUND_SHOW, arguments=arguments, once=name, lock=name)


REFUND_SHOW: Final = Job(name="presale.refund_show", arguments=RefundShow, work=refund_show, timeout_s=3_600)
