"""`plaudit backtest`, as it is called: over a file of payments, and over the journal."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner, Result

from plaudit.app.assembly import assembled, open_tenant
from plaudit.app.cli.backtest import backtest
from plaudit.platform.settings import Settings
from tests.kit.servers import DatabaseUrls

TERMS: Final[dict[str, Any]] = {
    "trigger": "tip",
    "base": {"amount": "paid", "asset": "USD"},
    "conditions": {"attribute": "amount", "operator": "at_least", "value": 1_000},
    "strategy": {"kind": "ratio", "ratio": "1/10"},
    "reward": {"kind": "voucher", "asset": "USD"},
    "starts_at": "2017-01-01T00:00:00Z",
    "ends_at": "2018-01-01T00:00:00Z",
    "texts": {"title_en": "A tenth back", "title_zh": "返一成"},
}
ROWS: Final = (
    "show_id,creator_id,at,viewer_id,amount,currency",
    "winter,aurora,2017-01-15T10:00:00Z,ann,123.45,USD",
    "winter,aurora,2017-01-15T10:00:01Z,bob,9.99,USD",
    "winter,aurora,2017-01-16T10:00:00Z,ann,20.00,USD",
    "winter,aurora,2017-01-16T10:00:00Z,,abc,USD",
)


@pytest.fixture
def terms(tmp_path: Path) -> Path:
    """Lend a file of terms."""
    path = tmp_path / "terms.json"
    path.write_text(json.dumps(TERMS))
    return path


@pytest.fixture
def payments(tmp_path: Path) -> Path:
    """Lend a file of payments, one line of which is none."""
    path = tmp_path / "payments.csv"
    path.write_text("\n".join(ROWS) + "\n")
    return path


def run(*arguments: str | Path, **environ: str) -> Result:
    return CliRunner().invoke(backtest, [str(one) for one in arguments], env=environ)


def test_payments_of_a_file_need_no_database(terms: Path, payments: Path, tmp_path: Path) -> None:
    svg = tmp_path / "cost.svg"
    done = run("--terms", terms, "--payments", payments, "--svg", svg)
    assert done.exit_code == 0, done.stderr
    said = done.stdout.splitlines()
    assert said[0] == "Campaign draft, unsaved terms: 14.34 USD"
    assert any(line.split() == ["2017-01-15", "12.34", "█" * 30] for line in said)
    assert any(line.split()[:2] == ["ann", "14.34"] for line in said)
    assert "line 5: amount 'abc' is not a plain decimal" in done.stderr
    assert svg.read_text().startswith("<svg")


def test_the_same_as_json(terms: Path, payments: Path) -> None:
    done = run("weekend", "--terms", terms, "--payments", payments, "--json", "--budget", "1300")
    found = json.loads(done.stdout)
    assert (found["campaign"], found["cost_minor"], found["budget_minor"]) == ("weekend", 1_234, 1_300)
    assert found["dry"]["day"] == "2017-01-16"
    assert [(one["place"], one["count"]) for one in found["failed"]] == [("base", 0), ("conditions", 1)]


def test_terms_for_later_are_tested_as_if_they_ran_then(payments: Path, tmp_path: Path) -> None:
    path = tmp_path / "later.json"
    later = {"starts_at": "2036-11-22T00:00:00Z", "ends_at": "2036-12-01T00:00:00Z"}
    path.write_text(json.dumps(TERMS | later))
    said = run("--terms", path, "--payments", payments).stdout.splitlines()
    assert said[0] == "Campaign draft, unsaved terms: 14.34 USD"
    assert "judged as if it ran then" in said[1]


def test_a_whole_request_will_do_as_terms(payments: Path, tmp_path: Path) -> None:
    path = tmp_path / "request.json"
    path.write_text(json.dumps({"terms": TERMS, "effective_from": "2036-01-01T00:00:00Z"}))
    assert run("--terms", path, "--payments", payments).exit_code == 0


def test_over_the_journal_of_a_tenant(database: DatabaseUrls, terms: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"

    async def opened() -> None:
        settings = Settings.from_environment({"PLAUDIT_DATA_DIR": str(folder)})
        async with assembled(settings, url=database.url) as house:
            await open_tenant(house, slug="acme", name="Acme")

    asyncio.run(opened())
    environ = {
        "PLAUDIT_DATABASE_URL": database.url,
        "PLAUDIT_DATABASE_OWNER_URL": database.owner_url,
        "PLAUDIT_DATA_DIR": str(folder),
    }
    year = ("--from", "2017-01-01T00:00:00Z", "--until", "2018-01-01T00:00:00Z")
    done = run("weekend", "--tenant", "acme", *year, "--terms", terms, "--json", **environ)
    assert (done.exit_code, json.loads(done.stdout)["facts"]) == (0, 0), done.stderr
    missing = run("weekend", "--tenant", "acme", *year, **environ)
    assert (missing.exit_code, "campaign.unknown" in missing.stderr) == (2, True)
    nobody = run("weekend", "--tenant", "nobody", *year, **environ)
    assert (nobody.exit_code, "tenant.unknown" in nobody.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Say CAMPAIGN, --tenant, --from and --until"),
        (("weekend", "--tenant", "a", "--from", "soon"), "RFC 3339"),
        (("--payments", "{payments}"), "--payments goes with --terms"),
        (("--payments", "{payments}", "--terms", "{terms}", "--alone"), "alone"),
        (("--payments", "{payments}", "--terms", "{payments}"), "no JSON object of terms"),
        (("--payments", "{terms}", "--terms", "{terms}"), "the header lacks"),
        (("--payments", "none.csv", "--terms", "{terms}"), "does not exist"),
        (("terms", "--payments", "{payments}", "--terms", "{terms}", "--beside", "{terms}"), "called terms"),
        (("weekend", "--tenant", "a", "--beside", "{terms}"), "--beside and --calendar go with --payments"),
        (("--calendar", "holidays"), "holidays=days.txt"),
        (("--calendar", "holidays=none.txt"), "does not exist"),
        (("--budget", "-1"), "x>=0"),
        (("--revision", "4294967297"), "1<=x<="),
    ],
)
def test_what_makes_no_sense_is_explained(
    terms: Path, payments: Path, words: tuple[str, ...], said: str
) -> None:
    given = [one.format(payments=payments, terms=terms) for one in words]
    done = run(*given)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr


def test_a_calendar_comes_from_a_file_of_days(payments: Path, tmp_path: Path) -> None:
    days, path = tmp_path / "days.txt", tmp_path / "holiday.json"
    days.write_text("2017-01-16\n\n2017-12-24\n")
    on_holidays = {"attribute": "day", "operator": "in_calendar", "value": "holidays"}
    path.write_text(json.dumps(TERMS | {"conditions": on_holidays}))
    done = run("--terms", path, "--payments", payments, "--calendar", f"holidays={days}")
    assert done.stdout.startswith("Campaign draft, unsaved terms: 2.00 USD"), done.output
    days.write_text("Christmas\n")
    done = run("--terms", path, "--payments", payments, "--calendar", f"holidays={days}")
    assert (done.exit_code, "2026-10-01" in done.stderr) == (2, True), done.output


def test_other_terms_run_beside_it_and_lose_what_it_wins(payments: Path, tmp_path: Path) -> None:
    """A fifth of what is at least 100.00 comes before the tenth, which keeps the payment of 20.00."""
    draft, tenth = tmp_path / "fifth.json", tmp_path / "tenth.json"
    large = {"attribute": "amount", "operator": "at_least", "value": 10_000}
    fifth = {"kind": "ratio", "ratio": "1/5"}
    draft.write_text(
        json.dumps(TERMS | {"strategy": fifth, "conditions": large, "group": "g", "priority": 2})
    )
    tenth.write_text(json.dumps(TERMS | {"group": "g", "priority": 1}))
    found = json.loads(run("--terms", draft, "--payments", payments, "--beside", tenth, "--json").stdout)
    assert (found["cost_minor"], found["kept_out"]) == (2_469, {})
    (beside,) = found["beside"]
    assert (beside["campaign"], beside["cost_minor"], beside["cost_without_minor"]) == ("tenth", 200, 1_434)
    assert (beside["rewards"], beside["rewards_without"]) == (1, 2)
    lost = json.loads(run("--terms", tenth, "--payments", payments, "--beside", draft, "--json").stdout)
    assert (lost["cost_minor"], lost["kept_out"]) == (200, {"outranked": 1})


def test_a_trigger_that_no_payment_can_be_is_refused(terms: Path, payments: Path, tmp_path: Path) -> None:
    invited, topup = tmp_path / "invited.json", tmp_path / "topup.json"
    fixed = {"kind": "fixed", "reward_minor": 100}
    no_money = {"base": {"amount": "times"}, "conditions": {"all": []}, "strategy": fixed}
    invited.write_text(json.dumps(TERMS | no_money | {"trigger": "invitation"}))
    topup.write_text(json.dumps(TERMS | {"trigger": "topup"}))
    done = run("--terms", invited, "--payments", payments)
    assert (done.exit_code, "payment, ticket, tip, topup" in done.stderr) == (2, True), done.output
    done = run("--terms", terms, "--payments", payments, "--beside", topup)
    assert (done.exit_code, "facts of one trigger" in done.stderr) == (2, True), done.output


def test_terms_that_are_wrong_are_told_with_their_place(payments: Path, tmp_path: Path) -> None:
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps({**TERMS, "strategy": {"kind": "ratio", "ratio": "a lot"}}))
    done = run("--terms", path, "--payments", payments)
    assert (done.exit_code, "(at strategy.ratio)" in done.stderr) == (2, True), done.stderr


def test_its_times_are_the_files_own(terms: Path, payments: Path) -> None:
    found = json.loads(run("--terms", terms, "--payments", payments, "--json").stdout)
    assert found["first_at"] == "2017-01-15T10:00:00.000000Z"
    assert datetime.fromisoformat(found["last_at"]) == datetime(2017, 1, 16, 10, tzinfo=UTC)
