"""The label on payments' door."""

from typing import Final

from plaudit.core.feature import Feature
from plaudit.features.payments import http, reactions, schedule
from plaudit.features.payments.actions.accounts import reseal
from plaudit.features.payments.actions.base import MERCHANT, MERCHANTS, POLICY
from plaudit.features.payments.actions.books import NOTIFY
from plaudit.features.payments.actions.reconciliation import RECONCILE
from plaudit.features.payments.actions.refunds import SEND_REFUND
from plaudit.features.payments.store import accounts

FEATURE: Final = Feature(
    name="payments",
    routes=http.ROUTES,
    loaders={
        MERCHANT: accounts.load_merchants,
        MERCHANTS: accounts.load_all_merchants,
        POLICY: accounts.load_policies,
    },
    subscriptions=(reactions.ERASURE, reactions.FIGURES),
    reactions=(reactions.SETTLING,),
    schedules=(schedule.JANITOR, schedule.ALERTS, schedule.BILLS),
    jobs=(NOTIFY, SEND_REFUND, RECONCILE),
    seals={"payments.account": reseal},
)
