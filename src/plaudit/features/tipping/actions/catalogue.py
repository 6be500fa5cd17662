"""Saving what tips are decided by. Each save is a table command: a new revision, and a fact that says so."""

from hashlib import sha256

from plaudit.core.commands.command import Command, Grant, Outcome, Plan, Work
from plaudit.core.commands.corridor import Corridor
from plaudit.core.commands.references import Item
from plaudit.core.commands.table import planned_by_work
from plaudit.core.handles import Connection
from plaudit.core.journal.facts import Fact, canonical
from plaudit.core.ledger.book import Decision
from plaudit.features.tipping.model import DEFAULT_TERMS, Creator, Gift, Policy, Terms, WordList
from plaudit.features.tipping.store import catalogue
from plaudit.kernel.refusal import refused
from plaudit.vocabulary.facts.base import FactData
from plaudit.vocabulary.facts.tipping import (
    CreatorSaved,
    GiftSaved,
    TermsSaved,
    TermsTier,
    TippingPolicySaved,
    WordsSaved,
)


async def save_creator(
    *, corridor: Corridor, grant: Grant, key: str, creator: str, guild: str | None, terms: str | None
) -> Outcome:
    """Register a creator, or change its guild and terms (None: no guild, the tenant's default terms).

    Raises Refusal `creator.invalid` (INVALID) and `terms.unknown` (REFUSED).
    """
    Creator(id=creator, guild=guild, terms=terms, revision=0)

    async def work(tx: Connection) -> Work:
        if terms is not None and terms != DEFAULT_TERMS.id:
            known = await catalogue.load_terms(tx, grant.tenant_id, [terms])
            if terms not in known:
                raise refused("terms.unknown", "There are no such terms; save them first.", terms=terms)
        revision = await catalogue.save_creator(
            tx, tenant_id=grant.tenant_id, creator=creator, guild=guild, terms=terms
        )
        saved = CreatorSaved(creator=creator, revision=revision, guild=guild, terms=terms)
        return _work(("creator", creator), f"creator/{creator}", saved)

    command = _command(
        verb="save_creator",
        permission="creator.write",
        grant=grant,
        key=key,
        content=canonical((creator, guild, terms)),
    )
    return await corridor.run(command, work)


async def save_terms(*, corridor: Corridor, grant: Grant, key: str, terms: Terms) -> Outcome:
    """Save terms of a split under their name; its revision in `terms` is ignored."""
    tiers = tuple(
        TermsTier(from_minor=tier.from_minor, creator=str(tier.creator), guild=str(tier.guild))
        for tier in terms.tiers
    )

    async def work(tx: Connection) -> Work:
        revision = await catalogue.save_terms(tx, tenant_id=grant.tenant_id, terms=terms)
        saved = TermsSaved(terms=terms.id, revision=revision, basis=terms.basis, tiers=tiers)
        return _work(("terms", terms.id), f"terms/{terms.id}", saved)

    command = _command(
        verb="save_terms",
        permission="terms.write",
        grant=grant,
        key=key,
        content=canonical((terms.id, terms.basis, tiers)),
    )
    return await corridor.run(command, work)


async def save_gift(*, corridor: Corridor, grant: Grant, key: str, gift: Gift) -> Outcome:
    """Save a gift of the catalogue under its name; its revision in `gift` is ignored."""

    async def work(tx: Connection) -> Work:
        revision = await catalogue.save_gift(tx, tenant_id=grant.tenant_id, gift=gift)
        saved = GiftSaved(
            gift=gift.id,
            revision=revision,
            asset=gift.asset,
            price_minor=gift.price_minor,
            on_sale=gift.on_sale,
            effect=gift.effect,
            valid_from=gift.valid_from,
            valid_until=gift.valid_until,
            shows=gift.shows,
            rooms=gift.rooms,
        )
        return _work(("gift", gift.id), f"gift/{gift.id}", saved)

    command = _command(
        verb="save_gift", permission="gift.write", grant=grant, key=key, content=canonical(gift)
    )
    return await corridor.run(command, work)


async def save_policy(*, corridor: Corridor, grant: Grant, key: str, policy: Policy) -> Outcome:
    """Save how much may be tipped in one asset; its revision in `policy` is ignored."""

    async def work(tx: Connection) -> Work:
        revision = await catalogue.save_policy(tx, tenant_id=grant.tenant_id, policy=policy)
        saved = TippingPolicySaved(
            revision=revision,
            asset=policy.asset,
            min_minor=policy.min_minor,
            max_minor=policy.max_minor,
            presets_minor=policy.presets_minor,
            day_limit_minor=policy.day_limit_minor,
            creator_keeps_minor=policy.creator_keeps_minor,
        )
        return _work(("policy", policy.asset), f"policy/{policy.asset}", saved)

    command = _command(
        verb="save_policy", permission="gift.write", grant=grant, key=key, content=canonical(policy)
    )
    return await corridor.run(command, work)


async def save_words(*, corridor: Corridor, grant: Grant, key: str, words: WordList) -> Outcome:
    """Replace the word list; the fact has its size and hash, never its words."""
    content = canonical(words.words)

    async def work(tx: Connection) -> Work:
        revision = await catalogue.save_words(tx, tenant_id=grant.tenant_id, words=words)
        digest = sha256(content).hexdigest()
        saved = WordsSaved(revision=revision, count=len(words.words), words_hash=digest)
        return _work(("words", catalogue.WORDS_KEY), "words", saved)

    command = _command(verb="save_words", permission="message.screen", grant=grant, key=key, content=content)
    return await corridor.run(command, work)


def _command(*, verb: str, permission: str, grant: Grant, key: str, content: bytes) -> Command:
    return Command(
        action=f"tipping.{verb}",
        permission=permission,
        grant=grant,
        key=key,
        content=content,
        plan=planned_by_work,
    )


def _work(changed: Item, subject: str, saved: FactData) -> Work:
    decision = Decision(Fact(subject, saved))
    return Work(plan=Plan(lambda _book: decision), changed=(changed,))
