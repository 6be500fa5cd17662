"""Tickets as their holders see them."""

# ruff: noqa: S608 - only constants of this file are put into statements

from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4, Int8

TicketState: TypeAlias = Literal["valid", "returned"]

_TICKET: Final = '"order", seat, show, holder, state, transferred'


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A seat of a paid order, and whose it is."""

    order: int
    seat: int
    show: str
    holder: str
    state: TicketState
    transferred: bool


async def select_ticket(conn: Connection, *, tenant_id: int, order: int, seat: int) -> Ticket | None:
    """Return a ticket, None where there is none. Whoever changes it holds its booking."""
    cursor = await conn.execute(
        f'SELECT {_TICKET} FROM presale.ticket WHERE tenant_id = %s AND "order" = %s AND seat = %s',
        (Int4(tenant_id), Int8(order), seat),
    )
    row = await cursor.fetchone()
    return None if row is None else _ticket(*row)


async def hand_on(conn: Connection, *, tenant_id: int, order: int, seat: int, holder: str) -> None:
    """Write that a ticket has another holder now."""
    await conn.execute(
        "UPDATE presale.ticket SET holder = %s, transferred = true"
        ' WHERE tenant_id = %s AND "order" = %s AND seat = %s',
        (holder, Int4(tenant_id), Int8(order), seat),
    )


async def select_tickets(
    conn: Connection, *, tenant_id: int, holder: str, before: tuple[int, int], limit: int
) -> list[Ticket]:
    """Return a holder's tickets, newest first, before an order and seat."""
    cursor = await conn.execute(
        f'SELECT {_TICKET} FROM presale.ticket WHERE tenant_id = %s AND holder = %s AND ("order", seat)'
        ' < (%s, %s) ORDER BY "order" DESC, seat DESC LIMIT %s',
        (Int4(tenant_id), holder, Int8(before[0]), before[1], limit),
    )
    return [_ticket(*row) for row in await cursor.fetchall()]


def _ticket(*row: Any) -> Ticket:  # noqa: ANN401 - the columns of _TICKET
    order, seat, show, holder, state, transferred = row
    return Ticket(order=order, seat=seat, show=show, holder=holder, state=state, transferred=transferred)
