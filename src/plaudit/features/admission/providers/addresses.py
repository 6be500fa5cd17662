"""Addresses with `{name}` in them, as the settings of media servers have them."""

import re
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlencode

_ADDRESS: Final = re.compile(r"(rtmps?|rtsps?|https?|wss?|srt|webrtc)://[^\s#@/?]+([/?][^\s#@]*)?", re.ASCII)
_API: Final = re.compile(r"https?://[^\s/?#@]+(/[^\s?#@]*)?", re.ASCII)
_ADDRESS_MAX: Final = 500
_MOST: Final = 10


def check_addresses(urls: Sequence[str]) -> None:
    """Raise ValueError unless these are 1 to 10 addresses for players, each with `{name}` in it once."""
    if not 1 <= len(urls) <= _MOST:
        raise ValueError(f"give 1 to {_MOST} urls")
    for url in urls:
        fits = len(url) <= _ADDRESS_MAX and _ADDRESS.fullmatch(url.replace("{name}", "name"))
        if not fits or url.count("{name}") != 1:
            raise ValueError(
                "give urls such as https://edge.example/live/{name}.flv, with {name} in each once"
            )


def check_api(url: str | None) -> None:
    """Raise ValueError unless this is the address of an API, or none."""
    if url is not None and (len(url) > _ADDRESS_MAX or not _API.fullmatch(url)):
        raise ValueError("give an api_url such as http://srs.example:1985")


def filled(url: str, *, name: str, query: Mapping[str, str]) -> str:
    """Return an address with the name in it and a query added."""
    address = url.replace("{name}", name)
    if not query:
        return address
    return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"
