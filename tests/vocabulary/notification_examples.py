"""One example of every fact about templates, webhooks, mail servers and contacts."""

from typing import Final

from plaudit.vocabulary.facts import notifications
from plaudit.vocabulary.facts.base import FactData

NOTIFICATION_EXAMPLES: Final[tuple[FactData, ...]] = (
    notifications.ContactSaved(viewer="v1", revision=2),
    notifications.TemplateSaved(kind="ticket.bought", language="zh", revision=3, content_hash="ab" * 32),
    notifications.WebhookSaved(
        webhook="whk_0000000000001", revision=1, enabled=True, kinds=("ticket.issued",), secret_changed=True
    ),
    notifications.WebhookDisabled(webhook="whk_0000000000001", revision=2, cause="gone"),
    notifications.MailServerSaved(revision=1, enabled=True, password_changed=True),
    notifications.DeliveryRevived(delivery="dlv_0000000000001", channel="email", attempts=10),
)
