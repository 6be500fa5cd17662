"""What `bench callbacks` needs in a server before it loads it: a merchant account, and payments that wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from msgspec import Struct

from plaudit.app.assembly import assembled, open_tenant
from plaudit.app.bench.outfit import LANES, Sender, each
from plaudit.app.drive.client import Client
from plaudit.app.simulate.books import Merchant
from plaudit.app.simulate.wechat.merchants import new_facts
from plaudit.core.commands import tenants
from plaudit.kernel.ids import DIGITS, encode_id
from plaudit.platform import packing
from plaudit.platform.db import Connection, Database
from plaudit.platform.settings import Settings

PRICE_MINOR: Final = 1_200
COINS: Final = 120
_SLUG: Final = "bench"
_CHANCE: Final = "QGTSSK7H"
_PACK: Final = "small"
_VIEWERS: Final = 20_000
_RATE_PER_S: Final = 1_000_000
_AHEAD: Final = timedelta(hours=2)

_INTENTS: Final = (
    "INSERT INTO payments.intent (tenant_id, due, due_kind, payer, asset, amount, title_en, title_zh, state,"
    " attempts, opened_at, expires_at)"
    " SELECT f.tenant_id, f.position, f.kind, f.data ->> 'payer', f.data ->> 'asset',"
    " (f.data ->> 'amount_minor')::bigint, f.data ->> 'title_en', f.data ->> 'title_zh', 'processing', 1,"
    " %s, %s"
    " FROM journal.fact f WHERE f.tenant_id = %s AND f.position > %s AND f.kind = 'topup.ordered'"
    " RETURNING number, payer"
)
_ATTEMPTS: Final = (
    "INSERT INTO payments.attempt (tenant_id, intent, attempt, account, channel, method, number, asset,"
    " amount, state, opened_at, ask_at)"
    " SELECT %s, u.intent, 1, %s, 'wechat', 'native', u.number, 'CNY', %s, 'open', %s, %s"
    " FROM unnest(%s, %s) AS u (intent, number)"
)


class Shop(Struct, frozen=True, kw_only=True):
    """A tenant with a merchant account at WeChat Pay: who signs, and where callbacks go.

    `first` is the key that may do everything.
    """

    tenant_id: int
    first: str
    key: str
    merchant: Merchant
    account: int
    path: str


async def open_shop(*, url: str, settings: Settings, database_url: str, slug: str = _SLUG) -> Shop:
    """Open a tenant, its merchant account and a pack. Raises outfit.OutfitError."""
    merchant = Merchant(
        id="1900000001",
        mode="public_key",
        fee_rate="0.6%",
        refunds="soon",
        bills="next_morning",
        facts=new_facts({"mchid": "1900000001"}, number=1, now=datetime.now(UTC)),
    )
    async with assembled(settings, url=database_url) as house:
        first = await open_tenant(house, slug=slug, name="Bench")
        async with house.database.connection() as conn:
            tenant_id = next(one.tenant_id for one in await tenants.tenants(conn) if one.slug == slug)
    async with Client(url=url, connections=1, headers={"Authorization": f"Bearer {first}"}) as client:
        sender = Sender(client)
        made = await sender.send("POST", "/v1/channel-accounts", body=_account(merchant))
        await sender.send(
            "PUT",
            f"/v1/packs/{_PACK}",
            body={
                "price_asset": "CNY",
                "price_minor": PRICE_MINOR,
                "asset": "coin",
                "amount_minor": COINS,
                "on_sale": True,
            },
        )
        key = await sender.send(
            "POST",
            "/v1/api-keys",
            body={"name": "load", "scopes": ["topup.order"], "rate_per_second": _RATE_PER_S},
        )
    async with (
        Database.open(database_url, pool_max=1, listen=False) as database,
        database.connection() as conn,
    ):
        account = await _account_number(conn, tenant_id=tenant_id)
    return Shop(
        tenant_id=tenant_id,
        first=first,
        key=key["key"],
        merchant=merchant,
        account=account,
        path=f"/v1/callbacks/wechat/{made['account']}",
    )


async def open_orders(
    *, url: str, database_url: str, shop: Shop, count: int, mark: str, viewer: str = "v"
) -> dict[str, str]:
    """Order `count` packs over HTTP and give each an open attempt; returns who pays, by our order numbers.

    Viewers' ids are `viewer` and a number. Intents and attempts are put there as rows: how they come to be
    is not what is measured.
    """
    async with Database.open(database_url, pool_max=1, listen=False) as database:
        async with database.connection() as conn:
            head = await _head(conn, tenant_id=shop.tenant_id)
        headers = {"Authorization": f"Bearer {shop.key}"}
        async with Client(url=url, connections=LANES, headers=headers) as client:
            sender = Sender(client, mark=mark)
            await each(
                lambda number: sender.send(
                    "POST", "/v1/topups", body={"viewer": f"{viewer}{number % _VIEWERS}", "pack": _PACK}
                ),
                range(count),
            )
        async with database.transaction() as tx:
            return await _attempted(tx, shop=shop, after=head)


async def notified_and_credited(*, database_url: str, tenant_id: int) -> tuple[int, int]:
    """Return how many payments channels have told of, and how many were put into wallets."""
    async with (
        Database.open(database_url, pool_max=1, listen=False) as database,
        database.connection() as conn,
    ):
        cursor = await conn.execute(
            "SELECT count(*) FILTER (WHERE kind = 'payment.notified'),"
            " count(*) FILTER (WHERE kind = 'topup.credited') FROM journal.fact WHERE tenant_id = %s",
            (packing.Int4(tenant_id),),
        )
        row = await cursor.fetchone()
    assert row is not None
    return row[0], row[1]


def _account(merchant: Merchant) -> dict[str, Any]:
    facts = merchant.facts
    return {
        "channel": "wechat",
        "name": "WeChat Pay",
        "assets": ["CNY"],
        "methods": ["native"],
        "settings": {
            "mchid": facts["mchid"],
            "appid": facts["appid"],
            "serial_no": facts["serial_no"],
            "public_key_id": facts["public_key_id"],
            "base_url": "https://127.0.0.1:9",
        },
        "secrets": {
            "private_key_pem": facts["private_key"],
            "apiv3_key": facts["apiv3_key"],
            "public_key_pem": facts["public_key"],
        },
    }


async def _account_number(conn: Connection, *, tenant_id: int) -> int:
    cursor = await conn.execute(
        "SELECT number FROM payments.account WHERE tenant_id = %s", (packing.Int4(tenant_id),)
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def _head(conn: Connection, *, tenant_id: int) -> int:
    cursor = await conn.execute(
        "SELECT position FROM journal.head WHERE tenant_id = %s", (packing.Int4(tenant_id),)
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def _attempted(tx: Connection, *, shop: Shop, after: int) -> dict[str, str]:
    now = datetime.now(UTC)
    tenant = packing.Int4(shop.tenant_id)
    cursor = await tx.execute(_INTENTS, (now, now + _AHEAD, tenant, packing.Int8(after)))
    payers: dict[int, str] = dict(await cursor.fetchall())
    numbers = {f"P{encode_id('P', intent)[-DIGITS:]}01{_CHANCE}": payer for intent, payer in payers.items()}
    await tx.execute(
        _ATTEMPTS,
        (
            tenant,
            packing.Int8(shop.account),
            packing.Int8(PRICE_MINOR),
            now,
            now + _AHEAD,
            packing.int8s(list(payers)),
            packing.texts(list(numbers)),
        ),
    )
    return numbers
