"""MediaMTX: its HTTP authentication, JWT with a published key, and its control API (v3)."""

from collections.abc import Set as AbstractSet
from http import HTTPStatus
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import parse_qs

import jwt
import msgspec
from jwt.algorithms import ECAlgorithm

from plaudit.features.admission.model.media import Client, Offer, Wanted
from plaudit.features.admission.providers.addresses import check_addresses, check_api, filled
from plaudit.features.admission.providers.api import Word, basic, call, document
from plaudit.features.admission.providers.keyring import Keyring
from plaudit.platform.failures import Final as FinalFailure
from plaudit.platform.outbound import Outbound

Action: TypeAlias = Literal["publish", "read", "playback", "api", "metrics", "pprof"]
QueryName: TypeAlias = Literal["token", "jwt"]

LISTS: Final[dict[str, tuple[str, ...]]] = {
    "rtsp": ("rtspsessions", "rtspssessions"),
    "rtmp": ("rtmpconns", "rtmpsconns"),
    "hls": ("hlssessions",),
    "srt": ("srtconns",),
    "webrtc": ("webrtcsessions",),
    "moq": ("moqsessions",),
}
"""By protocol the lists of the control API in which its clients are; what is not served here has no list."""
_PAGE: Final = 1_000
_PAGES_MAX: Final = 1_000


class MediamtxSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where players go, and by what MediaMTX lets them in: by asking us (`http`) or by our signature (`jwt`).

    `query` is the name of the token in addresses: older versions read a JWT from `jwt` only. `issuer` and
    `audience` are for `authJWTIssuer` and `authJWTAudience`, where those are set.
    """

    urls: tuple[str, ...]
    auth: Literal["http", "jwt"] = "http"
    query: QueryName = "token"
    issuer: str | None = None
    audience: str | None = None
    api_url: str | None = None

    def __post_init__(self) -> None:
        """Raise ValueError (msgspec.ValidationError when decoded) for addresses that are none."""
        check_addresses(self.urls)
        check_api(self.api_url)


class MediamtxSecrets(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What opens the control API, where it asks for that."""

    api_user: str | None = None
    api_password: str | None = None


class MediamtxAuth(msgspec.Struct, frozen=True, kw_only=True):
    """What MediaMTX asks. `token` is empty for HLS, whose token is in `query`; `id` may be missing."""

    action: str
    path: str = ""
    protocol: Word = ""
    id: Word | None = None
    user: str = ""
    password: str = ""
    token: str = ""
    query: str = ""


class MediamtxEnd(msgspec.Struct, frozen=True, kw_only=True):
    """What a command of MediaMTX's (`runOnUnread`, `runOnUnpublish`) tells: the id of who left."""

    id: Word


_AUTH: Final = msgspec.json.Decoder(MediamtxAuth)
_END: Final = msgspec.json.Decoder(MediamtxEnd)


def read_auth(body: bytes) -> MediamtxAuth:
    """Return what MediaMTX asks. Raises msgspec.MsgspecError when it is nothing that it asks."""
    return _AUTH.decode(body)


def read_end(body: bytes) -> MediamtxEnd:
    """Return who left. Raises msgspec.MsgspecError when the body does not say."""
    return _END.decode(body)


def token_asked(asked: MediamtxAuth) -> str:
    """Return the token, wherever MediaMTX has put it: its own field, the password, or the query."""
    if asked.token or asked.password:
        return asked.token or asked.password
    query = parse_qs(asked.query, keep_blank_values=True)
    found = query.get("token") or query.get("jwt") or [""]
    return found[0] if len(found) == 1 else ""


class Mediamtx:
    """A MediaMTX server."""

    def __init__(
        self, *, outbound: Outbound, settings: MediamtxSettings, secrets: MediamtxSecrets, keyring: Keyring
    ) -> None:
        """Send through `outbound`, sign with `keyring`."""
        self.settings = settings
        self.asks = settings.auth == "http"
        self._outbound = outbound
        self._headers = basic(secrets.api_user, secrets.api_password)
        self._keyring = keyring
        self._signing = None if self.asks else keyring.signing_key()

    @property
    def lists(self) -> bool:
        """Whether its API is known, and its clients are known to us by their ids there."""
        return self.asks and self.settings.api_url is not None

    def offer(self, wanted: Wanted) -> Offer:
        """Return the addresses, with our token or a JWT."""
        token = wanted.token if self._signing is None else self._signed(wanted)
        query: dict[str, str] = {self.settings.query: token}
        return Offer(
            urls=tuple(filled(url, name=wanted.name, query=query) for url in self.settings.urls), token=token
        )

    def _signed(self, wanted: Wanted) -> str:
        assert self._signing is not None, "only those that do not ask are given a JWT"
        key_id, key = self._signing
        action = "publish" if wanted.publish else "read"
        claims: dict[str, Any] = {
            "sub": wanted.viewer,
            "iat": wanted.now_s,
            "exp": wanted.ends_at_s,
            "mediamtx_permissions": [{"action": action, "path": wanted.name}],
        }
        if self.settings.issuer is not None:
            claims["iss"] = self.settings.issuer
        if self.settings.audience is not None:
            claims["aud"] = self.settings.audience
        return jwt.encode(claims, key, algorithm="ES256", headers={"kid": key_id})

    def key_set(self) -> dict[str, Any]:
        """Return the public keys as a JSON Web Key Set: in use, the one before, and the one to come.

        MediaMTX reads it once an hour: a key is there at least as long before it is used.
        """
        return {
            "keys": [
                ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
                | {"kid": key_id, "use": "sig", "alg": "ES256"}
                for key_id, key in self._keyring.signing_keys()
            ]
        }

    async def kick(self, client: Client) -> None:
        """Kick a client from the lists of its protocol. Who came by a JWT is not known by an id there."""
        if not self.lists:
            return
        kinds = LISTS.get(client.protocol)
        if kinds is None:
            raise FinalFailure(f"clients of {client.protocol or 'no protocol'} cannot be kicked")
        for kind in kinds:
            url = f"{self.settings.api_url}/v3/{kind}/kick/{client.client}"
            answer = await call(self._outbound, method="POST", url=url, headers=self._headers)
            if answer.status != HTTPStatus.NOT_FOUND:
                return

    async def present(self) -> AbstractSet[str]:
        """Return the ids of all clients of all protocols that are served."""
        found: set[str] = set()
        for kind in (kind for kinds in LISTS.values() for kind in kinds):
            found |= await self._listed(kind)
        return found

    async def _listed(self, kind: str) -> set[str]:
        found: set[str] = set()
        for page in range(_PAGES_MAX):
            url = f"{self.settings.api_url}/v3/{kind}/list?itemsPerPage={_PAGE}&page={page}"
            answer = await call(self._outbound, method="GET", url=url, headers=self._headers)
            if answer.status == HTTPStatus.NOT_FOUND:
                break
            items = document(answer).get("items") or []
            found.update(str(one["id"]) for one in items)
            if len(items) < _PAGE:
                break
        return found


def mediamtx(
    *, outbound: Outbound, settings: MediamtxSettings, secrets: MediamtxSecrets, keyring: Keyring, **_: object
) -> Mediamtx:
    """Return a MediaMTX server."""
    return Mediamtx(outbound=outbound, settings=settings, secrets=secrets, keyring=keyring)
