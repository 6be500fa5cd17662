"""`bench callbacks` in its smallest size: each callback is verified, recorded and credited once."""

import msgspec
import pytest

from plaudit.app.bench import callbacks
from plaudit.app.bench.callbacks import ShortError, Size


def test_bench_callbacks_reports_figures_and_ratios() -> None:
    told: list[str] = []
    report = callbacks.run(
        seconds=0.5, say=told.append, size=Size(connections=8, rounds=1, orders_per_s=3_000)
    )
    shown = msgspec.json.decode(msgspec.json.encode(report))
    assert set(shown) == {"bench", "figures", "ratios", "machine", "versions", "settings"}
    assert 0 < shown["ratios"]["vs_noop"] < 1
    figures = shown["figures"]
    assert (figures["errors"], figures["refused"], figures["not_credited"]) == (0, 0, 0)
    assert figures["credited"] >= figures["callbacks_per_s"] * 0.5
    assert figures["verify_and_decrypt_us"] > 10
    assert figures["doctor"] == "green"


def test_too_few_payments_are_no_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callbacks, "_ORDERS_MIN", 4)
    with pytest.raises(ShortError, match="were not enough"):
        callbacks.run(seconds=0.3, say=lambda _: None, size=Size(connections=4, rounds=1, orders_per_s=1))
