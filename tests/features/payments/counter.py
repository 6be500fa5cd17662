"""A shop whose channels are tills, alone with payments: the test plays the feature whose dues are paid."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import msgspec
import pytest

from plaudit.app.assembly import House
from plaudit.core import audit
from plaudit.core.commands.command import Command, Grant, Plan
from plaudit.core.journal.facts import Fact
from plaudit.core.journal.subscriptions import catch_up
from plaudit.core.ledger.book import Decision, Transfer
from plaudit.features.identity.feature import FEATURE as IDENTITY
from plaudit.features.payments import schedule
from plaudit.features.payments.feature import FEATURE as PAYMENTS
from plaudit.features.payments.model.accounts import account_of
from plaudit.features.payments.providers import CHANNELS, Kind
from plaudit.features.risk.feature import FEATURE as RISK
from plaudit.kernel.actor import Actor
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.base import FactData
from plaudit.vocabulary.facts.dues import DueKept, DueRejected, DueReturned, DueRevoked
from tests.app.edge import Caller, settled
from tests.features.payments.shop import Shop, open_shop
from tests.features.payments.till import Bank, TillSecrets, TillSettings, maker
from tests.kit.books import read_books

WORD = "the word of the till"
PRICE = 1_200
Answer: TypeAlias = DueReturned | DueKept | DueRejected | DueRevoked
METHODS = {"wechat": "native", "alipay": "page"}


@dataclass(slots=True)
class Counter:
    """A shop with a till for WeChat and one for Alipay."""

    shop: Shop
    bank: Bank
    accounts: dict[str, str] = field(default_factory=dict)

    @property
    def house(self) -> House:
        return self.shop.edge.house

    async def bought(self, channel: str = "wechat") -> tuple[str, str]:
        """Order something and attempt to pay it; return the payment and our order number."""
        payment: str = (await self.shop.open())["payment"]
        return payment, await self.attempt(payment, channel)

    async def attempt(self, payment: str, channel: str = "wechat") -> str:
        """Attempt a payment at a channel and return our order number there."""
        made = await self.shop.attempt(payment, account=self.accounts[channel])
        number: str = made["number"]
        return number

    async def call_back(
        self,
        number: str,
        told: str = "paid",
        *,
        channel: str = "wechat",
        **changes: Any,  # noqa: ANN401 - the fields of a notice
    ) -> httpx.Response:
        """Send a callback as the channel does; `changes` are to what it says, or to `word` and `account`."""
        account = changes.pop("account", self.accounts[channel])
        word = changes.pop("word", WORD)
        at = changes.pop("at", self.shop.clock.now())
        said: dict[str, Any] = {
            "told": told,
            "number": number,
            "transaction": "T1",
            "asset": "CNY",
            "amount_minor": PRICE,
            "payer": "o-payer",
            "merchant": account_of(account)[1],
            "at": at.isoformat(),
        }
        return await self.shop.edge.client.post(
            f"/v1/callbacks/{channel}/{account}",
            content=msgspec.json.encode(said | changes),
            headers={"Till-Word": word, "Content-Type": "text/plain"},
        )

    async def paid(self, channel: str = "wechat") -> tuple[str, str]:
        """Have something bought and paid for; return the payment and our order number."""
        payment, number = await self.bought(channel)
        self.bank.pay(number, transaction=f"T-{number}")
        answer = await self.call_back(number, channel=channel, transaction=f"T-{number}")
        assert answer.content == b"success", answer.text
        await self.caught_up()
        assert await self.state(payment) == "succeeded"
        return payment, number

    async def caught_up(self) -> None:
        """Bring every follower of the journal to its head."""
        house = self.house
        await catch_up(database=house.database, subscriptions=house.subscriptions, clock=house.clock)

    async def tidy(self) -> None:
        """Do what is due on time, and let it have its effects."""
        await schedule.tidy(self.house)
        await self.caught_up()

    async def state(self, payment: str) -> str:
        state: str = (await self.shop.show(payment))["state"]
        return state

    async def refund(
        self, payment: str, amount_minor: int | None = None, *, caller: Caller | None = None
    ) -> Any:  # noqa: ANN401 - JSON
        """Ask for a refund, and let it go on by itself as far as it does."""
        body = {"reason": "not as described", "amount_minor": amount_minor}
        body = {name: value for name, value in body.items() if value is not None}
        done = await (caller or self.shop.acme).do("POST", f"/v1/payments/{payment}/refunds", body)
        await self.caught_up()
        return done

    async def refund_state(self, refund: str) -> str:
        state: str = (await self.shop.acme.get(f"/v1/refunds/{refund}"))["state"]
        return state

    async def refund_becomes(self, refund: str, state: str) -> None:
        """Wait for the job that sends a refund, and for its effects."""

        async def is_there() -> bool:
            await self.caught_up()
            return await self.refund_state(refund) == state

        await settled(is_there)

    async def until_sent(self) -> None:
        """Wait until a refund has arrived at a channel."""

        async def has_arrived() -> bool:
            return bool(self.bank.sent)

        await settled(has_arrived)

    async def only_refund(self, payment: str) -> Any:  # noqa: ANN401 - JSON
        """Return the one refund that a payment has."""
        (one,) = (await self.shop.acme.get("/v1/refunds", payment=payment))["items"]
        return one

    async def answer(self, data: Answer, *transfers: Transfer) -> None:
        """Play the feature whose due it was, and let it have its effects."""
        await self.say(data, *transfers)
        await self.caught_up()

    async def say(self, data: Answer, *transfers: Transfer) -> None:
        """Play the feature whose due it was."""
        decision = Decision(Fact(f"payment/{data.payment}", data), transfers)
        accounts = tuple(address for one in transfers for address in (one.source, one.destination))
        key = f"{data.KIND}/{next(self.shop.numbers)}"
        command = Command(
            action="test.answer",
            permission="test",
            grant=Grant(self.shop.tenant_id, Actor("system", "shop"), frozenset({"test"})),
            key=key,
            content=key.encode(),
            plan=lambda _: Plan(lambda _book: decision, accounts),
        )
        await self.house.corridor.submit(command)

    async def give_back(self, refund: dict[str, Any]) -> None:
        """Say that what was sold was taken back; the money never left clearing here."""
        await self.answer(await self.returned(refund))

    async def returned(self, refund: dict[str, Any]) -> DueReturned:
        """Return what a feature says that took back what it had sold."""
        returned: DueReturned = await self._about(refund, DueReturned)
        return returned

    async def keep(self, refund: dict[str, Any], code: str = "topup.spent") -> None:
        """Say that what was sold is not taken back."""
        await self.answer(await self._about(refund, DueKept, code=code))

    async def reject(self, payment: str, code: str = "creator.frozen") -> None:
        """Say that what was paid for cannot be given."""
        shown = await self.shop.show(payment)
        rejected = DueRejected(
            payment=payment,
            due=1,
            due_kind="topup.ordered",
            asset="CNY",
            amount_minor=shown["amount_minor"],
            code=code,
        )
        await self.answer(rejected)

    async def revoke(self, *payments: str, amount_minor: int = PRICE) -> None:
        """Say that what was paid for is taken back, of each payment that much, one right after the other."""
        await asyncio.gather(*(self.say(revoked(payment, amount_minor)) for payment in payments))
        await self.caught_up()

    async def _about(self, refund: dict[str, Any], kind: type[FactData], **more: Any) -> Any:  # noqa: ANN401 - a fact
        return kind(
            refund=refund["refund"],
            due=1,
            due_kind="topup.ordered",
            payment=refund["payment"],
            asset=refund["asset"],
            amount_minor=refund["amount_minor"],
            **more,
        )

    async def balances(self) -> dict[str, int]:
        """Return what the channels keep for us, and what stands in clearing, by short names."""
        async with self.house.database.connection() as conn:
            books = await read_books(conn, tenant_id=self.shop.tenant_id)
        assert (books.unbalanced, books.astray) == (0, 0)
        names = {chart.channel_account(account=id_, asset="CNY"): name for name, id_ in self.accounts.items()}
        return {names.get(address, address): balance for address, balance in books.balances.items()}

    async def facts(self, kind: str) -> list[Any]:
        """Return the data of all facts of one kind."""
        found = (await self.shop.acme.get("/v1/facts", limit=1000))["facts"]
        return [one["data"] for one in found if one["kind"] == kind]

    async def assert_sound(self) -> None:
        """Check that the books balance, the doctor finds nothing, and no fact was put aside."""
        await self.balances()
        report = await audit.examine(self.house.database)
        assert report.green, report.findings
        for one in (await self.shop.acme.get("/v1/subscriptions"))["items"]:
            assert not one["dead_letters"], one


def revoked(payment: str, amount_minor: int = PRICE) -> DueRevoked:
    """Return what a feature says that takes back what it had sold."""
    return DueRevoked(
        payment=payment,
        due=1,
        due_kind="topup.ordered",
        asset="CNY",
        amount_minor=amount_minor,
        code="show.cancelled",
    )


@asynccontextmanager
async def open_counter(
    database_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Counter]:
    """Open a shop with two tills; in the end the books must be sound."""
    bank = Bank()
    for name in METHODS:
        monkeypatch.setitem(CHANNELS, name, Kind(TillSettings, TillSecrets, maker(name, bank)))  # type: ignore[misc]
    async with open_shop(database_url, folder, features=(IDENTITY, RISK, PAYMENTS)) as shop:
        counter = Counter(shop, bank)
        for name, method in METHODS.items():
            counter.accounts[name] = await shop.account(
                channel=name, name=name, methods=[method], secrets={"word": WORD}
            )
        yield counter
        await counter.caught_up()
        await counter.assert_sound()
