"""The label on wallets' door."""

from typing import Final

from plaudit.core.feature import Feature
from plaudit.features.wallets import http, reactions

FEATURE: Final = Feature(name="wallets", routes=http.ROUTES, subscriptions=(reactions.ERASURE,))
