"""A pending reward whose time has come."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Maturing:
    """What is left of a grant that has matured: whose, out of which window, and where the grant stands."""

    campaign: str
    viewer: str
    window: str
    fact: int
    cause: int
    grant: int
    asset: str
    remaining_minor: int
    matures_at: datetime
