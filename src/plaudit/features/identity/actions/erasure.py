"""Erasing a viewer."""

from typing import Final

from plaudit.core.commands.command import Grant, Work
from plaudit.core.handles import Connection
from plaudit.core.journal import private
from plaudit.core.journal.facts import Fact, PrivatePart
from plaudit.features.identity.actions.base import Randomness, TableCommand, command_of, decided
from plaudit.kernel.ids import valid_name
from plaudit.kernel.refusal import invalid
from plaudit.vocabulary.facts.identity import ViewerErased

REASON_MAX: Final = 500
_SALT_BYTES: Final = 16


def erase_viewer(
    *, grant: Grant, idempotency_key: str, viewer: str, reason: str, randomness: Randomness
) -> TableCommand:
    """Remove the personal text that came with a viewer's facts.

    Refusals: `viewer.invalid`, `reason.invalid`.
    """
    if not valid_name(viewer):
        raise invalid("viewer.invalid", "Write ids with letters, digits and _ . : @ -, at most 64.")
    if not 1 <= len(reason.strip()) <= len(reason) <= REASON_MAX or not reason.isprintable():
        raise invalid("reason.invalid", f"Give a reason of 1 to {REASON_MAX} printable characters.")
    part = PrivatePart(name="reason", owner=grant.actor.text, body=reason, salt=randomness(_SALT_BYTES))

    async def work(tx: Connection) -> Work:
        removed = await private.erase(tx, tenant_id=grant.tenant_id, owner=f"viewer/{viewer}")
        data = ViewerErased(viewer=viewer, removed=removed, reason_hash=part.digest)
        return Work(decided(Fact(f"viewer/{viewer}", data, (part,))))

    content = {"viewer": viewer, "reason": reason}
    return TableCommand(
        command_of("erase_viewer", "viewer.erase", grant=grant, key=idempotency_key, content=content), work
    )
