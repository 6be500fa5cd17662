"""The port of payment channels: what each of them is asked, and what it may answer.

Failures of a call are those of `platform.failures`: Retryable (it did not get there), Unknown (it may have:
ask the channel before anything else), Final (the channel said no, or the account cannot be used). An answer
that does not carry the channel's signature is Unknown, whatever it says.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal, Protocol, TypeAlias

import msgspec

ChannelName: TypeAlias = Literal["wechat", "alipay", "stripe", "sandbox"]
Method: TypeAlias = Literal["native", "h5", "jsapi", "page", "wap", "app", "checkout", "sandbox"]
OrderState: TypeAlias = Literal["pending", "paid", "failed", "closed", "absent"]
RefundState: TypeAlias = Literal["processing", "succeeded", "failed", "absent"]
BillKind: TypeAlias = Literal["trade", "funds"]
LineKind: TypeAlias = Literal["payment", "refund", "fee", "withdrawal", "other"]

FeeRate: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,2}(\.[0-9]{1,4})?%\Z")]
"""What a channel takes of a payment, as agreed with it ("0.6%"): bills are checked against it."""

METHODS: Final[dict[ChannelName, tuple[Method, ...]]] = {
    "wechat": ("native", "h5", "jsapi"),
    "alipay": ("page", "wap", "app"),
    "stripe": ("checkout",),
    "sandbox": ("sandbox",),
}
"""The ways to pay at each channel."""

ASSETS: Final[dict[ChannelName, frozenset[str]]] = {
    "wechat": frozenset({"CNY"}),
    "alipay": frozenset({"CNY"}),
}
"""The currencies of channels that do not take every one."""

LINE_MAX: Final = 64 * 1024
"""The longest line of a bill, in characters: packed, one without an end is small, and memory is not."""
UNPACKED_MAX_BYTES: Final = 4 * 1024 * 1024 * 1024
"""What a bill may unpack to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a channel is asked to collect. `number` is ours, 6 to 32 letters, digits and underscores.

    `payer_reference` is the payer's id at the channel (JSAPI: openid), `payer_ip` where it must be told (H5).
    `notify_url` is where its callbacks go, `return_url` where the payer goes afterwards.
    """

    number: str
    method: Method
    asset: str
    amount_minor: int
    title: str
    opened_at: datetime
    expires_at: datetime
    notify_url: str
    return_url: str | None = None
    payer_reference: str | None = None
    payer_ip: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Presentation:
    """What the payer is shown: a QR code's text, an address to go to, or parameters for the channel's kit.

    `kind` "form": post `parameters` to `url`.
    """

    kind: Literal["qr", "redirect", "form", "parameters", "page"]
    url: str | None = None
    parameters: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReport:
    """What a channel says of an order when asked. Amount and currency are its own words.

    "absent": it knows no such order. `payer` is who paid there, as the channel names him.
    """

    state: OrderState
    transaction: str | None = None
    asset: str | None = None
    amount_minor: int | None = None
    happened_at: datetime | None = None
    payer: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundOrder:
    """What a channel is asked to give back: `number` is ours and the same however often it is asked."""

    number: str
    order_number: str
    transaction: str | None
    asset: str
    amount_minor: int
    total_minor: int
    reason: str
    notify_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundReport:
    """What a channel says of a refund. "absent": it knows no such refund."""

    state: RefundState
    channel_refund: str | None = None
    amount_minor: int | None = None
    happened_at: datetime | None = None
    code: str | None = None


class Notice(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A callback whose signature, freshness and addressee are right: what it says about an order or a refund.

    `told` "other" is something that payments does nothing about; it is acknowledged. For a refund,
    `refund_number` is ours, and amounts are those of the refund.
    """

    told: Literal["paid", "failed", "closed", "refunded", "refund_failed", "other"]
    number: str
    transaction: str
    asset: str
    amount_minor: int
    happened_at: datetime | None = None
    refund_number: str | None = None
    payer: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The exact answer that a channel wants to its callback."""

    status: int
    body: bytes = b""
    media_type: str = "text/plain"


class CallbackRejected(Exception):
    """A callback that is not to be believed. `code` is stable ("signature", "stale", "form", "addressee").

    `quiet`: a deliberate probe of the channel, refused without an alarm.
    """

    def __init__(self, code: str, message: str, *, quiet: bool = False) -> None:
        """Say why."""
        super().__init__(message)
        self.code = code
        self.quiet = quiet


class BillNotReady(Exception):
    """The channel has not made the bill of that day yet, or there was nothing on it: ask again later."""


class BillDamaged(ValueError):
    """A bill that cannot be trusted: nothing of it is used.

    `line` is the one that is wrong, from 1; 0 means the whole.
    """

    def __init__(self, message: str, *, line: int = 0) -> None:
        """Say what is wrong and where."""
        super().__init__(f"line {line}: {message}" if line else message)
        self.line = line


class BillLine(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One line of a bill. Amounts in minor units; refunds, fees charged and withdrawals are negative.

    `number` and `refund_number` are ours, `transaction` and `channel_refund` the channel's. In a trade bill
    `fee_minor` is what the channel took for this line (negative when it gave it back) and `state` its own
    word; in a funds bill `balance_minor` is the account's balance after the line. A struct, for a bill may
    have millions of lines.
    """

    line: int
    kind: LineKind
    asset: str
    amount_minor: int
    number: str = ""
    transaction: str = ""
    refund_number: str = ""
    channel_refund: str = ""
    fee_minor: int = 0
    state: str = ""
    happened_at: datetime | None = None
    balance_minor: int | None = None


