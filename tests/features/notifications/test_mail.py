"""E-mail, against a mail server that speaks SMTP: sent, refused, broken off, waiting for the morning."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from plaudit.features.notifications.model.contacts import Contact, Quiet
from tests.app.edge import Caller, problem
from tests.features.notifications.mailbox import Mailbox, certificate, hang_up, open_mailbox
from tests.features.notifications.theatre import NOON, Theatre, open_theatre

pytestmark = pytest.mark.anyio

STARTS_AT = NOON + timedelta(days=5)


async def serve(theatre: Theatre, mailbox: Mailbox, **fields: Any) -> Any:  # noqa: ANN401 - JSON
    """Have a mailbox take the tenant's mail."""
    body = {
        "host": "localhost",
        "port": mailbox.port,
        "security": "none",
        "from_address": "tickets@acme.example",
        "from_name": "Acme 票务",
    }
    return await theatre.acme.do("PUT", "/v1/mail-server", body | fields)


async def _bought(theatre: Theatre, viewer: str = "mei", **contact: Any) -> None:  # noqa: ANN401 - JSON
    await theatre.contact(viewer, **({"email": f"{viewer}@mail.example"} | contact))
    await theatre.show(starts_at=STARTS_AT)
    await theatre.buys(viewer)
    await theatre.tidy()


async def test_a_mail_is_text_first_then_html_in_the_viewers_language(
    theatre: Theatre, mailbox: Mailbox
) -> None:
    await serve(theatre, mailbox)
    await _bought(theatre, language="zh")
    ((envelope, mail),) = mailbox.came
    assert (envelope.mail_from, envelope.rcpt_tos) == ("tickets@acme.example", ["mei@mail.example"])
    assert mail["subject"] == "《冬日演唱会》购票成功"
    assert mail["from"] == "Acme 票务 <tickets@acme.example>"
    assert mail["auto-submitted"] == "auto-generated"
    assert mail["date"].datetime == NOON
    assert mail["message-id"].endswith("@acme.example>")
    text, html = mail.iter_parts()
    assert isinstance(text, EmailMessage)
    assert isinstance(html, EmailMessage)
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert "观看链接：https://live.example/winter" in text.get_content()
    assert '<a href="https://live.example/winter">' in html.get_content()
    (sent,) = await theatre.deliveries(channel="email")
    assert (sent["state"], sent["receipt"]) == ("sent", "smtp.250")


async def test_a_refusal_that_passes_comes_again_and_one_that_does_not_is_dead(
    theatre: Theatre, mailbox: Mailbox
) -> None:
    await serve(theatre, mailbox)
    mailbox.answers = [lambda _: "451 later"]
    await _bought(theatre)
    (one,) = await theatre.deliveries(channel="email")
    assert (one["state"], one["problem"]) == ("failed", "smtp.451")
    theatre.clock.advance(seconds=5)
    await theatre.tidy()
    (one,) = await theatre.deliveries(channel="email")
    assert (one["state"], one["attempts"]) == ("sent", 2)
    mailbox.refused = "550 mei@mail.example is not here"
    await theatre.buys("mei")
    await theatre.tidy()
    dead = (await theatre.deliveries(channel="email"))[-1]
    assert (dead["state"], dead["problem"]) == ("dead", "smtp.550")


async def test_what_broke_off_after_its_text_comes_again_with_the_same_message_id(
    theatre: Theatre, mailbox: Mailbox
) -> None:
    await serve(theatre, mailbox)
    mailbox.answers = [hang_up]
    await _bought(theatre)
    (one,) = await theatre.deliveries(channel="email")
    assert (one["state"], one["problem"]) == ("failed", "smtp.no_answer")
    theatre.clock.advance(seconds=5)
    await theatre.tidy()
    first, second = [mail["message-id"] for _, mail in mailbox.came]
    assert first == second
    await theatre.buys("mei")
    await theatre.tidy()
    assert mailbox.came[-1][1]["message-id"] != first


async def test_a_server_that_is_away_fails_all_and_loses_none(theatre: Theatre, mailbox: Mailbox) -> None:
    await serve(theatre, mailbox, port=9)
    await theatre.contact("ann", email="ann@mail.example")
    await _bought(theatre)
    await theatre.buys("ann")
    await theatre.tidy()
    assert {one["problem"] for one in await theatre.deliveries(channel="email")} == {"smtp.unreachable"}
    await serve(theatre, mailbox)
    theatre.clock.advance(seconds=5)
    await theatre.tidy()
    assert {one["state"] for one in await theatre.deliveries(channel="email")} == {"sent"}
    assert len(mailbox.came) == 2


