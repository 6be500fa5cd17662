"""Facts of the feature admission: media servers, and sessions that were ended because a right was gone."""

from typing import ClassVar, Literal, TypeAlias

from plaudit.vocabulary.facts.base import FactData

ServerKind: TypeAlias = Literal["srs", "mediamtx", "livekit", "agora", "cdn"]
RevokeCause: TypeAlias = Literal["right", "show", "erased", "asked"]


class MediaServerSaved(FactData, frozen=True, kw_only=True):
    """A media server was added or changed; its secrets stand sealed in a row. `keys` numbers its keys."""

    KIND: ClassVar[str] = "access.server.saved"
    VERSION: ClassVar[int] = 1

    server: str
    kind: ServerKind
    revision: int
    enabled: bool
    keys: int
    secrets_changed: bool


class AccessRevoked(FactData, frozen=True, kw_only=True):
    """Sessions of a show were ended: a viewer's, or with `viewer` None everybody's. `cause` says why.

    "right": the right to watch is gone; "show": the show ended or was cancelled, or its streams are opened by
    other rights; "erased": the viewer was; "asked": somebody ended them.
    """

    KIND: ClassVar[str] = "access.revoked"
    VERSION: ClassVar[int] = 1

    show: str
    viewer: str | None
    cause: RevokeCause
    sessions: int
