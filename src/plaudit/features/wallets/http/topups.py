"""Orders of top-up packs over HTTP."""

from typing import Any, Final

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.core.commands.corridor import Corridor
from plaudit.features.wallets import actions
from plaudit.features.wallets.http.fields import CREATED, TAGS, fact_of
from plaudit.features.wallets.model import DUE, check_viewer
from plaudit.kernel.ids import encode_id
from plaudit.kernel.refusal import invalid
from plaudit.kernel.time import format_time
from plaudit.platform.web import Response, answer, post
from plaudit.vocabulary.facts.wallets import TopupOrdered


class NewTopup(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Which pack to order. `viewer` is left out by a viewer's token, which orders for itself."""

    pack: str
    viewer: str | None = None


class TopupOrder(msgspec.Struct, kw_only=True):
    """An order: `amount_minor` of `asset` is due until `due_until`, and is paid under the id `due`.

    Once it is paid the wallet gets `topup_minor` and `bonus_minor` of `topup_asset`.
    """

    due: str
    position: int
    viewer: str
    asset: str
    amount_minor: int
    due_until: str
    pack: str
    pack_revision: int
    topup_asset: str
    topup_minor: int
    bonus_minor: int
    at: str
    recorded_at: str


@post(
    "/v1/topups",
    opt={"permission": "topup.order"},
    status_code=CREATED,
    summary="Order a top-up pack",
    tags=TAGS,
)
async def post_topup(
    *, data: NewTopup, grant: Grant, idempotency_key: str, corridor: Corridor
) -> Response[TopupOrder]:
    """Open the amount due for a pack, at its price of now; nothing moves before it is paid."""
    viewer = data.viewer
    if viewer is None:
        if grant.actor.kind != "viewer":
            raise invalid("body.invalid", "Say which viewer is meant.", field="viewer")
        viewer = grant.actor.id
    check_viewer(actor=grant.actor, viewer=viewer)
    command = actions.order_topup(grant=grant, key=idempotency_key, viewer=viewer, pack=data.pack)
    outcome = await corridor.submit(command)
    fact = fact_of(outcome, TopupOrdered)
    body = TopupOrder(
        due=encode_id(DUE, outcome.position),
        position=outcome.position,
        viewer=fact.payer,
        asset=fact.asset,
        amount_minor=fact.amount_minor,
        due_until=format_time(fact.due_until),
        pack=fact.pack,
        pack_revision=fact.pack_revision,
        topup_asset=fact.topup_asset,
        topup_minor=fact.topup_minor,
        bonus_minor=fact.bonus_minor,
        at=format_time(outcome.at),
        recorded_at=format_time(outcome.recorded_at),
    )
    return answer(body, replayed=outcome.replayed, status=CREATED)


ROUTES: Final[tuple[Any, ...]] = (post_topup,)