async def test_starttls_is_verified_and_a_password_goes_over_it_alone(
    theatre: Theatre, tmp_path: Path
) -> None:
    pem, context = certificate(tmp_path)
    async with open_mailbox(context) as mailbox:
        secure = {"security": "starttls", "username": "acme", "password": "the right one"}
        await serve(theatre, mailbox, **secure)
        await _bought(theatre)
        (one,) = await theatre.deliveries(channel="email")
        assert (one["state"], one["problem"]) == ("failed", "smtp.tls")
        assert mailbox.users == []

        await serve(theatre, mailbox, **secure | {"ca_pem": pem, "password": "another"})
        theatre.clock.advance(seconds=5)
        await theatre.tidy()
        (one,) = await theatre.deliveries(channel="email")
        assert (one["state"], one["problem"]) == ("failed", "smtp.login")

        saved = await serve(theatre, mailbox, **secure | {"ca_pem": pem})
        assert "password" not in saved
        theatre.clock.advance(seconds=300)
        await theatre.tidy()
        (one,) = await theatre.deliveries(channel="email")
        assert (one["state"], one["attempts"]) == ("sent", 3)
        assert set(mailbox.users) == {"acme"}

        kept = {"security": "starttls", "username": "acme", "ca_pem": pem}
        await serve(theatre, mailbox, **kept)
        await theatre.buys("mei")
        await theatre.tidy()
        assert len(mailbox.came) == 2
        elsewhere = {"host": "other.example", "port": 25, "from_address": "tickets@acme.example"} | kept
        answer = await theatre.acme.send("PUT", "/v1/mail-server", elsewhere)
        problem(answer, 400, "mail_server.password")


async def test_tls_from_the_start_is_verified_by_the_name_and_not_by_the_address(
    theatre: Theatre, tmp_path: Path
) -> None:
    pem, context = certificate(tmp_path)
    async with open_mailbox(context, from_the_start=True) as mailbox:
        secure = {"security": "tls", "ca_pem": pem}
        await serve(theatre, mailbox, **secure, host="127.0.0.1")
        await _bought(theatre)
        (one,) = await theatre.deliveries(channel="email")
        assert (one["state"], one["problem"]) == ("failed", "smtp.tls")
        await serve(theatre, mailbox, **secure, host="localhost")
        theatre.clock.advance(seconds=5)
        await theatre.tidy()
        (one,) = await theatre.deliveries(channel="email")
        assert (one["state"], len(mailbox.came)) == ("sent", 1)


async def test_certificates_that_are_none_fail_the_mail_and_not_the_job(
    theatre: Theatre, mailbox: Mailbox
) -> None:
    garbled = "-----BEGIN CERTIFICATE-----\nnothing\n-----END CERTIFICATE-----\n"
    await serve(theatre, mailbox, security="starttls", ca_pem=garbled)
    await _bought(theatre)
    (one,) = await theatre.deliveries(channel="email")
    assert (one["state"], one["problem"], mailbox.visits) == ("failed", "smtp.tls", 0)


@pytest.mark.parametrize(
    ("inside", "state", "problem_", "mails"),
    [("10.0.0.0/8", "dead", "smtp.inside", 0), ("127.0.0.0/8,::1", "sent", None, 1)],
)
async def test_a_server_whose_name_leads_into_the_house_gets_no_mail_unless_it_is_admitted(  # noqa: PLR0917 - fixtures and cases
    database_url: str,
    tmp_path: Path,
    mailbox: Mailbox,
    inside: str,
    state: str,
    problem_: str | None,
    mails: int,
) -> None:
    async with open_theatre(database_url, tmp_path, inside=inside) as theatre:
        await serve(theatre, mailbox)
        await _bought(theatre)
        (one,) = await theatre.deliveries(channel="email")
        assert (one["state"], one["problem"], len(mailbox.came)) == (state, problem_, mails)
        assert mailbox.visits == mails


