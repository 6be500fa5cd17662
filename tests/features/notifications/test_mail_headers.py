"""The head of a mail: nothing but what this house has written, whatever titles, names and addresses say."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes
from email.policy import SMTP

import pytest

from plaudit.features.notifications.model.mail import MailServer, mail_of
from plaudit.features.notifications.model.templates import Rendered
from tests.features.notifications.mailbox import Mailbox
from tests.features.notifications.test_mail import serve
from tests.features.notifications.theatre import NOON, Theatre

pytestmark = pytest.mark.anyio

STARTS_AT = NOON + timedelta(days=5)
HEADERS = {"from", "to", "subject", "date", "message-id", "auto-submitted", "mime-version", "content-type"}
FORGED = "=?utf-8?q?x=0D=0AReply-To:_evil@evil.example=0D=0AX-Evil:_1?="


async def test_the_titles_of_shows_and_templates_add_no_header(theatre: Theatre, mailbox: Mailbox) -> None:
    await serve(theatre, mailbox)
    await theatre.contact("mei", email="mei@mail.example")
    await theatre.show(starts_at=STARTS_AT, title_en=f"Winter\r{FORGED}")
    await theatre.buys("mei")
    await theatre.tidy()
    await theatre.acme.do("PUT", "/v1/templates/ticket.bought/en", {"title": FORGED, "body": "x"})
    await theatre.buys("mei")
    await theatre.tidy()
    (_, of_show), (_, of_template) = mailbox.came
    assert {name.lower() for name in (*of_show, *of_template)} == HEADERS
    assert "Winter = ?utf-8?q?x=0D=0AReply-To" in of_show["subject"]
    assert of_template["subject"].startswith("= ?utf-8?q?x=0D=0AReply-To")


def test_the_name_of_a_sender_adds_no_header() -> None:
    server = MailServer(
        enabled=True,
        host="mail.acme.example",
        port=587,
        security="starttls",
        username=None,
        password=None,
        from_address="tickets@acme.example",
        from_name=f"Acme {FORGED}",
        ca_pem=None,
    )
    mail = mail_of(
        server=server,
        to="mei@mail.example",
        id="msg_1",
        rendered=Rendered(title="A ticket", body="x", link=""),
        at=NOON,
    )
    read = message_from_bytes(mail.as_bytes(), policy=SMTP)
    assert {name.lower() for name in read} == HEADERS
    assert [one.addr_spec for one in read["from"].addresses] == ["tickets@acme.example"]


async def test_one_address_that_no_mail_can_be_sent_to_keeps_no_other_from_its_mail(
    theatre: Theatre, mailbox: Mailbox
) -> None:
    await serve(theatre, mailbox)
    for viewer in ("mallory", "mei", "eve"):
        await theatre.contact(viewer, email=f"{viewer}@mail.example")
    # As they were saved before such addresses were refused.
    async with theatre.house.database.transaction() as tx:
        for viewer, email in (
            ("mallory", "=?utf-8?q?x=0D=0Ay?=@mail.example"),
            ("eve", "=?utf-8?q?mei?=@mail.example"),
        ):
            await tx.execute(
                "UPDATE notifications.contact SET email = %s WHERE tenant_id = %s AND viewer = %s",
                (email, theatre.tenant_id, viewer),
            )
    await theatre.show(starts_at=STARTS_AT)
    for viewer in ("mallory", "eve", "mei"):
        await theatre.buys(viewer)
    await theatre.tidy()
    assert [envelope.rcpt_tos for envelope, _ in mailbox.came] == [["mei@mail.example"]]
    found = {
        one["viewer"]: (one["state"], one["problem"]) for one in await theatre.deliveries(channel="email")
    }
    unsendable = ("dead", "smtp.unsendable")
    assert found == {"mallory": unsendable, "eve": unsendable, "mei": ("sent", None)}
