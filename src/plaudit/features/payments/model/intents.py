"""Intents to pay an amount due, and the attempts to do it at a channel."""

from base64 import b32encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal, TypeAlias

from msgspec import Struct

from plaudit.features.payments.model.channel import ChannelName, Method
from plaudit.kernel.actor import Actor
from plaudit.kernel.ids import DIGITS, encode_id
from plaudit.kernel.refusal import Refusal, forbidden, not_found, refused

PAYMENT: Final = "pay"
"""The prefix of the ids of payments: the number is the intent's."""
DUE: Final = "due"
"""The prefix of the ids of amounts due: the number is the position of the fact."""

IntentState: TypeAlias = Literal[
    "pending", "processing", "succeeded", "failed", "closed", "partly_refunded", "refunded"
]
AttemptState: TypeAlias = Literal["opening", "open", "unknown", "paid", "surplus", "failed", "closed"]

OPEN_INTENTS: Final[frozenset[IntentState]] = frozenset({"pending", "processing", "failed"})
"""States in which an intent can still be paid."""
OPEN_ATTEMPTS: Final[frozenset[AttemptState]] = frozenset({"opening", "open", "unknown"})
"""States in which money may still come in for an attempt."""

ATTEMPTS_MAX: Final = 20
FIRST_ASK: Final = timedelta(seconds=60)
"""After this time without a callback the channel is asked."""

CHANCE_BYTES: Final = 5
"""Of an order number: forty bits, eight letters and digits."""
_COUNTED: Final = len("P") + DIGITS + len("01")
"""So much of an order number says whose it is."""
_PERSONS: Final = frozenset({"viewer", "creator"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """An intent as its row has it.

    `refunding_minor` is asked for and not ended, `refunded_minor` has gone back.
    """

    number: int
    due: int
    due_kind: str
    payer: str
    asset: str
    amount_minor: int
    title_en: str
    title_zh: str
    return_url: str | None
    state: IntentState
    attempts: int
    paid_attempt: int | None
    refunding_minor: int
    refunded_minor: int
    opened_at: datetime
    expires_at: datetime
    settled_at: datetime | None

    @property
    def id(self) -> str:
        """The payment's id."""
        return encode_id(PAYMENT, self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An attempt as its row has it, with what the channel must be told from its intent.

    `account` is the merchant account's number, `number` our order number there. `follows` is the attempt
    that failed at opening and led to this one by itself.
    """

    intent: int
    attempt: int
    account: int
    channel: ChannelName
    method: Method
    number: str
    asset: str
    amount_minor: int
    state: AttemptState
    presentation: Mapping[str, Any] | None
    transaction: str | None
    code: str | None
    follows: int | None
    opened_at: datetime
    asked: int
    ask_at: datetime | None
    settled_at: datetime | None
    title_en: str
    title_zh: str
    return_url: str | None
    expires_at: datetime


class Placed(Struct, frozen=True, gc=False):
    """What never changes of an attempt, found by account and order number: what a callback is checked by."""

    tenant_id: int
    intent: int
    attempt: int
    account: int
    channel: ChannelName
    method: Method
    number: str
    asset: str
    amount_minor: int

    @property
    def payment(self) -> str:
        """The payment's id."""
        return encode_id(PAYMENT, self.intent)


def order_number(*, intent: int, attempt: int, chance: bytes) -> str:
    """Return a new order number at the channel, 24 letters and digits: "P000000000001A01QGTSSK7H".

    It says which attempt of which payment, and then `chance`, CHANCE_BYTES random bytes: a database that was
    restored counts on from where its backup was, and would otherwise give out again what the channel knows as
    somebody else's, and paid.
    """
    assert len(chance) == CHANCE_BYTES, chance
    digits = encode_id("P", intent)[-DIGITS:]
    return f"P{digits}{attempt:02d}{b32encode(chance).decode()}"


def chance_in(order: str) -> str:
    """Return the part of an order number that is chance; what was ordered before there was any has none."""
    return order[_COUNTED:]


def check_attemptable(intent: Intent, *, now: datetime) -> None:
    """Raise Refusal (REFUSED) when nothing may be attempted.

    Codes: `payment.closed`, `payment.settled`, `payment.expired`, `payment.attempts`.
    """
    check_open(intent)
    if now >= intent.expires_at:
        raise refused("payment.expired", "The time to pay has passed; order again.")
    if intent.attempts >= ATTEMPTS_MAX:
        raise refused(
            "payment.attempts", "This was tried too often; pay one of the open attempts, or order again."
        )


def check_open(intent: Intent) -> None:
    """Raise Refusal (REFUSED) `payment.closed`, `payment.settled` when it cannot be paid any more."""
    if intent.state == "closed":
        raise refused("payment.closed", "This payment is closed; order again.")
    if intent.state not in OPEN_INTENTS:
        raise refused("payment.settled", "This was paid already; there is nothing more to do.")


def check_payer(*, actor: Actor, payer: str, unknown: Refusal) -> None:
    """Raise `unknown` when a viewer's token asks for what another one pays, or a creator's for anything."""
    if actor.kind in _PERSONS and (actor.kind != "viewer" or actor.id != payer):
        raise unknown


def payer_of(*, actor: Actor, named: str | None) -> str | None:
    """Return whose payments a list shows: a viewer's token sees its own, None means everybody's.

    Raises Refusal `scope.missing` (FORBIDDEN) for another's.
    """
    if actor.kind not in _PERSONS:
        return named
    if actor.kind != "viewer" or named not in {None, actor.id}:
        raise forbidden(
            "scope.missing", f"This token speaks for {actor.text} alone; use that id, or leave it out."
        )
    return actor.id


def unknown_payment() -> Refusal:
    """Return the refusal of a payment that there is not."""
    return not_found("payment.unknown", "There is no such payment; check its id.")


def unknown_due() -> Refusal:
    """Return the refusal of an amount due that there is not."""
    return not_found("due.unknown", "There is no such amount due; check its id.")