async def test_a_name_that_means_another_address_a_moment_later_leads_where_it_was_looked_at(
    database_url: str, tmp_path: Path, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = ["127.0.0.1", "127.9.9.9"]
    real = socket.getaddrinfo

    def rebinding(host: Any, *more: Any, **named: Any) -> Any:  # noqa: ANN401 - as the library has it
        return real(answers.pop(0) if host == "mail.acme.example" else host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    async with open_theatre(database_url, tmp_path, inside="127.0.0.1") as theatre:
        await serve(theatre, mailbox, host="mail.acme.example")
        await _bought(theatre)
        assert len(mailbox.came) == 1
        assert answers == ["127.9.9.9"], "looked up once for a connection"
        await theatre.buys("mei")
        await theatre.tidy()
        dead = (await theatre.deliveries(channel="email"))[-1]
        assert (dead["state"], dead["problem"]) == ("dead", "smtp.inside")


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"host": "mail server"}, "mail_server.invalid", "host"),
        ({"host": "127.0.0.1"}, "mail_server.invalid", "host"),
        ({"port": 0}, "mail_server.invalid", "port"),
        ({"from_address": "nobody"}, "mail_server.invalid", "from_address"),
        ({"from_address": "=?utf-8?q?x?=@acme.example"}, "mail_server.invalid", "from_address"),
        ({"from_name": "a\r\nb"}, "mail_server.invalid", "from_name"),
        ({"from_name": "=?utf-8?q?a?="}, "mail_server.invalid", "from_name"),
        ({"ca_pem": "nothing"}, "mail_server.invalid", "ca_pem"),
        ({"username": "u", "password": "p", "security": "none"}, "mail_server.invalid", "security"),
        ({"username": "u"}, "mail_server.password", "password"),
        ({"password": "p"}, "mail_server.password", "password"),
    ],
)
async def test_a_server_that_cannot_be_is_refused_by_its_field(
    acme: Caller, fields: dict[str, Any], code: str, field: str
) -> None:
    body = {"host": "mail.acme.example", "port": 587, "from_address": "tickets@acme.example"}
    said = problem(await acme.send("PUT", "/v1/mail-server", body | fields), 400, code)
    assert said["field"] == field
    problem(await acme.send("GET", "/v1/mail-server"), 404, "mail_server.unknown")


async def test_mail_waits_for_the_end_of_quiet_hours_unless_it_is_urgent(
    theatre: Theatre, mailbox: Mailbox
) -> None:
    await serve(theatre, mailbox)
    quiet = {"time_zone": "Asia/Shanghai", "quiet_from": "22:00", "quiet_until": "08:00"}
    # 24 hours before the start it is two in the morning in Shanghai.
    starts_at = datetime(2026, 11, 27, 18, tzinfo=UTC)
    await theatre.contact("mei", email="mei@mail.example", **quiet)
    await theatre.show(starts_at=starts_at)
    theatre.clock.time = datetime(2026, 11, 22, 15, tzinfo=UTC)
    await theatre.buys("mei")
    await theatre.tidy()
    assert len(mailbox.came) == 1
    theatre.clock.time = starts_at - timedelta(hours=24)
    await theatre.tidy()
    assert await theatre.told("mei") == ["ticket.bought", "show.soon.24h"]
    (waiting,) = await theatre.deliveries(state="waiting")
    assert (waiting["channel"], waiting["next_at"]) == ("email", "2026-11-27T00:00:00.000000Z")
    theatre.clock.time = datetime(2026, 11, 26, 23, 59, 59, tzinfo=UTC)
    await theatre.tidy()
    assert len(mailbox.came) == 1
    theatre.clock.advance(seconds=1)
    await theatre.tidy()
    assert [mail["subject"] for _, mail in mailbox.came][1:] == ["Winter concert starts within a day"]


async def test_what_waits_is_dropped_when_it_is_overtaken(theatre: Theatre, mailbox: Mailbox) -> None:
    await serve(theatre, mailbox)
    starts_at = datetime(2026, 11, 27, 18, tzinfo=UTC)
    quiet = {"time_zone": "Asia/Shanghai", "quiet_from": "22:00", "quiet_until": "08:00"}
    for viewer in ("refunded", "stays", "asleep"):
        hours = quiet if viewer != "asleep" else quiet | {"quiet_from": "21:00", "quiet_until": "20:59"}
        await theatre.contact(viewer, email=f"{viewer}@mail.example", **hours)
    await theatre.show(starts_at=starts_at)
    order = await theatre.buys("refunded")
    await theatre.buys("stays")
    await theatre.buys("asleep")
    await theatre.tidy()
    mailbox.came.clear()
    theatre.clock.time = starts_at - timedelta(hours=24)
    await theatre.tidy()
    assert len(await theatre.deliveries(state="waiting")) == 3
    await theatre.refunded("refunded", order)
    theatre.clock.time = datetime(2026, 11, 27, 0, tzinfo=UTC)
    await theatre.tidy()
    assert [envelope.rcpt_tos for envelope, _ in mailbox.came] == [["stays@mail.example"]]
    theatre.clock.time = starts_at + timedelta(hours=20)
    await theatre.tidy()
    dropped = {one["viewer"]: one["problem"] for one in await theatre.deliveries(state="dropped")}
    assert dropped["refunded"] == "overtaken"
    assert dropped["asleep"] == "expired"
    assert len(mailbox.came) == 1


