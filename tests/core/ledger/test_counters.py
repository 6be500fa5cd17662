"""Counters as they are shown: read without locks, many at once."""

from __future__ import annotations

from datetime import timedelta

from plaudit.core.ledger import counters
from plaudit.core.ledger.book import Use, Window
from plaudit.core.ledger.reversals import unending
from tests.kit.house import BEGINNING, House, credit, tip


async def test_counters_are_read_by_window_and_those_never_opened_are_at_nothing(house: House) -> None:
    today = Window("viewer/v1/day", BEGINNING, BEGINNING + timedelta(days=1))
    tomorrow = Window("viewer/v1/day", today.ends, today.ends + timedelta(days=1))
    ever, never = unending("viewer/v1/ever"), unending("viewer/v1/never")
    await house.corridor.submit(credit(house.tenant_id, viewer="v1", amount_minor=100, key="credit"))
    for key, uses in (("a", (Use(today, 30), Use(ever, 1))), ("b", (Use(today, 20), Use(ever, 1)))):
        await house.corridor.submit(
            tip(house.tenant_id, viewer="v1", creator="c1", amount_minor=10, key=key, uses=uses)
        )
    async with house.database.connection() as conn:
        shown = await counters.used(conn, tenant_id=house.tenant_id, windows=[never, tomorrow, ever, today])
        elsewhere = await counters.used(conn, tenant_id=house.tenant_id + 1, windows=[today])
        nothing = await counters.used(conn, tenant_id=house.tenant_id, windows=[])
    assert shown == {never: 0, tomorrow: 0, ever: 2, today: 50}
    assert elsewhere == {today: 0}
    assert nothing == {}
