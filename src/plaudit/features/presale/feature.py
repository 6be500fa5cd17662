"""The label on presale's door."""

from typing import Final

from plaudit.core.feature import Feature
from plaudit.features.presale import http, schedule
from plaudit.features.presale.actions.base import CODE, OFFER, SHOW
from plaudit.features.presale.store import codes, offers, shows

FEATURE: Final = Feature(
    name="presale",
    routes=http.ROUTES,
    loaders={SHOW: shows.load_shows, OFFER: offers.load_offers, CODE: codes.load_codes},
    schedules=(schedule.SALES,),
)
