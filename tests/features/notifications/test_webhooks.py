"""Webhooks: signed by the rules, retried by them, rotated, switched off, given up and revived."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from plaudit.features.notifications.model import webhooks as rules
from plaudit.features.notifications.model.deliveries import (
    PAUSES_S,
    Failed,
    Sent,
    after,
    of_answer,
    retry_after_of,
)
from plaudit.kernel.refusal import Refusal
from plaudit.platform.inside import Inside
from tests.app.edge import Caller, problem
from tests.app.simulate.receiver import Received, Receiver, receiver
from tests.features.notifications.theatre import NOON, Theatre, open_theatre
from tests.kit.listener import listening

pytestmark = pytest.mark.anyio

STARTS_AT = NOON + timedelta(days=5)
KINDS = ["ticket.issued", "ticket.bought"]


@pytest.fixture
async def platform() -> AsyncIterator[Receiver]:
    """Lend the host platform's server."""
    async with receiver() as opened:
        yield opened


async def _webhook(theatre: Theatre, platform: Receiver, kinds: list[str] | None = None) -> Any:  # noqa: ANN401 - JSON
    body = {"url": f"{platform.url}/hook", "kinds": kinds or KINDS}
    return await theatre.acme.do("POST", "/v1/webhooks", body)


def _verified(received: Received, *secrets: str) -> Any:  # noqa: ANN401 - JSON
    """Return what was received, once the independent library has verified it by each of the secrets.

    That library goes by the machine's clock; ours stands still, so the time is checked apart.
    """
    headers = _headers(received)
    for secret in secrets:
        verifier = Verifier(secret)
        at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), tz=UTC)
        signed = verifier.sign(msg_id=headers["webhook-id"], timestamp=at, data=received.body.decode())
        assert signed in headers["webhook-signature"].split(" ")
    return json.loads(received.body)


async def test_facts_and_messages_reach_a_webhook_signed_as_standard_webhooks_say(
    theatre: Theatre, platform: Receiver
) -> None:
    await theatre.show(starts_at=STARTS_AT)
    await theatre.buys("before")
    await theatre.tidy()
    theatre.clock.advance(seconds=1)
    made = await _webhook(theatre, platform)
    assert made["secret"].startswith("whsec_")
    await theatre.buys("v1", quantity=2)
    await theatre.tidy()
    bodies = {body["type"]: body for body in (_verified(one, made["secret"]) for one in platform.callbacks)}
    assert len(platform.callbacks) == 2
    assert bodies["ticket.issued"]["data"]["fact"]["viewer"] == "v1"
    assert bodies["ticket.issued"]["timestamp"] == "2026-11-22T12:00:01.000000Z"
    assert bodies["ticket.bought"]["data"] | {"message": "", "about": "", "body": ""} == {
        "message": "",
        "viewer": "v1",
        "about": "",
        "language": "en",
        "title": "Your tickets for Winter concert",
        "body": "",
        "link": "https://live.example/winter",
    }
    assert [one["state"] for one in await theatre.deliveries(channel="webhook")] == ["sent", "sent"]
    assert {one["receipt"] for one in await theatre.deliveries(channel="webhook")} == {"http.200"}
    assert (await theatre.acme.get(f"/v1/webhooks/{made['webhook']}"))["failing_since"] is None


async def test_the_library_itself_verifies_a_fresh_message_and_refuses_a_changed_one() -> None:
    secret, at, body = bytes(range(32)), datetime.now(UTC), b'{"type":"webhook.test"}'
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": rules.signatures(secrets=[bytes(32), secret], id="msg_1", at=at, body=body),
    }
    verifier = Verifier(rules.secret_text(secret))
    assert verifier.verify(body, headers) == {"type": "webhook.test"}
    with pytest.raises(WebhookVerificationError):
        verifier.verify(body + b" ", headers)


