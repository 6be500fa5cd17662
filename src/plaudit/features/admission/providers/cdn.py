"""CDNs: signed playback addresses of the common forms, and their questions to us (remote authentication).

* `type_a` (Alibaba Cloud, Huawei Cloud A): `auth_key={time}-{rand}-{uid}-{md5}` over path and key;
* `type_b` (Tencent Cloud, Huawei Cloud B): `txSecret={md5}&txTime={hex}` over key, stream name and time;
* `type_d` (Huawei Cloud D): `hwSecret={HMAC-SHA256}&hwTime={hex}` over stream name and time.
"""

import hmac
import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from hashlib import md5
from typing import Final, Literal, TypeAlias
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from plaudit.features.admission.model.media import Client, Offer, Wanted
from plaudit.features.admission.providers.addresses import check_addresses, filled
from plaudit.kernel.ids import NAME_MAX

Form: TypeAlias = Literal["none", "type_a", "type_b", "type_d"]
KeyName: TypeAlias = Literal["main", "backup"]

_KEY_MIN: Final = 6
_LIST: Final = r"\.(m3u8|flv|mpd|sdp|m3u|xs)"
"""How the name of a stream goes on where a player asks for it."""
_PIECE: Final = r"(?P<numbers>([-_][0-9]+)*)\.(ts|m4s|mp4|m4a|m4v|aac|vtt|key)"
"""How it goes on in the names of its pieces: with their numbers."""
_ORIGIN: Final = re.compile(r"\A[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
"""How an address begins that is a whole one: with its scheme and host."""
_NUMBER: Final = re.compile(r"[-_][0-9]+")
_VALIDITY_MAX_S: Final = 31_536_000


class CdnSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where players go, how the CDN wants it signed, and with which of its two keys.

    `validity_s` is what the CDN itself adds to the time in an address, as its console says. With
    `remote_auth` our token is in the address as well, and the CDN is to ask us. `none` signs nothing: then
    remote authentication alone guards the stream.
    """

    urls: tuple[str, ...]
    form: Form
    sign_with: KeyName = "main"
    validity_s: int = 0
    remote_auth: bool = False

    def __post_init__(self) -> None:
        """Raise ValueError (msgspec.ValidationError when decoded) for what cannot be."""
        check_addresses(self.urls)
        if not 0 <= self.validity_s <= _VALIDITY_MAX_S:
            raise ValueError("give 0 seconds or more as validity_s")
        if self.form == "none" and not self.remote_auth:
            raise ValueError("addresses that are not signed need remote_auth")


class CdnSecrets(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The two keys of the CDN's authentication: changed one after the other, nobody is cut off."""

    main_key: str | None = None
    backup_key: str | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for keys that are too short."""
        if any(key is not None and len(key) < _KEY_MIN for key in (self.main_key, self.backup_key)):
            raise ValueError(f"keys have at least {_KEY_MIN} characters")


def signed(form: Form, *, url: str, name: str, key: str, time_s: int, chance: bytes) -> dict[str, str]:
    """Return what is added to the query of an address: its path and stream name signed until a time."""
    stream = name.rpartition("/")[2]
    match form:
        case "none":
            return {}
        case "type_a":
            rand, path = chance.hex(), urlsplit(url).path
            digest = _md5(f"{path}-{time_s}-{rand}-0-{key}")
            return {"auth_key": f"{time_s}-{rand}-0-{digest}"}
        case "type_b":
            at = f"{time_s:X}"
            return {"txSecret": _md5(f"{key}{stream}{at}"), "txTime": at}
        case "type_d":
            at = f"{time_s:x}"
            digest = hmac.digest(key.encode(), f"{stream}{at}".encode(), "sha256").hex()
            return {"hwSecret": digest, "hwTime": at}


def _md5(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()


class Cdn:
    """A CDN."""

    lists = False

    def __init__(self, *, settings: CdnSettings, secrets: CdnSecrets) -> None:
        """Raise ValueError when the key to sign with is missing."""
        self.settings = settings
        self.asks = settings.remote_auth
        key = secrets.main_key if settings.sign_with == "main" else secrets.backup_key
        if key is None and settings.form != "none":
            raise ValueError(f"the {settings.sign_with}_key is missing")
        self._key = key or ""

    def offer(self, wanted: Wanted) -> Offer:
        """Return the addresses, signed."""
        return Offer(
            urls=tuple(self._address(url, wanted) for url in self.settings.urls), token=wanted.token or None
        )

    def _address(self, template: str, wanted: Wanted) -> str:
        url = filled(template, name=wanted.name, query={})
        query = signed(
            self.settings.form,
            url=url,
            name=wanted.name,
            key=self._key,
            time_s=wanted.ends_at_s - self.settings.validity_s,
            chance=wanted.chance,
        )
        if wanted.token:
            query["token"] = wanted.token
        return filled(template, name=wanted.name, query=query)

    async def kick(self, client: Client) -> None:
        """Do nothing: a CDN has no sessions. What it asks next is refused."""

    async def present(self) -> AbstractSet[str]:
        """Tell of nobody."""
        raise AssertionError("a CDN is not asked who is there")


def cdn(*, settings: CdnSettings, secrets: CdnSecrets, **_: object) -> Cdn:
    """Return a CDN."""
    return Cdn(settings=settings, secrets=secrets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a CDN asks: our token, and the path that the viewer asked for, None where it does not say so."""

    token: str
    path: str | None

    def is_at(self, name: str) -> bool:
        """Tell whether the question is about the stream of this name; one that does not say may be.

        Its path has the name as a folder, with an extension, or with the number of a piece. A stream whose
        name only begins like it is another, and a path that a server tidies before it serves it is none.
        """
        return self.path is None or self._found(name) is not None

    def endings(self, name: str) -> tuple[str, ...]:
        """Return by what a longer name would go on that the question may be about as well.

        `main-2-7.ts` is a piece of `main`, or of a stream that is called `main-2`, and nothing but the names
        of streams tells which. What is longer than any name is left out.
        """
        found = self._found(name)
        numbers = "" if found is None else found["numbers"] or ""
        ends = [one.end() for one in _NUMBER.finditer(numbers[:NAME_MAX])]
        return tuple(numbers[:end] for end in ends)

    def _found(self, name: str) -> re.Match[str] | None:
        path = unquote(self.path or "")
        if "%" in path or "\\" in path or not {".", ".."}.isdisjoint(path.split("/")):
            return None
        return re.search(rf"/{re.escape(name)}(/|({_PIECE}|{_LIST})?\Z)", path)


def read_question(*, query: str, originals: Sequence[str]) -> Question:
    """Return what a CDN asks: by the query it passes on, or by whole addresses (each X-Original-URI).

    The query is the viewer's as well, who may have put a `uri` of his own there: a path that is said more
    than once is nobody's.
    """
    asked = parse_qs(query, keep_blank_values=True)
    said = [*originals, *asked.get("uri", ())]
    # Taken apart by hand: urlsplit raises for some of what a viewer may write.
    path, _, more = _ORIGIN.sub("", said[0] if len(said) == 1 else "").partition("?")
    tokens = asked.get("token") or parse_qs(more).get("token") or [""]
    return Question(token=tokens[0] if len(tokens) == 1 else "", path=path if said else None)
