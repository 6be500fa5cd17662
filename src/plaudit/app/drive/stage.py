"""The stage of a replay: before it, creators and policies; after it, totals and the platform's account."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable, Mapping
from typing import Any, Final
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
_CAUGHT_UP_TRIES: Final = 100
_CAUGHT_UP_PAUSE_S: Final = 0.1


class SetupError(Exception):
    """The server refused what a replay needs around its payments; the message is its answer."""


class Problem(msgspec.Struct, frozen=True):
    """The members of an RFC 9457 answer that a replay reports."""

    code: str = ""
    detail: str = ""


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
                group.create_task(_put(client=client, path=f"/v1/creators/{creator}", body={}))


async def permit_amounts(*, client: Client, currencies: Mapping[str, Span]) -> None:
    """Widen the tipping policy of each currency where its bounds would refuse an amount of the file.

    A policy that already permits them is left alone; presets are kept; a day limit is taken away, for a
    replay brings the payments of days together.
    """
    answer = await client.send(method="GET", path="/v1/tipping/policy")
    policies = {str(item.get("asset")): item for item in _items(answer=answer)}
    for currency, span in currencies.items():
        policy = policies.get(currency)
        if policy is not None and (
            policy["min_minor"] <= span.min_minor
            and policy["max_minor"] >= span.max_minor
            and policy.get("day_limit_minor") is None
        ):
            continue
        old = policy or {"min_minor": span.min_minor, "max_minor": span.max_minor, "presets_minor": []}
        body = {
            "asset": currency,
            "min_minor": min(old["min_minor"], span.min_minor),
            "max_minor": max(old["max_minor"], span.max_minor),
            "presets_minor": old["presets_minor"],
            "day_limit_minor": None,
        }
        await _put(client=client, path="/v1/tipping/policy", body=body)


async def wait_caught_up(*, client: Client) -> None:
    """Wait until no subscription lags, ten seconds at most: totals are read from projections."""
    for _ in range(_CAUGHT_UP_TRIES):
        answer = await client.send(method="GET", path="/v1/subscriptions")
        if answer.status != _OK or not any(item.get("lag") for item in _items(answer=answer)):
            return
        await asyncio.sleep(_CAUGHT_UP_PAUSE_S)


async def top_of(*, client: Client, by: str, currency: str) -> list[Ranked]:
    """Return the ten highest totals, `by` "viewer" or "creator"; anonymous wallets are not ranked."""
    query = urlencode({"by": by, "asset": currency, "limit": _ASKED})
    answer = await client.send(method="GET", path=f"/v1/tipping/totals?{query}")
    ranked = [
        Ranked(id=item["id"], amount_minor=item["amount_minor"], tips=item["tips"])
        for item in _items(answer=answer)
        if item.get("id") and not is_anonymous_wallet(viewer=item["id"])
    ]
    return ranked[:_TOP]


async def platform_balance(*, client: Client, currency: str) -> int:
    """Return the balance of the platform's revenue account in minor units; 0 when it was never opened."""
    query = urlencode({"address": f"platform/revenue/{currency}"})
    answer = await client.send(method="GET", path=f"/v1/accounts?{query}")
    if answer.status == _MISSING:
        return 0
    found: dict[str, Any] = _checked(answer=answer, what="the platform's account")
    if "balance_minor" in found:
        return int(found["balance_minor"])
    return sum(int(balance["balance_minor"]) for balance in found.get("balances", []))


async def _known_creators(*, client: Client) -> set[str]:
    known: set[str] = set()
    query: dict[str, str] = {"limit": "200"}
    while True:
        answer = await client.send(method="GET", path=f"/v1/creators?{urlencode(query)}")
        page: dict[str, Any] = _checked(answer=answer, what="the list of creators")
        known.update(str(item["creator"]) for item in page["items"])
        if not page.get("next_cursor"):
            return known
        query["cursor"] = page["next_cursor"]


async def _put(*, client: Client, path: str, body: Mapping[str, object]) -> None:
    """Put with a fresh key each run: what someone changed since must be changed, not answered from before."""
    key = f"replay-setup-{secrets.token_hex(16)}"
    answer = await client.send(method="PUT", path=path, body=msgspec.json.encode(body), key=key)
    if answer.status not in {_OK, _CREATED}:
        raise SetupError(_refusal(answer=answer, what=f"PUT {path}"))


def _items(*, answer: Answer) -> list[dict[str, Any]]:
    found: Any = _checked(answer=answer, what="a list")
    return list(found["items"]) if isinstance(found, dict) and "items" in found else _as_list(found=found)


def _as_list(*, found: Any) -> list[dict[str, Any]]:
    if isinstance(found, list):
        return found
    lists = [value for value in found.values() if isinstance(value, list)] if "asset" not in found else []
    return lists[0] if lists else [found]


def _checked(*, answer: Answer, what: str) -> Any:
    if answer.status != _OK:
        raise SetupError(_refusal(answer=answer, what=what))
    return msgspec.json.decode(answer.body)


def _refusal(*, answer: Answer, what: str) -> str:
    problem = problem_of(answer=answer)
    return f"{what}: {answer.status} {problem.code}: {problem.detail}"
