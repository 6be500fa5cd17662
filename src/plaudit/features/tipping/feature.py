"""The label on tipping's door."""

from typing import Final

from plaudit.core.feature import Feature
from plaudit.features.tipping import http, reactions
from plaudit.features.tipping.store import catalogue

FEATURE: Final = Feature(
    name="tipping",
    routes=http.ROUTES,
    loaders={
        "creator": catalogue.load_creators,
        "terms": catalogue.load_terms,
        "gift": catalogue.load_gifts,
        "policy": catalogue.load_policies,
        "words": catalogue.load_words,
    },
    subscriptions=(reactions.TIPS,),
    reactions=(reactions.PAID,),
)
