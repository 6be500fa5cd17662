"""Changing the installation's key: the old one opens beside it until everything is sealed anew."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from plaudit.app.sealing import reseal
from tests.app.edge import Caller, UnderTest, under_test

OLD, NEW = (urlsafe_b64encode(bytes([one]) * 32).decode() for one in (1, 2))
SECRET = "0123456789abcdef" * 4
TABLES = {
    "admission.server",
    "identity.token_key",
    "notifications.mail_server",
    "notifications.webhook",
    "payments.account",
}


def house(url: str, folder: Path, key: str, *, beside: str = "") -> AbstractAsyncContextManager[UnderTest]:
    return under_test(url, folder, PLAUDIT_SECRET_KEY=key, PLAUDIT_SECRET_KEYS_BESIDE=beside)


async def filled(edge: UnderTest) -> tuple[str, str]:
    """Keep a secret in every table that has some; return the tenant's key and a token key's id."""
    acme = await edge.tenant("acme")
    account = {
        "channel": "sandbox",
        "name": "Sandbox",
        "assets": ["CNY"],
        "methods": ["sandbox"],
        "settings": {},
        "secrets": {"signing_key": "a key of the sandbox"},
    }
    await acme.do("POST", "/v1/channel-accounts", account)
    pinned = await acme.do("POST", "/v1/token-keys", {"algorithm": "HS256", "secret": SECRET})
    webhook = await acme.do(
        "POST", "/v1/webhooks", {"url": "https://example.com/hook", "kinds": ["tip.sent"]}
    )
    await acme.do("POST", f"/v1/webhooks/{webhook['webhook']}/secret", {})
    mail = {
        "host": "mail.example.com",
        "port": 465,
        "security": "tls",
        "username": "acme",
        "password": "hush",
        "from_address": "shows@example.com",
        "from_name": "Acme",
    }
    await acme.do("PUT", "/v1/mail-server", mail)
    server = {
        "kind": "srs",
        "name": "SRS",
        "settings": {"urls": ["https://srs.example.com/live/{name}.flv"]},
        "secrets": {"api_password": "hush"},
    }
    await acme.do("POST", "/v1/media-servers", server)
    assert acme.credential is not None
    return acme.credential, pinned["id"]


async def works(edge: UnderTest, credential: str, kid: str) -> bool:
    """Tell whether a token is admitted whose key was pinned before."""
    caller = Caller(edge.client, edge.token(kid=kid, secret=SECRET))
    answer = await caller.send("GET", "/v1/payments")
    own = await Caller(edge.client, credential).send("GET", "/v1/channel-accounts")
    assert own.status_code == 200, own.text
    return answer.status_code == 200


async def test_an_old_key_opens_until_all_is_sealed_anew(database_url: str, tmp_path: Path) -> None:
    async with house(database_url, tmp_path, OLD) as edge:
        credential, kid = await filled(edge)
    async with house(database_url, tmp_path, NEW, beside=OLD) as edge:
        assert await works(edge, credential, kid)
        done = await reseal(edge.house)
        assert {one.table: (one.changed, one.lost) for one in done} == dict.fromkeys(TABLES, (1, []))
        assert sum(one.changed for one in await reseal(edge.house)) == 0
    async with house(database_url, tmp_path, NEW) as edge:
        assert await works(edge, credential, kid)
        assert {tuple(one.lost) for one in await reseal(edge.house)} == {()}


async def test_what_no_key_opens_is_told_and_stays(database_url: str, tmp_path: Path) -> None:
    async with house(database_url, tmp_path, OLD) as edge:
        credential, kid = await filled(edge)
    async with house(database_url, tmp_path, NEW) as edge:
        found = {one.table: one.lost for one in await reseal(edge.house)}
        assert found.keys() == TABLES
        assert all(found.values())
        assert found["identity.token_key"] == [f"token_key/{kid}"]
    async with house(database_url, tmp_path, OLD) as edge:
        assert await works(edge, credential, kid)


@pytest.mark.parametrize(("beside", "status"), [(OLD, 200), ("", 404)])
async def test_a_cashiers_link_of_before_is_good_while_its_key_is_there(
    database_url: str, tmp_path: Path, beside: str, status: int
) -> None:
    async with house(database_url, tmp_path, OLD) as edge:
        acme = await edge.tenant("acme")
        pack = {"price_asset": "CNY", "price_minor": 1200, "amount_minor": 120}
        await acme.do("PUT", "/v1/packs/small", pack)
        topup = await acme.do("POST", "/v1/topups", {"viewer": "v1", "pack": "small"})
        link = (await acme.do("POST", "/v1/payments", {"due": topup["due"]}))["cashier_url"]
    async with house(database_url, tmp_path, NEW, beside=beside) as edge:
        assert (await edge.client.get(link)).status_code == status
