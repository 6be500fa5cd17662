"""The label on payments' door."""

from typing import Final

from plaudit.core.feature import Feature
from plaudit.features.payments import http
from plaudit.features.payments.actions.base import MERCHANT, MERCHANTS, POLICY
from plaudit.features.payments.actions.books import NOTIFY
from plaudit.features.payments.store import accounts

FEATURE: Final = Feature(
    name="payments",
    routes=http.ROUTES,
    loaders={
        MERCHANT: accounts.load_merchants,
        MERCHANTS: accounts.load_all_merchants,
        POLICY: accounts.load_policies,
    },
    jobs=(NOTIFY,),
)
