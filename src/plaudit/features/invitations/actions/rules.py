"""Saving what invitations are decided by and look like: a new revision each, and a fact that says so."""

import hashlib

from plaudit.core.commands.command import Grant, Outcome, Plan, Work
from plaudit.core.commands.corridor import Corridor
from plaudit.core.handles import Connection
from plaudit.core.journal.facts import Fact, canonical
from plaudit.core.ledger.book import Decision
from plaudit.features.invitations.actions.base import table_command
from plaudit.features.invitations.model.rules import EVERY_SHOW, RULE, Rule
from plaudit.features.invitations.store import rules as store
from plaudit.vocabulary.facts.invitations import InvitationPictureSaved, InvitationRuleSaved


async def save_rule(*, corridor: Corridor, grant: Grant, key: str, rule: Rule) -> Outcome:
    """Save a rule for its show, or for every show without one; its revision in `rule` is ignored."""

    async def work(tx: Connection) -> Work:
        revision = await store.save_rule(tx, tenant_id=grant.tenant_id, rule=rule)
        saved = InvitationRuleSaved(
            revision=revision,
            enabled=rule.enabled,
            inviter=rule.inviter,
            friend=rule.friend,
            per_day_max=rule.per_day_max,
            per_show_max=rule.per_show_max,
            landing_url=rule.landing_url,
            shortfall=rule.shortfall,
            debt_limit_minor=rule.debt_limit_minor,
            show=None if rule.show == EVERY_SHOW else rule.show,
            valid_from=rule.valid_from,
            valid_until=rule.valid_until,
        )
        subject = "tenant" if rule.show == EVERY_SHOW else f"show/{rule.show}"
        decision = Decision(Fact(subject, saved))
        return Work(Plan(lambda _book: decision), changed=((RULE, rule.show),))

    command = table_command(
        verb="save_rule", permission="invitation.write", grant=grant, key=key, content=canonical(rule)
    )
    return await corridor.run(command, work)


async def save_picture(
    *, corridor: Corridor, grant: Grant, key: str, show: str, picture: bytes | None
) -> Outcome:
    """Set the picture of a show's posters, a JPEG written by us, or remove it (None)."""
    digest = None if picture is None else hashlib.sha256(picture).hexdigest()

    async def work(tx: Connection) -> Work:
        revision = await store.save_picture(
            tx, tenant_id=grant.tenant_id, show=show, picture=picture, digest=digest
        )
        saved = InvitationPictureSaved(
            show=show, revision=revision, picture_hash=digest, size_bytes=len(picture or b"")
        )
        decision = Decision(Fact(f"show/{show}", saved))
        return Work(Plan(lambda _book: decision))

    command = table_command(
        verb="save_picture",
        permission="invitation.write",
        grant=grant,
        key=key,
        content=canonical((show, digest)),
    )
    return await corridor.run(command, work)