class Channel(Protocol):
    """A merchant account at a channel, ready to be used."""

    name: ChannelName

    async def open(self, order: Order) -> Presentation:
        """Ask for a payment. Doing it again with the same number gives the same order. Raises Failure."""

    async def query(self, order: Order) -> OrderReport:
        """Ask what became of an order. Raises Failure."""

    async def close(self, order: Order) -> OrderReport:
        """Close an order that was not paid, for good. Returns "closed", or what it is instead.

        Raises Failure.
        """

    async def refund(self, refund: RefundOrder) -> RefundReport:
        """Ask for a refund. Doing it again with the same number gives the same refund. Raises Failure."""

    async def query_refund(self, refund: RefundOrder) -> RefundReport:
        """Ask what became of a refund. Raises Failure."""

    async def read_callback(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """Return what a callback says once its signature, freshness and addressee are proved.

        `headers` have lower-case names, `body` is as it was sent. Raises CallbackRejected, and Failure
        where the channel's key must be fetched first and cannot be.
        """

    def reply(self, *, accepted: bool) -> Reply:
        """Return the exact answer to a callback, taken or refused."""

    async def fetch_bill(self, *, day: date, kind: BillKind) -> bytes:
        """Return a day's bill (of the channel's own day) as the channel made it, its hash checked.

        Raises BillNotReady, BillDamaged, Failure.
        """

    def read_bill(self, content: bytes, *, kind: BillKind) -> Iterator[BillLine]:
        """Yield the lines of a bill and check counts and sums against its trailer at the end.

        Raises BillDamaged at the first line that is wrong, or at the end: use nothing before the end is
        reached.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Merchant:
    """A merchant account as it is kept: whose, where, and what opens it.

    `secrets` are never shown nor logged.
    """

    tenant_id: int
    number: int
    channel: ChannelName
    name: str
    settings: Mapping[str, Any]
    secrets: Mapping[str, Any]
    enabled: bool
    priority: int
    assets: tuple[str, ...]
    methods: tuple[Method, ...]
    devices: tuple[str, ...]
    min_minor: int
    max_minor: int
    revision: int

    def __repr__(self) -> str:
        """Say which account it is, and nothing secret."""
        return f"Merchant(tenant_id={self.tenant_id}, number={self.number}, channel={self.channel!r})"
