"""`plaudit reconcile`, as it is called."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from plaudit.app.assembly import assembled, open_channel_account, open_tenant
from plaudit.app.cli.reconcile import reconcile_command
from plaudit.features.payments.model.sandbox import Entry
from plaudit.features.payments.providers.sandbox import bill
from plaudit.platform.settings import Settings
from tests.kit.servers import DatabaseUrls

STRANGER = Entry(
    kind="payment",
    number="P000000000001A01",
    transaction="t1",
    refund_number="",
    asset="CNY",
    amount_minor=1_200,
    fee_minor=0,
    happened_at=datetime(2026, 5, 1, 12, tzinfo=UTC),
)


@pytest.fixture
def account(database: DatabaseUrls, tmp_path: Path) -> str:
    """Lend a merchant account at the sandbox, nothing of which was paid to."""

    async def opened() -> str:
        settings = Settings.from_environment({"PLAUDIT_DATA_DIR": str(tmp_path)})
        async with assembled(settings, url=database.url) as house:
            await open_tenant(house, slug="acme", name="Acme")
            made, _ = await open_channel_account(
                house,
                tenant_id=1,
                channel="sandbox",
                assets=("CNY",),
                methods=("sandbox",),
                settings={},
                secrets={"signing_key": "a key of sixteen letters"},
            )
            return made

    return asyncio.run(opened())


def _run(database: DatabaseUrls, folder: Path, *arguments: str) -> Result:
    environ = {
        "PLAUDIT_DATABASE_URL": database.url,
        "PLAUDIT_DATABASE_OWNER_URL": database.owner_url,
        "PLAUDIT_DATA_DIR": str(folder),
    }
    given = ("--channel", "sandbox", "--date", "2026-05-01", *arguments)
    return CliRunner().invoke(reconcile_command, given, env=environ, standalone_mode=False)


def _bill(folder: Path, *entries: Entry) -> str:
    path = folder / "bill.csv"
    path.write_bytes(bill.write(entries=entries, kind="trade", balances={}))
    return str(path)


def test_a_day_that_agrees_ends_with_zero(database: DatabaseUrls, tmp_path: Path, account: str) -> None:
    result = _run(database, tmp_path)
    assert result.exception is None
    assert result.return_value == 0
    assert result.output.startswith(f"sandbox {account} 2026-05-01: rcn_")


def test_an_open_exception_ends_with_one(database: DatabaseUrls, tmp_path: Path, account: str) -> None:
    result = _run(database, tmp_path, "--account", account, "--trade-bill", _bill(tmp_path, STRANGER))
    assert result.return_value == 1
    assert "missing_here" in result.output
    assert "open missing_here payment/P000000000001A01: ours none, theirs 12.00" in result.output
    table = _run(database, tmp_path, "--trade-bill", _bill(tmp_path, STRANGER), "--csv")
    rows = list(csv.DictReader(io.StringIO(table.output)))
    assert [(row["row"], row["class"], row["theirs"]) for row in rows] == [
        ("sum", "missing_here", "12.00"),
        ("exception", "missing_here", "12.00"),
    ]
    told = json.loads(_run(database, tmp_path, "--trade-bill", _bill(tmp_path, STRANGER), "--json").output)
    assert [(one["account"], len(one["exceptions"])) for one in told] == [(account, 1)]


def test_a_damaged_bill_ends_with_two(database: DatabaseUrls, tmp_path: Path, account: str) -> None:
    path = Path(_bill(tmp_path, STRANGER))
    path.write_bytes(path.read_bytes().replace(b"1200", b"1300"))
    result = _run(database, tmp_path, "--account", account, "--trade-bill", str(path))
    assert result.return_value == 2
    assert "the bill was refused, and nothing of it is used: trade bill" in result.output


def test_an_account_that_there_is_not_is_said_so(
    database: DatabaseUrls, tmp_path: Path, account: str
) -> None:
    result = _run(database, tmp_path, "--account", account[:-1] + "Z")
    assert "There is no such merchant account" in str(result.exception)
