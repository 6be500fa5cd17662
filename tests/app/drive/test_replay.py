"""A replay pays every row once, at its own time, and says what it did."""

import asyncio
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from plaudit.app.drive.pace import Pacer
from plaudit.app.drive.replay import FaultyServerError, replay
from plaudit.app.drive.report import Report, Verdict, latency_of, render
from plaudit.app.drive.rows import DEFAULT_EPOCH, Row
from plaudit.app.drive.show import generate_show
from plaudit.app.drive.stage import SetupError
from tests.app.drive.fake_api import FakeApi, Seen, Told, serving

HEADER = "show_id,creator_id,at,viewer_id,kind,item,quantity,unit_price,amount,currency,message_len"
LINES = (
    "s1,c1,2017-01-15T05:15:23Z,v1,donation,,1,12.34,12.34,USD,-1",
    "s1,c1,2017-01-15T05:15:23Z,v1,donation,,1,12.34,12.34,USD,-1",
    "s1,c2,2017-01-15T05:15:24Z,,donation,,1,20.00,20.00,USD,-1",
    "s2,c3,-5,v2,superchat,,1,500,500,JPY,3",
    "s1,c2,2017-01-15T05:15:25Z,v2,donation,,1,1.00,1.00,USD,-1",
)


def written(folder: Path, *lines: str) -> Path:
    path = folder / "rows.csv"
    path.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    return path


def replayed(api: FakeApi, source: Path | list[Row], **options: Any) -> Report:  # noqa: ANN401 -- handed on
    async def main() -> Report:
        async with serving(api) as url:
            return await replay(source=source, url=url, key="plk_1_secret", connections=4, **options)

    return asyncio.run(main())


def test_every_row_is_paid(tmp_path: Path) -> None:
    api = FakeApi()
    report = replayed(api, written(tmp_path, *LINES))
    assert (report.rows, report.done, report.refused, report.broken, report.exit_code) == (5, 5, 0, 0, 0)
    assert report.sums == report.file_sums == {"USD": 4568, "JPY": 500}
    assert sorted(api.creators) == ["c1", "c2", "c3"]
    assert api.wallets.total() == 0
    assert report.platform == report.platform_share == {"USD": 370 + 370 + 600 + 30, "JPY": 150}
    assert [(entry.id, entry.amount_minor, entry.tips) for entry in report.payers["USD"]] == [
        ("v1", 2468, 2),
        ("v2", 100, 1),
    ]
    assert [entry.id for entry in report.creators["USD"]] == ["c1", "c2"]
    by_show = {tip["show"]: tip for tip in api.tips}
    assert by_show["s2"]["at"] == "2020-10-31T23:59:55.000000Z"
    assert {tip["viewer"] for tip in api.tips if tip["anonymous"]} == {"anon.s1"}


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    api = FakeApi()
    source = written(tmp_path, *LINES)
    replayed(api, source)
    writes = len(api.answers)
    report = replayed(api, source)
    assert (report.done, report.replayed, report.exit_code) == (5, 5, 0)
    assert report.sums == report.file_sums
    assert (len(api.tips), len(api.answers)) == (5, writes)


def test_a_run_cut_off_is_finished_by_the_next(tmp_path: Path) -> None:
    api = FakeApi()
    replayed(api, written(tmp_path, *LINES[:3]))
    report = replayed(api, written(tmp_path, *LINES))
    assert (report.done, report.replayed) == (5, 3)
    assert len(api.tips) == 5


def test_one_show(tmp_path: Path) -> None:
    report = replayed(FakeApi(), written(tmp_path, *LINES), show="s2", epoch=datetime(2021, 1, 1, tzinfo=UTC))
    assert (report.rows, report.done, report.sums) == (1, 1, {"JPY": 500})


def test_a_broken_row_is_named_and_the_rest_is_paid(tmp_path: Path) -> None:
    api = FakeApi()
    report = replayed(api, written(tmp_path, LINES[0], LINES[1].replace("12.34,USD", "12.3.4,USD"), LINES[2]))
    assert (report.rows, report.done, report.broken, report.exit_code) == (3, 2, 1, 1)
    assert [row.line for row in report.broken_rows] == [3]
    assert "line 3: '12.3.4' is not an amount" in render(report=report)


