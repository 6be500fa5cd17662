"""Facts of the feature notifications: what messages say and where they go was changed."""

from typing import ClassVar, Literal, TypeAlias

from plaudit.vocabulary.facts.base import FactData

DisabledCause: TypeAlias = Literal["gone", "failing"]


class ContactSaved(FactData, frozen=True, kw_only=True):
    """A viewer's addresses and preferences were changed; they stand in an erasable row."""

    KIND: ClassVar[str] = "contact.saved"
    VERSION: ClassVar[int] = 1

    viewer: str
    revision: int


class TemplateSaved(FactData, frozen=True, kw_only=True):
    """A template was changed, or given back its built-in text (`is_default`).

    `content_hash` is the hex SHA-256 of title and body.
    """

    KIND: ClassVar[str] = "template.saved"
    VERSION: ClassVar[int] = 1

    kind: str
    language: str
    revision: int
    content_hash: str
    is_default: bool = False


class WebhookSaved(FactData, frozen=True, kw_only=True):
    """A webhook was made or changed; with `secret_changed` its messages are signed by a new secret."""

    KIND: ClassVar[str] = "webhook.saved"
    VERSION: ClassVar[int] = 1

    webhook: str
    revision: int
    enabled: bool
    kinds: tuple[str, ...]
    secret_changed: bool = False


class WebhookDisabled(FactData, frozen=True, kw_only=True):
    """A webhook was switched off by itself: its server said that it is gone, or has failed for days."""

    KIND: ClassVar[str] = "webhook.disabled"
    VERSION: ClassVar[int] = 1

    webhook: str
    revision: int
    cause: DisabledCause


class MailServerSaved(FactData, frozen=True, kw_only=True):
    """The server that takes the tenant's mail was changed."""

    KIND: ClassVar[str] = "mail.server.saved"
    VERSION: ClassVar[int] = 1

    revision: int
    enabled: bool
    password_changed: bool = False


class DeliveryRevived(FactData, frozen=True, kw_only=True):
    """Somebody had a delivery tried again that had been given up after `attempts`."""

    KIND: ClassVar[str] = "delivery.revived"
    VERSION: ClassVar[int] = 1

    delivery: str
    channel: str
    attempts: int
