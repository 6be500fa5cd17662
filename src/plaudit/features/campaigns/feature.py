"""The label on campaigns' door."""

from typing import Final

from plaudit.core.feature import Feature
from plaudit.features.campaigns import http, schedule
from plaudit.features.campaigns.reactions import evaluation, life, memory

FEATURE: Final = Feature(
    name="campaigns",
    routes=http.ROUTES,
    subscriptions=(life.PAUSES, life.ERASURE, life.REWARDS, life.FIGURES),
    reactions=(evaluation.EVALUATION,),
    schedules=(schedule.ENDS, schedule.MATURING),
    companion=memory.companion,
)
