"""Facts of the feature insight. Views and clicks are no facts: they are rows of the feature."""

from typing import ClassVar

from plaudit.vocabulary.facts.base import FactData


class SiteKeySaved(FactData, frozen=True, kw_only=True):
    """A site key was made or changed: whoever names it may tell of views and clicks, and do nothing else."""

    KIND: ClassVar[str] = "site_key.saved"
    VERSION: ClassVar[int] = 1

    site_key: str
    revision: int
    enabled: bool
    rate_per_second: int
