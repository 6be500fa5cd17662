"""The label on admission's door."""

from typing import Final

from plaudit.core.feature import Feature
from plaudit.features.admission import http, reactions, schedule
from plaudit.features.admission.actions.base import SERVER, SERVERS
from plaudit.features.admission.actions.kicks import KICK
from plaudit.features.admission.actions.servers import reseal
from plaudit.features.admission.store import servers

FEATURE: Final = Feature(
    name="admission",
    routes=http.ROUTES,
    loaders={SERVER: servers.load_servers, SERVERS: servers.load_all_servers},
    subscriptions=(reactions.SHOWS,),
    reactions=(reactions.REVOKING,),
    schedules=(schedule.SWEEP, schedule.LOOK),
    jobs=(KICK,),
    seals={"admission.server": reseal},
)
