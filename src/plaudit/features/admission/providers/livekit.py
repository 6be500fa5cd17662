"""LiveKit: access tokens (JWT, HS256), removal of participants by Twirp, and its signed webhooks."""

from base64 import b64decode
from collections.abc import Set as AbstractSet
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Final, NamedTuple

import jwt
import msgspec

from plaudit.features.admission.model.media import Client, Offer, Wanted, client_of
from plaudit.features.admission.providers.addresses import check_api
from plaudit.features.admission.providers.api import Word, call
from plaudit.kernel.time import Clock
from plaudit.platform.outbound import Outbound

_SECRET_MIN: Final = 16
_ADMIN_S: Final = 60
_LEEWAY_S: Final = 60
_LEFT: Final = "participant_left"
_AGAIN: Final = "DUPLICATE_IDENTITY"


class LivekitSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where players go (`wss://…`), the id of the API key, and where its API is."""

    url: str
    api_key: str
    api_url: str

    def __post_init__(self) -> None:
        """Raise ValueError (msgspec.ValidationError when decoded) for addresses that are none."""
        if not self.url.startswith(("wss://", "ws://")):
            raise ValueError("give a url that starts with wss:// or ws://")
        if not self.api_key:
            raise ValueError("give the id of the API key")
        check_api(self.api_url)


class LivekitSecrets(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The secret of the API key."""

    api_secret: str

    def __post_init__(self) -> None:
        """Raise ValueError for a secret that is too short to be one."""
        if len(self.api_secret) < _SECRET_MIN:
            raise ValueError(f"api_secret has at least {_SECRET_MIN} characters")


class LivekitRoom(msgspec.Struct, frozen=True, kw_only=True):
    """A room, as far as it matters here."""

    name: Word = ""


class LivekitParticipant(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A participant, as far as it matters here."""

    identity: Word = ""
    disconnect_reason: str | int = ""


class LivekitEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What LiveKit tells."""

    event: str
    room: LivekitRoom = LivekitRoom()
    participant: LivekitParticipant = LivekitParticipant()


class Left(NamedTuple):
    """Who left, and which room."""

    identity: str
    room: str


class Livekit:
    """A LiveKit server."""

    asks = False
    lists = False

    def __init__(
        self, *, outbound: Outbound, settings: LivekitSettings, secrets: LivekitSecrets, clock: Clock
    ) -> None:
        """Send through `outbound`."""
        self.settings = settings
        self._secret = secrets.api_secret
        self._outbound = outbound
        self._clock = clock

    def offer(self, wanted: Wanted) -> Offer:
        """Return the address and an access token: to listen, and to publish only for one who may."""
        identity = client_of(viewer=wanted.viewer, device=wanted.device, publish=wanted.publish)
        grants = {
            "roomJoin": True,
            "room": wanted.name,
            "canPublish": wanted.publish,
            "canPublishData": wanted.publish,
            "canSubscribe": True,
        }
        token = self._signed(
            {"sub": identity, "name": wanted.viewer, "video": grants},
            now_s=wanted.now_s,
            ends_at_s=wanted.ends_at_s,
        )
        return Offer(urls=(self.settings.url,), token=token, identity=identity)

    def _signed(self, claims: dict[str, Any], *, now_s: int, ends_at_s: int) -> str:
        said = {"iss": self.settings.api_key, "nbf": now_s, "exp": ends_at_s} | claims
        return jwt.encode(said, self._secret, algorithm="HS256")

    async def kick(self, client: Client) -> None:
        """Remove a participant from its room."""
        now_s = int(self._clock.now().timestamp())
        token = self._signed(
            {"video": {"roomAdmin": True, "room": client.name}}, now_s=now_s, ends_at_s=now_s + _ADMIN_S
        )
        await call(
            self._outbound,
            method="POST",
            url=f"{self.settings.api_url}/twirp/livekit.RoomService/RemoveParticipant",
            headers={"Authorization": f"Bearer {token}"},
            body={"room": client.name, "identity": client.client},
        )

    async def present(self) -> AbstractSet[str]:
        """Tell of nobody: it is told of by webhooks."""
        raise AssertionError("LiveKit is not asked who is there")

    def left(self, *, authorization: str, body: bytes) -> Left | None:
        """Return who left, None for other events, and where the same identity has come again instead.

        Raises ValueError (jwt.InvalidTokenError is none) when LiveKit did not sign this body.
        """
        try:
            claims = jwt.decode(
                authorization.removeprefix("Bearer "),
                self._secret,
                algorithms=["HS256"],
                issuer=self.settings.api_key,
                leeway=_LEEWAY_S,
                options={"require": ["sha256"], "verify_exp": False, "verify_nbf": False},
            )
            digest = b64decode(str(claims["sha256"]))
        except jwt.InvalidTokenError as error:
            raise ValueError("not signed by LiveKit") from error
        if not compare_digest(digest, sha256(body).digest()):
            raise ValueError("signed for another body")
        now_s = int(self._clock.now().timestamp())
        if int(claims.get("exp", 0)) + _LEEWAY_S < now_s:
            raise ValueError("signed too long ago")
        told = msgspec.json.decode(body, type=LivekitEvent)
        who = told.participant
        if told.event != _LEFT or who.disconnect_reason == _AGAIN:
            return None
        return Left(who.identity, told.room.name)


def livekit(
    *, outbound: Outbound, settings: LivekitSettings, secrets: LivekitSecrets, clock: Clock, **_: object
) -> Livekit:
    """Return a LiveKit server."""
    return Livekit(outbound=outbound, settings=settings, secrets=secrets, clock=clock)
