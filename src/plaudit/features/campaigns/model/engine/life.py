"""The campaigns' life as far as it was read: which run, what they ask for, since when, and what ran dry.

It is a fold over the facts of that life and nothing else, so that it is the same wherever it begins.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, TypeAlias

import msgspec
from msgspec import Struct

from plaudit.features.campaigns.model.attributes import FIRST_EVER, VIEWERS
from plaudit.features.campaigns.model.catalogue import Catalogue, Match
from plaudit.features.campaigns.model.conditions import Known, leaves
from plaudit.features.campaigns.model.engine.state import Dry
from plaudit.features.campaigns.model.happenings import Happening
from plaudit.features.campaigns.model.terms import Terms
from plaudit.vocabulary.facts.campaigns import (
    BudgetApproved,
    CampaignApproved,
    CampaignEnded,
    CampaignPaused,
    CampaignResumed,
)

StepData: TypeAlias = CampaignApproved | CampaignPaused | CampaignResumed | CampaignEnded | BudgetApproved
