"""Bills of Stripe: the movements of an account's balance on a day of UTC, written down by us.

A line of JSON for each movement, newest first, and a last one with their count and sums by currency. Amounts
are as Stripe counts them; reading turns them into ours. A movement is in the currency of the balance. Where
the payer paid in another, a trade bill tells what he paid, without the fee, which is in the other currency.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Final

import msgspec

from plaudit.features.payments.model.channel import (
    BillDamaged,
    BillKind,
    BillLine,
    BillNotReady,
    LineKind,
)
from plaudit.features.payments.providers.stripe.amounts import from_stripe
from plaudit.features.payments.providers.stripe.api import Api
from plaudit.features.payments.providers.stripe.objects import BalanceTransaction, Source, id_of

_PAGES_MAX: Final = 100_000
_KINDS: Final[dict[str, LineKind]] = {
    "charge": "payment",
    "payment": "payment",
    "refund": "refund",
    "payment_refund": "refund",
    "refund_failure": "refund",
    "stripe_fee": "fee",
    "network_cost": "fee",
    "payout": "withdrawal",
    "payout_cancel": "withdrawal",
    "payout_failure": "withdrawal",
}
_UNDONE: Final = "refund_failure"
"""Money of a refund came back: a line beside that of the refund, which is known by Stripe's number."""
_DAY: Final = timedelta(days=1)


class _Movement(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="is", tag="movement", omit_defaults=True
):
    """One line. `paid` and `paid_currency` are the payer's, where they differ from the balance's."""

    id: str
    type: str
    currency: str
    amount: int
    fee: int
    net: int
    created: int
    number: str = ""
    transaction: str = ""
    refund_number: str = ""
    refund: str = ""
    state: str = ""
    paid: int | None = None
    paid_currency: str | None = None


class _End(msgspec.Struct, frozen=True, kw_only=True, tag_field="is", tag="end"):
    """The last line."""

    account: str
    day: date
    count: int
    amount: dict[str, int]
    fee: dict[str, int]
    net: dict[str, int]


_DECODER: Final = msgspec.json.Decoder(_Movement | _End)


async def fetch(*, api: Api, day: date, account: str, now: datetime) -> bytes:
    """Return the bill of a day that is over. Raises BillNotReady before, Failure."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    if now < start + _DAY:
        raise BillNotReady(f"{day} is not over at Stripe")
    encoder, content, tally = msgspec.json.Encoder(), bytearray(), _Tally()
    async for one in api.every(
        "/v1/balance_transactions",
        BalanceTransaction,
        pages_max=_PAGES_MAX,
        created={"gte": int(start.timestamp()), "lt": int((start + _DAY).timestamp())},
        expand=["data.source"],
    ):
        movement = _moved(one)
        tally.add(movement)
        content += encoder.encode(movement) + b"\n"
    return bytes(content + encoder.encode(tally.end(account=account, day=day)) + b"\n")


def _moved(one: BalanceTransaction) -> _Movement:
    source = one.source if isinstance(one.source, Source) else Source(id=one.source or "")
    numbers = source.metadata or {}
    is_refund = source.object == "refund"
    is_other = source.currency is not None and source.currency != one.currency
    return _Movement(
        id=one.id,
        type=one.type,
        currency=one.currency,
        amount=one.amount,
        fee=one.fee,
        net=one.net,
        created=one.created,
        number=numbers.get("order" if is_refund else "number", ""),
        transaction=id_of(source.payment_intent) or "",
        refund_number=numbers.get("number", "") if is_refund else "",
        refund=source.id if is_refund else "",
        state=(source.status or "") if is_refund else "",
        paid=source.amount if is_other else None,
        paid_currency=source.currency if is_other else None,
    )


class _Tally:
    """The count of lines, and their sums by currency."""

    def __init__(self) -> None:
        self.count = 0
        self.amount: Counter[str] = Counter()
        self.fee: Counter[str] = Counter()
        self.net: Counter[str] = Counter()

    def add(self, movement: _Movement) -> None:
        """Count a line."""
        self.count += 1
        self.amount[movement.currency] += movement.amount
        self.fee[movement.currency] += movement.fee
        self.net[movement.currency] += movement.net

    def end(self, *, account: str, day: date) -> _End:
        """Return the last line."""
        return _End(
            account=account,
            day=day,
            count=self.count,
            amount=dict(self.amount),
            fee=dict(self.fee),
            net=dict(self.net),
        )


def read(content: bytes, *, kind: BillKind, account: str) -> Iterator[BillLine]:
    """Yield the lines of a bill of this account. Raises BillDamaged, at the end for count and sums.

    In a bill of funds, what Stripe kept of a payment is a line of its own.
    """
    tally = _Tally()
    end: _End | None = None
    for number, text in enumerate(BytesIO(content), 1):
        if end is not None:
            raise BillDamaged("there is something after its end", line=number)
        try:
            line = _DECODER.decode(text)
            if isinstance(line, _End):
                end = line
                continue
            if line.net != line.amount - line.fee:
                raise BillDamaged("its net amount is not its amount less its fee", line=number)
            tally.add(line)
            yield from _lines(line, number=number, kind=kind)
        except (msgspec.MsgspecError, ValueError, OverflowError) as error:
            if isinstance(error, BillDamaged):
                raise
            raise BillDamaged(str(error), line=number) from error
    if end is None:
        raise BillDamaged("it has no end")
    if end != tally.end(account=account, day=end.day):
        raise BillDamaged("its lines are not those that its end counts, or it is another account's")


def _lines(movement: _Movement, *, number: int, kind: BillKind) -> Iterator[BillLine]:
    asset, amount_minor = from_stripe(currency=movement.currency, amount=movement.amount)
    _, fee_minor = from_stripe(currency=movement.currency, amount=movement.fee)
    told: LineKind = _KINDS.get(movement.type, "other")
    if kind == "trade" and movement.paid is not None and movement.paid_currency is not None:
        asset, paid_minor = from_stripe(currency=movement.paid_currency, amount=movement.paid)
        amount_minor, fee_minor = -paid_minor if movement.amount < 0 else paid_minor, 0
    yield _line(
        movement, number=number, told=told, money=(asset, amount_minor, fee_minor if kind == "trade" else 0)
    )
    if kind == "funds" and fee_minor:
        yield _line(movement, number=number, told="fee", money=(asset, -fee_minor, 0))


def _line(movement: _Movement, *, number: int, told: LineKind, money: tuple[str, int, int]) -> BillLine:
    asset, amount_minor, fee_minor = money
    return BillLine(
        line=number,
        kind=told,
        asset=asset,
        amount_minor=amount_minor,
        number=movement.number,
        transaction=movement.transaction or movement.id,
        refund_number="" if movement.type == _UNDONE else movement.refund_number,
        channel_refund=movement.refund,
        fee_minor=fee_minor,
        state="failed" if movement.type == _UNDONE else movement.state,
        happened_at=datetime.fromtimestamp(movement.created, UTC),
    )
