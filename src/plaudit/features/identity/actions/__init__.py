"""The verbs of identity, and the corridor's authorizer."""

from plaudit.features.identity.actions.base import Randomness, TableCommand, authorize
from plaudit.features.identity.actions.erasure import erase_viewer
from plaudit.features.identity.actions.keys import (
    TOPIC_API_KEY,
    TOPIC_STAFF,
    TOPIC_TOKEN_KEY,
    create_api_key,
    create_staff,
    create_token_key,
    opened,
    revoke_api_key,
    revoke_staff,
    revoke_token_key,
)
from plaudit.features.identity.actions.tenants import OpenedTenant, create_tenant

__all__ = [
    "TOPIC_API_KEY",
    "TOPIC_STAFF",
    "TOPIC_TOKEN_KEY",
    "OpenedTenant",
    "Randomness",
    "TableCommand",
    "authorize",
    "create_api_key",
    "create_staff",
    "create_tenant",
    "create_token_key",
    "erase_viewer",
    "opened",
    "revoke_api_key",
    "revoke_staff",
    "revoke_token_key",
]
