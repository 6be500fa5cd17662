"""Where viewers and their platform are told things: inbox, e-mail, webhook. Each message once in each."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from standardwebhooks import Webhook

from tests.app.simulate.receiver import Received, Receiver
from tests.features.notifications.mailbox import Mailbox
from tests.journeys.season import Buyer, Season
from tests.journeys.stage import Json

__all__ = ["Letterbox"]

MESSAGES: Final = (
    "ticket.bought",
    "show.soon.24h",
    "show.soon.1h",
    "balance.due.72h",
    "balance.due.24h",
    "balance.due.1h",
)
FACTS: Final = ("ticket.issued", "ticket.refunded")
TITLES: Final = {"en": "Winter concert", "zh": "冬日演唱会"}


@dataclass(slots=True)
class Letterbox:
    """A mail server and a webhook of the platform's, and what has come to them."""

    mailbox: Mailbox
    platform: Receiver
    secret: str = ""

    async def opens(self, season: Season) -> None:
        """Have everything sent to them."""
        server = {
            "host": "127.0.0.1",
            "port": self.mailbox.port,
            "from_address": "tickets@stage.example",
            "security": "none",
        }
        await season.desk.put("/v1/mail-server", server)
        hook = {"url": f"{self.platform.url}/hook", "kinds": [*MESSAGES, *FACTS]}
        self.secret = (await season.desk.post("/v1/webhooks", hook, key="hook"))["secret"]

    async def knows(self, season: Season, buyers: Sequence[Buyer]) -> None:
        """Save how viewers are reached."""

        async def save(one: Buyer) -> None:
            contact = {"language": one.language, "email": address_of(one), "time_zone": "Asia/Shanghai"}
            await season.desk.put(f"/v1/viewers/{one.name}/contact", contact)

        await season.each(save, buyers)

    async def told(self, season: Season) -> dict[str, int]:
        """Compare what came with what must have come. Returns how many came, and what is wrong with them.

        A message that was sent and whose answer was lost is sent again under the same id; it counts once.
        """
        await season.delivered()
        for state in ("dead", "dropped"):
            assert (await season.desk.get(f"/v1/deliveries?state={state}"))["items"] == []
        inbox: list[Json] = []
        for one in season.buyers:
            items = await season.desk.pages(f"/v1/inbox?viewer={one.name}")
            assert {item["language"] for item in items} <= {one.language}, one
            assert all(TITLES[one.language] in item["title"] for item in items), items
            inbox += items
        wanted = Counter((one.name, kind) for one in season.buyers for kind in one.told)
        came = Counter((one["viewer"], one["kind"]) for one in inbox)
        assert came == wanted, (came - wanted, wanted - came)
        letters = {
            str(mail["Message-ID"]): (envelope.rcpt_tos[0], str(mail["Subject"]))
            for envelope, mail in self.mailbox.came
        }
        wanted_letters = Counter((f"{one['viewer']}@fans.example", one["title"]) for one in inbox)
        mailed = Counter(letters.values())
        hooked = self._hooked()
        wanted_hooks = Counter(one["message"] for one in inbox)
        facts = Counter((fact["kind"], fact["position"]) for fact in await season.desk.facts(*FACTS))
        heard = Counter((body["type"], body["data"]["position"]) for body in hooked if body["type"] in FACTS)
        hooks = Counter(body["data"]["message"] for body in hooked if body["type"] not in FACTS)
        pairs = ((came, wanted), (mailed, wanted_letters), (hooks, wanted_hooks), (heard, facts))
        return {
            "messages": len(inbox),
            "reminders": sum("ticket" not in one["kind"] for one in inbox),
            "letters": len(letters),
            "hooks": len(hooked),
            "sent_again": len(self.mailbox.came) - len(letters) + len(self.platform.callbacks) - len(hooked),
            "doubled": sum((there - must).total() for there, must in pairs),
            "missing": sum((must - there).total() for there, must in pairs),
        }

    def _hooked(self) -> list[Any]:
        """Return what the webhook was sent, each once, verified by an independent library."""
        found = {}
        for one in self.platform.callbacks:
            headers = {name.lower(): value for name, value in one.headers.items()}
            self._verify(one, headers)
            found[headers["webhook-id"]] = json.loads(one.body)
        return list(found.values())

    def _verify(self, one: Received, headers: dict[str, str]) -> None:
        at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), tz=UTC)
        signed = Webhook(self.secret).sign(msg_id=headers["webhook-id"], timestamp=at, data=one.body.decode())
        assert signed in headers["webhook-signature"].split(" ")


def address_of(one: Buyer) -> str:
    """Return a buyer's e-mail address."""
    return f"{one.name}@fans.example"