def test_a_refused_row_is_named_with_its_reason(tmp_path: Path) -> None:
    api = FakeApi()
    frozen = {"code": "creator.frozen", "detail": "Tip another creator."}
    api.before = lambda seen: (
        Told(422, frozen) if seen.target == "/v1/tips" and b'"creator":"c2"' in seen.body else None
    )
    report = replayed(api, written(tmp_path, *LINES))
    assert (report.done, report.refused, report.exit_code) == (3, 2, 1)
    assert report.refused_by_code == {"creator.frozen": 2}
    assert {(row.line, row.step, row.code) for row in report.refusals} == {
        (4, "tip", "creator.frozen"),
        (6, "tip", "creator.frozen"),
    }
    assert report.sums == {"USD": 2468, "JPY": 500}
    assert report.file_sums == {"USD": 4568, "JPY": 500}
    assert "Tip another creator." in render(report=report)


def test_a_refused_credit_is_not_tipped(tmp_path: Path) -> None:
    api = FakeApi()
    api.before = lambda seen: (
        Told(403, {"code": "scope.missing"}) if seen.target.endswith("/credits") else None
    )
    report = replayed(api, written(tmp_path, *LINES))
    assert (report.done, report.refused_by_code) == (0, {"scope.missing": 5})
    assert not [seen for seen in api.seen if seen.target == "/v1/tips"]


def test_another_epoch_is_a_conflict_and_nothing_is_paid_twice(tmp_path: Path) -> None:
    api = FakeApi()
    source = written(tmp_path, LINES[3])
    replayed(api, source)
    report = replayed(api, source, epoch=datetime(2021, 1, 1, tzinfo=UTC))
    assert report.refused_by_code == {"key.conflict": 1}
    assert len(api.tips) == 1


def test_what_the_server_has_is_kept(tmp_path: Path) -> None:
    api = FakeApi()
    api.creators = {name: {"guild": "g1"} for name in ("a", "b", "c1", "d")}
    wide = {
        "asset": "JPY",
        "min_minor": 1,
        "max_minor": 10_000,
        "presets_minor": [7],
        "day_limit_minor": None,
    }
    narrow = {
        "asset": "USD",
        "min_minor": 500,
        "max_minor": 600,
        "presets_minor": [550],
        "day_limit_minor": 9,
    }
    api.policies = {"JPY": wide, "USD": narrow}
    report = replayed(api, written(tmp_path, *LINES))
    assert report.exit_code == 0
    assert api.creators["c1"] == {"guild": "g1"}
    assert api.policies["JPY"] is wide
    assert api.policies["USD"] == {
        "asset": "USD",
        "min_minor": 100,
        "max_minor": 2000,
        "presets_minor": [550],
        "day_limit_minor": None,
    }


def test_a_key_without_rights_ends_the_replay_before_any_payment(tmp_path: Path) -> None:
    api = FakeApi()
    api.before = lambda _: Told(401, {"code": "auth.invalid", "detail": "Send a valid key."})
    with pytest.raises(SetupError, match=r"401 auth\.invalid: Send a valid key\."):
        replayed(api, written(tmp_path, *LINES))


def test_a_creator_that_may_not_be_registered_ends_the_replay_before_any_payment(tmp_path: Path) -> None:
    api = FakeApi()
    api.before = lambda seen: (
        Told(403, {"code": "scope.missing", "detail": "x"}) if seen.method == "PUT" else None
    )
    with pytest.raises(SetupError, match=r"PUT /v1/creators/c\d: 403 scope\.missing"):
        replayed(api, written(tmp_path, *LINES))
    assert not api.tips


def test_the_doctor_is_asked_when_there_is_one(tmp_path: Path) -> None:
    async def red() -> Verdict:
        await asyncio.sleep(0)
        return Verdict(green=False, findings=("entries of USD sum to 1",))

    report = replayed(FakeApi(), written(tmp_path, *LINES), doctor=red)
    assert (report.done, report.exit_code) == (5, 1)
    assert "RED\n  entries of USD sum to 1" in render(report=report)


