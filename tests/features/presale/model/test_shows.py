"""Shows as values: what one may be, and which states follow each other."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, get_args

import pytest

from plaudit.features.presale.model.shows import (
    ADDRESS_MAX,
    DEVICES_MAX,
    RIGHTS_MAX,
    SELLING,
    STREAMS_MAX,
    TEXT_MAX,
    TITLE_MAX,
    Show,
    Text,
    check_changeable,
    check_next,
    check_selling,
    commission_of,
)
from plaudit.kernel.rate import Rate
from plaudit.kernel.refusal import Refusal, RefusalKind
from plaudit.vocabulary.facts.shows import ShowState, StreamRights
from tests.features.examples import table

NOON: Final = datetime(2026, 12, 24, 12, tzinfo=UTC)
TEXTS: Final = {"en": Text(title="Winter concert"), "zh": Text(title="冬日演唱会")}
MAIN: Final = StreamRights(stream="main", rights=("main",))
SHOW: Final = Show(
    id="winter",
    revision=3,
    state="presale",
    organiser="aurora",
    starts_at=NOON,
    ends_at=NOON + timedelta(hours=3),
    texts=TEXTS,
    streams=(MAIN,),
)


def _texts(**changes: Text) -> dict[str, Text]:
    return TEXTS | changes


def test_a_show_has_its_titles_by_language() -> None:
    assert (SHOW.title_en, SHOW.title_zh) == ("Winter concert", "冬日演唱会")


@pytest.mark.parametrize(
    "fields",
    [
        {"ends_at": NOON + timedelta(microseconds=1)},
        {"sale_at": NOON - timedelta(days=30)},
        {"commission": Rate(1, 1)},
        {"devices_max": DEVICES_MAX},
        {"texts": _texts(en=Text(title="x" * TITLE_MAX, body="y" * TEXT_MAX, terms="z" * TEXT_MAX))},
        {"texts": _texts(en=Text(title="Winter", body="two\nlines"))},
        {"poster_url": "http://show.example/p.jpg?size=1"},
        {"watch_url": "https://show.example/{show}"},
        {"watch_url": "https://" + "x" * (ADDRESS_MAX - 8)},
        {"streams": tuple(StreamRights(stream=f"s{n}", rights=("main",)) for n in range(STREAMS_MAX))},
        {"streams": (StreamRights(stream="main", rights=tuple(f"r{n}" for n in range(RIGHTS_MAX))),)},
    ],
)
def test_what_a_show_may_be(fields: dict[str, Any]) -> None:
    assert replace(SHOW, **fields).id == "winter"


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("show", {"id": "a b"}),
        ("show", {"id": "x" * 41}),
        ("organiser", {"organiser": ""}),
        ("ends_at", {"ends_at": NOON}),
        ("ends_at", {"ends_at": NOON - timedelta(hours=1)}),
        ("sale_at", {"sale_at": NOON + timedelta(hours=3)}),
        ("commission", {"commission": Rate(11, 10)}),
        ("devices_max", {"devices_max": 0}),
        ("devices_max", {"devices_max": DEVICES_MAX + 1}),
        ("poster_url", {"poster_url": "ftp://show.example/p.jpg"}),
        ("poster_url", {"poster_url": "https://"}),
        ("poster_url", {"poster_url": "https://a b"}),
        ("watch_url", {"watch_url": "https://user@show.example/"}),
        ("watch_url", {"watch_url": "https://" + "x" * (ADDRESS_MAX - 7)}),
        ("texts", {"texts": {"en": TEXTS["en"]}}),
        ("texts", {"texts": _texts(fr=Text(title="Hiver"))}),
        ("texts.zh.title", {"texts": _texts(zh=Text(title="  "))}),
        ("texts.en.title", {"texts": _texts(en=Text(title="x" * (TITLE_MAX + 1)))}),
        ("texts.en.title", {"texts": _texts(en=Text(title="two\nlines"))}),
        ("texts.en.body", {"texts": _texts(en=Text(title="Winter", body="x" * (TEXT_MAX + 1)))}),
        ("texts.zh.terms", {"texts": _texts(zh=Text(title="冬", terms="x" * (TEXT_MAX + 1)))}),
        ("streams", {"streams": ()}),
        ("streams", {"streams": (MAIN, MAIN)}),
        ("streams", {"streams": (StreamRights(stream="a b", rights=("main",)),)}),
        ("streams", {"streams": (StreamRights(stream="main", rights=()),)}),
        ("streams", {"streams": (StreamRights(stream="main", rights=("vip", "vip")),)}),
        ("streams", {"streams": (StreamRights(stream="main", rights=("a/b",)),)}),
        (
            "streams",
            {"streams": tuple(StreamRights(stream=f"s{n}", rights=("r",)) for n in range(STREAMS_MAX + 1))},
        ),
    ],
)
def test_what_no_show_can_be(field: str, fields: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as refusal:
        replace(SHOW, **fields)
    said = refusal.value
    assert (said.kind, said.code, said.details) == (RefusalKind.INVALID, "show.invalid", {"field": field})


def test_a_commission_is_an_exact_ratio() -> None:
    assert commission_of("12.5%") == Rate(1, 8)
    with pytest.raises(Refusal) as refusal:
        commission_of("an eighth")
    assert refusal.value.details == {"field": "commission"}


def test_the_states_follow_each_other_as_the_page_of_presale_says() -> None:
    states: tuple[ShowState, ...] = get_args(ShowState)
    rows = {
        row["from"]: {one.strip() for one in row["may become"].split(",") if one.strip()}
        for row in table("presale.md", "which states follow each other")
    }
    assert rows.keys() == set(states)
    for before in states:
        show = replace(SHOW, state=before)
        for after in states:
            if after in rows[before]:
                check_next(show, after)
                continue
            with pytest.raises(Refusal) as refusal:
                check_next(show, after)
            assert (refusal.value.kind, refusal.value.code) == (RefusalKind.CONFLICT, "show.state")


def test_tickets_are_sold_from_presale_to_the_end() -> None:
    for state in get_args(ShowState):
        show = replace(SHOW, state=state)
        if state in SELLING:
            check_selling(show)
            continue
        with pytest.raises(Refusal) as refusal:
            check_selling(show)
        assert refusal.value.code == ("show.unknown" if state == "draft" else "show.over")


def test_what_is_over_does_not_change() -> None:
    for state in get_args(ShowState):
        show = replace(SHOW, state=state)
        if state not in {"ended", "cancelled"}:
            check_changeable(show)
            continue
        with pytest.raises(Refusal) as refusal:
            check_changeable(show)
        assert (refusal.value.kind, refusal.value.code) == (RefusalKind.REFUSED, "show.over")
