"""What is due on time: holds given back, what has ended deleted, books examined, what features ask for."""

from __future__ import annotations

from functools import partial
from typing import Final

from plaudit.app import meters
from plaudit.app.assembly import House
from plaudit.core import audit
from plaudit.core.commands import sweeps
from plaudit.platform import jobs, log
from plaudit.platform.jobs import Periodic

_log = log.logger("timetable")

_EXAMINATION_MAX_S: Final = 4 * 3_600.0
_FINDINGS_LOGGED: Final = 20


def timetable(house: House) -> list[Periodic]:
    """Return the periodic work of a house: its own and that of its features."""
    hour = house.settings.examine_hour
    own = [
        Periodic("house.expire_holds", "* * * * * */2", partial(_expire_holds, house)),
        Periodic("house.delete_counters", "37 * * * *", partial(_delete_counters, house)),
        Periodic("house.sweep_leases", "* * * * *", partial(_sweep_leases, house)),
        Periodic("house.count_jobs", "* * * * *", partial(_count_jobs, house)),
    ]
    if hour is not None:
        work = partial(_examine, house)
        own.append(Periodic("house.examine", f"0 {hour} * * *", work, timeout_s=_EXAMINATION_MAX_S))
    asked = [
        Periodic(one.name, one.cron, partial(one.work, house), timeout_s=one.timeout_s)
        for feature in house.features
        for one in feature.schedules
    ]
    return own + asked


async def _expire_holds(house: House) -> None:
    swept = await sweeps.expire_holds(
        database=house.database, corridor=house.corridor, clock=house.clock, expiries=house.expiries
    )
    meters.EXPIRED_HOLDS.inc(swept.expired)
    if swept.expired or swept.refused:
        _log.info("holds expired", expired=swept.expired, refused=swept.refused)


async def _delete_counters(house: House) -> None:
    deleted = await sweeps.delete_counters(database=house.database, clock=house.clock)
    meters.DELETED_COUNTERS.inc(deleted)
    if deleted:
        _log.info("counters deleted", counters=deleted)


async def _sweep_leases(house: House) -> None:
    await house.limiter.sweep()


async def _count_jobs(house: House) -> None:
    async with house.database.connection() as conn:
        meters.show_jobs(await jobs.counts(conn))


async def _examine(house: House) -> None:
    """Examine the books as `plaudit doctor` does, and tell the result."""
    report = await audit.examine(house.database)
    meters.BOOKS_FINDINGS.set(len(report.findings))
    meters.BOOKS_EXAMINED.set(house.clock.now().timestamp())
    told = _log.bind(facts=report.facts, entries=report.entries, seconds=round(report.seconds, 3))
    if report.green:
        told.info("books examined: everything holds")
        return
    told.error("books examined: not everything holds", findings=len(report.findings))
    for finding in report.findings[:_FINDINGS_LOGGED]:
        _log.error("finding", audit=finding.audit, tenant_id=finding.tenant_id, sentence=finding.sentence)
