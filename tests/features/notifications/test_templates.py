"""What messages say: edited, checked, tried, reset; amounts and times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from plaudit.features.notifications.model.kinds import KINDS, LANGUAGES, SAMPLE, Kind, Language
from plaudit.features.notifications.model.templates import as_html, check_text, render
from plaudit.features.notifications.model.wording import Money, Titles, Value, said
from plaudit.kernel.refusal import Refusal
from tests.app.edge import Caller, problem
from tests.features.notifications.theatre import NOON, Theatre

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_built_in_text_can_be_saved_and_uses_what_it_is_given(kind: Kind, language: Language) -> None:
    text = kind.texts[language]
    check_text(text, kind=kind)
    given = {name: SAMPLE[name] for name in kind.variables}
    rendered = render(text, values=given, language=language, zone=SHANGHAI, link="")
    assert "{" not in rendered.title + rendered.body
    assert rendered.title
    assert said(SAMPLE["show"], language=language, zone=SHANGHAI) in rendered.title


@pytest.mark.parametrize(
    ("title", "body", "code"),
    [
        ("Hello {name}", "x", "template.variable"),
        ("x", "{ show }", "template.variable"),
        ("x", "{}", "template.variable"),
        ("x", "{show", "template.braces"),
        ("x", "show}", "template.braces"),
        ("x", "{{show}", "template.braces"),
        ("", "x", "template.length"),
        ("x\ny", "x", "template.length"),
        ("x", "  ", "template.length"),
        ("x" * 121, "x", "template.length"),
        ("x", "x" * 2_001, "template.length"),
        ("x", "a\u0007b", "template.length"),
    ],
)
@pytest.mark.anyio
async def test_a_bad_text_is_refused_by_what_is_wrong_and_changes_nothing(
    acme: Caller, title: str, body: str, code: str
) -> None:
    text = {"title": title, "body": body}
    said_so = problem(await acme.send("PUT", "/v1/templates/ticket.bought/en", text), 400, code)
    if code == "template.variable":
        assert said_so["variable"] in {"name", " show ", ""}
        assert "quantity" in said_so["variables"]
    trial = {"kind": "ticket.bought", "language": "en", **text}
    problem(await acme.send("POST", "/v1/templates/preview", trial), 400, code)
    shown = await acme.get("/v1/templates/ticket.bought/en")
    assert (shown["revision"], shown["is_default"]) == (0, True)


@pytest.mark.anyio
async def test_a_text_is_tried_saved_used_and_reset(theatre: Theatre) -> None:
    acme = theatre.acme
    text = {"title": "{{{show}}}!", "body": "{quantity} × {amount} <b>{starts_at}</b>\n{link}"}
    trial = {"kind": "ticket.bought", "language": "zh", "time_zone": "America/New_York", **text}
    tried = await acme.do("POST", "/v1/templates/preview", trial)
    assert tried == {
        "title": "{冬日演唱会}!",
        "body": "2 × 198.00 元 <b>2026年12月24日（周四）07:00 UTC-5</b>\nhttps://live.example/winter",
        "html": "<html><body><p>2 × 198.00 元 &lt;b&gt;2026年12月24日（周四）07:00 UTC-5&lt;/b&gt;<br>"
        '<a href="https://live.example/winter">https://live.example/winter</a></p></body></html>',
    }
    saved = await acme.do("PUT", "/v1/templates/ticket.bought/zh", text)
    assert (saved["revision"], saved["is_default"]) == (1, False)
    await theatre.contact("mei", language="zh")
    await theatre.show(starts_at=NOON + timedelta(days=5), watch_url=None)
    await theatre.buys("mei")
    await theatre.buys("ann")
    await theatre.tidy()
    (mei,) = await theatre.inbox("mei")
    assert mei["body"] == "1 × 99.00 元 <b>2026年11月27日（周五）12:00 UTC</b>"
    (ann,) = await theatre.inbox("ann")
    assert ann["title"] == "Your tickets for Winter concert"
    assert "Watch it here" not in ann["body"]

    reset = await acme.do("DELETE", "/v1/templates/ticket.bought/zh")
    assert (reset["revision"], reset["is_default"]) == (2, True)
    await theatre.buys("mei")
    await theatre.tidy()
    assert (await theatre.inbox("mei"))[-1]["title"] == "《冬日演唱会》购票成功"
    facts = await theatre.facts("template.saved")
    assert [(one["revision"], one.get("is_default", False)) for one in facts] == [(1, False), (2, True)]
    listed = (await acme.get("/v1/templates"))["items"]
    assert len(listed) == len(KINDS) * 2


@pytest.mark.anyio
async def test_a_kind_or_language_that_there_is_not_is_refused(acme: Caller) -> None:
    text = {"title": "x", "body": "x"}
    problem(await acme.send("PUT", "/v1/templates/ticket.lost/en", text), 404, "template.kind")
    problem(await acme.send("PUT", "/v1/templates/ticket.bought/fr", text), 404, "template.language")


@pytest.mark.parametrize(
    ("value", "en", "zh"),
    [
        (Money(asset="CNY", amount_minor=123_456_789), "CNY 1,234,567.89", "1,234,567.89 元"),
        (Money(asset="CNY", amount_minor=5), "CNY 0.05", "0.05 元"),
        (Money(asset="JPY", amount_minor=1_000), "JPY 1,000", "JPY 1,000"),
        (Money(asset="BHD", amount_minor=-1_234), "BHD -1.234", "BHD -1.234"),
        (Money(asset="coin", amount_minor=1), "1 coin", "1 金币"),
        (Money(asset="coin", amount_minor=1_200), "1,200 coins", "1,200 金币"),
        (Money(asset="points", amount_minor=1), "1 point", "1 积分"),
        (datetime(2026, 7, 5, 16, 30, tzinfo=UTC), "Monday, 6 July 2026, 00:30 UTC+8", None),
        (datetime(2026, 7, 5, 15, 59, tzinfo=UTC), None, "2026年7月5日（周日）23:59 UTC+8"),
        (Titles(en="", zh="冬日"), "冬日", "冬日"),
        (3, "3", "3"),
    ],
)
def test_values_are_said_as_people_read_them(value: Value, en: str | None, zh: str | None) -> None:
    for language, wanted in (("en", en), ("zh", zh)):
        if wanted is not None:
            assert said(value, language=language, zone=SHANGHAI) == wanted


def test_a_zone_with_half_hours_is_said_with_them() -> None:
    at = datetime(2026, 7, 5, 16, 30, tzinfo=UTC)
    assert said(at, language="en", zone=ZoneInfo("Asia/Kolkata")).endswith("22:00 UTC+5:30")
    assert said(at, language="en", zone=ZoneInfo("UTC")).endswith("16:30 UTC")


def test_a_title_never_breaks_out_of_its_line_or_out_of_html() -> None:
    kind = KINDS["show.cancelled"]
    values: dict[str, Value] = {"show": Titles(en="A\r\nBcc: x\n<script>", zh=""), "starts_at": NOON}
    rendered = render(kind.texts["en"], values=values, language="en", zone=SHANGHAI, link="")
    assert rendered.title == "A Bcc: x <script> is cancelled"
    html = as_html(rendered.body, link='javascript:alert("x")')
    assert "<script>" not in html
    assert "<a " not in html


def test_a_variable_that_nobody_knows_is_a_refusal_of_its_own() -> None:
    kind = KINDS["show.cancelled"]
    with pytest.raises(Refusal, match=r"template\.variable"):
        check_text(KINDS["show.moved"].texts["en"], kind=kind)
