"""The label on identity's door."""

from typing import Final

from plaudit.core.feature import Feature
from plaudit.features.identity import http, store
from plaudit.features.identity.actions import TOPIC_API_KEY, TOPIC_STAFF, TOPIC_TOKEN_KEY
from plaudit.features.identity.actions.keys import reseal

FEATURE: Final = Feature(
    name="identity",
    routes=http.ROUTES,
    loaders={
        TOPIC_API_KEY: store.load_api_keys,
        TOPIC_STAFF: store.load_staff,
        TOPIC_TOKEN_KEY: store.load_token_keys,
    },
    seals={"identity.token_key": reseal},
)
