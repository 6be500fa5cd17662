"""The stage of a replay: before it, creators and policies; after it, totals and the platform's account."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Final, TypeVar
from urllib.parse import urlencode

import msgspec

from plaudit.app.drive.client import Client
from plaudit.app.drive.http1 import Answer
from plaudit.app.drive.report import Ranked
from plaudit.app.drive.rows import is_anonymous_wallet
from plaudit.app.drive.scan import Span

_TOP: Final = 10
_ASKED: Final = 100
_CREATED: Final = 201
_OK: Final = 200
_MISSING: Final = 404
_NOTHING: Final[Mapping[str, object]] = {}
_CAUGHT_UP_TRIES: Final = 100
_CAUGHT_UP_PAUSE_S: Final = 0.1


class SetupError(Exception):
    """The server refused what a replay needs around its payments; the message is its answer."""


class Problem(msgspec.Struct, frozen=True):
    """The members of an RFC 9457 answer that a replay reports."""

    code: str = ""
    detail: str = ""


class _Creator(msgspec.Struct, frozen=True):
    creator: str


class _Creators(msgspec.Struct, frozen=True):
    items: list[_Creator]
    next_cursor: str | None = None


class _Policy(msgspec.Struct, frozen=True):
    asset: str
    min_minor: int
    max_minor: int
    presets_minor: tuple[int, ...] = ()
    day_limit_minor: int | None = None


class _Policies(msgspec.Struct, frozen=True):
    items: list[_Policy]


class _Lag(msgspec.Struct, frozen=True):
    lag: int


class _Lags(msgspec.Struct, frozen=True):
    items: list[_Lag]


class _Total(msgspec.Struct, frozen=True):
    id: str | None
    amount_minor: int
    tips: int


class _Totals(msgspec.Struct, frozen=True):
    items: list[_Total]


class _Account(msgspec.Struct, frozen=True):
    balance_minor: int


_Shape = TypeVar("_Shape")


def problem_of(*, answer: Answer) -> Problem:
    """Return what a refusing answer says; whatever it is, there is something to show."""
    try:
        problem = msgspec.json.decode(answer.body, type=Problem)
    except msgspec.MsgspecError:
        return Problem(code=f"status.{answer.status}", detail=answer.body[:200].decode("utf-8", "replace"))
    return Problem(code=problem.code or f"status.{answer.status}", detail=problem.detail)


async def register_creators(*, client: Client, creators: Iterable[str]) -> None:
    """Register every creator the server does not know yet; one that it knows keeps its guild and terms."""
    known = await _known_creators(client=client)
    async with asyncio.TaskGroup() as group:
        for creator in creators:
            if creator not in known:
                group.create_task(put(client=client, path=f"/v1/creators/{creator}", body=_NOTHING))


async def permit_amounts(*, client: Client, currencies: Mapping[str, Span]) -> None:
    """Widen the tipping policy of each currency where its bounds would refuse an amount of the file.

    A policy that already permits them is left alone; presets are kept; a day limit is taken away, for a
    replay brings the payments of days together.
    """
    answer = await client.send(method="GET", path="/v1/tipping/policy")
    found = checked(answer=answer, shape=_Policies)
    policies = {policy.asset: policy for policy in found.items}
    for currency, span in currencies.items():
        old = policies.get(currency)
        new = _widened(policy=old or _Policy(currency, span.min_minor, span.max_minor), span=span)
        if new != old:
            await put(client=client, path="/v1/tipping/policy", body=new)


def _widened(*, policy: _Policy, span: Span) -> _Policy:
    return msgspec.structs.replace(
        policy,
        min_minor=min(policy.min_minor, span.min_minor),
        max_minor=max(policy.max_minor, span.max_minor),
        day_limit_minor=None,
    )


async def wait_caught_up(*, client: Client) -> None:
    """Wait until no subscription lags, ten seconds at most: totals are read from projections."""
    for _ in range(_CAUGHT_UP_TRIES):
        answer = await client.send(method="GET", path="/v1/subscriptions")
        if answer.status != _OK or not any(entry.lag for entry in checked(answer=answer, shape=_Lags).items):
            return
        await asyncio.sleep(_CAUGHT_UP_PAUSE_S)


async def top_of(*, client: Client, by: str, currency: str, show: str | None = None) -> list[Ranked]:
    """Return the ten highest totals, `by` "viewer" or "creator", of one show or of all.

    Anonymous wallets are not ranked.
    """
    query = {"by": by, "asset": currency, "limit": str(_ASKED)}
    if show is not None:
        query["show"] = show
    answer = await client.send(method="GET", path=f"/v1/tipping/totals?{urlencode(query)}")
    totals = checked(answer=answer, shape=_Totals).items
    named = (entry for entry in totals if entry.id and not is_anonymous_wallet(viewer=entry.id))
    ranked = (Ranked(id=entry.id or "", amount_minor=entry.amount_minor, tips=entry.tips) for entry in named)
    return list(islice(ranked, _TOP))


async def platform_balance(*, client: Client, currency: str) -> int:
    """Return the balance of the platform's revenue account in minor units; 0 when it was never opened."""
    query = urlencode({"address": f"platform/revenue/{currency}"})
    answer = await client.send(method="GET", path=f"/v1/accounts?{query}")
    if answer.status == _MISSING:
        return 0
    return checked(answer=answer, shape=_Account).balance_minor


async def _known_creators(*, client: Client) -> set[str]:
    known: set[str] = set()
    query = {"limit": "200"}
    while True:
        answer = await client.send(method="GET", path=f"/v1/creators?{urlencode(query)}")
        page = checked(answer=answer, shape=_Creators)
        known.update(entry.creator for entry in page.items)
        if not page.next_cursor:
            return known
        query["cursor"] = page.next_cursor


async def put(*, client: Client, path: str, body: object) -> None:
    """Put JSON; raises SetupError when it is refused.

    With a key each run: what someone changed since must be changed, not answered from before.
    """
    key = f"replay-setup-{secrets.token_hex(16)}"
    answer = await client.send(method="PUT", path=path, body=msgspec.json.encode(body), key=key)
    if answer.status not in {_OK, _CREATED}:
        raise SetupError(f"PUT {path}: {_said(answer=answer)}")


def checked(*, answer: Answer, shape: type[_Shape]) -> _Shape:
    """Return the answer to a GET as `shape`; raises SetupError when it is a no, or in another form."""
    if answer.status != _OK:
        raise SetupError(_said(answer=answer))
    try:
        return msgspec.json.decode(answer.body, type=shape)
    except msgspec.MsgspecError as fault:
        raise SetupError(f"the server answers in another form than this client knows: {fault}") from fault


def _said(*, answer: Answer) -> str:
    problem = problem_of(answer=answer)
    return f"{answer.status} {problem.code}: {problem.detail}"
