"""Offers: saved by table commands, loaded as reference rows, listed by show."""

# ruff: noqa: S608 - only constants of this file are put into statements

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from plaudit.features.presale.model.offers import Offer
from plaudit.platform import packing
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4
from plaudit.vocabulary.facts.offers import BundleItem, DepositTerms, GroupTerms, PriceStep

_OFFER = (
    "offer, revision, show, zone, asset, stock, steps, rights, on_sale, hidden, transferable, hold_s,"
    " per_order, per_person, deposit, group_terms, bundle, waiting, waiting_s"
)


async def lock_offer(conn: Connection, *, tenant_id: int, offer: str) -> Offer | None:
    """Return an offer that nobody else changes before this transaction ends, None where there is none."""
    cursor = await conn.execute(
        f"SELECT {_OFFER} FROM presale.offer WHERE tenant_id = %s AND offer = %s FOR NO KEY UPDATE",
        (Int4(tenant_id), offer),
    )
    row = await cursor.fetchone()
    return None if row is None else _offer(row)


async def insert_offer(conn: Connection, *, tenant_id: int, offer: Offer) -> None:
    """Insert an offer. Raises a unique violation when somebody else has just done so."""
    await conn.execute(
        f"INSERT INTO presale.offer (tenant_id, {_OFFER})"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            Int4(tenant_id),
            offer.id,
            offer.revision,
            offer.show,
            offer.zone,
            offer.asset,
            *_terms(offer),
        ),
    )


async def update_offer(conn: Connection, *, tenant_id: int, offer: Offer) -> None:
    """Write an offer that this transaction has locked; its show and asset never change."""
    await conn.execute(
        "UPDATE presale.offer SET revision = %s, zone = %s, stock = %s, steps = %s, rights = %s,"
        " on_sale = %s, hidden = %s, transferable = %s, hold_s = %s, per_order = %s, per_person = %s,"
        " deposit = %s, group_terms = %s, bundle = %s, waiting = %s, waiting_s = %s"
        " WHERE tenant_id = %s AND offer = %s",
        (offer.revision, offer.zone, *_terms(offer), Int4(tenant_id), offer.id),
    )


async def load_offers(conn: Connection, tenant_id: int, keys: Sequence[str]) -> Mapping[str, Offer]:
    """Return those of the offers that were saved."""
    cursor = await conn.execute(
        f"SELECT {_OFFER} FROM presale.offer WHERE tenant_id = %s AND offer = ANY(%s)",
        (Int4(tenant_id), packing.texts(keys)),
    )
    return {row[0]: _offer(row) for row in await cursor.fetchall()}


async def select_offers(
    conn: Connection,
    *,
    tenant_id: int,
    show: str,
    hidden: bool,
    code: str | None,
    after: str,
    limit: int,
) -> list[Offer]:
    """Return the offers of a show by name, those after a name.

    Of the hidden ones all with `hidden`, else those that the code opens.
    """
    cursor = await conn.execute(
        f"SELECT {_OFFER} FROM presale.offer o WHERE o.tenant_id = %s AND o.show = %s AND o.offer > %s"
        " AND (%s OR NOT o.hidden OR EXISTS (SELECT FROM presale.code c WHERE c.tenant_id = o.tenant_id"
        " AND c.offer = o.offer AND c.code = %s AND c.enabled)) ORDER BY o.offer LIMIT %s",
        (Int4(tenant_id), show, after, hidden, code, limit),
    )
    return [_offer(row) for row in await cursor.fetchall()]


def _terms(offer: Offer) -> tuple[Any, ...]:
    """Return the columns from `stock` on."""
    return (
        offer.stock,
        Jsonb(msgspec.to_builtins(offer.steps)),
        list(offer.rights),
        offer.on_sale,
        offer.hidden,
        offer.transferable,
        offer.hold_s,
        offer.per_order_max,
        offer.per_person_max,
        None if offer.deposit is None else Jsonb(msgspec.to_builtins(offer.deposit)),
        None if offer.group is None else Jsonb(msgspec.to_builtins(offer.group)),
        Jsonb(msgspec.to_builtins(offer.bundle)),
        offer.waiting,
        offer.waiting_s,
    )


def _offer(row: tuple[Any, ...]) -> Offer:
    (
        offer,
        revision,
        show,
        zone,
        asset,
        stock,
        steps,
        rights,
        on_sale,
        hidden,
        transferable,
        hold_s,
        per_order,
        per_person,
        deposit,
        group,
        bundle,
        waiting,
        waiting_s,
    ) = row
    return Offer(
        id=offer,
        revision=revision,
        show=show,
        zone=zone,
        asset=asset,
        stock=stock,
        steps=msgspec.convert(steps, tuple[PriceStep, ...]),
        rights=tuple(rights),
        on_sale=on_sale,
        hidden=hidden,
        transferable=transferable,
        hold_s=hold_s,
        per_order_max=per_order,
        per_person_max=per_person,
        deposit=msgspec.convert(deposit, DepositTerms | None),
        group=msgspec.convert(group, GroupTerms | None),
        bundle=msgspec.convert(bundle, tuple[BundleItem, ...]),
        waiting=waiting,
        waiting_s=waiting_s,
    )
