"""The label on wallets' door."""

from typing import Final

from plaudit.core.feature import Feature
from plaudit.features.wallets import actions, http, reactions
from plaudit.features.wallets.store import packs

FEATURE: Final = Feature(
    name="wallets",
    routes=http.ROUTES,
    loaders={actions.PACK: packs.load_packs, actions.POLICY: packs.load_policies},
    subscriptions=(reactions.ERASURE,),
    reactions=(reactions.TOPUPS,),
)
