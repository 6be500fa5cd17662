"""`bench tips` in its smallest size: the form of its report, no errors, and books that are in order."""

import msgspec

from plaudit.app.bench import tips
from plaudit.app.bench.tips import Size

SMALL = Size(viewers=40, creators=5, connections=8, rounds=1)


def test_bench_tips_reports_figures_and_ratios() -> None:
    told: list[str] = []
    report = tips.run(seconds=1.0, say=told.append, size=SMALL)
    shown = msgspec.json.decode(msgspec.json.encode(report))
    assert set(shown) == {"bench", "figures", "ratios", "machine", "versions", "settings"}
    assert set(shown["ratios"]) == {"vs_noop", "noop_vs_bare", "p99_vs_noop"}
    assert all(value > 0 for value in shown["ratios"].values())
    figures = shown["figures"]
    assert figures["errors"] == 0
    assert figures["tips_per_s"] > 0
    assert 0 < figures["refused_share"] < 0.1
    assert figures["rss_mib"] > 0
    assert figures["doctor"] == "green"
    assert shown["settings"]["generator"] in {"plaudit", "wrk"}
