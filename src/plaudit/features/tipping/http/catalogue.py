"""Creators, terms, gifts, policies and words over HTTP."""

from typing import Any, Final, Literal

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.core.commands.corridor import Corridor
from plaudit.core.handles import Database
from plaudit.features.tipping import actions, queries
from plaudit.features.tipping.http.fields import TAGS, Amount, Cursor, Limit, Ratio, fact_of, text_of, time_of
from plaudit.features.tipping.model import Creator, Gift, Policy, Terms, WordList, tier_of
from plaudit.platform.web import Response, answer, get, put
from plaudit.vocabulary.facts.tipping import (
    CreatorSaved,
    GiftSaved,
    TermsSaved,
    TippingPolicySaved,
    WordsSaved,
)

_READ: Final = {"permission": "catalogue.read"}


class NewCreator(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A creator's guild, if any, and the terms to be paid by; null for the tenant's default terms."""

    guild: str | None = None
    terms: str | None = None


class CreatorView(msgspec.Struct, kw_only=True):
    """A registered creator; `revision` counts its changes."""

    creator: str
    guild: str | None
    terms: str | None
    revision: int


class CreatorPage(msgspec.Struct, kw_only=True):
    """Some creators, by name."""

    items: list[CreatorView]
    next_cursor: str | None


class TierBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The ratios from a month's volume on; what creator and guild leave is the platform's."""

    from_minor: Amount
    creator: Ratio
    guild: Ratio | None = None


class NewTerms(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How tips are split: one tier where fixed, tiers by the creator's month where monthly."""

    basis: Literal["fixed", "monthly"]
    tiers: list[TierBody]


class TermsView(msgspec.Struct, kw_only=True):
    """Terms of a split; ratios in lowest terms."""

    terms: str
    basis: Literal["fixed", "monthly"]
    tiers: list[TierBody]
    revision: int


class TermsPage(msgspec.Struct, kw_only=True):
    """Some terms, by name."""

    items: list[TermsView]
    next_cursor: str | None


class GiftName(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A gift's name in English and Chinese."""

    en: str
    zh: str


class NewGift(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A gift: its price for one, what the player shows, when (from, before) and where it may be given."""

    name: GiftName
    price_minor: Amount
    asset: str = "coin"
    effect: str | None = None
    valid_from: str | None = None
    valid_until: str | None = None
    shows: list[str] = []
    rooms: list[str] = []
    on_sale: bool = True


class GiftView(msgspec.Struct, kw_only=True):
    """A gift of the catalogue; `revision` counts its changes."""

    gift: str
    name: GiftName
    price_minor: int
    asset: str
    effect: str | None
    valid_from: str | None
    valid_until: str | None
    shows: list[str]
    rooms: list[str]
    on_sale: bool
    revision: int


class GiftPage(msgspec.Struct, kw_only=True):
    """Some gifts, by name."""

    items: list[GiftView]
    next_cursor: str | None


class NewPolicy(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How much may be tipped in one asset: bounds, buttons, and a viewer's limit a day, null for none.

    `creator_keeps_minor` is what the refund of a paid tip leaves to the creator at least.
    """

    asset: str
    min_minor: Amount
    max_minor: Amount
    presets_minor: list[Amount] = []
    day_limit_minor: Amount | None = None
    creator_keeps_minor: Amount = 0


class PolicyView(msgspec.Struct, kw_only=True):
    """The policy of one asset; `revision` counts its changes."""

    asset: str
    min_minor: int
    max_minor: int
    presets_minor: list[int]
    day_limit_minor: int | None
    creator_keeps_minor: int
    revision: int


class PolicyList(msgspec.Struct, kw_only=True):
    """The policies of all assets that have one."""

    items: list[PolicyView]


class NewWords(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The words that hold a message back."""

    words: list[str]


class WordsView(msgspec.Struct, kw_only=True):
    """The word list; `revision` counts its changes."""

    words: list[str]
    revision: int


@put(
    "/v1/creators/{creator:str}",
    opt={"permission": "creator.write"},
    summary="Register or change a creator",
    tags=TAGS,
)
async def put_creator(
    *, creator: str, data: NewCreator, grant: Grant, idempotency_key: str, corridor: Corridor
) -> Response[CreatorView]:
    """Register a creator, or change its guild and terms.

    Tips to a creator that is not registered are refused.
    """
    outcome = await actions.save_creator(
        corridor=corridor,
        grant=grant,
        key=idempotency_key,
        creator=creator,
        guild=data.guild,
        terms=data.terms,
    )
    fact = fact_of(outcome, CreatorSaved)
    body = CreatorView(creator=fact.creator, guild=fact.guild, terms=fact.terms, revision=fact.revision)
    return answer(body, replayed=outcome.replayed)


@get("/v1/creators", opt=_READ, summary="List creators", tags=TAGS)
async def list_creators(
    *, grant: Grant, database: Database, limit: Limit = None, cursor: Cursor = None
) -> CreatorPage:
    """Return creators by name."""
    page = await queries.creators(database=database, tenant_id=grant.tenant_id, limit=limit, cursor=cursor)
    return CreatorPage(items=[_creator(one) for one in page.items], next_cursor=page.next_cursor)


@get("/v1/creators/{creator:str}", opt=_READ, summary="A creator", tags=TAGS)
async def show_creator(*, creator: str, grant: Grant, database: Database) -> CreatorView:
    """Return one creator with its guild and terms."""
    return _creator(await queries.creator(database=database, tenant_id=grant.tenant_id, creator=creator))


@put(
    "/v1/terms/{terms:str}",
    opt={"permission": "terms.write"},
    summary="Save terms of a split",
    tags=TAGS,
)
async def put_terms(
    *, terms: str, data: NewTerms, grant: Grant, idempotency_key: str, corridor: Corridor
) -> Response[TermsView]:
    """Save terms; those named `default` hold for creators without terms.

    Tips keep the terms they were split by.
    """
    tiers = tuple(
        tier_of(from_minor=tier.from_minor, creator=tier.creator, guild=tier.guild) for tier in data.tiers
    )
    wanted = Terms(id=terms, revision=0, basis=data.basis, tiers=tiers)
    outcome = await actions.save_terms(corridor=corridor, grant=grant, key=idempotency_key, terms=wanted)
    fact = fact_of(outcome, TermsSaved)
    body = TermsView(
        terms=fact.terms,
        basis=fact.basis,
        tiers=[TierBody(from_minor=t.from_minor, creator=t.creator, guild=t.guild) for t in fact.tiers],
        revision=fact.revision,
    )
    return answer(body, replayed=outcome.replayed)


@get("/v1/terms", opt=_READ, summary="List terms", tags=TAGS)
async def list_terms(
    *, grant: Grant, database: Database, limit: Limit = None, cursor: Cursor = None
) -> TermsPage:
    """Return terms by name."""
    page = await queries.terms(database=database, tenant_id=grant.tenant_id, limit=limit, cursor=cursor)
    return TermsPage(items=[_terms(one) for one in page.items], next_cursor=page.next_cursor)


@put(
    "/v1/gifts/{gift:str}",
    opt={"permission": "gift.write"},
    summary="Save a gift",
    tags=TAGS,
)
async def put_gift(
    *, gift: str, data: NewGift, grant: Grant, idempotency_key: str, corridor: Corridor
) -> Response[GiftView]:
    """Save a gift of the catalogue."""
    wanted = Gift(
        id=gift,
        revision=0,
        name_en=data.name.en,
        name_zh=data.name.zh,
        price_minor=data.price_minor,
        asset=data.asset,
        effect=data.effect,
        valid_from=time_of(data.valid_from, "valid_from"),
        valid_until=time_of(data.valid_until, "valid_until"),
        shows=tuple(data.shows),
        rooms=tuple(data.rooms),
        on_sale=data.on_sale,
    )
    outcome = await actions.save_gift(corridor=corridor, grant=grant, key=idempotency_key, gift=wanted)
    return answer(_gift(wanted, fact_of(outcome, GiftSaved).revision), replayed=outcome.replayed)


@get("/v1/gifts", opt=_READ, summary="List gifts", tags=TAGS)
async def list_gifts(
    *, grant: Grant, database: Database, limit: Limit = None, cursor: Cursor = None
) -> GiftPage:
    """Return the gift catalogue by name, gifts that are not on sale as well."""
    page = await queries.gifts(database=database, tenant_id=grant.tenant_id, limit=limit, cursor=cursor)
    return GiftPage(items=[_gift(one, one.revision) for one in page.items], next_cursor=page.next_cursor)


@put(
    "/v1/tipping/policy",
    opt={"permission": "gift.write"},
    summary="Save the tipping policy of an asset",
    tags=TAGS,
)
async def put_policy(
    *, data: NewPolicy, grant: Grant, idempotency_key: str, corridor: Corridor
) -> Response[PolicyView]:
    """Save how much may be tipped in one asset. Without a policy any amount may, and there are no presets."""
    wanted = Policy(
        asset=data.asset,
        min_minor=data.min_minor,
        max_minor=data.max_minor,
        presets_minor=tuple(data.presets_minor),
        day_limit_minor=data.day_limit_minor,
        creator_keeps_minor=data.creator_keeps_minor,
        revision=0,
    )
    outcome = await actions.save_policy(corridor=corridor, grant=grant, key=idempotency_key, policy=wanted)
    return answer(_policy(wanted, fact_of(outcome, TippingPolicySaved).revision), replayed=outcome.replayed)


@get("/v1/tipping/policy", opt=_READ, summary="The tipping policies", tags=TAGS)
async def show_policies(*, grant: Grant, database: Database) -> PolicyList:
    """Return the policies of the assets that have one, by asset."""
    found = await queries.policies(database=database, tenant_id=grant.tenant_id)
    return PolicyList(items=[_policy(one, one.revision) for one in found])


@put(
    "/v1/words",
    opt={"permission": "message.screen"},
    summary="Replace the word list",
    tags=TAGS,
)
async def put_words(
    *, data: NewWords, grant: Grant, idempotency_key: str, corridor: Corridor
) -> Response[WordsView]:
    """Replace the words that hold a message back for a person to look at; the tip itself goes through."""
    wanted = WordList(words=tuple(data.words), revision=0)
    outcome = await actions.save_words(corridor=corridor, grant=grant, key=idempotency_key, words=wanted)
    return answer(
        WordsView(words=data.words, revision=fact_of(outcome, WordsSaved).revision), replayed=outcome.replayed
    )


@get("/v1/words", opt={"permission": "message.screen"}, summary="The word list", tags=TAGS)
async def show_words(*, grant: Grant, database: Database) -> WordsView:
    """Return the words that hold a message back."""
    found = await queries.words(database=database, tenant_id=grant.tenant_id)
    return WordsView(words=list(found.words), revision=found.revision)


ROUTES: Final[tuple[Any, ...]] = (
    put_creator,
    list_creators,
    show_creator,
    put_terms,
    list_terms,
    put_gift,
    list_gifts,
    put_policy,
    show_policies,
    put_words,
    show_words,
)


def _creator(one: Creator) -> CreatorView:
    return CreatorView(creator=one.id, guild=one.guild, terms=one.terms, revision=one.revision)


def _terms(one: Terms) -> TermsView:
    tiers = [
        TierBody(from_minor=tier.from_minor, creator=str(tier.creator), guild=str(tier.guild))
        for tier in one.tiers
    ]
    return TermsView(terms=one.id, basis=one.basis, tiers=tiers, revision=one.revision)


def _gift(one: Gift, revision: int) -> GiftView:
    return GiftView(
        gift=one.id,
        name=GiftName(en=one.name_en, zh=one.name_zh),
        price_minor=one.price_minor,
        asset=one.asset,
        effect=one.effect,
        valid_from=text_of(one.valid_from),
        valid_until=text_of(one.valid_until),
        shows=list(one.shows),
        rooms=list(one.rooms),
        on_sale=one.on_sale,
        revision=revision,
    )


def _policy(one: Policy, revision: int) -> PolicyView:
    return PolicyView(
        asset=one.asset,
        min_minor=one.min_minor,
        max_minor=one.max_minor,
        presets_minor=list(one.presets_minor),
        day_limit_minor=one.day_limit_minor,
        creator_keeps_minor=one.creator_keeps_minor,
        revision=revision,
    )