async def test_what_waits_is_dropped_when_the_balance_is_paid_or_the_show_moves(
    theatre: Theatre, mailbox: Mailbox
) -> None:
    await serve(theatre, mailbox)
    for viewer in ("pays", "owes", "holds"):
        night = {"quiet_from": "00:00", "quiet_until": "23:00"}
        await theatre.contact(viewer, email=f"{viewer}@mail.example", **night)
    await theatre.show(starts_at=STARTS_AT)
    until = NOON + timedelta(days=4)
    paid = await theatre.deposits("pays", balance_until=until)
    await theatre.deposits("owes", balance_until=until)
    await theatre.buys("holds")
    theatre.clock.time = until - timedelta(hours=24)
    await theatre.tidy()
    assert len(await theatre.deliveries(state="waiting")) == 2
    await theatre.buys("pays", order=paid)
    await theatre.tidy()
    dropped = [(one["viewer"], one["kind"]) for one in await theatre.deliveries(state="dropped")]
    assert dropped == [("pays", "balance.due.24h")]
    theatre.clock.time = STARTS_AT - timedelta(hours=24)
    await theatre.tidy()
    waiting = await theatre.deliveries(state="waiting", viewer="holds")
    assert [one["kind"] for one in waiting] == ["show.soon.24h"]
    await theatre.show(starts_at=STARTS_AT + timedelta(days=9), starts_before=STARTS_AT)
    await theatre.tidy()
    waiting = await theatre.deliveries(state="waiting", viewer="holds")
    assert [one["kind"] for one in waiting] == ["show.moved"]


async def test_a_kind_that_is_muted_by_mail_is_not_mailed(theatre: Theatre, mailbox: Mailbox) -> None:
    await serve(theatre, mailbox)
    await _bought(theatre, muted={"ticket.bought": ["email"]})
    assert mailbox.came == []
    assert await theatre.told("mei") == ["ticket.bought"]


async def test_sms_and_push_are_logged_without_what_they_say_or_where_they_go(
    theatre: Theatre, capsys: pytest.CaptureFixture[str]
) -> None:
    await theatre.contact("mei", phone="+8613800000000", push_token="token-of-mei")
    await theatre.show(starts_at=STARTS_AT)
    await theatre.buys("mei")
    await theatre.tidy()
    found = {one["channel"]: (one["state"], one["receipt"]) for one in await theatre.deliveries(viewer="mei")}
    assert found == {"in_app": ("sent", "inbox"), "sms": ("sent", "log"), "push": ("sent", "log")}
    said = capsys.readouterr()
    for text in ("13800000000", "token-of-mei", "Winter", "mei@"):
        assert text not in said.out + said.err


@pytest.mark.parametrize(
    ("now", "zone", "quiet", "heard_at"),
    [
        ("2026-11-22T14:00:00", "UTC", (22 * 60, 7 * 60), "2026-11-22T14:00:00"),
        ("2026-11-22T22:00:00", "UTC", (22 * 60, 7 * 60), "2026-11-23T07:00:00"),
        ("2026-11-23T06:59:00", "UTC", (22 * 60, 7 * 60), "2026-11-23T07:00:00"),
        ("2026-11-23T07:00:00", "UTC", (22 * 60, 7 * 60), "2026-11-23T07:00:00"),
        ("2026-11-22T13:00:00", "UTC", (12 * 60, 14 * 60), "2026-11-22T14:00:00"),
        ("2026-11-22T15:00:00", "Asia/Shanghai", (22 * 60, 7 * 60), "2026-11-22T23:00:00"),
        # Where clocks are put forward at night the hours end by the wall's clock.
        ("2026-03-08T04:00:00", "America/New_York", (22 * 60, 7 * 60), "2026-03-08T11:00:00"),
    ],
)
def test_quiet_hours_end_where_the_viewer_is(
    now: str, zone: str, quiet: tuple[int, int], heard_at: str
) -> None:
    contact = Contact(viewer="v1", time_zone=zone, quiet=Quiet(from_min=quiet[0], until_min=quiet[1]))
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    found = contact.heard_at(at, tenants_zone=contact.zone(None), urgent=False)  # type: ignore[arg-type]
    assert found == datetime.fromisoformat(heard_at).replace(tzinfo=UTC)
    assert contact.heard_at(at, tenants_zone=contact.zone(None), urgent=True) == at  # type: ignore[arg-type]
