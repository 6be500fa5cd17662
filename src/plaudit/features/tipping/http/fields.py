"""What the handlers of tipping share: page parameters, amounts, shares, times."""

from datetime import datetime
from typing import Annotated, Final, TypeVar

import msgspec

from plaudit.core.commands.command import Outcome
from plaudit.features.tipping import actions
from plaudit.features.tipping.model import Wish, check_person
from plaudit.kernel.actor import Actor
from plaudit.kernel.refusal import invalid
from plaudit.kernel.time import format_time, parse_time
from plaudit.platform.web import Parameter
from plaudit.vocabulary.facts.base import FactData
from plaudit.vocabulary.facts.tipping import TipReversed, TipSent

F = TypeVar("F", bound=FactData)

TAGS: Final = ("tipping",)
CREATED: Final = 201
ACCEPTED: Final = 202
SALT_BYTES: Final = 16

Limit = Annotated[int | None, Parameter(description="Items a page, 1 to 200; 50 when not given.")]
Cursor = Annotated[str | None, Parameter(description="next_cursor of the page before.")]
Seen = Annotated[
    int | None,
    Parameter(
        description="Where a write of yours stands that the answer must show; 202 when it cannot in 500 ms.",
    ),
]
Amount = Annotated[
    int, msgspec.Meta(description="Minor units of the asset.", extra_json_schema={"maximum": 2**53 - 1})
]
Ratio = Annotated[str, msgspec.Meta(description='A ratio such as "70%", "0.7" or "7/10".', examples=["70%"])]


class TipWish(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What to give: exactly one of `gift`, `preset` (an index from 0) and `amount_minor`.

    `viewer` is left out by a viewer's token.
    """

    creator: str
    viewer: str | None = None
    asset: str | None = None
    gift: str | None = None
    preset: int | None = None
    amount_minor: Amount | None = None
    count: int = 1
    message: str | None = None
    show: str | None = None
    room: str | None = None
    anonymous: bool = False


class Pending(msgspec.Struct, kw_only=True):
    """What was asked for is done but not to be seen here yet.

    Ask again; `position` is where its fact stands.
    """

    position: int


class SharesView(msgspec.Struct, kw_only=True):
    """Who had how much of it."""

    creator_minor: int
    guild_minor: int
    platform_minor: int


def tip_of(wish: TipWish, *, actor: Actor, funding: tuple[str, ...] = ("wallet",)) -> actions.Tip:
    """Return the tip that is asked for. Raises Refusal `scope.missing`, `body.invalid` as to the viewer."""
    return actions.Tip(
        viewer=check_person(actor=actor, kind="viewer", named=wish.viewer),
        creator=wish.creator,
        wish=Wish(
            gift=wish.gift,
            preset=wish.preset,
            amount_minor=wish.amount_minor,
            count=wish.count,
            asset=wish.asset,
            show=wish.show,
            room=wish.room,
        ),
        message=wish.message,
        funding=funding,
        anonymous=wish.anonymous,
    )


def fact_of(outcome: Outcome, kind: type[F]) -> F:
    """Return the data of an outcome's fact, which must be of this type."""
    assert isinstance(outcome.data, kind), outcome
    return outcome.data


def time_of(text: str | None, field: str) -> datetime | None:
    """Return the time in a body or query, None where there is none.

    Raises Refusal `body.invalid` (INVALID).
    """
    if text is None:
        return None
    try:
        return parse_time(text)
    except ValueError as error:
        raise invalid("body.invalid", str(error), field=field) from error


def text_of(at: datetime | None) -> str | None:
    """Return a time as RFC 3339, None where there is none."""
    return format_time(at) if at is not None else None


def shares_of(fact: TipSent | TipReversed) -> SharesView:
    """Return the shares that a fact names."""
    return SharesView(
        creator_minor=fact.creator_minor, guild_minor=fact.guild_minor, platform_minor=fact.platform_minor
    )