def test_json_has_its_keys(tmp_path: Path) -> None:
    told = msgspec.json.decode(replayed(FakeApi(), written(tmp_path, *LINES)).to_json())
    assert {"rows", "done", "refused", "sums", "doctor"} <= told.keys()
    assert (told["rows"], told["refused"], told["sums"], told["doctor"]) == (
        5,
        0,
        {"USD": 4568, "JPY": 500},
        None,
    )


def test_text_shows_amounts_as_people_read_them(tmp_path: Path) -> None:
    text = render(report=replayed(FakeApi(), written(tmp_path, *LINES)))
    assert "45.68 USD" in text
    assert "500 JPY" in text
    assert "doctor         not asked" in text


def test_a_generated_show_each_credit_before_its_tip_and_viewers_in_order() -> None:
    api = FakeApi()
    rows = generate_show(seed=1, payments=600)
    report = replayed(api, rows)
    assert (report.done, report.exit_code) == (600, 0)
    order = [seen.key for seen in api.seen if seen.method == "POST"]
    place = {key: number for number, key in enumerate(order)}
    for row in rows:
        assert place[f"replay-credit-{row.key}"] < place[f"replay-tip-{row.key}"]
    of_viewer: dict[str, list[int]] = {}
    for row in rows:
        if row.viewer is not None:
            of_viewer.setdefault(row.viewer, []).append(place[f"replay-tip-{row.key}"])
    assert any(len(places) > 3 for places in of_viewer.values())
    for places in of_viewer.values():
        assert all(earlier < later for earlier, later in pairwise(places))


def test_answers_lost_on_the_way_pay_nothing_twice() -> None:
    api = FakeApi()
    rows = generate_show(seed=2, payments=100)

    async def lose_some(seen: Seen, writer: asyncio.StreamWriter) -> bool:
        if seen.method != "POST" or len(api.seen) % 7:
            return False
        writer.transport.abort()
        await asyncio.sleep(0)
        return True

    api.fault = lose_some
    report = replayed(api, rows)
    assert (report.done, report.refused, len(api.tips)) == (100, 0, 100)
    assert report.resent > 10
    assert sum(tip["amount_minor"] for tip in api.tips) == sum(row.amount_minor for row in rows)


def test_pace() -> None:
    pacer = Pacer(speed=10.0, epoch=DEFAULT_EPOCH)
    rows = generate_show(seed=3, payments=50)
    start = rows[0].time(epoch=DEFAULT_EPOCH)
    for row in rows:
        passed = (row.time(epoch=DEFAULT_EPOCH) - start).total_seconds()
        assert pacer.due_s(row=row, now_s=100.0) == pytest.approx(100.0 + passed / 10)
    late = pacer.due_s(row=rows[0], now_s=500.0)
    assert late == pacer.due_s(row=rows[-1], now_s=500.0)
    other = generate_show(seed=3, payments=50, show="other")[7]
    assert pacer.due_s(row=other, now_s=700.0) == 700.0
    with pytest.raises(ValueError, match="above zero"):
        Pacer(speed=0.0, epoch=DEFAULT_EPOCH)


def test_a_paced_replay_takes_its_time() -> None:
    rows = generate_show(seed=4, payments=20)
    span_s = (rows[-1].time(epoch=DEFAULT_EPOCH) - rows[0].time(epoch=DEFAULT_EPOCH)).total_seconds()
    report = replayed(FakeApi(), rows, speed=span_s / 0.5)
    assert 0.45 < report.seconds < 5


def test_percentiles_are_nearest_rank() -> None:
    latency = latency_of(seconds=[number / 1000 for number in range(100, 0, -1)])
    assert (latency.p50, latency.p90, latency.p99, latency.max) == (50.0, 90.0, 99.0, 100.0)
    assert latency_of(seconds=[0.001]).p50 == 1.0
    assert latency_of(seconds=[]).max == 0.0


def test_a_server_that_only_fails_ends_the_replay(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("plaudit.app.drive.replay._FAULTS_MAX", 2)
    monkeypatch.setattr("plaudit.app.drive.client._SERVER_FAULTS_MAX", 1)
    api = FakeApi()
    api.before = lambda seen: Told(500, {"code": "server.fault"}) if seen.method == "POST" else None
    with pytest.raises(FaultyServerError, match=r"2 times in a row, at last with 500 server\.fault"):
        replayed(api, written(tmp_path, *LINES))
