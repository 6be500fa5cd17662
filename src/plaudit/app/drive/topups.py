"""Top-ups before a show: every viewer buys a pack and pays for it at the sandbox, over HTTP.

Each step carries a key made from show and viewer, so that a run that was cut off goes on where it was.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeVar

import msgspec

from plaudit.app.drive.client import Client
from plaudit.app.drive.rows import Row
from plaudit.app.drive.stage import SetupError, checked, problem_of, put, wait_caught_up

_CHANNEL: Final = "sandbox"
_STEPS: Final = (1, 2, 4)
_SMALLEST_MINOR: Final = 500
_SETTLED_TRIES: Final = 600
_PAUSE_S: Final = 0.1
_DONE: Final = frozenset({200, 201})


class _Account(msgspec.Struct, frozen=True):
    channel: str


class _Accounts(msgspec.Struct, frozen=True):
    items: list[_Account]


class _Due(msgspec.Struct, frozen=True):
    due: str


class _Payment(msgspec.Struct, frozen=True):
    payment: str


class _Payments(msgspec.Struct, frozen=True):
    items: list[_Payment]


_Shape = TypeVar("_Shape")


def needs_of(*, rows: Iterable[Row]) -> dict[str, int]:
    """Return what each wallet gives in all, in minor units."""
    needs: Counter[str] = Counter()
    for row in rows:
        needs[row.wallet] += row.amount_minor
    return dict(needs)


def pack_for(*, amount_minor: int) -> int:
    """Return the price of the smallest pack that holds an amount: 5.00, 10.00, 20.00, 50.00 and so on."""
    unit = _SMALLEST_MINOR
    while True:
        for step in _STEPS:
            if unit * step >= amount_minor:
                return unit * step
        unit *= 10


async def top_up(
    *, client: Client, show: str, currency: str, needs: Mapping[str, int], moved: Callable[[int], None]
) -> int:
    """Let every viewer pay for the pack that holds what he needs, and wait until all of it is in the wallets.

    `moved` is told how many have paid. Returns the sum of the packs. Raises SetupError.
    """
    await _open_channel(client=client, currency=currency)
    packs = {viewer: pack_for(amount_minor=need) for viewer, need in needs.items()}
    for price_minor in sorted(set(packs.values())):
        await put(
            client=client,
            path=f"/v1/packs/{_pack(currency, price_minor)}",
            body={
                "price_asset": currency,
                "price_minor": price_minor,
                "asset": currency,
                "amount_minor": price_minor,
                "on_sale": True,
            },
        )
    waiting = iter(packs.items())
    paid = 0

    async def lane() -> None:
        nonlocal paid
        for viewer, price_minor in waiting:
            await _pay(client=client, show=show, viewer=viewer, pack=_pack(currency, price_minor))
            paid += 1
            moved(paid)

    async with asyncio.TaskGroup() as lanes:
        for _ in range(client.connections):
            lanes.create_task(lane())
    await _settled(client=client)
    return sum(packs.values())


async def _open_channel(*, client: Client, currency: str) -> None:
    """Open an account at the sandbox unless the tenant has one."""
    answer = await client.send(method="GET", path="/v1/channel-accounts")
    if any(one.channel == _CHANNEL for one in checked(answer=answer, shape=_Accounts).items):
        return
    account = {
        "channel": _CHANNEL,
        "name": "Sandbox",
        "assets": [currency],
        "methods": [_CHANNEL],
        "secrets": {"signing_key": secrets.token_hex(32)},
    }
    await _post(
        client=client, path="/v1/channel-accounts", body=account, key=secrets.token_hex(16), shape=_Account
    )


async def _pay(*, client: Client, show: str, viewer: str, pack: str) -> None:
    """Order a pack, open its payment, choose the sandbox, and pay there."""
    mark = f"topup-{show}-{viewer}"
    order = {"viewer": viewer, "pack": pack}
    due = await _post(client=client, path="/v1/topups", body=order, key=f"{mark}-order", shape=_Due)
    opened = await _post(
        client=client, path="/v1/payments", body={"due": due.due}, key=f"{mark}-open", shape=_Payment
    )
    path = f"/v1/payments/{opened.payment}"
    method = {"method": _CHANNEL}
    await _post(client=client, path=f"{path}/attempts", body=method, key=f"{mark}-try", shape=dict)
    await _post(client=client, path=f"{path}/sandbox", body={"act": "pay"}, key=f"{mark}-pay", shape=dict)


async def _settled(*, client: Client) -> None:
    """Wait until no payment is under way, a minute at most, and everybody has read what became of them."""
    for _ in range(_SETTLED_TRIES):
        answer = await client.send(method="GET", path="/v1/payments?state=processing&limit=1")
        if not checked(answer=answer, shape=_Payments).items:
            await wait_caught_up(client=client)
            return
        await asyncio.sleep(_PAUSE_S)
    raise SetupError("some payments at the sandbox are not settled; see `plaudit jobs`")


async def _post(*, client: Client, path: str, body: object, key: str, shape: type[_Shape]) -> _Shape:
    answer = await client.send(method="POST", path=path, body=msgspec.json.encode(body), key=key)
    if answer.status not in _DONE:
        problem = problem_of(answer=answer)
        raise SetupError(f"POST {path}: {answer.status} {problem.code}: {problem.detail}")
    return msgspec.json.decode(answer.body, type=shape)


def _pack(currency: str, price_minor: int) -> str:
    return f"{currency.lower()}-{price_minor}"
