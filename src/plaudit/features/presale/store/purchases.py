"""The projection of orders: one row each, straight from the facts between two positions."""

# ruff: noqa: S608 - only constants of this file are put into statements

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4, Int8
from plaudit.vocabulary.facts.tickets import OrderMode

PROJECTION: Final = "presale.purchases"
"""The name of the subscription that keeps this table."""

PurchaseState: TypeAlias = Literal["reserved", "pledged", "issued", "ended", "forfeited", "returned"]

_SPAN: Final = " FROM journal.fact f WHERE f.tenant_id = %s AND f.position > %s AND f.position <= %s"

_ORDERED: Final = (
    'INSERT INTO presale.purchase (tenant_id, "order", viewer, show, offer, mode, quantity, asset, total,'
    " state, held_until, at) SELECT f.tenant_id, f.position, f.data ->> 'payer', f.data ->> 'show',"
    " f.data ->> 'offer', f.data ->> 'mode', (f.data ->> 'quantity')::integer, f.data ->> 'asset',"
    " (f.data ->> 'total_minor')::bigint, 'reserved', (f.data ->> 'held_until')::timestamptz, f.at"
    f"{_SPAN} AND f.kind = 'ticket.ordered'"
)
# Of each order the last fact of a span says how far it is; a refund of all seats is the end of it.
_MOVED: Final = (
    'UPDATE presale.purchase p SET state = last.state FROM (SELECT DISTINCT ON (v."order") v."order", v.state'
    " FROM (SELECT (f.data ->> 'order')::bigint AS \"order\", f.position, CASE f.kind"
    " WHEN 'ticket.deposited' THEN 'pledged' WHEN 'ticket.pledged' THEN 'pledged'"
    " WHEN 'ticket.issued' THEN 'issued' WHEN 'ticket.forfeited' THEN 'forfeited' ELSE 'ended' END AS state"
    f"{_SPAN} AND f.kind IN ('ticket.deposited', 'ticket.pledged', 'ticket.issued', 'ticket.forfeited',"
    " 'ticket.order.ended')) v ORDER BY v.\"order\", v.position DESC) AS last"
    ' WHERE p.tenant_id = %s AND p."order" = last."order"'
)
_REFUNDED: Final = (
    "UPDATE presale.purchase p SET refunded = back.refunded, returned = p.returned + back.seats,"
    " state = CASE WHEN p.returned + back.seats >= p.quantity THEN 'returned' ELSE p.state END"
    " FROM (SELECT (f.data ->> 'order')::bigint AS \"order\", max((f.data ->> 'refunded_minor')::bigint)"
    " AS refunded, sum((f.data ->> 'quantity')::integer) AS seats"
    f"{_SPAN} AND f.kind = 'ticket.refunded' GROUP BY 1) AS back"
    ' WHERE p.tenant_id = %s AND p."order" = back."order"'
)

_PURCHASE: Final = (
    '"order", viewer, show, offer, mode, quantity, asset, total, state, refunded, returned, held_until, at'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """An order as the projection has it; `returned` seats of it have gone back."""

    order: int
    viewer: str
    show: str
    offer: str
    mode: OrderMode
    quantity: int
    asset: str
    total_minor: int
    state: PurchaseState
    refunded_minor: int
    returned: int
    held_until: datetime
    at: datetime


async def apply_facts(conn: Connection, *, tenant_id: int, after: int, upto: int) -> None:
    """Bring the projection over the facts between two positions."""
    span = (Int4(tenant_id), Int8(after), Int8(upto))
    await conn.execute(_ORDERED, span)
    await conn.execute(_MOVED, (*span, Int4(tenant_id)))
    await conn.execute(_REFUNDED, (*span, Int4(tenant_id)))


async def select_purchase(conn: Connection, *, tenant_id: int, order: int) -> Purchase | None:
    """Return an order, None where the projection has none."""
    cursor = await conn.execute(
        f'SELECT {_PURCHASE} FROM presale.purchase WHERE tenant_id = %s AND "order" = %s',
        (Int4(tenant_id), Int8(order)),
    )
    row = await cursor.fetchone()
    return None if row is None else _purchase(*row)


async def select_purchases(
    conn: Connection,
    *,
    tenant_id: int,
    viewer: str | None,
    show: str | None,
    before: int,
    limit: int,
) -> list[Purchase]:
    """Return orders, newest first, before a position: of a viewer, of a show, as far as they are given."""
    given = [(column, value) for column, value in (("viewer", viewer), ("show", show)) if value is not None]
    filtered = "".join(f" AND {column} = %s" for column, _ in given)
    cursor = await conn.execute(
        f'SELECT {_PURCHASE} FROM presale.purchase WHERE tenant_id = %s AND "order" < %s{filtered}'
        ' ORDER BY "order" DESC LIMIT %s',
        (Int4(tenant_id), Int8(before), *(value for _, value in given), limit),
    )
    return [_purchase(*row) for row in await cursor.fetchall()]


def _purchase(*row: Any) -> Purchase:  # noqa: ANN401 - the columns of _PURCHASE
    order, viewer, show, offer, mode, quantity, asset, total, state, refunded, returned, held_until, at = row
    return Purchase(
        order=order,
        viewer=viewer,
        show=show,
        offer=offer,
        mode=mode,
        quantity=quantity,
        asset=asset,
        total_minor=total,
        state=state,
        refunded_minor=refunded,
        returned=returned,
        held_until=held_until,
        at=at,
    )
