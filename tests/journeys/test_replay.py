"""Payments of real broadcasts, replayed over HTTP: every row once, however often and whatever is broken."""

from __future__ import annotations

import csv
import gzip
import itertools
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner

from plaudit.app.cli import cli
from plaudit.vocabulary.assets import asset_of
from tests.journeys.commands import plaudit, replayed
from tests.journeys.stage import SAMPLES, Api
from tests.kit.figures import tell
from tests.kit.scale import PROOF

DONATIONS: Final = SAMPLES / "donations.csv.gz"
SHOW: Final = "yt_birthday_2020-11"
ROWS: Final = 2_000
HEADER: Final = "show_id,creator_id,at,viewer_id,kind,item,quantity,unit_price,amount,currency,message_len"
PROJECTIONS: Final = (
    "payments.figures",
    "tipping.tips",
    "presale.purchases",
    "admission.shows",
    "invitations.shows",
    "invitations.friends",
    "campaigns.rewards",
    "campaigns.figures",
    "insight.traffic",
    "insight.sales",
)
LINES: Final = (
    "s1,c1,2017-01-15T05:15:23Z,v1,donation,,1,12.34,12.34,USD,-1",
    "s1,c1,2017-01-15T05:15:23Z,v1,donation,,1,12.34,12.34,USD,-1",
    "s1,c2,2017-01-15T05:15:24Z,,donation,,1,20.00,20.00,USD,-1",
    "s2,c3,-5,v2,superchat,,1,500,500,JPY,3",
)

needs_samples = pytest.mark.skipif(
    not DONATIONS.exists(), reason=f"the recorded broadcasts are not at {SAMPLES} (PLAUDIT_SAMPLES)"
)


def target(api: Api) -> tuple[str, ...]:
    return ("--url", api.url, "--key", api.credential)


def written(folder: Path, *lines: str) -> Path:
    path = folder / "rows.csv"
    path.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    return path


def sums_of(lines: Iterator[dict[str, str]]) -> dict[str, int]:
    """Add up amounts by another way than the replay does."""
    sums: Counter[str] = Counter()
    for line in lines:
        minor = Decimal(line["amount"]).scaleb(asset_of(line["currency"]).scale)
        assert minor == int(minor), line
        sums[line["currency"]] += int(minor)
    return dict(sums)


def recorded() -> Iterator[dict[str, str]]:
    with gzip.open(DONATIONS, "rt", encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream)


def tips_of(api: Api) -> list[dict[str, Any]]:
    """Return the data of every tip in the journal."""
    found: list[dict[str, Any]] = []
    after = 0
    while True:
        page = api.get("/v1/facts", after=after, kinds="tip.sent", limit=200)
        found += [fact["data"] for fact in page["facts"]]
        if not page["facts"]:
            return found
        after = page["next_after"]


def test_a_file_is_paid_once_however_often_it_is_replayed(api: Api, tmp_path: Path) -> None:
    source = written(tmp_path, *LINES)
    report = replayed(source, *target(api))
    assert (report["rows"], report["done"], report["refused"], report["replayed"]) == (4, 4, 0, 0)
    assert report["sums"] == {"USD": 4_468, "JPY": 500}
    assert report["doctor"] is None
    assert [(one["id"], one["amount_minor"]) for one in report["payers"]["USD"]] == [("v1", 2_468)]
    head = api.get("/v1/facts", after=0, limit=1)["head"]
    again = replayed(source, *target(api))
    assert (again["done"], again["replayed"], again["sums"]) == (4, 4, report["sums"])
    assert api.get("/v1/facts", after=0, limit=1)["head"] == head
    assert len(tips_of(api)) == 4


def test_a_broken_row_is_named_by_its_line_and_the_rest_is_paid(api: Api, tmp_path: Path) -> None:
    broken = "s1,c1,2017-01-15T05:15:24Z,v1,donation,,1,12.3.4,12.3.4,USD,-1"
    source = written(tmp_path, LINES[0], broken, *LINES[2:])
    report = replayed(source, *target(api), code=1)
    assert (report["rows"], report["done"], report["broken"]) == (4, 3, 1)
    assert [row["line"] for row in report["broken_rows"]] == [3]
    told = plaudit("replay", str(source), *target(api))
    assert told.returncode == 1
    assert "line 3: '12.3.4' is not an amount" in told.stdout


