"""Links: their ids, who may speak for whom, and the name that a poster shows."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from plaudit.kernel.actor import Actor
from plaudit.kernel.ids import CROCKFORD, valid_name
from plaudit.kernel.refusal import Refusal, forbidden, invalid, not_found

PREFIX: Final = "inv_"
NAME_MAX: Final = 40
"""Characters of the name that a poster shows."""

_TENANT_DIGITS: Final = 7
_SECRET_DIGITS: Final = 16
_SECRET_BYTES: Final = 10
_BITS: Final = 5
_TENANT_MAX: Final = 2**31 - 1
_ID: Final = re.compile(rf"{PREFIX}([{CROCKFORD}]{{{_TENANT_DIGITS}}})[{CROCKFORD}]{{{_SECRET_DIGITS}}}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A viewer's invitation to a show; `name` is what its poster shows, None where none was given."""

    id: str
    viewer: str
    show: str
    name: str | None
    opened_at: datetime


def new_id(*, tenant_id: int, random_bytes: Callable[[int], bytes]) -> str:
    """Return a new id: it tells the tenant, for nobody shows a credential at a link, and cannot be guessed.

    `random_bytes` is the source of its 80 bits.
    """
    secret = int.from_bytes(random_bytes(_SECRET_BYTES), "big")
    return PREFIX + _digits(tenant_id, _TENANT_DIGITS) + _digits(secret, _SECRET_DIGITS)


def tenant_of(invitation: str) -> int:
    """Return the tenant in an id. Raises Refusal `invitation.unknown` (NOT_FOUND) on anything else."""
    match = _ID.fullmatch(invitation)
    if match is not None:
        number = 0
        for digit in match[1]:
            number = number << _BITS | CROCKFORD.index(digit)
        if number <= _TENANT_MAX:
            return number
    raise unknown_invitation()


def named(text: str) -> str | None:
    """Return what a ticket named as its invitation, None where that cannot be the id of any."""
    return text if _ID.fullmatch(text) else None


def unknown_invitation() -> Refusal:
    """Return the refusal of an invitation that there is not."""
    return not_found("invitation.unknown", "There is no such invitation; check its id.")


def check_person(*, actor: Actor, viewer: str) -> None:
    """Raise Refusal `scope.missing` (FORBIDDEN) when a token asks for somebody else's invitations.

    Raises Refusal `body.invalid` (INVALID) when the id breaks the rule of names.
    """
    if actor.kind in {"viewer", "creator"} and actor.text != f"viewer/{viewer}":
        raise forbidden(
            "scope.missing", f"This token speaks for {actor.text} alone; ask for its own invitations."
        )
    if not valid_name(viewer):
        raise invalid("body.invalid", "Write ids with letters, digits and _ . : @ -, at most 64.")


def check_show(show: str) -> str:
    """Return a show's id. Raises Refusal `body.invalid` (INVALID) when it breaks the rule of names."""
    if not valid_name(show):
        raise invalid(
            "body.invalid", "Write ids with letters, digits and _ . : @ -, at most 64.", field="show"
        )
    return show


def check_name(name: str | None) -> str | None:
    """Return the name to show, composed and without blanks around it; None for none.

    Raises Refusal `body.invalid` (INVALID) when it is too long or holds a control character.
    """
    if name is None:
        return None
    text = unicodedata.normalize("NFC", name.strip())
    if not 1 <= len(text) <= NAME_MAX or any(unicodedata.category(one) in {"Cc", "Cs"} for one in text):
        raise invalid(
            "body.invalid", f"Give a name of 1 to {NAME_MAX} characters, or leave it out.", field="name"
        )
    return text


def _digits(number: int, count: int) -> str:
    return "".join(CROCKFORD[number >> shift & 31] for shift in range((count - 1) * _BITS, -1, -_BITS))
