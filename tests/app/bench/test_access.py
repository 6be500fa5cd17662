"""`bench access` in its smallest size: who holds a right is let in, everybody else is not."""

import msgspec
import pytest

from plaudit.app.bench import access
from plaudit.app.bench.access import ShortError, Size


def test_bench_access_reports_figures_and_ratios() -> None:
    told: list[str] = []
    size = Size(connections=8, rounds=1, hooks_per_s=4_000, sold_per_s=20)
    report = access.run(seconds=0.5, say=told.append, size=size)
    shown = msgspec.json.decode(msgspec.json.encode(report))
    assert set(shown) == {"bench", "figures", "ratios", "machine", "versions", "settings"}
    assert 0 < shown["ratios"]["vs_noop"] < 1.5
    figures = shown["figures"]
    assert (figures["errors"], figures["refused"], figures["not_sold"]) == (0, 0, 0)
    (let_in,) = figures["let_in_per_round"]
    assert let_in > figures["hooks_per_s"] * 0.5 * 0.5
    assert figures["revoke_s"] < 5
    assert figures["doctor"] == "green"


def test_too_few_hooks_are_no_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "sleep", lambda _: None)
    with pytest.raises(ShortError, match="were not enough"):
        access.run(
            seconds=0.3,
            say=lambda _: None,
            size=Size(connections=4, rounds=1, hooks_per_s=100, sold_per_s=1),
        )
