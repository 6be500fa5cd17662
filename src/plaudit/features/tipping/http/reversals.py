"""Reversals over HTTP: a tip taken back, whole or in part."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.core.commands.corridor import Corridor
from plaudit.core.handles import Database
from plaudit.features.tipping import actions, queries
from plaudit.features.tipping.http.fields import CREATED, TAGS, Amount, SharesView, fact_of, shares_of
from plaudit.features.tipping.model import TIP
from plaudit.kernel.ids import encode_id
from plaudit.kernel.time import Clock, format_time
from plaudit.platform.web import Response, answer, post
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.tipping import TipReversed

_SALT_BYTES: Final = 16


class NewReversal(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How much to take back, all that still stands when it is left out, and why."""

    reason: str
    amount_minor: Amount | None = None


class ReversalDone(msgspec.Struct, kw_only=True):
    """What was taken back, from whom, and how much of the tip is reversed in all.

    `balance_minor` is what the viewer's wallet holds after it. Where units of a gift had paid it is null, and
    `units` are those that the viewer has again: all of them once the tip is reversed whole, else none.
    """

    reversal: str
    position: int
    tip: str
    viewer: str
    creator: str
    asset: str
    amount_minor: int
    shares: SharesView
    reversed_minor: int
    balance_minor: int | None
    units: int
    at: str
    recorded_at: str


@post(
    "/v1/tips/{tip:str}/reversals",
    opt={"permission": "tip.reverse"},
    status_code=CREATED,
    summary="Reverse a tip",
    tags=TAGS,
)
async def post_reversal(
    *,
    tip: str,
    data: NewReversal,
    grant: Grant,
    idempotency_key: str,
    corridor: Corridor,
    database: Database,
    clock: Clock,
    randomness: Callable[[int], bytes],
) -> Response[ReversalDone]:
    """Take a tip back, whole or in part: each party gives back its part by the tip's own split."""
    command = actions.reverse_tip(
        grant=grant,
        key=idempotency_key,
        tip=await queries.tip_fact(database=database, tenant_id=grant.tenant_id, tip=tip),
        amount_minor=data.amount_minor,
        reason=data.reason,
        now=clock.now(),
        salt=randomness(_SALT_BYTES),
    )
    outcome = await corridor.submit(command)
    fact = fact_of(outcome, TipReversed)
    wallet = chart.viewer_wallet(viewer=fact.viewer, asset=fact.asset)
    body = ReversalDone(
        reversal=encode_id("reversal", outcome.position),
        position=outcome.position,
        tip=encode_id(TIP, fact.tip),
        viewer=fact.viewer,
        creator=fact.creator,
        asset=fact.asset,
        amount_minor=fact.amount_minor,
        shares=shares_of(fact),
        reversed_minor=fact.reversed_minor,
        balance_minor=outcome.entries[wallet][1] if wallet in outcome.entries else None,
        units=fact.units,
        at=format_time(outcome.at),
        recorded_at=format_time(outcome.recorded_at),
    )
    return answer(body, replayed=outcome.replayed, status=CREATED)


ROUTES: Final[tuple[Any, ...]] = (post_reversal,)
