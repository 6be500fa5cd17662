"""`bench presale` in its smallest size: each order holds its seat, and the race sells each seat once."""

import msgspec

from plaudit.app.bench import presale, race
from plaudit.app.bench.presale import Size
from plaudit.app.bench.race import Race


def test_bench_presale_reports_figures_and_ratios() -> None:
    told: list[str] = []
    size = Size(viewers=200, connections=8, race_connections=16, rounds=1, steps=(20, 30, 40, 10))
    report = presale.run(seconds=0.5, say=told.append, size=size)
    shown = msgspec.json.decode(msgspec.json.encode(report))
    assert set(shown) == {"bench", "figures", "ratios", "machine", "versions", "settings"}
    assert 0 < shown["ratios"]["vs_noop"] < 1
    figures = shown["figures"]
    assert (figures["errors"], figures["refused"], figures["doctor"]) == (0, 0, "green")
    assert (figures["race"], figures["race_sold"]) == ("right", 100)
    assert figures["race_asked"] == 400
    assert figures["race_offer_sold_out"] > 0


def test_a_race_that_sells_too_much_is_not_right() -> None:
    won = Race(asked=1, seats=9, sold=9, wrong_steps=0, over_limit=0, told={}, untold=0, seconds=1)
    assert race.is_right(won)
    for name, value in (("sold", 10), ("wrong_steps", 1), ("over_limit", 1), ("untold", 1)):
        assert not race.is_right(msgspec.structs.replace(won, **{name: value}))
