"""Rows are read strictly, a broken one is named by its line, and equal rows have keys of their own."""

import csv
import gzip
import os
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from plaudit.app.drive.rows import (
    DEFAULT_EPOCH,
    BrokenRow,
    Row,
    SourceError,
    is_anonymous_wallet,
    read_rows,
)
from plaudit.app.drive.scan import scan

HEADER = "show_id,creator_id,at,viewer_id,kind,item,quantity,unit_price,amount,currency,message_len"
GOOD = "s1,c1,2017-01-15T05:15:23Z,v1,donation,,1,12.34,12.34,USD,-1"

SAMPLES = Path(os.environ.get("PLAUDIT_SAMPLES", Path(__file__).parents[4] / "shared" / "data"))
DONATIONS = SAMPLES / "donations.csv.gz"


def written(folder: Path, *lines: str, header: str = HEADER, end: str = "\n") -> Path:
    path = folder / "rows.csv"
    path.write_bytes((end.join([header, *lines]) + end).encode())
    return path


def rows_of(path: Path, *, show: str | None = None) -> list[Row]:
    rows = list(read_rows(source=path, show=show))
    assert all(isinstance(row, Row) for row in rows), rows
    return [row for row in rows if isinstance(row, Row)]


def test_a_row(tmp_path: Path) -> None:
    (row,) = rows_of(written(tmp_path, GOOD))
    assert (row.line, row.show, row.creator, row.viewer, row.wallet) == (2, "s1", "c1", "v1", "v1")
    assert (row.amount_minor, row.currency) == (1234, "USD")
    assert row.time(epoch=DEFAULT_EPOCH) == datetime(2017, 1, 15, 5, 15, 23, tzinfo=UTC)


def test_seconds_from_the_start_of_a_show(tmp_path: Path) -> None:
    before, after = rows_of(
        written(
            tmp_path, GOOD.replace("2017-01-15T05:15:23Z", "-90"), GOOD.replace("2017-01-15T05:15:23Z", "60")
        )
    )
    epoch = datetime(2021, 5, 1, tzinfo=UTC)
    assert before.time(epoch=epoch) == datetime(2021, 4, 30, 23, 58, 30, tzinfo=UTC)
    assert after.time(epoch=epoch) == datetime(2021, 5, 1, 0, 1, tzinfo=UTC)


def test_anonymous_rows_pay_from_one_wallet_a_show(tmp_path: Path) -> None:
    first, second = rows_of(
        written(tmp_path, GOOD.replace("v1", ""), GOOD.replace("v1", "").replace("s1", "s2"))
    )
    assert (first.viewer, first.wallet, second.wallet) == (None, "anon.s1", "anon.s2")
    assert is_anonymous_wallet(viewer=first.wallet)


@pytest.mark.parametrize(
    ("amount", "currency", "amount_minor"),
    [
        ("1", "USD", 100),
        ("1.5", "USD", 150),
        ("2000", "JPY", 2000),
        ("200556.24", "USD", 20055624),
        ("1.234", "KWD", 1234),
    ],
)
def test_amounts_are_exact(tmp_path: Path, amount: str, currency: str, amount_minor: int) -> None:
    (row,) = rows_of(written(tmp_path, GOOD.replace("12.34", amount).replace("USD", currency)))
    assert row.amount_minor == amount_minor


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("12.34,USD", "12.345,USD", "decimals"),
        ("12.34,USD", "0.00,USD", "not above zero"),
        ("12.34,USD", "-12.34,USD", "above zero"),
        ("12.34,USD", ",USD", "above zero"),
        ("12.34,USD", "1e3,USD", "not an amount"),
        ("12.34,USD", "NaN,USD", "above zero"),
        ("12.34,USD", '"1,234.00",USD', "above zero"),
        ("12.34,USD", "99999999999999999,USD", "larger than"),
        ("12.34,USD", "12.34,XXQ", "currency 'XXQ' is unknown"),
        ("12.34,USD", "12.34,usd", "unknown"),
        ("12.34,12.34", "12.34,24.68", "not quantity 1 times unit price 12.34"),
        (",1,12.34", ",one,12.34", "quantity"),
        ("2017-01-15T05:15:23Z", "2017-13-15T05:15:23Z", "month"),
        ("2017-01-15T05:15:23Z", "2017-01-15T05:15:23", "RFC 3339"),
        ("2017-01-15T05:15:23Z", "", "RFC 3339"),
        ("2017-01-15T05:15:23Z", "12.5", "RFC 3339"),
        ("v1", "v/1", "viewer_id"),
        ("v1", "v" * 65, "viewer_id"),
        ("c1", "", "creator_id"),
        ("s1", "s" * 60, "show_id"),
        (",-1", "", "10 fields where the header has 11"),
        (",-1", ",-1,x", "12 fields"),
        ("donation", '"donation', "quotes"),
    ],
)
def test_a_broken_row_is_named_by_its_line_and_the_rest_goes_on(
    tmp_path: Path, old: str, new: str, reason: str
) -> None:
    assert old in GOOD
    rows = list(read_rows(source=written(tmp_path, GOOD, GOOD.replace(old, new, 1), GOOD)))
    assert [row.line for row in rows] == [2, 3, 4]
    broken = rows[1]
    assert isinstance(broken, BrokenRow)
    assert reason in broken.reason
    assert isinstance(rows[0], Row)
    assert isinstance(rows[2], Row)


