"""One example of every fact of insight."""

from typing import Final

from plaudit.vocabulary.facts import insight
from plaudit.vocabulary.facts.base import FactData

INSIGHT_EXAMPLES: Final[tuple[FactData, ...]] = (
    insight.SiteKeySaved(site_key="site_0000004000001", revision=1, enabled=True, rate_per_second=200),
)
