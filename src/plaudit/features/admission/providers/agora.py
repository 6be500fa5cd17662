"""Agora: AccessToken2 ("007") and its kicking rules.

An audience's token only keeps it from publishing where the project has co-host authentication switched on.
"""

import hmac
import re
import zlib
from base64 import b64encode
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from struct import pack
from typing import Final

import msgspec

from plaudit.features.admission.model.media import Client, Offer, Wanted
from plaudit.features.admission.providers.addresses import check_api
from plaudit.features.admission.providers.api import basic, call
from plaudit.kernel.refusal import refused
from plaudit.platform.outbound import Outbound

JOIN: Final = 1
PUBLISH: Final = (2, 3, 4)
"""To publish sound, video and data."""
_SERVICE_RTC: Final = 1
_VERSION: Final = "007"
_ID: Final = re.compile(r"[0-9A-Fa-f]{32}")
_CHANNEL_MAX: Final = 63
_SALT_MAX: Final = 99_999_999
_UIDS: Final = 2**32 - 1
_BAN_MIN_S, _BAN_MAX_S = 10, 86_430


class AgoraSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The project's id, and who may use its REST API, without which nobody is kicked."""

    app_id: str
    customer_id: str | None = None
    api_url: str = "https://api.agora.io"
    ban_s: int = 300

    def __post_init__(self) -> None:
        """Raise ValueError (msgspec.ValidationError when decoded) for what Agora would not take."""
        if not _ID.fullmatch(self.app_id):
            raise ValueError("app_id has 32 hexadecimal digits")
        if not _BAN_MIN_S <= self.ban_s <= _BAN_MAX_S:
            raise ValueError(f"give {_BAN_MIN_S} to {_BAN_MAX_S} seconds as ban_s; not less than token_ttl_s")
        check_api(self.api_url)


class AgoraSecrets(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The project's certificate, and the secret of the REST API."""

    app_certificate: str
    customer_secret: str | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for a certificate that is none."""
        if not _ID.fullmatch(self.app_certificate):
            raise ValueError("app_certificate has 32 hexadecimal digits")


def access_token(
    *,
    app_id: str,
    certificate: str,
    channel: str,
    uid: str,
    privileges: Mapping[int, int],
    issued_at_s: int,
    expire_s: int,
    salt: int,
) -> str:
    """Return an AccessToken2 for one channel of real-time communication.

    `privileges` are seconds from the issue, as `expire_s` for the whole token. `uid` "" stands for anybody.
    """
    signing = hmac.digest(pack("<I", issued_at_s), certificate.encode(), "sha256")
    signing = hmac.digest(pack("<I", salt), signing, "sha256")
    service = pack("<HH", _SERVICE_RTC, len(privileges))
    for privilege, seconds in sorted(privileges.items()):
        service += pack("<HI", privilege, seconds)
    service += _text(channel) + _text(uid)
    info = _text(app_id) + pack("<IIIH", issued_at_s, expire_s, salt, 1) + service
    signature = hmac.digest(signing, info, "sha256")
    packed = zlib.compress(pack("<H", len(signature)) + signature + info)
    return _VERSION + b64encode(packed).decode("ascii")


def _text(text: str) -> bytes:
    raw = text.encode()
    return pack("<H", len(raw)) + raw


class Agora:
    """A project at Agora."""

    asks = False
    lists = False

    def __init__(self, *, outbound: Outbound, settings: AgoraSettings, secrets: AgoraSecrets) -> None:
        """Send through `outbound`."""
        self.settings = settings
        self._secrets = secrets
        self._outbound = outbound

    def offer(self, wanted: Wanted) -> Offer:
        """Return the token, and the number by which the viewer joins: the session's, so that no two share it.

        Raises Refusal `media_server.stream_name` (REFUSED) for a name that is longer than Agora takes.
        """
        if len(wanted.name) > _CHANNEL_MAX:
            raise refused(
                "media_server.stream_name",
                f"Agora takes channels of {_CHANNEL_MAX} characters; shorten the names or the template.",
            )
        uid = _uid(wanted.session)
        lasts_s = wanted.ends_at_s - wanted.now_s
        privileges = dict.fromkeys((JOIN, *PUBLISH) if wanted.publish else (JOIN,), lasts_s)
        token = access_token(
            app_id=self.settings.app_id,
            certificate=self._secrets.app_certificate,
            channel=wanted.name,
            uid=str(uid),
            privileges=privileges,
            issued_at_s=wanted.now_s,
            expire_s=lasts_s,
            salt=int.from_bytes(wanted.chance, "big") % _SALT_MAX + 1,
        )
        return Offer(token=token, uid=uid, app_id=self.settings.app_id)

    async def kick(self, client: Client) -> None:
        """Keep a viewer out of its channel until its token is over."""
        if self.settings.customer_id is None:
            return
        await call(
            self._outbound,
            method="POST",
            url=f"{self.settings.api_url}/dev/v1/kicking-rule",
            headers=basic(self.settings.customer_id, self._secrets.customer_secret),
            body={
                "appid": self.settings.app_id,
                "cname": client.name,
                "uid": _uid(client.session),
                "time_in_seconds": self.settings.ban_s,
                "privileges": ["join_channel"],
            },
        )

    async def present(self) -> AbstractSet[str]:
        """Tell of nobody."""
        raise AssertionError("Agora is not asked who is there")


def _uid(session: int) -> int:
    return session % _UIDS + 1


def agora(*, outbound: Outbound, settings: AgoraSettings, secrets: AgoraSecrets, **_: object) -> Agora:
    """Return a project at Agora."""
    return Agora(outbound=outbound, settings=settings, secrets=secrets)
