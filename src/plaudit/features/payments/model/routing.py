"""Which merchant account a payment goes to: those that fit, in order, and why the others do not."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal, TypeAlias

from plaudit.features.payments.model.accounts import Device, SealedMerchant
from plaudit.features.payments.model.channel import METHODS, ChannelName, Method
from plaudit.vocabulary import switches

Reason: TypeAlias = Literal[
    "disabled",
    "switched_off",
    "currency",
    "amount",
    "device",
    "payer_reference",
    "payer_ip",
    "other_method",
    "other_account",
    "failing",
    "tried",
]

HEALTH_WINDOW: Final = timedelta(minutes=5)
"""How far back an account's results count; a failing one returns by itself when they have grown older."""
_RESULTS_MIN: Final = 5

_DEVICES: Final[Mapping[Method, frozenset[Device]]] = {
    "native": frozenset({"desktop", "mobile", "wechat"}),
    "h5": frozenset({"mobile"}),
    "jsapi": frozenset({"wechat"}),
    "page": frozenset({"desktop"}),
    "wap": frozenset({"mobile"}),
    "app": frozenset({"app"}),
    "checkout": frozenset({"desktop", "mobile", "wechat", "app"}),
    "sandbox": frozenset({"desktop", "mobile", "wechat", "app"}),
}
"""Where each way to pay can be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How the payers of the last minutes fared at an account: how many, and for how many all failed.

    An attempt that its channel has not answered is a failure, too, as long as that is so.
    """

    settled: int
    failed: int

    @property
    def failing(self) -> bool:
        """Tell whether the account is left out: at least 5 results, and more than half of them failures."""
        return self.settled >= _RESULTS_MIN and 2 * self.failed > self.settled


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be paid and what is known of the payer. None leaves the choice to routing.

    `account` is a merchant account's number. Without a `device` every one is thought possible.
    """

    asset: str
    amount_minor: int
    method: Method | None = None
    account: int | None = None
    device: Device | None = None
    has_payer_reference: bool = False
    has_payer_ip: bool = False
    tried: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A way to pay at an account; `reason` says why it is not open now, None that it is."""

    account: int
    channel: ChannelName
    method: Method
    reason: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What routing decides by: the tenant's accounts, what is switched off, how accounts did lately."""

    accounts: tuple[SealedMerchant, ...]
    off: frozenset[str]
    health: Mapping[int, Health]


def route(wish: Wish, scene: Scene) -> tuple[Option, ...]:
    """Return every way to pay: by the priority and number of its account, then in the channel's own order.

    The first without a reason is the one to take.
    """
    ordered = sorted(scene.accounts, key=_order)
    return tuple(option for account in ordered for option in _options(account, wish, scene))


def open_options(options: Iterable[Option]) -> tuple[Option, ...]:
    """Return the ways that are open, in order."""
    return tuple(option for option in options if option.reason is None)


def _order(account: SealedMerchant) -> tuple[int, int]:
    return account.priority, account.number


def _options(account: SealedMerchant, wish: Wish, scene: Scene) -> Iterable[Option]:
    whole = _reason_of_account(account, wish, scene)
    for method in METHODS[account.channel]:
        if method in account.methods:
            yield Option(
                account=account.number,
                channel=account.channel,
                method=method,
                reason=whole or _reason_of_method(method, wish),
            )


def _reason_of_account(account: SealedMerchant, wish: Wish, scene: Scene) -> Reason | None:
    targets = {switches.channel(account.channel), switches.channel(account.id)}
    reasons: tuple[tuple[bool, Reason], ...] = (
        (wish.account not in {None, account.number}, "other_account"),
        (account.number in wish.tried, "tried"),
        (not account.enabled, "disabled"),
        (bool(targets & scene.off), "switched_off"),
        (wish.asset not in account.assets, "currency"),
        (not account.min_minor <= wish.amount_minor <= account.max_minor, "amount"),
        (bool(account.devices and wish.device and wish.device not in account.devices), "device"),
        (account.number in scene.health and scene.health[account.number].failing, "failing"),
    )
    return next((reason for holds, reason in reasons if holds), None)


def _reason_of_method(method: Method, wish: Wish) -> Reason | None:
    if wish.method not in {None, method}:
        return "other_method"
    if wish.device is not None and wish.device not in _DEVICES[method]:
        return "device"
    if method == "jsapi" and not wish.has_payer_reference:
        return "payer_reference"
    if method == "h5" and not wish.has_payer_ip:
        return "payer_ip"
    return None
