"""The label on notifications' door."""

from typing import Final

from plaudit.core.feature import Feature
from plaudit.features.notifications import http, reactions, schedule
from plaudit.features.notifications.actions.base import MAIL_SERVER, WEBHOOK
from plaudit.features.notifications.actions.outlets import reseal_password, reseal_webhooks
from plaudit.features.notifications.actions.reminding import REMIND
from plaudit.features.notifications.actions.sending import SEND_LANE
from plaudit.features.notifications.store import outlets

FEATURE: Final = Feature(
    name="notifications",
    routes=http.ROUTES,
    loaders={WEBHOOK: outlets.load_webhooks, MAIL_SERVER: outlets.load_servers},
    subscriptions=(reactions.SHOWS, reactions.FACTS, reactions.ERASURE),
    schedules=(schedule.TIDY,),
    jobs=(SEND_LANE, REMIND),
    seals={"notifications.webhook": reseal_webhooks, "notifications.mail_server": reseal_password},
)
