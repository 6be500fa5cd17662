"""SRS: its HTTP hooks (`http_hooks` of a vhost) and its HTTP API, of versions 4 to 7.

A hook is answered with 200 and a JSON object whose `code` is 0, or else the client is refused. The token is
in the address that was played, whatever the protocol, and comes as `param`.
"""

from collections.abc import Set as AbstractSet
from http import HTTPStatus
from typing import Final, Literal, TypeAlias
from urllib.parse import parse_qs

import msgspec

from plaudit.features.admission.model.media import Client, Offer, Wanted
from plaudit.features.admission.providers.addresses import check_addresses, check_api, filled
from plaudit.features.admission.providers.api import Word, basic, call, document
from plaudit.platform.failures import Retryable
from plaudit.platform.outbound import Outbound

_PAGE: Final = 1_000
_PAGES_MAX: Final = 1_000
_PLAIN: Final = "?token="


class SrsSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where players go, and what SRS calls it. Without `vhost` any is taken, without `api_url` nobody kicked.

    `urls` have `{name}` in them, the stream's name: `rtmp://edge.example/live/{name}`.
    """

    urls: tuple[str, ...]
    app: str = "live"
    vhost: str | None = None
    api_url: str | None = None

    def __post_init__(self) -> None:
        """Raise ValueError (msgspec.ValidationError when decoded) for addresses that are none."""
        check_addresses(self.urls)
        check_api(self.api_url)


class SrsSecrets(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What opens SRS's API, where it asks for that (`http_api { auth { … } }`)."""

    api_user: str | None = None
    api_password: str | None = None


class SrsHook(msgspec.Struct, frozen=True, kw_only=True):
    """What SRS posts. Versions before 4 have a number as the client's id; newer ones tell more."""

    action: str
    client_id: Word | int
    vhost: str = ""
    app: str = ""
    stream: str = ""
    param: str = ""


class SrsAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What SRS is answered: 0 for yes. What else is there is for its log."""

    code: int
    reason: str = ""


HookAct: TypeAlias = Literal["play", "publish", "end", "none"]
_ACTS: Final[dict[str, HookAct]] = {
    "on_play": "play",
    "on_publish": "publish",
    "on_stop": "end",
    "on_unpublish": "end",
    "on_close": "end",
}
_HOOK: Final = msgspec.json.Decoder(SrsHook)


def read_hook(body: bytes) -> SrsHook:
    """Return what SRS posted. Raises msgspec.MsgspecError when it is nothing that SRS posts."""
    return _HOOK.decode(body)


def act_of(hook: SrsHook) -> HookAct:
    """Return what a hook asks for; others (`on_connect`, `on_dvr`, …) ask for nothing."""
    return _ACTS.get(hook.action, "none")


def token_in(param: str) -> str:
    """Return the token in what SRS calls `param`: the query that was played, question mark and all."""
    if param.startswith(_PLAIN) and "&" not in param and "%" not in param:
        return param[len(_PLAIN) :]
    found = parse_qs(param.lstrip("?"), keep_blank_values=True).get("token", [""])
    return found[0] if len(found) == 1 else ""


class Srs:
    """An SRS server."""

    asks = True

    def __init__(self, *, outbound: Outbound, settings: SrsSettings, secrets: SrsSecrets) -> None:
        """Send through `outbound`."""
        self.settings = settings
        self._outbound = outbound
        self._headers = basic(secrets.api_user, secrets.api_password)

    @property
    def lists(self) -> bool:
        """Whether its API is known."""
        return self.settings.api_url is not None

    def is_at(self, hook: SrsHook, *, name: str) -> bool:
        """Tell whether a hook is about the stream of this name."""
        settings = self.settings
        return (
            hook.stream == name
            and hook.app == settings.app
            and (settings.vhost is None or hook.vhost == settings.vhost)
        )

    def offer(self, wanted: Wanted) -> Offer:
        """Return the addresses, with our token."""
        query = {"token": wanted.token}
        return Offer(
            urls=tuple(filled(url, name=wanted.name, query=query) for url in self.settings.urls),
            token=wanted.token,
        )

    async def kick(self, client: Client) -> None:
        """Delete a client; where SRS says it cannot, see whether it is there at all."""
        if self.settings.api_url is None:
            return
        url = f"{self.settings.api_url}/api/v1/clients/{client.client}"
        answer = await call(self._outbound, method="DELETE", url=url, headers=self._headers)
        if answer.status == HTTPStatus.OK and document(answer).get("code") == 0:
            return
        if client.client in await self.present():
            raise Retryable("SRS has not ended the client")

    async def present(self) -> AbstractSet[str]:
        """Return the ids of all clients, page by page."""
        found: set[str] = set()
        for page in range(_PAGES_MAX):
            url = f"{self.settings.api_url}/api/v1/clients?start={page * _PAGE}&count={_PAGE}"
            told = document(await call(self._outbound, method="GET", url=url, headers=self._headers))
            clients = told.get("clients") or []
            found.update(str(one["id"]) for one in clients)
            if len(clients) < _PAGE:
                break
        return found


def srs(*, outbound: Outbound, settings: SrsSettings, secrets: SrsSecrets, **_: object) -> Srs:
    """Return an SRS server."""
    return Srs(outbound=outbound, settings=settings, secrets=secrets)
