"""`bench ledger` in its smallest size: the form of its report, and books that are in order."""

import msgspec

from plaudit.app.bench import ledger
from plaudit.app.bench.ledger import Arrangement

SMALL = Arrangement(viewers=50, rounds=1, batch_max=64, row_lock_connections=1)


def test_bench_ledger_reports_figures_and_ratios() -> None:
    told: list[str] = []
    report = ledger.run(seconds=0.4, say=told.append, arrangement=SMALL)
    shown = msgspec.json.decode(msgspec.json.encode(report))
    assert set(shown) == {"bench", "figures", "ratios", "machine", "versions", "settings"}
    assert shown["bench"] == "ledger"
    assert set(shown["ratios"]) == {"vs_row_locks", "vs_bare_insert", "hot_vs_even"}
    assert all(value > 0 for value in shown["ratios"].values())
    assert shown["figures"]["tips_per_s"] > 0
    assert shown["figures"]["refused"] > 0
    assert shown["figures"]["doctor"] == "green"
    assert shown["settings"]["fsync"] == "on"
    assert any("row_locks" in text for text in told)
