"""The benchmarks of campaigns in their smallest size: the form of their reports, and sound books."""

from __future__ import annotations

from plaudit.app.bench import backtest, campaigns, rebate


def test_bench_campaigns_reports_figures_and_ratios() -> None:
    size = campaigns.Size(viewers=40, creators=5, connections=8, rounds=1, facts=400)
    report = campaigns.run(seconds=1.0, say=print, size=size)
    assert set(report.ratios) == {"vs_none", "matching_growth", "others_growth"}
    assert all(value > 0 for value in report.ratios.values())
    assert report.figures["rewards_missing"] == 0
    assert report.figures["errors"] == 0
    assert report.figures["doctor"] == "green"
    checks = report.figures["checks_per_s"]
    assert isinstance(checks, int)
    assert checks > 0


def test_bench_backtest_reports_time_and_memory() -> None:
    report = backtest.run(facts=2_000, say=print)
    facts, seconds, rss = (report.figures[name] for name in ("facts", "seconds", "rss_mib"))
    assert isinstance(facts, int)
    assert isinstance(seconds, float)
    assert isinstance(rss, float)
    assert facts >= 2_000
    assert seconds > 0
    assert 0 < rss < 1_024
    assert report.ratios["growth"] > 0


def test_bench_rebate_reports_how_long_a_rebate_takes() -> None:
    report = rebate.run(seconds=1.0, say=print, size=rebate.Size(per_s=20.0, rounds=1, connections=4))
    for name in ("tips", "callbacks"):
        median, most = report.figures[f"{name}_median_ms"], report.figures[f"{name}_p99_ms"]
        assert isinstance(median, float)
        assert isinstance(most, float)
        assert 0 < median <= most
        assert report.figures[f"{name}_not_answered"] == 0
        assert report.figures[f"{name}_not_rewarded"] == 0
    assert report.figures["doctor"] == "green"
