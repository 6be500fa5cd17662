"""One example of every fact about admission."""

from typing import Final

from plaudit.vocabulary.facts import admission
from plaudit.vocabulary.facts.base import FactData

ADMISSION_EXAMPLES: Final[tuple[FactData, ...]] = (
    admission.MediaServerSaved(
        server="med_0000004000001", kind="srs", revision=2, enabled=True, keys=1, secrets_changed=False
    ),
    admission.AccessRevoked(show="winter", viewer="v1", cause="right", sessions=1),
)
