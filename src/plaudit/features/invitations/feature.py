"""The label on invitations' door."""

from typing import Final

from plaudit.core.feature import Feature
from plaudit.features.invitations import http, reactions
from plaudit.features.invitations.model.rules import RULE
from plaudit.features.invitations.store import rules

FEATURE: Final = Feature(
    name="invitations",
    routes=http.ROUTES,
    loaders={RULE: rules.load_rules},
    subscriptions=(reactions.ERASURE, reactions.SHOWS, reactions.FRIENDS),
    reactions=(reactions.TICKETS,),
)
