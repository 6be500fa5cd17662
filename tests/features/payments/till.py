"""A channel made for tests: it keeps orders and refunds, fails when told to, signs callbacks by a word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, cast

import msgspec

from plaudit.features.payments.model.channel import (
    BillDamaged,
    BillKind,
    BillLine,
    BillNotReady,
    CallbackRejected,
    ChannelName,
    Merchant,
    Notice,
    Order,
    OrderReport,
    OrderState,
    Presentation,
    RefundOrder,
    RefundReport,
    RefundState,
    Reply,
)
from plaudit.platform.failures import Unknown

FRESH = timedelta(minutes=5)


class TillSettings(msgspec.Struct, forbid_unknown_fields=True):
    """Nothing is set."""


class TillSecrets(msgspec.Struct, forbid_unknown_fields=True):
    """The word that callbacks are signed by."""

    word: str


@dataclass(slots=True)
class Bank:
    """What all channels of a test hold. `faults` are raised by the next call of a name, each once."""

    orders: dict[str, OrderReport] = field(default_factory=dict)
    refunds: dict[str, RefundReport] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    faults: dict[str, list[Exception]] = field(default_factory=dict)
    after: dict[str, list[Exception]] = field(default_factory=dict)
    """As `faults`, but raised when the call has had its effect: the answer was lost."""
    silent: set[ChannelName] = field(default_factory=set)
    """Channels that answer nothing."""
    refund_state: RefundState = "succeeded"
    sent: list[RefundOrder] = field(default_factory=list)

    def calls(self, name: str) -> list[str]:
        """Return the numbers that one call was made for."""
        return [number for called, number in self.asked if called == name]

    def pay(
        self, number: str, *, transaction: str = "T1", amount_minor: int = 1_200, asset: str = "CNY"
    ) -> None:
        """Let an order be paid at the channel."""
        self.orders[number] = OrderReport(
            state="paid", transaction=transaction, asset=asset, amount_minor=amount_minor, payer="o-payer"
        )

    def put(self, number: str, state: OrderState) -> None:
        """Put an order into a state."""
        self.orders[number] = OrderReport(state=state, code="USERPAYING" if state == "failed" else None)

    def finish_refunds(self) -> None:
        """Let all refunds that are under way succeed."""
        self.refunds = {number: replace(one, state="succeeded") for number, one in self.refunds.items()}

    def enter(self, name: str, number: str, *, channel: ChannelName) -> None:
        """Note a call, and fail where a test wants it."""
        self.asked.append((name, number))
        if channel in self.silent:
            raise Unknown("no answer")
        if self.faults.get(name):
            raise self.faults[name].pop(0)

    def leave(self, name: str) -> None:
        """Lose the answer where a test wants it."""
        if self.after.get(name):
            raise self.after[name].pop(0)


class Till:
    """A merchant account at the channel of tests."""

    def __init__(self, *, name: ChannelName, merchant: Merchant, word: str, bank: Bank) -> None:
        self.name = name
        self._merchant = merchant
        self._word = word
        self._bank = bank

    async def open(self, order: Order) -> Presentation:
        self._bank.enter("open", order.number, channel=self.name)
        self._bank.orders.setdefault(order.number, OrderReport(state="pending"))
        self._bank.leave("open")
        return Presentation(kind="qr", url=f"till:{order.number}")

    async def query(self, order: Order) -> OrderReport:
        self._bank.enter("query", order.number, channel=self.name)
        return self._bank.orders.get(order.number, OrderReport(state="absent"))

    async def close(self, order: Order) -> OrderReport:
        self._bank.enter("close", order.number, channel=self.name)
        found = self._bank.orders.get(order.number, OrderReport(state="absent"))
        if found.state == "pending":
            found = self._bank.orders[order.number] = OrderReport(state="closed")
        return found

    async def refund(self, refund: RefundOrder) -> RefundReport:
        self._bank.enter("refund", refund.number, channel=self.name)
        self._bank.sent.append(refund)
        known = self._bank.refunds.get(refund.number)
        if known is None:
            code = "NOT_ENOUGH" if self._bank.refund_state == "failed" else None
            known = RefundReport(
                state=self._bank.refund_state, channel_refund=f"CR{refund.number}", code=code
            )
            self._bank.refunds[refund.number] = known
        self._bank.leave("refund")
        return known

    async def query_refund(self, refund: RefundOrder) -> RefundReport:
        self._bank.enter("query_refund", refund.number, channel=self.name)
        return self._bank.refunds.get(refund.number, RefundReport(state="absent"))

    async def read_callback(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        self._bank.enter("read_callback", headers.get("till-word", ""), channel=self.name)
        if headers.get("till-word", "").startswith("PROBE"):
            raise CallbackRejected("signature", "a probe", quiet=True)
        if headers.get("till-word") != self._word:
            raise CallbackRejected("signature", "signed by somebody else")
        said = msgspec.json.decode(body)
        if abs(now - datetime.fromisoformat(said.pop("at"))) > FRESH:
            raise CallbackRejected("stale", "signed too long ago")
        if said.pop("merchant") != self._merchant.number:
            raise CallbackRejected("addressee", "for another merchant")
        return Notice(**said)

    def reply(self, *, accepted: bool) -> Reply:
        if accepted:
            return Reply(status=200, body=b"success")
        return Reply(status=500, body=b'{"code":"FAIL","message":"failed"}', media_type="application/json")

    async def fetch_bill(self, *, day: date, kind: BillKind) -> bytes:
        raise BillNotReady(f"no {kind} bill of {day}")

    def read_bill(self, content: bytes, *, kind: BillKind) -> Iterator[BillLine]:
        raise BillDamaged(f"{len(content)} bytes of a {kind} bill")


def maker(name: str, bank: Bank) -> Any:  # noqa: ANN401 - what the channels' table holds
    """Return what makes an account of a channel ready."""

    def make(*, merchant: Merchant, secrets: TillSecrets, **_: object) -> Till:
        return Till(name=cast("ChannelName", name), merchant=merchant, word=secrets.word, bank=bank)

    return make
