"""A tenant whose viewer is told of a ticket: what there is of notifications to be kept from others."""

from __future__ import annotations

from tests.app.edge import Caller, settled


async def listen(a: Caller, ids: dict[str, str], *, mark: str) -> None:
    """Have A's viewer reachable in the app and by SMS, and a webhook that nobody answers."""
    text = {"title": f"Yours {mark}", "body": "{show}: {starts_at}"}
    await a.do("PUT", f"/v1/templates/{ids['kind']}/{ids['language']}", text)
    server = {"host": f"mail.{mark}.example", "port": 587, "from_address": f"tickets@{mark}.example"}
    await a.do("PUT", "/v1/mail-server", {**server, "enabled": False})
    contact = {"email": f"v@{mark}.example", "phone": "+8613800000000"}
    await a.do("PUT", f"/v1/viewers/{ids['viewer']}/contact", contact)
    hook = {"url": f"https://{mark}.invalid/hook", "kinds": ["ticket.issued"]}
    ids["webhook"] = (await a.do("POST", "/v1/webhooks", hook))["webhook"]


async def hear(a: Caller, ids: dict[str, str]) -> None:
    """Wait until A's viewer was told of the ticket."""

    async def told() -> bool:
        items = (await a.get("/v1/deliveries", viewer=ids["viewer"]))["items"]
        failed = (await a.get("/v1/deliveries", state="failed"))["items"]
        return len(items) == 2 and len(failed) == 1

    await settled(told)
    ids["delivery"] = (await a.get("/v1/deliveries", viewer=ids["viewer"]))["items"][0]["delivery"]
    (message,) = (await a.get("/v1/inbox", viewer=ids["viewer"]))["items"]
    ids |= {"message": message["message"], "upto": message["message"]}