def test_a_line_that_is_not_text(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD, "@", GOOD)
    path.write_bytes(path.read_bytes().replace(b"@", b"\xff\xfe"))
    rows = list(read_rows(source=path))
    assert [isinstance(row, BrokenRow) for row in rows] == [False, True, False]


def test_equal_rows_have_keys_of_their_own_that_stay(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD, GOOD.replace("v1", "v2"), GOOD, GOOD)
    keys = [row.key for row in rows_of(path)]
    assert len(set(keys)) == 4
    assert keys[0].removesuffix("-0") == keys[2].removesuffix("-1") == keys[3].removesuffix("-2")
    assert [row.key for row in rows_of(path)] == keys


def test_keys_do_not_depend_on_the_form_of_the_file(tmp_path: Path) -> None:
    keys = [row.key for row in rows_of(written(tmp_path, GOOD))]
    names, fields = HEADER.split(","), GOOD.split(",")
    turned = written(tmp_path, ",".join(fields[::-1]), header=",".join(names[::-1]), end="\r\n")
    assert [row.key for row in rows_of(turned)] == keys
    zipped = tmp_path / "rows.csv.gz"
    zipped.write_bytes(gzip.compress(f'\ufeff{HEADER}\n\n"s1"{GOOD.removeprefix("s1")}'.encode()))
    assert [row.key for row in rows_of(zipped)] == keys


def test_one_show_has_the_same_keys_as_in_the_whole_file(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD, GOOD.replace("s1", "s2"), GOOD, GOOD.replace("s1", "s2"))
    whole = {row.key for row in rows_of(path) if row.show == "s2"}
    assert {row.key for row in rows_of(path, show="s2")} == whole


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"show_id,at\n", "lacks creator_id, viewer_id, amount, currency"),
        (HEADER.encode() + b",at\n", "twice"),
        (b"\x1f\x8b\x00\x00", "unpacked"),
    ],
)
def test_a_file_that_is_none(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=reason):
        list(read_rows(source=path))


def test_a_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        list(read_rows(source=tmp_path / "none.csv"))


def test_a_damaged_end_is_a_broken_row(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv.gz"
    packed = gzip.compress((HEADER + "\n" + "".join(f"{GOOD}{n}\n" for n in range(5_000))).encode())
    path.write_bytes(packed[: len(packed) // 2])
    rows = list(read_rows(source=path))
    assert len(rows) > 100
    assert isinstance(rows[-1], BrokenRow)
    assert rows[-1].line == len(rows) + 1
    assert "damaged" in rows[-1].reason


@pytest.mark.skipif(
    not DONATIONS.exists(), reason=f"the recorded broadcasts are not at {SAMPLES} (PLAUDIT_SAMPLES)"
)
def test_the_recorded_broadcasts_are_read_to_the_last_unit() -> None:
    found = scan(rows=lambda: read_rows(source=DONATIONS))
    assert (found.rows, found.broken) == (183_725, 0)
    sums: Counter[str] = Counter()
    with gzip.open(DONATIONS, "rt", newline="", encoding="utf-8") as stream:
        for record in csv.DictReader(stream):
            decimals = 0 if record["currency"] in {"JPY", "KRW", "CLP"} else 2
            minor = Decimal(record["amount"]).scaleb(decimals)
            assert minor == int(minor)
            sums[record["currency"]] += int(minor)
    assert found.sums == dict(sums)
    assert found.sums["USD"] == 781_869_525
    assert len({row.key for row in read_rows(source=DONATIONS) if isinstance(row, Row)}) == 183_725