async def test_a_secret_is_rotated_with_both_valid_for_a_while(theatre: Theatre, platform: Receiver) -> None:
    await theatre.show(starts_at=STARTS_AT)
    made = await _webhook(theatre, platform, ["ticket.issued"])
    path = f"/v1/webhooks/{made['webhook']}/secret"
    rotated = await theatre.acme.do("POST", path, {"overlap_s": 3_600}, key="rotate")
    again = await theatre.acme.do("POST", path, {"overlap_s": 3_600}, key="rotate")
    assert (again["secret"], again["revision"]) == (None, rotated["revision"])
    assert rotated["secret"] != made["secret"]

    await theatre.buys("v1")
    await theatre.tidy()
    _verified(platform.callbacks[-1], made["secret"], rotated["secret"])
    theatre.clock.advance(hours=1)
    await theatre.buys("v2")
    await theatre.tidy()
    _verified(platform.callbacks[-1], rotated["secret"])
    assert len(_headers(platform.callbacks[-1])["webhook-signature"].split()) == 1
    facts = await theatre.facts("webhook.saved")
    assert [one["secret_changed"] for one in facts] == [True, True]
    async with theatre.house.database.connection() as conn:
        cursor = await conn.execute("SELECT w::text FROM notifications.webhook w")
        ((row,),) = await cursor.fetchall()
    assert made["secret"].removeprefix("whsec_") not in row


def _headers(received: Received) -> dict[str, str]:
    return {name.lower(): value for name, value in received.headers.items()}


async def test_what_is_not_taken_comes_again_by_the_schedule_with_the_same_id_until_it_is(
    theatre: Theatre, platform: Receiver
) -> None:
    statuses = [500, 302, 200]
    platform.answer = lambda _: (statuses[len(platform.callbacks) - 1], b"")
    await theatre.show(starts_at=STARTS_AT)
    await _webhook(theatre, platform, ["ticket.issued"])
    await theatre.buys("v1")
    await theatre.tidy()
    for pause_s, problem_, tries in ((5, "http.500", 1), (300, "http.302", 2)):
        (one,) = await theatre.deliveries(channel="webhook")
        assert (one["state"], one["problem"], one["attempts"]) == ("failed", problem_, tries)
        theatre.clock.advance(seconds=pause_s - 1)
        await theatre.tidy()
        assert len(platform.callbacks) == tries
        theatre.clock.advance(seconds=1)
        await theatre.tidy()
    (one,) = await theatre.deliveries(channel="webhook")
    assert (one["state"], one["attempts"], one["problem"]) == ("sent", 3, None)
    ids = {
        value
        for one in platform.callbacks
        for name, value in one.headers.items()
        if name.lower() == "webhook-id"
    }
    assert len(ids) == 1


async def test_a_delivery_that_nobody_takes_is_dead_in_the_end_and_can_be_revived(
    theatre: Theatre, platform: Receiver
) -> None:
    platform.answer = lambda _: (503, b"")
    await theatre.show(starts_at=STARTS_AT)
    made = await _webhook(theatre, platform, ["ticket.issued"])
    await theatre.buys("v1")
    await theatre.tidy()
    for pause_s in PAUSES_S:
        theatre.clock.advance(seconds=pause_s)
        await theatre.tidy()
    (dead,) = await theatre.deliveries(state="dead")
    assert (dead["attempts"], dead["problem"], dead["next_at"]) == (10, "http.503", None)
    assert len(platform.callbacks) == 10
    platform.answer = lambda _: (204, b"")
    retry = f"/v1/deliveries/{dead['delivery']}/retry"
    revived = await theatre.acme.do("POST", retry, key="again")
    assert revived["attempts"] == 10
    await theatre.sent()
    shown = await theatre.acme.get(f"/v1/deliveries/{dead['delivery']}")
    assert (shown["state"], shown["attempts"], shown["receipt"]) == ("sent", 1, "http.204")
    assert await theatre.acme.do("POST", retry, key="again") == revived
    problem(await theatre.acme.send("POST", retry), 409, "delivery.alive")
    assert (await theatre.facts("delivery.revived"))[0]["channel"] == "webhook"
    assert (await theatre.acme.get(f"/v1/webhooks/{made['webhook']}"))["failing_since"] is None


