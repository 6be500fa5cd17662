"""The control interface: what happens in the world is told here, unsigned and from this machine only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from typing import Any, Final, TypeAlias, TypeVar
from urllib.parse import parse_qs

import msgspec
from msgspec import Struct

from plaudit.app.simulate.books import Delivery, Merchant, Order, Planting, Refund
from plaudit.app.simulate.house import House
from plaudit.app.simulate.mischief import Mischief
from plaudit.app.simulate.till import TillError
from plaudit.app.simulate.wire import Reply, Request, as_json
from plaudit.app.simulate.wishes import (
    ChangedMerchant,
    Craft,
    Flush,
    Named,
    NewMerchant,
    Pay,
    PayMany,
    SettleRefund,
    TimeWish,
    Withdraw,
)
from plaudit.kernel.rate import Rate

_T = TypeVar("_T", bound=Struct)
_Content: TypeAlias = Any
_Route: TypeAlias = Callable[[Request, str], Awaitable[_Content]]
_PAGE_MAX: Final = 1_000


class ControlError(Exception):
    """What was asked for cannot be done; the message says why."""

    def __init__(self, message: str, *, status: int = 400) -> None:
        """Take the sentence and the status."""
        super().__init__(message)
        self.status = status


class Control:
    """Answers under /control."""

    def __init__(self, house: House) -> None:
        """Control a house."""
        self._house = house
        self._books = house.books
        self._routes: dict[tuple[str, str], _Route] = {
            ("POST", "merchants"): self._new_merchant,
            ("GET", "merchants"): self._merchants,
            ("POST", "rotate"): self._rotate,
            ("POST", "pay"): self._pay,
            ("POST", "pay-many"): self._pay_many,
            ("POST", "fail"): self._fail,
            ("POST", "finish"): self._finish,
            ("POST", "withdraw"): self._withdraw,
            ("GET", "orders"): self._orders,
            ("GET", "refunds"): self._refunds,
            ("POST", "refunds"): self._settle,
            ("GET", "entries"): self._entries,
            ("GET", "callbacks"): self._callbacks,
            ("POST", "flush"): self._flush,
            ("POST", "craft"): self._craft,
            ("GET", "mischief"): self._mischief,
            ("POST", "mischief"): self._set_mischief,
            ("GET", "time"): self._time,
            ("POST", "time"): self._drive,
            ("GET", "plantings"): self._plantings,
            ("POST", "plantings"): self._plant,
            ("DELETE", "plantings"): self._clear,
            ("GET", "figures"): self._figures,
        }

    async def serve(self, request: Request) -> Reply:
        """Answer; 403 to whoever is not on this machine."""
        if not request.local:
            return as_json({"error": "the control interface answers this machine only"}, status=403)
        what, _, rest = request.path.removeprefix("/control/").partition("/")
        route = self._routes.get((request.method, what))
        if route is None:
            known = sorted(f"{method} /control/{name}" for method, name in self._routes)
            return as_json({"error": "there is no such thing to control", "known": known}, status=404)
        try:
            return as_json(await route(request, rest))
        except ControlError as error:
            return as_json({"error": str(error)}, status=error.status)
        except TillError as error:
            return as_json({"error": f"refused: {error.reason}", "reason": error.reason}, status=409)
        except (msgspec.MsgspecError, ValueError) as error:
            return as_json({"error": str(error)}, status=400)

    async def _new_merchant(self, request: Request, name: str) -> _Content:
        if name:
            return self._change(self._merchant(name), _read(request, ChangedMerchant))
        wish = _read(request, NewMerchant)
        Rate.parse(wish.fee_rate)
        return await self._house.new_merchant(
            wish.facts, mode=wish.mode, fee_rate=wish.fee_rate, refunds=wish.refunds, bills=wish.bills
        )

    def _change(self, merchant: Merchant, wish: ChangedMerchant) -> Merchant:
        if wish.fee_rate is not None:
            Rate.parse(wish.fee_rate)
        for name in ChangedMerchant.__struct_fields__:
            value = getattr(wish, name)
            if value is not None:
                setattr(merchant, name, value)
        return merchant

    async def _merchants(self, _request: Request, name: str) -> _Content:
        return self._merchant(name) if name else list(self._books.merchants.values())

    async def _rotate(self, _request: Request, name: str) -> _Content:
        merchant = self._merchant(name)
        await self._house.rotate(merchant)
        return merchant

    async def _pay(self, request: Request, _name: str) -> _Content:
        wish = _read(request, Pay)
        return self._house.till.pay(
            self._order(wish.number, wish.merchant),
            amount_minor=wish.amount_minor,
            payer=wish.payer,
            late=wish.late,
            again=wish.again,
        )

    async def _pay_many(self, request: Request, _name: str) -> _Content:
        wish = _read(request, PayMany)
        if wish.numbers is None:
            orders = [
                one
                for one in self._books.orders.values()
                if one.state == "pending" and wish.merchant in {None, one.merchant}
            ]
        else:
            orders = [self._order(number, wish.merchant) for number in wish.numbers]
        refused: Counter[str] = Counter()
        for order in orders:
            try:
                self._house.till.pay(order)
            except TillError as error:
                refused[error.reason] += 1
        return {"paid": len(orders) - refused.total(), "refused": refused}

    async def _fail(self, request: Request, _name: str) -> _Content:
        wish = _read(request, Named)
        order = self._order(wish.number, wish.merchant)
        self._house.till.fail(order)
        return order

    async def _finish(self, request: Request, _name: str) -> _Content:
        wish = _read(request, Named)
        order = self._order(wish.number, wish.merchant)
        self._house.till.finish(order)
        return order

    async def _withdraw(self, request: Request, _name: str) -> _Content:
        wish = _read(request, Withdraw)
        return self._house.till.withdraw(self._merchant(wish.merchant).id, wish.amount_minor)

    async def _orders(self, request: Request, number: str) -> _Content:
        query = parse_qs(request.query)
        if number:
            return self._order(number, query.get("merchant", [None])[0])
        return _some(self._books.orders.values(), query)

    async def _refunds(self, request: Request, number: str) -> _Content:
        query = parse_qs(request.query)
        if number:
            return self._refund(number, query.get("merchant", [None])[0])
        return _some(self._books.refunds.values(), query)

    async def _settle(self, request: Request, _name: str) -> _Content:
        wish = _read(request, SettleRefund)
        refund = self._refund(wish.number, wish.merchant)
        self._house.till.settle(refund, wish.state)
        return refund

    async def _entries(self, request: Request, merchant: str) -> _Content:
        found = self._books.entries.get(self._merchant(merchant).id, [])
        return _some(found, parse_qs(request.query))

    async def _callbacks(self, request: Request, _name: str) -> _Content:
        return _some(self._books.deliveries, parse_qs(request.query))

    async def _flush(self, request: Request, _name: str) -> _Content:
        await self._house.courier.flush(scheduled=_read(request, Flush).scheduled)
        return await self._figures(request, "")

    async def _craft(self, request: Request, _name: str) -> _Content:
        wish = _read(request, Craft)
        found = [
            one
            for one in self._books.deliveries
            if wish.number in {one.order, one.refund} and wish.merchant in {None, one.merchant}
        ]
        if not found:
            raise ControlError(f"there was no callback about {wish.number}", status=404)
        model = found[-1]
        crafted = msgspec.structs.replace(
            model,
            content=self._house.channel.changed(model.content, wish.changes),
            url=wish.url or model.url,
        )
        outcome, body = await self._house.courier.send_once(
            crafted,
            merchant=self._merchant(wish.signed_by or model.merchant),
            at=self._house.time.now() - timedelta(seconds=wish.age_s),
            probe=wish.probe,
        )
        return {"outcome": outcome, "body": body.decode("utf-8", "replace")}

    async def _mischief(self, _request: Request, _name: str) -> _Content:
        return self._house.courier.mischief

    async def _set_mischief(self, request: Request, _name: str) -> _Content:
        self._house.courier.mischief = _read(request, Mischief)
        return self._house.courier.mischief

    async def _time(self, _request: Request, _name: str) -> _Content:
        time = self._house.time
        return {
            "now": time.now(),
            "frozen": time.frozen_at is not None,
            "offset_s": time.offset.total_seconds(),
        }

    async def _drive(self, request: Request, _name: str) -> _Content:
        wish, time = _read(request, TimeWish), self._house.time
        if wish.at is not None:
            if wish.at.tzinfo is None:
                raise ControlError("at needs an offset, such as 2026-11-22T02:03:04Z")
            time.freeze(wish.at)
            if wish.running:
                time.follow(timedelta())
                time.follow(wish.at - time.now())
        if wish.offset_s is not None:
            time.follow(timedelta(seconds=wish.offset_s))
        if wish.advance_s is not None:
            time.advance(timedelta(seconds=wish.advance_s))
        self._house.courier.look()
        return await self._time(request, "")

    async def _plantings(self, _request: Request, _name: str) -> _Content:
        return self._books.plantings

    async def _plant(self, request: Request, _name: str) -> _Content:
        planting = _read(request, Planting)
        self._merchant(planting.merchant)
        self._books.plantings.append(planting)
        return planting

    async def _clear(self, _request: Request, _name: str) -> _Content:
        self._books.plantings.clear()
        return []

    async def _figures(self, _request: Request, _name: str) -> _Content:
        deliveries = self._books.deliveries
        return {
            "now": self._house.time.now(),
            "orders": Counter(one.state for one in self._books.orders.values()),
            "refunds": Counter(one.state for one in self._books.refunds.values()),
            "callbacks": Counter(one.state for one in deliveries),
            "attempts": Counter(one.outcome for delivery in deliveries for one in delivery.attempts),
            "requests": self._house.requests.total(),
            "balances_minor": {name: self._books.balance_minor(name) for name in self._books.merchants},
        }

    def _merchant(self, name: str) -> Merchant:
        if name not in self._books.merchants:
            raise ControlError(f"there is no merchant {name}", status=404)
        return self._books.merchants[name]

    def _order(self, number: str, merchant: str | None) -> Order:
        found = list(self._books.orders_numbered(number, merchant=merchant))
        return _one(found, f"order {number}")

    def _refund(self, number: str, merchant: str | None) -> Refund:
        names = [merchant] if merchant else list(self._books.merchants)
        found = [self._books.refunds.get((name, number)) for name in names]
        return _one([one for one in found if one is not None], f"refund {number}")


_Thing = TypeVar("_Thing")


def _one(found: list[_Thing], what: str) -> _Thing:
    if len(found) != 1:
        why = f"more than one merchant has the {what}; name the merchant" if found else f"there is no {what}"
        raise ControlError(why, status=404)
    return found[0]


def _read(request: Request, type_: type[_T]) -> _T:
    return msgspec.json.decode(request.body or b"{}", type=type_)


def _some(things: Iterable[Order | Refund | Delivery | Any], query: dict[str, list[str]]) -> dict[str, Any]:
    """Return a page of things whose fields are as the query says; `after` and `limit` page on."""
    after = int(query.pop("after", ["0"])[0])
    limit = min(int(query.pop("limit", [str(_PAGE_MAX)])[0]), _PAGE_MAX)
    wanted = {name: values[0] for name, values in query.items()}
    found = [
        one for one in things if all(getattr(one, name, None) == value for name, value in wanted.items())
    ]
    page = found[after : after + limit]
    following = after + limit if after + limit < len(found) else None
    return {"items": page, "total": len(found), "after": following}
