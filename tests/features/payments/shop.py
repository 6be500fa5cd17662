"""A tenant that is paid through channels: amounts due, merchant accounts, and callbacks that come back."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt

from plaudit.app.assembly import FEATURES
from plaudit.core.commands import tenants
from plaudit.core.commands.command import Command, Grant, Plan
from plaudit.core.feature import Feature
from plaudit.core.journal.facts import Fact, canonical
from plaudit.core.ledger.book import Decision
from plaudit.kernel.actor import Actor
from plaudit.kernel.ids import encode_id
from plaudit.vocabulary.facts.dues import AmountDue
from plaudit.vocabulary.facts.wallets import TopupOrdered
from tests.app.edge import Caller, UnderTest, under_test
from tests.kit.clock import StageClock

SECRET = "0123456789abcdef" * 4
SIGNING_KEY = "a key of the sandbox"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEPT_MINUTES = 15


@dataclass(slots=True)
class Shop:
    """A tenant behind the edge, whose callbacks to itself arrive without a socket."""

    edge: UnderTest
    acme: Caller
    tenant_id: int
    clock: StageClock
    numbers: Iterator[int] = field(default_factory=itertools.count)

    async def due(self, amount_minor: int = 1_200, *, payer: str = "v1", asset: str = "CNY") -> str:
        """Have something ordered whose price is due within 15 minutes, and return the due's id."""
        data: AmountDue = TopupOrdered(
            payer=payer,
            asset=asset,
            amount_minor=amount_minor,
            due_until=self.clock.now() + timedelta(minutes=KEPT_MINUTES),
            title_en="120 coins",
            title_zh="120 金币",
            pack="small",
            pack_revision=1,
            topup_asset="coin",
            topup_minor=120,
        )
        decision = Decision(Fact(f"viewer/{payer}", data))
        key = f"due-{next(self.numbers)}"
        command = Command(
            action="test.order",
            permission="topup.order",
            grant=Grant(self.tenant_id, Actor("app", "shop"), frozenset({"topup.order"})),
            key=key,
            content=canonical(key),
            plan=lambda _: Plan(lambda _book: decision),
        )
        outcome = await self.edge.house.corridor.submit(command)
        return encode_id("due", outcome.position)

    async def account(self, **fields: Any) -> str:  # noqa: ANN401 - the fields of the body
        """Make an account at the sandbox, and return its id."""
        made = await self.acme.do("POST", "/v1/channel-accounts", account_body(**fields))
        account: str = made["account"]
        return account

    async def open(self, due: str | None = None, **fields: Any) -> Any:  # noqa: ANN401 - JSON
        """Open a payment for an amount due, a new one where none is named."""
        return await self.acme.do("POST", "/v1/payments", {"due": due or await self.due(), **fields})

    async def attempt(self, payment: str, *, key: str = "", **fields: Any) -> Any:  # noqa: ANN401 - JSON
        """Attempt a payment."""
        return await self.acme.do("POST", f"/v1/payments/{payment}/attempts", fields, key=key)

    async def show(self, payment: str) -> Any:  # noqa: ANN401 - JSON
        """Return a payment as the tenant sees it."""
        return await self.acme.get(f"/v1/payments/{payment}")

    async def act(self, payment: str, act: str) -> Any:  # noqa: ANN401 - JSON
        """Play the payer at the sandbox."""
        return await self.acme.do("POST", f"/v1/payments/{payment}/sandbox", {"act": act})

    async def kinds(self, payment: str) -> list[str]:
        """Return the kinds of the facts about a payment, in order."""
        facts = (await self.acme.get("/v1/facts", limit=1000))["facts"]
        return [one["kind"] for one in facts if one["subject"] == f"payment/{payment}"]

    def viewer(self, name: str, *, kid: str) -> Caller:
        """Return a caller with a viewer's token."""
        now = int(self.clock.now().timestamp())
        said = {"iss": "acme", "sub": name, "role": "viewer", "iat": now, "exp": now + 600}
        return self.edge.caller(jwt.encode(said, SECRET, algorithm="HS256", headers={"kid": kid}))


def account_body(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - the fields of the body
    """Return the body of a new account at the sandbox."""
    body: dict[str, Any] = {
        "channel": "sandbox",
        "name": "Sandbox",
        "assets": ["CNY"],
        "methods": ["sandbox"],
        "settings": {},
        "secrets": {"signing_key": SIGNING_KEY},
    }
    return {name: value for name, value in (body | fields).items() if value is not None}


@asynccontextmanager
async def open_shop(
    database_url: str, folder: Path, *, features: tuple[Feature, ...] = FEATURES, **environ: str
) -> AsyncIterator[Shop]:
    """Open a tenant on a clock to drive; callbacks that the house sends arrive at its own edge."""
    clock = StageClock(NOON)
    async with under_test(database_url, folder, clock=clock, features=features, **environ) as edge:
        acme = await edge.tenant("acme")
        async with edge.house.database.connection() as conn:
            (tenant,) = await tenants.tenants(conn)
        yield Shop(edge, acme, tenant.tenant_id, clock)
