"""`bench track` in its smallest size: events are taken and kept, board and funnel are read."""

import msgspec

from plaudit.app.bench import tracking
from plaudit.app.bench.tracking import Size


def test_bench_track_reports_figures_and_ratios() -> None:
    told: list[str] = []
    report = tracking.run(
        seconds=0.5, say=told.append, size=Size(events=2_000, connections=8, rounds=1, calls=2_000)
    )
    shown = msgspec.json.decode(msgspec.json.encode(report))
    assert set(shown) == {"bench", "figures", "ratios", "machine", "versions", "settings"}
    assert 0 < shown["ratios"]["vs_noop"] < 2
    figures = shown["figures"]
    assert (figures["errors"], figures["events"]) == (0, 2_000)
    assert figures["kept"][0] > 0
    assert all(figures[f"{name}_ms"] > 0 for name in ("board", "funnel_by_campaign", "funnel_of_a_week"))
