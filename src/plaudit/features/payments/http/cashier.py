"""The cashier: one page a payment, where the payer chooses how to pay and sees what becomes of it.

Its address proves itself, so the page needs no credential; it acts for the payer of that payment. The page
asks for nothing from elsewhere, and follows the state by a request that is answered when it has changed.
"""

import asyncio
import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from html import escape
from importlib import resources
from typing import Annotated, Any, Final, NamedTuple, Protocol

import msgspec
import segno

from plaudit.core.commands.command import Grant
from plaudit.features.payments import queries
from plaudit.features.payments.actions.attempts import Asked, attempt_payment, wish_of
from plaudit.features.payments.actions.base import OPEN, SYSTEM, Means
from plaudit.features.payments.actions.channels import scene_of
from plaudit.features.payments.actions.intents import read_cashier_token
from plaudit.features.payments.actions.sandbox import act
from plaudit.features.payments.http.turnstile import Turnstile
from plaudit.features.payments.model.accounts import Device
from plaudit.features.payments.model.channel import ChannelName, Method
from plaudit.features.payments.model.intents import OPEN_ATTEMPTS, OPEN_INTENTS, Attempt, Intent
from plaudit.features.payments.model.routing import Option, open_options, route
from plaudit.features.payments.model.sandbox import Act
from plaudit.kernel.actor import Actor
from plaudit.kernel.money import format_minor
from plaudit.kernel.refusal import invalid
from plaudit.platform.web import MediaType, Parameter, Request, Response, get, post
from plaudit.vocabulary.assets import asset_of

_PAGE: Final = (resources.files(__package__) / "cashier.html").read_text(encoding="utf-8")
_OPENING: Final = '<html lang="en"'
_WAIT_S: Final = 25.0
# A busy journal moves many times a second, and most of it is not about this payment.
_PAUSE_S: Final = 0.25
_KEY: Final = re.compile(r"[\x21-\x7e]{1,200}")
_MILLISECONDS: Final = 1_000
_LINKS: Final = Turnstile(open_max=8, per_second_max=20)
_ANYBODY: Final[Mapping[str, Any]] = {"permission": None}
_LAST: Final[frozenset[Method]] = frozenset({"native", "page"})
"""Ways that a channel has a better one for on a telephone."""


def _hash_of(tag: str) -> str:
    match = re.search(rf"<{tag}>(.*?)</{tag}>", _PAGE, re.DOTALL)
    assert match is not None, tag
    digest = hashlib.sha256(match[1].encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


_HEADERS: Final = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "content-security-policy": (
        f"default-src 'none'; script-src {_hash_of('script')}; style-src {_hash_of('style')};"
        " connect-src 'self'; form-action https: http:; base-uri 'none'; frame-ancestors 'none'"
    ),
}

After = Annotated[str, Parameter(description="The version that is shown; the answer waits for another.")]


class Awake(Protocol):
    """Who knows when a tenant's journal has moved."""

    @property
    def closed(self) -> bool:
        """Tell whether nobody should begin to wait."""

    def head(self, tenant_id: int) -> int:
        """Return the newest position known."""

    async def wait(self, tenant_id: int, *, beyond: int, timeout_s: float) -> bool:
        """Wait until the journal is past a position; False when the time ran out."""


class Cashier(Means, Protocol):
    """What the cashier needs of the assembled house."""

    @property
    def wake(self) -> Awake:
        """Who knows when something happened."""


class WayView(msgspec.Struct, kw_only=True):
    """A way to pay that is open now."""

    channel: ChannelName
    method: Method


