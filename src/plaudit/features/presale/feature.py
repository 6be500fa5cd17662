"""The label on presale's door."""

from typing import Final

from plaudit.core.feature import Feature
from plaudit.features.presale import http, schedule
from plaudit.features.presale.actions.base import CODE, GROUP_TOPIC, OFFER, SHOW
from plaudit.features.presale.actions.cancellation import REFUND_SHOW
from plaudit.features.presale.actions.endings import expire_order
from plaudit.features.presale.actions.waiting import expire_offered
from plaudit.features.presale.reactions import ended, paid, purchases, waiting
from plaudit.features.presale.store import codes, groups, offers, shows
from plaudit.vocabulary.facts.tickets import TicketOrdered, WaitingOffered

FEATURE: Final = Feature(
    name="presale",
    routes=http.ROUTES,
    loaders={
        SHOW: shows.load_shows,
        OFFER: offers.load_offers,
        CODE: codes.load_codes,
        GROUP_TOPIC: groups.load_groups,
    },
    subscriptions=(waiting.TAKEN, purchases.PURCHASES),
    reactions=(paid.PAID, ended.UNPAID, ended.REVOKED, waiting.WAITING),
    schedules=(schedule.SALES, schedule.TIDY, schedule.CANCELLED),
    jobs=(REFUND_SHOW,),
    expiries={TicketOrdered.KIND: expire_order, WaitingOffered.KIND: expire_offered},
)
