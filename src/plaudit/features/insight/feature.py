"""The label on insight's door."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from plaudit.core.feature import Feature
from plaudit.features.insight import actions, http, reactions, schedule
from plaudit.features.insight.store import site_keys
from plaudit.features.insight.store.intake import Intake


@asynccontextmanager
async def _intake(house: Any) -> AsyncIterator[Intake]:  # noqa: ANN401 - the assembled house
    """Keep the events that wait, and write them before the process ends."""
    intake = Intake(database=house.database)
    try:
        yield intake
    finally:
        await intake.close()


FEATURE: Final = Feature(
    name="insight",
    routes=http.ROUTES,
    loaders={actions.SITE_KEY: site_keys.load_site_keys},
    subscriptions=(reactions.TRAFFIC, reactions.SALES),
    schedules=(schedule.PRUNE,),
    companion=_intake,
)
