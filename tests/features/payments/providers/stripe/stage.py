"""Stripe in a few lines, to talk to: sessions, refunds and a balance, with idempotency keys that it keeps."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs

import httpx
import stripe as official

from plaudit.features.payments.model.channel import Channel, Merchant, Order, RefundOrder
from plaudit.features.payments.providers.stripe import StripeSecrets, StripeSettings, stripe
from plaudit.platform.outbound import Outbound

ACCOUNT: Final = "acct_123"
KEY: Final = "sk_test_123"
WEBHOOK: Final = "whsec_test_secret"
BASE: Final = "https://stripe.test"
NOW: Final = datetime(2026, 11, 22, 4, 5, 6, tzinfo=UTC)
NUMBER: Final = "P000000000001A01"
REFUND_NUMBER: Final = "R000000000000B"
MERCHANT: Final = Merchant(
    tenant_id=1,
    number=1,
    channel="stripe",
    name="Stripe",
    settings={},
    secrets={},
    enabled=True,
    priority=1,
    assets=("USD",),
    methods=("checkout",),
    devices=(),
    min_minor=1,
    max_minor=10_000_00,
    revision=1,
)
ORDER: Final = Order(
    number=NUMBER,
    method="checkout",
    asset="USD",
    amount_minor=1_999,
    title="100 coins",
    opened_at=NOW,
    expires_at=NOW + timedelta(hours=2),
    notify_url="https://plaudit.test/v1/callbacks/stripe/acc_1",
    return_url="https://shop.test/back",
)


class Clock:
    """A clock that is set."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    given: Mapping[str, list[str]]
    headers: Mapping[str, str]

    def one(self, name: str) -> str:
        (value,) = self.given[name]
        return value


@dataclass
class Side:
    """Stripe's side. `errors` answers a path with an error once; `lost` loses the answer after the deed."""

    sessions: list[dict[str, Any]] = field(default_factory=list)
    refunds: list[dict[str, Any]] = field(default_factory=list)
    movements: list[dict[str, Any]] = field(default_factory=list)
    kept: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    errors: dict[str, tuple[int, object]] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    page: int = 2

    def __call__(self, request: httpx.Request) -> httpx.Response:
        text = request.url.query.decode() if request.method == "GET" else request.content.decode()
        asked = Asked(request.method, request.url.path, parse_qs(text), dict(request.headers))
        self.asked.append(asked)
        assert asked.headers["authorization"] == f"Bearer {KEY}"
        if asked.path in self.errors:
            status, body = self.errors.pop(asked.path)
            return httpx.Response(status, json={"error": body} if isinstance(body, dict) else body)
        answer = self.answer(asked)
        if asked.path in self.lost:
            self.lost.discard(asked.path)
            raise httpx.ReadTimeout("no answer", request=request)
        return httpx.Response(200, json=answer) if answer is not None else httpx.Response(404, json=MISSING)

    def answer(self, asked: Asked) -> dict[str, Any] | None:
        key = asked.headers.get("idempotency-key") or ""
        if asked.method == "POST" and key in self.kept:
            return self.kept[key]
        made = self.fresh(asked)
        if asked.method == "POST" and made is not None:
            self.kept[key] = json.loads(json.dumps(made))
        return made

    def fresh(self, asked: Asked) -> dict[str, Any] | None:
        _, _, *place = asked.path.split("/")
        match asked.method, place:
            case "POST", ["checkout", "sessions"]:
                return self.make_session(asked)
            case "POST", ["refunds"]:
                return self.make_refund(asked)
            case method, ["checkout", "sessions", name, *rest]:
                session = next(one for one in self.sessions if one["id"] == name)
                assert (method, rest) in (("GET", []), ("POST", ["expire"]))
                if rest:
                    session["status"] = "expired"
                return session
            case "GET", [*_, kind]:
                lists = {"sessions": self.sessions, "balance_transactions": self.movements}
                intent = asked.given.get("payment_intent", [""])[0]
                refunds = [one for one in self.refunds if one["payment_intent"] == intent]
                return self.listed(lists.get(kind, refunds), asked)
        return None

    def make_session(self, asked: Asked) -> dict[str, Any]:
        name = f"cs_test_{len(self.sessions) + 1}"
        self.sessions.insert(
            0,
            {
                "id": name,
                "object": "checkout.session",
                "livemode": False,
                "status": "open",
                "payment_status": "unpaid",
                "currency": asked.one("line_items[0][price_data][currency]"),
                "amount_total": int(asked.one("line_items[0][price_data][unit_amount]")),
                "client_reference_id": asked.one("client_reference_id"),
                "payment_intent": None,
                "customer": None,
                "created": int(NOW.timestamp()),
                "url": f"https://checkout.stripe.test/{name}",
            },
        )
        return self.sessions[0]

    def make_refund(self, asked: Asked) -> dict[str, Any]:
        self.refunds.insert(
            0,
            {
                "id": f"re_{len(self.refunds) + 1}",
                "object": "refund",
                "status": "succeeded",
                "currency": "usd",
                "amount": int(asked.one("amount")),
                "created": int(NOW.timestamp()),
                "payment_intent": asked.one("payment_intent"),
                "metadata": {
                    "number": asked.one("metadata[number]"),
                    "order": asked.one("metadata[order]"),
                },
            },
        )
        return self.refunds[0]

    def listed(self, every: list[dict[str, Any]], asked: Asked) -> dict[str, Any]:
        """Return a page of a list, of two at most, so that there is always another."""
        low, high = asked.given.get("created[gte]", ["0"]), asked.given.get("created[lte]", ["99999999999"])
        before = asked.given.get("created[lt]", ["99999999999"])
        found = [
            one
            for one in every
            if int(low[0]) <= one["created"] <= int(high[0]) and one["created"] < int(before[0])
        ]
        if "starting_after" in asked.given:
            after = asked.one("starting_after")
            found = list(itertools.dropwhile(lambda one: one["id"] != after, found))[1:]
        return {"object": "list", "data": found[: self.page], "has_more": len(found) > self.page}

    def pay(
        self, *, status: str = "complete", payment_status: str = "paid", intent: str = "succeeded"
    ) -> None:
        """Let somebody pay, or fail to pay, the latest session."""
        self.sessions[0] |= {
            "status": status,
            "payment_status": payment_status,
            "customer": "cus_1",
            "payment_intent": {
                "id": "pi_1",
                "status": intent,
                "latest_charge": {"id": "ch_1", "created": int(NOW.timestamp()) + 30},
            },
        }

    def paths(self) -> list[tuple[str, str]]:
        return [(one.method, one.path) for one in self.asked]


