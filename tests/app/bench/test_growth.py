"""`bench growth` in its smallest size: the form of its report, and books that are in order."""

import msgspec

from plaudit.app.bench import growth
from plaudit.app.bench.growth import Size

SMALL = Size(entries=9_000, viewers=100, known_viewers=100, rounds=1, reads=20)


def test_bench_growth_reports_speed_and_reads() -> None:
    told: list[str] = []
    report = growth.run(seconds=0.3, say=told.append, size=SMALL)
    shown = msgspec.json.decode(msgspec.json.encode(report))
    assert set(shown) == {"bench", "figures", "ratios", "machine", "versions", "settings"}
    assert set(shown["ratios"]) == {"speed", "reads"}
    assert all(value > 0 for value in shown["ratios"].values())
    assert shown["figures"]["entries"] >= SMALL.entries
    assert shown["figures"]["doctor"] == "green"
    assert any("grown to" in text for text in told)