async def test_a_webhook_that_is_gone_is_switched_off_and_what_waits_for_it_is_dead(
    theatre: Theatre, platform: Receiver
) -> None:
    platform.answer = lambda _: (410, b"")
    await theatre.show(starts_at=STARTS_AT)
    made = await _webhook(theatre, platform, ["ticket.issued"])
    await theatre.buys("v1")
    await theatre.tidy()
    shown = await theatre.acme.get(f"/v1/webhooks/{made['webhook']}")
    assert (shown["enabled"], shown["disabled_cause"]) == (False, "gone")
    assert await theatre.facts("webhook.disabled") == [
        {"webhook": made["webhook"], "revision": 2, "cause": "gone"}
    ]
    await theatre.buys("v2")
    await theatre.tidy()
    assert len(platform.callbacks) == 1
    (dead,) = await theatre.deliveries(channel="webhook")
    assert (dead["state"], dead["problem"]) == ("dead", "http.410")
    platform.answer = lambda _: (200, b"")
    body = {"url": f"{platform.url}/hook", "kinds": ["ticket.issued"]}
    on = await theatre.acme.do("PUT", f"/v1/webhooks/{made['webhook']}", body)
    assert on["enabled"] is True
    await theatre.buys("v3")
    await theatre.tidy()
    assert len(platform.callbacks) == 2


async def test_a_webhook_that_fails_for_days_is_switched_off(theatre: Theatre, platform: Receiver) -> None:
    platform.answer = lambda _: (500, b"")
    await theatre.show(starts_at=STARTS_AT + timedelta(days=30))
    made = await _webhook(theatre, platform, ["ticket.issued"])
    await theatre.buys("v1")
    await theatre.tidy()
    theatre.clock.advance(days=4, hours=23)
    await theatre.tidy()
    assert (await theatre.acme.get(f"/v1/webhooks/{made['webhook']}"))["enabled"] is True
    theatre.clock.advance(hours=1)
    await theatre.buys("v2")
    await theatre.tidy()
    shown = await theatre.acme.get(f"/v1/webhooks/{made['webhook']}")
    assert (shown["enabled"], shown["disabled_cause"]) == (False, "failing")


async def test_an_unreachable_webhook_holds_up_neither_another_one_nor_the_inbox(
    theatre: Theatre, platform: Receiver
) -> None:
    away = {"url": "http://127.0.0.1:9/hook", "kinds": ["ticket.issued"]}
    await theatre.acme.do("POST", "/v1/webhooks", away)
    await _webhook(theatre, platform, ["ticket.issued"])
    await theatre.show(starts_at=STARTS_AT)
    await theatre.buys("v1")
    await theatre.tidy()
    assert len(platform.callbacks) == 1
    states = {
        one["webhook"]: (one["state"], one["problem"]) for one in await theatre.deliveries(channel="webhook")
    }
    assert set(states.values()) == {("failed", "http.unreachable"), ("sent", None)}
    assert await theatre.told("v1") == ["ticket.bought"]


async def test_a_sample_is_sent_at_once_and_its_answer_told(theatre: Theatre, platform: Receiver) -> None:
    made = await _webhook(theatre, platform)
    path = f"/v1/webhooks/{made['webhook']}/test"
    assert await theatre.acme.do("POST", path) == {
        "webhook": made["webhook"],
        "arrived": True,
        "result": "http.200",
    }
    assert _verified(platform.callbacks[0], made["secret"])["type"] == "webhook.test"
    platform.answer = lambda _: (404, b"")
    assert (await theatre.acme.do("POST", path))["result"] == "http.404"
    unknown = await theatre.acme.send("POST", "/v1/webhooks/whk_0000000ZZZZZZ/test")
    problem(unknown, 404, "webhook.unknown")
    assert await theatre.deliveries() == []


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/x",
        "ftp://hooks.example/x",
        "http://localhost/x",
        "https://127.0.0.1/x",
        "https://[::ffff:127.0.0.1]/x",
        "https://10.1.2.3/x",
        "https://[::1]/x",
        "https://169.254.169.254/latest",
        "https://user@hooks.example/x",
        "https://hooks.example/x#y",
        "https://hooks.example:99999/x",
        "https://hooks.example/\n",
        "https://",
    ],
)
def test_an_address_that_is_not_of_the_world_is_refused(url: str) -> None:
    with pytest.raises(Refusal, match=r"webhook\.url"):
        rules.check_url(url, standing_of=Inside().standing)