MISSING: Final = {
    "error": {"type": "invalid_request_error", "code": "resource_missing", "message": "No such"}
}


def refund_order(*, amount_minor: int = 500, transaction: str | None = "pi_1") -> RefundOrder:
    return RefundOrder(
        number=REFUND_NUMBER,
        order_number=NUMBER,
        transaction=transaction,
        asset="USD",
        amount_minor=amount_minor,
        total_minor=1_999,
        reason="asked for",
        notify_url="https://plaudit.test/v1/callbacks/stripe/acc_1",
    )


def channel_at(
    side: Callable[[httpx.Request], httpx.Response], *, clock: Clock | None = None, livemode: bool = False
) -> Channel:
    return stripe(
        merchant=MERCHANT,
        outbound=Outbound(httpx.AsyncClient(transport=httpx.MockTransport(side))),
        clock=clock or Clock(),
        randomness=bytes,
        settings=StripeSettings(account=ACCOUNT, livemode=livemode, base_url=BASE),
        secrets=StripeSecrets(secret_key=KEY, webhook_secret=WEBHOOK),
    )


def signed(body: bytes, *, secret: str = WEBHOOK, at: datetime = NOW) -> dict[str, str]:
    """Return the headers of a callback, signed by the official library."""
    made = official.WebhookSignature.generate_signature_header(
        body.decode(), secret, timestamp=int(at.timestamp())
    )
    return {"stripe-signature": made, "content-type": "application/json"}


def event(kind: str, subject: Mapping[str, object], **changes: object) -> bytes:
    whole = {
        "id": "evt_1",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": int(NOW.timestamp()) - 5,
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": kind,
        "data": {"object": subject},
        **changes,
    }
    return json.dumps(whole, indent=2).encode()
