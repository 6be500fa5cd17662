"""Codes of offers: saved by table commands, loaded as reference rows, listed by offer."""

# ruff: noqa: S608 - only constants of this file are put into statements

from collections.abc import Mapping, Sequence
from typing import Any

from plaudit.features.presale.model.offers import Code, code_key
from plaudit.platform import packing
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4

_CODE = "offer, code, revision, enabled, reserved, uses_max"


async def lock_code(conn: Connection, *, tenant_id: int, offer: str, code: str) -> Code | None:
    """Return a code that nobody else changes before this transaction ends, None where there is none."""
    cursor = await conn.execute(
        f"SELECT {_CODE} FROM presale.code WHERE tenant_id = %s AND offer = %s AND code = %s"
        " FOR NO KEY UPDATE",
        (Int4(tenant_id), offer, code),
    )
    row = await cursor.fetchone()
    return None if row is None else _code(*row)


async def insert_code(conn: Connection, *, tenant_id: int, code: Code) -> None:
    """Insert a code. Raises a unique violation when somebody else has just done so."""
    await conn.execute(
        f"INSERT INTO presale.code (tenant_id, {_CODE}) VALUES (%s, %s, %s, %s, %s, %s, %s)",
        (
            Int4(tenant_id),
            code.offer,
            code.code,
            code.revision,
            code.enabled,
            code.reserved,
            code.uses_max,
        ),
    )


async def update_code(conn: Connection, *, tenant_id: int, code: Code) -> None:
    """Write a code that this transaction has locked."""
    await conn.execute(
        "UPDATE presale.code SET revision = %s, enabled = %s, reserved = %s, uses_max = %s"
        " WHERE tenant_id = %s AND offer = %s AND code = %s",
        (code.revision, code.enabled, code.reserved, code.uses_max, Int4(tenant_id), code.offer, code.code),
    )


async def load_codes(conn: Connection, tenant_id: int, keys: Sequence[str]) -> Mapping[str, Code]:
    """Return those of the codes that were saved, by `code_key`."""
    parts = [key.partition("/") for key in keys]
    cursor = await conn.execute(
        f"SELECT {_CODE} FROM presale.code WHERE tenant_id = %s"
        " AND (offer, code) IN (SELECT v.offer, v.code FROM unnest(%s, %s) AS v (offer, code))",
        (
            Int4(tenant_id),
            packing.texts([offer for offer, _, _ in parts]),
            packing.texts([code for _, _, code in parts]),
        ),
    )
    found = [_code(*row) for row in await cursor.fetchall()]
    return {code_key(offer=one.offer, code=one.code): one for one in found}


async def opens_any(conn: Connection, *, tenant_id: int, show: str, code: str) -> bool:
    """Tell whether a code is good for any offer of a show."""
    cursor = await conn.execute(
        "SELECT FROM presale.offer o JOIN presale.code c ON c.tenant_id = o.tenant_id AND c.offer = o.offer"
        " WHERE o.tenant_id = %s AND o.show = %s AND c.code = %s AND c.enabled LIMIT 1",
        (Int4(tenant_id), show, code),
    )
    return await cursor.fetchone() is not None


async def select_codes(conn: Connection, *, tenant_id: int, offer: str, after: str, limit: int) -> list[Code]:
    """Return the codes of an offer by name, those after a name."""
    cursor = await conn.execute(
        f"SELECT {_CODE} FROM presale.code WHERE tenant_id = %s AND offer = %s AND code > %s"
        " ORDER BY code LIMIT %s",
        (Int4(tenant_id), offer, after, limit),
    )
    return [_code(*row) for row in await cursor.fetchall()]


def _code(*row: Any) -> Code:  # noqa: ANN401 - the columns of _CODE
    offer, code, revision, enabled, reserved, uses_max = row
    return Code(
        offer=offer, code=code, revision=revision, enabled=enabled, reserved=reserved, uses_max=uses_max
    )