def test_a_refused_row_is_named_with_its_reason_and_the_rest_is_paid(api: Api, tmp_path: Path) -> None:
    api.put("/v1/creators/c2", {})
    api.put("/v1/switches/creator/c2", {"off": True})
    source = written(tmp_path, *LINES)
    report = replayed(source, *target(api), code=1)
    assert (report["done"], report["refused_by_code"]) == (3, {"switch.off": 1})
    assert [row["line"] for row in report["refusals"]] == [4]
    api.put("/v1/switches/creator/c2", {"off": False})
    assert (replayed(source, *target(api))["replayed"], len(tips_of(api))) == (3, 4)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "--embedded for one of its own"),
        (("--url", "http://127.0.0.1:1"), "--url needs --key"),
        (("--embedded", "--url", "http://127.0.0.1:1"), "leave out --url"),
        (("--url", "nowhere", "--key", "plk_x"), "not the address of a server"),
        (("--embedded", "--speed", "-3"), "a number above 0"),
        (("--embedded", "--epoch", "yesterday"), "not an RFC 3339 time"),
        (("--embedded", "--connections", "0"), "1<=x<=1024"),
    ],
)
def test_bad_options_are_explained(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = CliRunner().invoke(cli, ["replay", str(written(tmp_path, *LINES)), *words])
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr


def test_what_is_no_file_of_payments_is_explained(api: Api, tmp_path: Path) -> None:
    missing = plaudit("replay", str(tmp_path / "none.csv"), *target(api))
    assert (missing.returncode, "There is no file" in missing.stderr) == (2, True)
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n")
    done = plaudit("replay", str(other), *target(api))
    assert (done.returncode, "the header lacks show_id" in done.stderr) == (2, True)


def test_a_key_that_does_not_reach_is_explained(api: Api, tmp_path: Path) -> None:
    key = tmp_path / "app.key"
    key.write_text(api.post("/v1/api-keys", {"name": "app", "scopes": ["tip.send"]})["key"] + "\n")
    done = plaudit("replay", str(written(tmp_path, *LINES)), "--url", api.url, "--key", f"@{key}")
    assert done.returncode == 2
    assert "scope.missing" in done.stderr
    assert tips_of(api) == []


@needs_samples
def test_the_first_rows_of_real_broadcasts(data_dir: Path, tmp_path: Path) -> None:
    """Two shows, one of them in many currencies; embedded, so that the doctor is asked as well."""
    chosen = list(itertools.islice((row for row in recorded() if row["show_id"] == SHOW), ROWS))
    chosen += itertools.islice((row for row in recorded() if row["show_id"] != SHOW), ROWS - len(chosen))
    source = tmp_path / "some.csv"
    with source.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(chosen[0]))
        writer.writeheader()
        writer.writerows(chosen)
    given = {"PLAUDIT_DATA_DIR": str(data_dir), "PLAUDIT_SHARED_BUFFERS_MIB": "64"}
    report = replayed(source, "--embedded", given=given)
    assert (report["rows"], report["done"], report["refused"]) == (ROWS, ROWS, 0)
    assert report["sums"] == sums_of(iter(chosen))
    assert len(report["sums"]) > 10
    assert report["doctor"]["green"], report["doctor"]
    assert report["doctor"]["projections"] == list(PROJECTIONS)
    again = replayed(source, "--embedded", given=given)
    assert (again["replayed"], again["sums"], again["platform"]) == (ROWS, report["sums"], report["platform"])
    rebuilt = plaudit("rebuild", **given)
    told = [f"{name} of replay: equal to its rebuild" for name in PROJECTIONS]
    assert (rebuilt.returncode, rebuilt.stdout.splitlines()) == (0, told)


@needs_samples
@pytest.mark.skipif(not PROOF, reason="183,725 payments, twice: PLAUDIT_SCALE=proof")
@pytest.mark.timeout(3_600)
def test_every_payment_of_every_recorded_broadcast(data_dir: Path) -> None:
    given = {"PLAUDIT_DATA_DIR": str(data_dir)}
    report = replayed(DONATIONS, "--embedded", given=given)
    assert (report["rows"], report["done"], report["refused"], report["broken"]) == (183_725, 183_725, 0, 0)
    assert report["sums"] == sums_of(recorded())
    assert report["doctor"]["green"], report["doctor"]
    again = replayed(DONATIONS, "--embedded", given=given)
    assert (again["done"], again["replayed"]) == (183_725, 183_725)
    assert (again["sums"], again["payers"]) == (report["sums"], report["payers"])
    assert (again["creators"], again["platform"]) == (report["creators"], report["platform"])
    assert again["doctor"]["green"], again["doctor"]
    runs = {
        name: {
            field: run[field] for field in ("rows", "done", "replayed", "refused", "seconds", "tips_per_s")
        }
        | {"p99_ms": run["latency_ms"]["p99"], "doctor": run["doctor"]["green"]}
        for name, run in (("first", report), ("second", again))
    }
    tell(name="replay", sums=report["sums"], **runs)