@pytest.mark.parametrize(
    ("url", "inside"),
    [
        ("https://hooks.example:8443/x?y=1", ""),
        ("https://8.8.8.8/x", ""),
        ("https://[2606:4700::1111]/x", ""),
        ("http://hooks.example/x", "hooks.example"),
        ("http://10.1.2.3/x", "10.1.0.0/16"),
        ("http://[fd00::1]:8080/x", "fd00::/8"),
        ("http://hooks.example/x", "*"),
    ],
)
def test_an_address_of_the_world_is_taken_and_one_that_the_operator_admits(url: str, inside: str) -> None:
    rules.check_url(url, standing_of=Inside.of(inside).standing)


@pytest.mark.parametrize(
    ("inside", "state", "problem_", "calls"),
    [("10.0.0.0/8", "dead", "http.inside", 0), ("127.0.0.0/8,::1", "failed", "http.unreachable", 1)],
)
async def test_a_name_that_leads_into_the_house_is_not_called_unless_it_is_admitted(  # noqa: PLR0917 - fixtures and cases
    database_url: str, tmp_path: Path, inside: str, state: str, problem_: str, calls: int
) -> None:
    knocks: list[asyncio.StreamWriter] = []

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        knocks.append(writer)
        writer.close()

    async with (
        listening(hang_up) as port,
        open_theatre(database_url, tmp_path, inside=inside) as theatre,
    ):
        hook = {"url": f"https://localhost:{port}/hook", "kinds": ["ticket.issued"]}
        made = await theatre.acme.do("POST", "/v1/webhooks", hook)
        await theatre.show(starts_at=STARTS_AT)
        await theatre.buys("v1")
        await theatre.tidy()
        (one,) = await theatre.deliveries(channel="webhook")
        assert (one["state"], one["problem"]) == (state, problem_)
        assert len(knocks) == calls
        tried = await theatre.acme.do("POST", f"/v1/webhooks/{made['webhook']}/test")
        assert tried == {"webhook": made["webhook"], "arrived": False, "result": problem_}


async def test_kinds_that_there_are_not_are_refused(acme: Caller) -> None:
    body = {"url": "https://hooks.example/x", "kinds": ["ticket.lost", "ticket.issued"]}
    assert problem(await acme.send("POST", "/v1/webhooks", body), 400, "webhook.kinds")["unknown"] == [
        "ticket.lost"
    ]
    problem(await acme.send("POST", "/v1/webhooks", body | {"kinds": []}), 400, "webhook.kinds")
    inside = body | {"url": "https://10.0.0.1/x", "kinds": ["ticket.issued"]}
    problem(await acme.send("POST", "/v1/webhooks", inside), 400, "webhook.url")


@pytest.mark.parametrize(
    ("status", "retry_after", "wanted"),
    [
        (200, None, Sent(receipt="http.200")),
        (204, None, Sent(receipt="http.204")),
        (410, None, Failed(failure="final", problem="http.410", gone=True)),
        (429, "120", Failed(failure="retryable", problem="http.429", retry_after_s=120)),
        (503, "120", Failed(failure="retryable", problem="http.503", retry_after_s=120)),
        (500, "120", Failed(failure="retryable", problem="http.500")),
        (404, None, Failed(failure="retryable", problem="http.404")),
    ],
)
def test_an_answer_means_what_the_rules_say(
    status: int, retry_after: str | None, wanted: Sent | Failed
) -> None:
    headers = {} if retry_after is None else {"retry-after": retry_after}
    assert of_answer(status=status, headers=headers, now=NOON) == wanted


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("999999999", 86_400),
        ("Sun, 22 Nov 2026 12:10:00 GMT", 600),
        ("Sun, 22 Nov 2026 11:10:00 GMT", 0),
        ("soon", None),
        ("-5", None),
        ("9" * 5_000, None),
        ("Sun, 22 Nov 2026 12:10:00", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, seconds: int | None) -> None:
    assert retry_after_of(text, now=NOON) == seconds


def test_a_pause_is_the_longer_of_the_schedule_and_what_was_asked_for() -> None:
    failed = Failed(failure="retryable", problem="http.429", retry_after_s=60)
    assert after(failed, attempts=1, now=NOON).next_at == NOON + timedelta(seconds=60)
    assert after(failed, attempts=2, now=NOON).next_at == NOON + timedelta(seconds=300)
    assert after(failed, attempts=10, now=NOON).state == "dead"
