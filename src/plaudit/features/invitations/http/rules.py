"""Rules of invitations and the pictures of their posters over HTTP."""

from typing import Any, Final

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.core.commands.corridor import Corridor
from plaudit.core.handles import Database
from plaudit.features.invitations import actions, queries
from plaudit.features.invitations.http.fields import TAGS, Amount, fact_of, text_of, time_of
from plaudit.features.invitations.model.links import check_show
from plaudit.features.invitations.model.rules import EVERY_SHOW, Rule
from plaudit.platform.web import Response, answer, get, put
from plaudit.vocabulary.facts.invitations import (
    InvitationPictureSaved,
    InvitationRuleSaved,
    Reward,
    Shortfall,
)

_READ: Final = {"permission": "invitation.read"}
_WRITE: Final = {"permission": "invitation.write"}


class NewReward(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What one side gets: `amount_minor` of "coin" or "points", else `quantity` of an `item` of the kind."""

    kind: str
    amount_minor: Amount = 0
    item: str | None = None
    quantity: int = 0


class RewardView(msgspec.Struct, kw_only=True):
    """What one side gets."""

    kind: str
    amount_minor: int
    item: str | None
    quantity: int


class NewRule(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What invitations earn to the inviter and to the friend, how often, and when (from, before).

    `landing_url` is where links lead, with {invitation} and, if wanted, {show} in it. When a rewarded friend
    is refunded and a reward was spent: "debt": it is owed, up to `debt_limit_minor`; "available": it is
    written off.
    """

    landing_url: str
    inviter: list[NewReward]
    friend: list[NewReward]
    per_day_max: int = 10
    per_show_max: int = 100
    enabled: bool = True
    shortfall: Shortfall = "available"
    debt_limit_minor: Amount = 0
    valid_from: str | None = None
    valid_until: str | None = None


class RuleView(msgspec.Struct, kw_only=True):
    """A rule; `show` is null in the one for all shows without one of their own. `revision` counts changes."""

    show: str | None
    landing_url: str
    inviter: list[RewardView]
    friend: list[RewardView]
    per_day_max: int
    per_show_max: int
    enabled: bool
    shortfall: Shortfall
    debt_limit_minor: int
    valid_from: str | None
    valid_until: str | None
    revision: int


class NewPicture(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A PNG or JPEG in base64, null to remove it: at most 4 MiB decoded, sides of 200 to 10,000 pixels."""

    picture: bytes | None


class PictureView(msgspec.Struct, kw_only=True):
    """The picture of a show's posters: the SHA-256 of what was kept, null where there is none."""

    show: str
    hash: str | None
    revision: int


@put("/v1/invitation-rule", opt=_WRITE, summary="Save the rule of all shows", tags=TAGS)
async def put_common_rule(
    *, data: NewRule, grant: Grant, idempotency_key: str, corridor: Corridor
) -> Response[RuleView]:
    """Save what invitations earn to all shows that have no rule of their own."""
    return await _save(_rule(EVERY_SHOW, data), grant, idempotency_key, corridor)


@get("/v1/invitation-rule", opt=_READ, summary="The rule of all shows", tags=TAGS)
async def show_common_rule(*, grant: Grant, database: Database) -> RuleView:
    """Return what invitations earn to shows that have no rule of their own."""
    found = await queries.rule(database=database, tenant_id=grant.tenant_id, show=EVERY_SHOW)
    return _view(found, found.revision)


@put("/v1/invitation-rules/{show:str}", opt=_WRITE, summary="Save the rule of a show", tags=TAGS)
async def put_rule(
    *, show: str, data: NewRule, grant: Grant, idempotency_key: str, corridor: Corridor
) -> Response[RuleView]:
    """Save what invitations to a show earn, for all tickets that are issued from now on."""
    return await _save(_rule(check_show(show), data), grant, idempotency_key, corridor)


@get("/v1/invitation-rules/{show:str}", opt=_READ, summary="The rule of a show", tags=TAGS)
async def show_rule(*, show: str, grant: Grant, database: Database) -> RuleView:
    """Return the rule that a show has of its own."""
    found = await queries.rule(database=database, tenant_id=grant.tenant_id, show=check_show(show))
    return _view(found, found.revision)


@put("/v1/invitation-pictures/{show:str}", opt=_WRITE, summary="Set the picture of posters", tags=TAGS)
async def put_picture(
    *, show: str, data: NewPicture, grant: Grant, idempotency_key: str, corridor: Corridor
) -> Response[PictureView]:
    """Set the picture on the posters of a show, written anew without anything that came beside it."""
    check_show(show)
    picture = None if data.picture is None else await queries.taken_in(data.picture)
    outcome = await actions.save_picture(
        corridor=corridor, grant=grant, key=idempotency_key, show=show, picture=picture
    )
    fact = fact_of(outcome, InvitationPictureSaved)
    body = PictureView(show=fact.show, hash=fact.picture_hash, revision=fact.revision)
    return answer(body, replayed=outcome.replayed)


@get("/v1/invitation-pictures/{show:str}", opt=_READ, summary="The picture of posters", tags=TAGS)
async def show_picture(*, show: str, grant: Grant, database: Database) -> PictureView:
    """Return which picture the posters of a show have."""
    found = await queries.picture(database=database, tenant_id=grant.tenant_id, show=check_show(show))
    return PictureView(show=show, hash=found.digest, revision=found.revision)


ROUTES: Final[tuple[Any, ...]] = (
    put_common_rule,
    show_common_rule,
    put_rule,
    show_rule,
    put_picture,
    show_picture,
)


async def _save(rule: Rule, grant: Grant, key: str, corridor: Corridor) -> Response[RuleView]:
    outcome = await actions.save_rule(corridor=corridor, grant=grant, key=key, rule=rule)
    revision = fact_of(outcome, InvitationRuleSaved).revision
    return answer(_view(rule, revision), replayed=outcome.replayed)


def _rule(show: str, data: NewRule) -> Rule:
    return Rule(
        show=show,
        revision=0,
        enabled=data.enabled,
        inviter=_rewards(data.inviter),
        friend=_rewards(data.friend),
        per_day_max=data.per_day_max,
        per_show_max=data.per_show_max,
        landing_url=data.landing_url,
        shortfall=data.shortfall,
        debt_limit_minor=data.debt_limit_minor,
        valid_from=time_of(data.valid_from, "valid_from"),
        valid_until=time_of(data.valid_until, "valid_until"),
    )


def _rewards(given: list[NewReward]) -> tuple[Reward, ...]:
    return tuple(
        Reward(kind=one.kind, amount_minor=one.amount_minor, item=one.item, quantity=one.quantity)
        for one in given
    )


def _view(one: Rule, revision: int) -> RuleView:
    return RuleView(
        show=None if one.show == EVERY_SHOW else one.show,
        landing_url=one.landing_url,
        inviter=_shown(one.inviter),
        friend=_shown(one.friend),
        per_day_max=one.per_day_max,
        per_show_max=one.per_show_max,
        enabled=one.enabled,
        shortfall=one.shortfall,
        debt_limit_minor=one.debt_limit_minor,
        valid_from=text_of(one.valid_from),
        valid_until=text_of(one.valid_until),
        revision=revision,
    )


def _shown(rewards: tuple[Reward, ...]) -> list[RewardView]:
    return [
        RewardView(kind=one.kind, amount_minor=one.amount_minor, item=one.item, quantity=one.quantity)
        for one in rewards
    ]