class ShownAttempt(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What the payer is shown of the latest attempt; `svg` draws the QR code of `url`."""

    channel: ChannelName
    method: Method
    state: str
    kind: str | None = None
    url: str | None = None
    svg: str | None = None
    parameters: dict[str, str] | None = None


class CashierView(msgspec.Struct, kw_only=True):
    """What the page shows."""

    version: str
    state: str
    title_en: str
    title_zh: str
    asset: str
    amount_text: str
    expires_in_ms: int
    ways: list[WayView]
    attempt: ShownAttempt | None
    sandbox: bool
    return_url: str | None


class AttemptWish(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The way that the payer has chosen."""

    channel: ChannelName
    method: Method


class ActWish(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What the payer does at the sandbox."""

    act: Act


class _Visit(NamedTuple):
    """One look at a payment by its link."""

    tenant_id: int
    intent: Intent
    attempts: Sequence[Attempt]

    @property
    def payer(self) -> Grant:
        """The grant of the payer, for this payment."""
        return Grant(self.tenant_id, Actor("viewer", self.intent.payer), frozenset({OPEN}))

    @property
    def version(self) -> str:
        """What differs as soon as the page has something else to show."""
        states = "".join(f"-{one.state}" for one in self.attempts)
        return f"{self.intent.state}-{self.intent.refunded_minor}{states}"


@get("/pay/{token:str}", opt=_ANYBODY, include_in_schema=False)
async def cashier_page(*, token: str, house: Cashier, request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return the page of a payment, with the state that it begins with."""
    with _passed(house, token):
        view = await _view(house, await _visit(house, token), request)
    state = escape(msgspec.json.encode(view).decode())
    page = _PAGE.replace(_OPENING, f'{_OPENING} data-view="{state}"', 1)
    return Response(page.encode(), media_type=MediaType.HTML, headers=_HEADERS)


@get("/pay/{token:str}/state", opt=_ANYBODY, include_in_schema=False)
async def cashier_state(
    *, token: str, house: Cashier, request: Request[Any, Any, Any], after: After = ""
) -> CashierView:
    """Return the state of a payment once it is another than the one shown, or after 25 seconds."""
    with _passed(house, token):
        return await _view(house, await _changed(house, token, after=after), request)


@post("/pay/{token:str}/attempts", opt=_ANYBODY, include_in_schema=False, status_code=200)
async def cashier_attempt(
    *, token: str, data: AttemptWish, house: Cashier, request: Request[Any, Any, Any]
) -> CashierView:
    """Ask a channel for the payment, in the way that the payer has chosen."""
    with _passed(house, token):
        visit = await _visit(house, token)
        await attempt_payment(
            house,
            grant=visit.payer,
            key=_key_of(request),
            payment=visit.intent.id,
            asked=Asked(method=data.method, device=_device_of(request), payer_ip=_address_of(request)),
        )
        return await _view(house, await _visit(house, token), request)


@post("/pay/{token:str}/sandbox", opt=_ANYBODY, include_in_schema=False, status_code=200)
async def cashier_sandbox(
    *, token: str, data: ActWish, house: Cashier, request: Request[Any, Any, Any]
) -> CashierView:
    """Do at the sandbox what a payer does."""
    with _passed(house, token):
        visit = await _visit(house, token)
        await act(house, grant=visit.payer, key=_key_of(request), payment=visit.intent.id, act=data.act)
        return await _view(house, await _visit(house, token), request)


def _passed(house: Means, token: str) -> AbstractContextManager[None]:
    """Count a request for the time of the block. Raises as `_visit`, and Refusal `cashier.limited`."""
    link = read_cashier_token(vault=house.vault, token=token)
    return _LINKS.passed(link, now_s=asyncio.get_running_loop().time())


async def _changed(house: Cashier, token: str, *, after: str) -> _Visit:
    """Return the payment once it is another than in version `after`, or the time to wait is over."""
    tenant_id, _ = read_cashier_token(vault=house.vault, token=token)
    loop = asyncio.get_running_loop()
    ends = loop.time() + _WAIT_S
    while True:
        head = house.wake.head(tenant_id)
        visit = await _visit(house, token)
        left_s = ends - loop.time()
        if visit.version != after or left_s <= 0 or house.wake.closed:
            return visit
        await house.wake.wait(tenant_id, beyond=head, timeout_s=left_s)
        await asyncio.sleep(_PAUSE_S)


async def _visit(house: Means, token: str) -> _Visit:
    """Return the payment of a link as it is now. Raises Refusal `payment.unknown` for a link not ours."""
    tenant_id, number = read_cashier_token(vault=house.vault, token=token)
    intent, attempts = await queries.payment_of_number(
        database=house.database, tenant_id=tenant_id, actor=SYSTEM, number=number
    )
    return _Visit(tenant_id, intent, attempts)


async def _view(house: Means, visit: _Visit, request: Request[Any, Any, Any]) -> CashierView:
    """Return what the page shows of a payment."""
    intent = visit.intent
    left = intent.expires_at - house.clock.now()
    return CashierView(
        version=visit.version,
        state=intent.state,
        title_en=intent.title_en,
        title_zh=intent.title_zh,
        asset=intent.asset,
        amount_text=format_minor(amount_minor=intent.amount_minor, scale=asset_of(intent.asset).scale),
        expires_in_ms=max(0, int(left.total_seconds() * _MILLISECONDS)),
        ways=await _ways(house, visit, request),
        attempt=_shown(visit.attempts),
        sandbox=any(one.channel == "sandbox" for one in visit.attempts),
        return_url=intent.return_url,
    )


async def _ways(house: Means, visit: _Visit, request: Request[Any, Any, Any]) -> list[WayView]:
    """Return one way for each channel that is open on the payer's device."""
    intent = visit.intent
    if intent.state not in OPEN_INTENTS or house.clock.now() >= intent.expires_at:
        return []
    scene = await scene_of(house, tenant_id=visit.tenant_id)
    asked = Asked(device=_device_of(request), payer_ip=_address_of(request))
    chosen: dict[ChannelName, Option] = {}
    for option in open_options(route(wish_of(intent, asked=asked), scene)):
        known = chosen.get(option.channel)
        if known is None or (known.method in _LAST and option.method not in _LAST):
            chosen[option.channel] = option
    return [WayView(channel=one.channel, method=one.method) for one in chosen.values()]


def _shown(attempts: Sequence[Attempt]) -> ShownAttempt | None:
    """Return the latest attempt that can still be paid, drawn for the page."""
    latest = next((one for one in reversed(attempts) if one.state in OPEN_ATTEMPTS), None)
    if latest is None:
        return None
    told = latest.presentation or {}
    url = told.get("url")
    kind = told.get("kind")
    return ShownAttempt(
        channel=latest.channel,
        method=latest.method,
        state=latest.state,
        kind=kind,
        url=url,
        svg=segno.make(url, error="m").svg_inline(border=2, omitsize=True) if kind == "qr" and url else None,
        parameters=told.get("parameters"),
    )


def _device_of(request: Request[Any, Any, Any]) -> Device:
    agent = request.headers.get("user-agent", "")
    if "MicroMessenger" in agent:
        return "wechat"
    return "mobile" if "Mobile" in agent else "desktop"


def _address_of(request: Request[Any, Any, Any]) -> str | None:
    return request.client.host if request.client else None


def _key_of(request: Request[Any, Any, Any]) -> str:
    """Return the key of the request, apart from those of the platform's own. Raises as the edge does."""
    key = request.headers.get("idempotency-key")
    if key is None:
        raise invalid("key.missing", "Send a header Idempotency-Key that is new for every new request.")
    if not _KEY.fullmatch(key):
        raise invalid("key.malformed", "Send an Idempotency-Key of 1 to 200 visible ASCII characters.")
    return f"cashier/{key}"


ROUTES: Final[tuple[Any, ...]] = (cashier_page, cashier_state, cashier_attempt, cashier_sandbox)
