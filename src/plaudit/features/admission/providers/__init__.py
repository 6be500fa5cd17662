"""The kinds of media servers there are, and servers made ready for use, once for each revision."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any, Final

import msgspec

from plaudit.features.admission.model.media import Media
from plaudit.features.admission.model.servers import Kind, MediaServer, server_id
from plaudit.features.admission.providers.agora import AgoraSecrets, AgoraSettings, agora
from plaudit.features.admission.providers.cdn import CdnSecrets, CdnSettings, cdn
from plaudit.features.admission.providers.keyring import Keyring
from plaudit.features.admission.providers.livekit import LivekitSecrets, LivekitSettings, livekit
from plaudit.features.admission.providers.mediamtx import MediamtxSecrets, MediamtxSettings, mediamtx
from plaudit.features.admission.providers.srs import SrsSecrets, SrsSettings, srs
from plaudit.kernel.time import Clock
from plaudit.platform.crypto import Vault
from plaudit.platform.outbound import Outbound

__all__ = ["SORTS", "Ready", "Sort", "context_of", "made", "opened", "ready"]

_READY_MAX: Final = 1_024


@dataclass(frozen=True, slots=True)
class Sort:
    """A kind: the strict types of a server's settings and secrets, and what makes it ready.

    `make` takes `outbound`, `clock`, `settings`, `secrets` and `keyring` by keyword, and raises ValueError
    when they do not go together.
    """

    settings: type[msgspec.Struct]
    secrets: type[msgspec.Struct]
    make: Callable[..., Media]


SORTS: Final[Mapping[Kind, Sort]] = {
    "srs": Sort(SrsSettings, SrsSecrets, srs),
    "mediamtx": Sort(MediamtxSettings, MediamtxSecrets, mediamtx),
    "livekit": Sort(LivekitSettings, LivekitSecrets, livekit),
    "agora": Sort(AgoraSettings, AgoraSecrets, agora),
    "cdn": Sort(CdnSettings, CdnSecrets, cdn),
}
"""All kinds by name."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A media server ready for use: `token_keys` are those that are taken, the one to seal with first."""

    server: MediaServer
    outbound: Outbound
    media: Media
    hook_secrets: tuple[bytes, ...]
    token_keys: tuple[tuple[int, bytes], ...]

    def knows(self, secret: str) -> bool:
        """Tell in constant time whether a hook's address carries our secret, the one before included."""
        given, known = secret.encode(), False
        for one in self.hook_secrets:
            known |= compare_digest(given, one)
        return known


_READY: Final[OrderedDict[tuple[int, int], Ready]] = OrderedDict()


def context_of(*, tenant_id: int, number: int) -> str:
    """Return what a server's secrets are sealed for: they open at no other server."""
    return f"admission/server/{tenant_id}/{number}"


def opened(*, server: MediaServer, vault: Vault) -> Mapping[str, Any]:
    """Return the secrets of a server. Raises platform.crypto.SealError."""
    context = context_of(tenant_id=server.tenant_id, number=server.number)
    secrets: Mapping[str, Any] = msgspec.json.decode(vault.open(sealed=server.sealed, context=context))
    return secrets


def keyring_of(*, vault: Vault, tenant_id: int, number: int, keys: int) -> Keyring:
    """Return the keys of a server."""
    return Keyring(vault=vault, server=server_id(tenant_id=tenant_id, number=number), number=keys)


def made(
    *,
    kind: Kind,
    settings: Mapping[str, Any],
    secrets: Mapping[str, Any],
    keyring: Keyring,
    outbound: Outbound,
    clock: Clock,
) -> Media:
    """Return a media server. Raises ValueError (msgspec.ValidationError) when it cannot be one."""
    sort = SORTS[kind]
    return sort.make(
        outbound=outbound,
        clock=clock,
        settings=msgspec.convert(settings, sort.settings),
        secrets=msgspec.convert(secrets, sort.secrets),
        keyring=keyring,
    )


def ready(*, server: MediaServer, vault: Vault, outbound: Outbound, clock: Clock) -> Ready:
    """Return a server ready for use: its secrets are opened once for each revision.

    Raises platform.crypto.SealError, and ValueError when what was saved cannot be used any more.
    """
    place = (server.tenant_id, server.number)
    known = _READY.get(place)
    if (
        known is not None
        and known.outbound is outbound
        and (known.server is server or known.server == server)
    ):
        _READY.move_to_end(place)
        return known
    keyring = keyring_of(vault=vault, tenant_id=server.tenant_id, number=server.number, keys=server.keys)
    media = made(
        kind=server.kind,
        settings=server.settings,
        secrets=opened(server=server, vault=vault),
        keyring=keyring,
        outbound=outbound,
        clock=clock,
    )
    secrets = tuple(secret.encode() for secret in keyring.hook_secrets())
    found = Ready(server, outbound, media, secrets, keyring.token_keys())
    _READY[place] = found
    while len(_READY) > _READY_MAX:
        _READY.popitem(last=False)
    return found
