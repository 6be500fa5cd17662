"""The channels there are, and merchant accounts made ready for use, once for each process and revision."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from plaudit.features.payments.model.accounts import SealedMerchant
from plaudit.features.payments.model.channel import Channel, ChannelName, Merchant
from plaudit.features.payments.providers.alipay import AlipaySecrets, AlipaySettings, alipay
from plaudit.features.payments.providers.sandbox import Sandbox, SandboxSecrets, SandboxSettings, Trades
from plaudit.features.payments.providers.stripe import StripeSecrets, StripeSettings, stripe
from plaudit.features.payments.providers.wechat import WechatSecrets, WechatSettings, wechat
from plaudit.kernel.time import Clock
from plaudit.platform.crypto import Vault
from plaudit.platform.outbound import Outbound

__all__ = ["CHANNELS", "Kind", "Trades", "context_of", "opened", "ready"]

_READY_MAX: Final = 1_024


@dataclass(frozen=True, slots=True)
class Kind:
    """A channel: the strict types of an account's settings and secrets, and what makes it ready.

    `make` takes `merchant`, `outbound`, `clock`, `randomness`, `settings` and `secrets` by keyword, and
    raises ValueError when they do not go together. None: the sandbox, which needs its books as well.
    `address` is the setting that says where requests go, with what the secrets open; `identity` are those
    that say which merchant it is, at whom orders and refunds are known by our numbers.
    """

    settings: type[msgspec.Struct]
    secrets: type[msgspec.Struct]
    make: Callable[..., Channel] | None
    address: str | None = None
    identity: tuple[str, ...] = ()

    def shown(self, settings: Mapping[str, Any], *, name: str) -> Any:  # noqa: ANN401 - as the setting is
        """Return one of an account's settings as it holds: what was sent, or else what it is by itself."""
        defaults = {one.name: one.default for one in msgspec.structs.fields(self.settings)}
        return settings.get(name, defaults[name])


CHANNELS: Final[Mapping[ChannelName, Kind]] = {
    "wechat": Kind(WechatSettings, WechatSecrets, wechat, address="base_url", identity=("mchid",)),
    "alipay": Kind(
        AlipaySettings, AlipaySecrets, alipay, address="gateway_url", identity=("app_id", "seller_id")
    ),
    "stripe": Kind(
        StripeSettings, StripeSecrets, stripe, address="base_url", identity=("account", "livemode")
    ),
    "sandbox": Kind(SandboxSettings, SandboxSecrets, None),
}
"""All channels by name."""


@dataclass(slots=True)
class _Ready:
    """A channel, and what it was made of: another revision, installation or connection makes it anew."""

    sealed: SealedMerchant
    outbound: Outbound
    channel: Channel


_READY: Final[OrderedDict[tuple[int, int], _Ready]] = OrderedDict()


def context_of(*, tenant_id: int, number: int) -> str:
    """Return what an account's secrets are sealed for: they open at no other account."""
    return f"payments/account/{tenant_id}/{number}"


def opened(*, merchant: SealedMerchant, vault: Vault) -> Merchant:
    """Return an account with its secrets. Raises platform.crypto.SealError."""
    context = context_of(tenant_id=merchant.tenant_id, number=merchant.number)
    secrets = msgspec.json.decode(vault.open(sealed=merchant.sealed, context=context))
    return Merchant(
        tenant_id=merchant.tenant_id,
        number=merchant.number,
        channel=merchant.channel,
        name=merchant.name,
        settings=merchant.settings,
        secrets=secrets,
        enabled=merchant.enabled,
        priority=merchant.priority,
        assets=merchant.assets,
        methods=merchant.methods,
        devices=merchant.devices,
        min_minor=merchant.min_minor,
        max_minor=merchant.max_minor,
        revision=merchant.revision,
    )


def ready(
    *,
    merchant: SealedMerchant,
    vault: Vault,
    outbound: Outbound,
    clock: Clock,
    randomness: Callable[[int], bytes],
    trades: Callable[[], Trades],
) -> Channel:
    """Return an account ready for use: its keys are opened and parsed once for each revision.

    `trades` gives the sandbox its books. Raises platform.crypto.SealError, and ValueError when what was saved
    cannot be used any more.
    """
    place = (merchant.tenant_id, merchant.number)
    known = _READY.get(place)
    if (
        known is not None
        and known.outbound is outbound
        and (known.sealed is merchant or known.sealed == merchant)
    ):
        # Where the row was read anew the next look sees at once that it is the same.
        known.sealed = merchant
        _READY.move_to_end(place)
        return known.channel
    channel = made(
        merchant=opened(merchant=merchant, vault=vault),
        outbound=outbound,
        clock=clock,
        randomness=randomness,
        trades=trades,
    )
    _READY[place] = _Ready(merchant, outbound, channel)
    while len(_READY) > _READY_MAX:
        _READY.popitem(last=False)
    return channel


def made(
    *,
    merchant: Merchant,
    outbound: Outbound,
    clock: Clock,
    randomness: Callable[[int], bytes],
    trades: Callable[[], Trades],
) -> Channel:
    """Return a channel for an account. Raises ValueError (msgspec.ValidationError) when it cannot be one."""
    kind = CHANNELS[merchant.channel]
    settings: Any = msgspec.convert(merchant.settings, kind.settings)
    secrets: Any = msgspec.convert(merchant.secrets, kind.secrets)
    if kind.make is None:
        assert isinstance(secrets, SandboxSecrets), merchant
        return Sandbox(
            merchant=merchant, clock=clock, randomness=randomness, secrets=secrets, trades=trades()
        )
    return kind.make(
        merchant=merchant,
        outbound=outbound,
        clock=clock,
        randomness=randomness,
        settings=settings,
        secrets=secrets,
    )
