"""Reconciliation over HTTP: asked for, read, and its exceptions worked; each tenant its own."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from plaudit.features.payments import schedule
from plaudit.features.payments.actions import reconciliation as actions
from tests.app.edge import Caller, problem, settled, under_test
from tests.features.payments.billed import DAY, Desk, at, open_desk
from tests.kit.house import DrivenClock

pytestmark = pytest.mark.anyio

NEXT = DAY + timedelta(days=1)


class Office:
    """A desk, the people who work at it, and people of another tenant."""

    def __init__(self, desk: Desk, acme: Caller, globex: Caller, account: str) -> None:
        self.desk = desk
        self.acme = acme
        self.globex = globex
        self.account = account

    async def reconciled(self) -> dict[str, Any]:
        """Have the day compared as the API does, and wait for it."""
        before = len(await self.runs())
        await self.acme.do("POST", "/v1/reconciliations", {"account": self.account, "day": DAY.isoformat()})

        async def ended() -> bool:
            return len(await self.runs()) > before

        await settled(ended)
        return (await self.runs())[0]

    async def runs(self) -> list[dict[str, Any]]:
        return list((await self.acme.get("/v1/reconciliations"))["items"])

    async def exceptions(self, **query: str) -> list[dict[str, Any]]:
        return list((await self.acme.get("/v1/reconciliation-exceptions", **query))["items"])


@pytest.fixture
async def office(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    """Lend a tenant with a merchant account whose channel is made up, and another tenant."""
    async with under_test(database_url, tmp_path, clock=DrivenClock(at(9, day=NEXT))) as edge:
        acme, globex = await edge.tenant("acme"), await edge.tenant("globex")
        async with edge.house.database.connection() as conn:
            cursor = await conn.execute("SELECT tenant_id FROM commands.tenant WHERE slug = 'acme'")
            (tenant_id,) = await cursor.fetchone() or (0,)
        desk = await open_desk(edge.house, tenant_id=tenant_id)
        monkeypatch.setattr(actions, "channel_of", lambda _means, *, merchant: desk.channel)  # noqa: ARG005
        yield Office(desk, acme, globex, (await desk.merchant()).id)


async def test_a_day_is_compared_on_request(office: Office) -> None:
    line, unbilled = await office.desk.paid(100_000), await office.desk.paid(2_000)
    office.desk.bill(replace(line, fee_minor=700))
    run = await office.reconciled()
    assert (run["state"], run["account"], run["day"], run["lines"]) == (
        "done",
        office.account,
        DAY.isoformat(),
        1,
    )
    assert {one["name"]: one["lines"] for one in run["classes"]} == {"missing_there": 1, "fee_differs": 1}
    assert run["sums"][0]["our_payments_minor"] == 102_000
    assert run == await office.acme.get(f"/v1/reconciliations/{run['reconciliation']}")
    (fee,) = await office.exceptions(**{"class": "fee_differs"})
    assert (fee["fee_minor"], fee["fee_due_minor"], fee["bill_line"]) == (700, 600, line.line)
    (missing,) = await office.exceptions(**{"class": "missing_there", "state": "open"})
    assert (missing["order_number"], missing["ours_minor"], missing["theirs_minor"]) == (
        unbilled.number,
        2_000,
        None,
    )
    assert await office.exceptions(state="resolved") == []


async def test_the_report_is_a_table(office: Office) -> None:
    line, unbilled = await office.desk.paid(1_000), await office.desk.paid(200_005)
    stranger = replace(line, line=9, number="=cmd()", transaction="-7")
    office.desk.bill(line, stranger)
    run = await office.reconciled()
    answer = await office.acme.send("GET", f"/v1/reconciliations/{run['reconciliation']}/report.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["row"], row["class"], row["lines"]) for row in rows] == [
        ("sum", "matched", "1"),
        ("sum", "missing_here", "1"),
        ("sum", "missing_there", "1"),
        ("exception", "missing_here", "1"),
        ("exception", "missing_there", "1"),
    ]
    assert (rows[3]["order_number"], rows[3]["transaction"]) == ("'=cmd()", "'-7")
    assert (rows[4]["order_number"], rows[4]["ours"], rows[4]["theirs"]) == (unbilled.number, "2000.05", "")


async def test_an_exception_is_taken_on_and_resolved_once(office: Office) -> None:
    office.desk.bill(replace(await office.desk.paid(1_000), amount_minor=999))
    await office.reconciled()
    (found,) = await office.exceptions()
    path = f"/v1/reconciliation-exceptions/{found['exception']}"
    await office.acme.do("PUT", path, {"assignee": "ann", "note": "asked the channel"})
    (taken,) = await office.exceptions()
    assert (taken["assignee"], taken["note"], taken["state"]) == ("ann", "asked the channel", "open")
    done = await office.acme.do("POST", f"{path}/resolution", {"resolution": "written_off", "note": "a cent"})
    assert (done["difference"], done["ours_minor"], done["theirs_minor"]) == ("amount_differs", 1_000, 999)
    (resolved,) = await office.exceptions(state="resolved")
    assert (resolved["resolution"], resolved["note"], resolved["assignee"]) == (
        "written_off",
        "a cent",
        "ann",
    )
    again = await office.acme.send("POST", f"{path}/resolution", {"resolution": "corrected"})
    problem(again, 409, "exception.resolved")
    (fact,) = await office.desk.facts("bill.exception.resolved")
    assert "a cent" not in str(fact)
    assert fact["resolution"] == "written_off"


async def test_what_was_written_off_stays_and_what_was_to_be_corrected_comes_back(office: Office) -> None:
    first, second = await office.desk.paid(1_000), await office.desk.paid(2_000)
    office.desk.bill(replace(first, amount_minor=999), replace(second, amount_minor=1_999))
    await office.reconciled()
    one, two = await office.exceptions()
    for found, resolution in ((one, "written_off"), (two, "corrected")):
        path = f"/v1/reconciliation-exceptions/{found['exception']}/resolution"
        await office.acme.do("POST", path, {"resolution": resolution})
    run = await office.reconciled()
    assert run["opened"] == 1
    (back,) = await office.exceptions(state="open")
    assert (back["exception"], back["reopened"], back["resolution"]) == (two["exception"], 1, None)
    office.desk.bill(replace(first, amount_minor=998), second)
    run = await office.reconciled()
    assert (run["opened"], run["settled"]) == (1, 1)
    (back,) = await office.exceptions(state="open")
    assert back["exception"] == one["exception"]


async def test_what_cannot_be_asked_is_refused(office: Office) -> None:
    async def asked(account: str, day: str) -> Any:  # noqa: ANN401 - an answer
        return await office.acme.send("POST", "/v1/reconciliations", {"account": account, "day": day})

    problem(await asked(office.account, "21.11.2026"), 400, "body.invalid")
    problem(await asked(office.account, NEXT.isoformat()), 400, "reconciliation.day")
    problem(await asked("acc_000000000001A", DAY.isoformat()), 404, "channel_account.unknown")
    unknown = "/v1/reconciliation-exceptions/exc_000000000001A"
    problem(
        await office.acme.send("POST", f"{unknown}/resolution", {"resolution": "waiting"}),
        404,
        "exception.unknown",
    )
    problem(await office.acme.send("PUT", unknown, {"note": " "}), 400, "body.invalid")


async def test_another_tenant_sees_and_touches_nothing(office: Office) -> None:
    office.desk.bill(replace(await office.desk.paid(1_000), amount_minor=999))
    run = await office.reconciled()
    (found,) = await office.exceptions()
    globex = office.globex
    assert (await globex.get("/v1/reconciliations"))["items"] == []
    assert (await globex.get("/v1/reconciliation-exceptions"))["items"] == []
    read = f"/v1/reconciliations/{run['reconciliation']}"
    problem(await globex.send("GET", read), 404, "reconciliation.unknown")
    problem(await globex.send("GET", f"{read}/report.csv"), 404, "reconciliation.unknown")
    path = f"/v1/reconciliation-exceptions/{found['exception']}"
    problem(await globex.send("PUT", path, {"assignee": "eve"}), 404, "exception.unknown")
    problem(
        await globex.send("POST", f"{path}/resolution", {"resolution": "waiting"}), 404, "exception.unknown"
    )
    body = {"account": office.account, "day": DAY.isoformat()}
    problem(await globex.send("POST", "/v1/reconciliations", body), 404, "channel_account.unknown")
    assert await office.exceptions() == [found]


async def test_days_are_compared_by_themselves_after_ten(office: Office) -> None:
    office.desk.bill(await office.desk.paid(1_000))
    await schedule.BILLS.work(office.desk.house)
    clock = office.desk.house.clock
    assert isinstance(clock, DrivenClock)
    clock.advance(timedelta(hours=1))
    await schedule.BILLS.work(office.desk.house)

    async def ended() -> bool:
        return len(await office.runs()) > 0

    await settled(ended)
    await schedule.BILLS.work(office.desk.house)
    (run,) = await office.runs()
    assert (run["day"], run["state"]) == (DAY.isoformat(), "done")
