"""Top-up packs and the policy of their refunds over HTTP."""

from typing import Any, Final, Literal

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.core.commands.corridor import Corridor
from plaudit.core.handles import Database
from plaudit.features.wallets import actions, queries
from plaudit.features.wallets.http.fields import TAGS, Amount, Cursor, Limit, fact_of, text_of, time_of
from plaudit.features.wallets.model import Pack, TopupPolicy
from plaudit.platform.web import Response, answer, get, put
from plaudit.vocabulary.facts.wallets import PackSaved, TopupPolicySaved

_READ: Final = {"permission": "catalogue.read"}
_WRITE: Final = {"permission": "pack.write"}


class NewPack(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A pack: its price in a currency, what it puts into the wallet, and when (from, before) it is sold.

    `pay_within_s` is how long an order of it may be paid, 60 to 86400 seconds; 30 minutes when left out.
    """

    price_asset: str
    price_minor: Amount
    amount_minor: Amount
    bonus_minor: Amount = 0
    asset: str = "coin"
    valid_from: str | None = None
    valid_until: str | None = None
    on_sale: bool = True
    pay_within_s: int | None = None


class PackView(msgspec.Struct, kw_only=True):
    """A pack; `revision` counts its changes."""

    pack: str
    price_asset: str
    price_minor: int
    asset: str
    amount_minor: int
    bonus_minor: int
    valid_from: str | None
    valid_until: str | None
    on_sale: bool
    pay_within_s: int | None
    revision: int


class PackPage(msgspec.Struct, kw_only=True):
    """Some packs, by name."""

    items: list[PackView]
    next_cursor: str | None


class NewTopupPolicy(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What happens when a top-up is refunded whose coins were spent.

    "refuse": no refund; "debt": the wallet owes the rest, up to `debt_limit_minor` in all; "available": what
    is there is taken and the rest written off.
    """

    clawback: Literal["refuse", "debt", "available"]
    debt_limit_minor: Amount = 0


class TopupPolicyView(msgspec.Struct, kw_only=True):
    """The policy of one asset; `revision` counts its changes, 0 where none was saved."""

    asset: str
    clawback: Literal["refuse", "debt", "available"]
    debt_limit_minor: int
    revision: int


@put("/v1/packs/{pack:str}", opt=_WRITE, summary="Save a top-up pack", tags=TAGS)
async def put_pack(
    *, pack: str, data: NewPack, grant: Grant, idempotency_key: str, corridor: Corridor
) -> Response[PackView]:
    """Save a pack. What was ordered before is paid and given as it was ordered."""
    wanted = Pack(
        id=pack,
        revision=0,
        price_asset=data.price_asset,
        price_minor=data.price_minor,
        asset=data.asset,
        amount_minor=data.amount_minor,
        bonus_minor=data.bonus_minor,
        valid_from=time_of(data.valid_from, "valid_from"),
        valid_until=time_of(data.valid_until, "valid_until"),
        on_sale=data.on_sale,
        pay_within_s=data.pay_within_s,
    )
    outcome = await actions.save_pack(corridor=corridor, grant=grant, key=idempotency_key, pack=wanted)
    return answer(_pack(wanted, fact_of(outcome, PackSaved).revision), replayed=outcome.replayed)


@get("/v1/packs", opt=_READ, summary="List top-up packs", tags=TAGS)
async def list_packs(
    *, grant: Grant, database: Database, limit: Limit = None, cursor: Cursor = None
) -> PackPage:
    """Return the packs by name, those that are not on sale as well."""
    page = await queries.packs(database=database, tenant_id=grant.tenant_id, limit=limit, cursor=cursor)
    return PackPage(items=[_pack(one, one.revision) for one in page.items], next_cursor=page.next_cursor)


@get("/v1/packs/{pack:str}", opt=_READ, summary="A top-up pack", tags=TAGS)
async def show_pack(*, pack: str, grant: Grant, database: Database) -> PackView:
    """Return one pack."""
    found = await queries.pack(database=database, tenant_id=grant.tenant_id, pack=pack)
    return _pack(found, found.revision)


@put("/v1/topup-policies/{asset:str}", opt=_WRITE, summary="Save the refund policy of top-ups", tags=TAGS)
async def put_topup_policy(
    *, asset: str, data: NewTopupPolicy, grant: Grant, idempotency_key: str, corridor: Corridor
) -> Response[TopupPolicyView]:
    """Save what happens when top-ups of an asset are refunded, for all refunds from now on."""
    wanted = TopupPolicy(
        asset=asset, revision=0, clawback=data.clawback, debt_limit_minor=data.debt_limit_minor
    )
    outcome = await actions.save_topup_policy(
        corridor=corridor, grant=grant, key=idempotency_key, policy=wanted
    )
    return answer(_policy(wanted, fact_of(outcome, TopupPolicySaved).revision), replayed=outcome.replayed)


@get("/v1/topup-policies/{asset:str}", opt=_READ, summary="The refund policy of top-ups", tags=TAGS)
async def show_topup_policy(*, asset: str, grant: Grant, database: Database) -> TopupPolicyView:
    """Return what happens when top-ups of an asset are refunded."""
    found = await queries.topup_policy(database=database, tenant_id=grant.tenant_id, asset=asset)
    return _policy(found, found.revision)


ROUTES: Final[tuple[Any, ...]] = (put_pack, list_packs, show_pack, put_topup_policy, show_topup_policy)


def _pack(one: Pack, revision: int) -> PackView:
    return PackView(
        pack=one.id,
        price_asset=one.price_asset,
        price_minor=one.price_minor,
        asset=one.asset,
        amount_minor=one.amount_minor,
        bonus_minor=one.bonus_minor,
        valid_from=text_of(one.valid_from),
        valid_until=text_of(one.valid_until),
        on_sale=one.on_sale,
        pay_within_s=one.pay_within_s,
        revision=revision,
    )


def _policy(one: TopupPolicy, revision: int) -> TopupPolicyView:
    return TopupPolicyView(
        asset=one.asset,
        clawback=one.clawback,
        debt_limit_minor=one.debt_limit_minor,
        revision=revision,
    )
