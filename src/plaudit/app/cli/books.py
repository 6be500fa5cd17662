"""Auditing the books from a command: the doctor, and every projection against its rebuild."""

from __future__ import annotations

from collections.abc import Sequence

from plaudit.app.assembly import FEATURES
from plaudit.app.cli.progress import Steps
from plaudit.app.drive.report import Verdict
from plaudit.core import audit
from plaudit.core.journal.subscriptions import Difference, Subscription, differences
from plaudit.platform.db import Database

_CONNECTIONS = 3


def projections() -> tuple[Subscription, ...]:
    """Return every subscription whose tables can be thrown away and built again."""
    return tuple(one for feature in FEATURES for one in feature.subscriptions if one.kind == "projection")


async def verdict_on(*, database_url: str, tenant_ids: Sequence[int], steps: Steps) -> Verdict:
    """Let the doctor examine everything, and compare the projections of these tenants with their rebuild."""
    async with Database.open(database_url, pool_max=_CONNECTIONS) as database:
        with steps.step("The doctor examines the books") as advance:
            report = await audit.examine(database, progress=lambda one: advance(one.ended, one.total))
        findings = [finding.sentence for finding in report.findings]
        compared = projections()
        for tenant_id in tenant_ids:
            for subscription in compared:
                with steps.step(f"Comparing {subscription.name} with its rebuild") as advance:
                    found = await differences(
                        database=database, subscription=subscription, tenant_id=tenant_id, progress=advance
                    )
                findings += [difference_text(name=subscription.name, difference=one) for one in found]
    return Verdict(
        green=not findings,
        findings=tuple(findings),
        audits=len(report.results),
        projections=tuple(one.name for one in compared),
    )


def difference_text(*, name: str, difference: Difference) -> str:
    """Return one sentence on a table that a rebuild would change, with the first rows of both sides."""
    rows = [f"has {row}" for row in difference.only_live]
    rows += [f"lacks {row}" for row in difference.only_rebuilt]
    return f"Projection {name}: {difference.table} is not what its rebuild gives; it {'; '.join(rows)}."
