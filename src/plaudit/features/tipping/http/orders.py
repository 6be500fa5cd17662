"""Orders of tips over HTTP: tips in money that are paid straight through a channel."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.core.commands.corridor import Corridor
from plaudit.features.tipping import actions
from plaudit.features.tipping.http.fields import CREATED, SALT_BYTES, TAGS, TipWish, fact_of, tip_of
from plaudit.features.tipping.model import DUE
from plaudit.kernel.ids import encode_id
from plaudit.kernel.time import Clock, format_time
from plaudit.platform.web import Response, answer, post
from plaudit.vocabulary.facts.tipping import TipOrdered


class TipOrder(msgspec.Struct, kw_only=True):
    """An order: `amount_minor` of `asset` is due until `due_until`, and is paid under the id `due`."""

    due: str
    position: int
    viewer: str
    creator: str
    asset: str
    amount_minor: int
    due_until: str
    gift: str | None
    count: int
    at: str
    recorded_at: str


@post(
    "/v1/tips/orders",
    opt={"permission": "tip.send"},
    status_code=CREATED,
    summary="Order a tip that is paid through a channel",
    tags=TAGS,
)
async def post_tip_order(
    *,
    data: TipWish,
    grant: Grant,
    idempotency_key: str,
    corridor: Corridor,
    clock: Clock,
    randomness: Callable[[int], bytes],
) -> Response[TipOrder]:
    """Open the amount due of a tip, at its price of now; the tip is sent when it is paid."""
    command = actions.order_tip(
        grant=grant,
        key=idempotency_key,
        tip=tip_of(data, actor=grant.actor),
        now=clock.now(),
        salt=randomness(SALT_BYTES) if data.message else b"",
    )
    outcome = await corridor.submit(command)
    fact = fact_of(outcome, TipOrdered)
    body = TipOrder(
        due=encode_id(DUE, outcome.position),
        position=outcome.position,
        viewer=fact.payer,
        creator=fact.creator,
        asset=fact.asset,
        amount_minor=fact.amount_minor,
        due_until=format_time(fact.due_until),
        gift=fact.gift,
        count=fact.count,
        at=format_time(outcome.at),
        recorded_at=format_time(outcome.recorded_at),
    )
    return answer(body, replayed=outcome.replayed, status=CREATED)


ROUTES: Final[tuple[Any, ...]] = (post_tip_order,)
