"""Saving what messages say and how viewers are reached. Each save is a new revision and a fact saying so."""

from hashlib import sha256

from plaudit.core.commands.command import Grant, Outcome, Work
from plaudit.core.commands.table import work_of
from plaudit.core.handles import Connection
from plaudit.core.journal.facts import canonical
from plaudit.features.notifications.actions.base import INBOX, WRITE, Means, mark, table_command
from plaudit.features.notifications.model.contacts import Contact, check_contact
from plaudit.features.notifications.model.kinds import Text, kind_of, language_of
from plaudit.features.notifications.model.templates import check_text
from plaudit.features.notifications.store import contacts as contact_store
from plaudit.features.notifications.store import templates as template_store
from plaudit.vocabulary.facts.notifications import ContactSaved, TemplateSaved


async def save_contact(means: Means, *, grant: Grant, key: str, contact: Contact) -> Outcome:
    """Save how a viewer is reached, all of it; the revision in `contact` is ignored.

    Raises Refusal as `model.contacts.check_contact`.
    """
    check_contact(contact)
    now = means.clock.now()

    async def work(tx: Connection) -> Work:
        revision = await contact_store.save_contact(tx, tenant_id=grant.tenant_id, contact=contact, now=now)
        return work_of(f"viewer/{contact.viewer}", ContactSaved(viewer=contact.viewer, revision=revision))

    # The key's digest of the request outlives an erasure, so it must not be one that could be guessed back.
    content = mark(means, value=contact, context="contact")
    command = table_command(verb="save_contact", permission=INBOX, grant=grant, key=key, content=content)
    return await means.corridor.run(command, work)


async def save_template(
    means: Means, *, grant: Grant, key: str, kind: str, language: str, text: Text | None
) -> Outcome:
    """Save what a kind of message says in a language; None gives it its built-in text back.

    Raises Refusal `template.kind`, `template.language` (NOT_FOUND) and as `model.templates.check_text`.
    """
    known, spoken = kind_of(kind), language_of(language)
    if text is not None:
        check_text(text, kind=known)
    current = text or known.texts[spoken]
    now = means.clock.now()

    async def work(tx: Connection) -> Work:
        revision = await template_store.save_template(
            tx,
            tenant_id=grant.tenant_id,
            kind=known.name,
            language=spoken,
            text=text,
            saved_by=grant.actor.text,
            now=now,
        )
        saved = TemplateSaved(
            kind=known.name,
            language=spoken,
            revision=revision,
            content_hash=sha256(canonical((current.title, current.body))).hexdigest(),
            is_default=text is None,
        )
        return work_of(f"template/{known.name}/{spoken}", saved)

    content = (known.name, spoken, None if text is None else (text.title, text.body))
    command = table_command(verb="save_template", permission=WRITE, grant=grant, key=key, content=content)
    return await means.corridor.run(command, work)
