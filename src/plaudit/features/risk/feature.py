"""The label on risk's door. Its screener, ``actions.screen``, fills a slot of the corridor."""

from typing import Final

from plaudit.core.feature import Feature
from plaudit.features.risk import http, store
from plaudit.features.risk.actions import SWITCHES

FEATURE: Final = Feature(name="risk", routes=http.ROUTES, loaders={SWITCHES[0]: store.load_off})
