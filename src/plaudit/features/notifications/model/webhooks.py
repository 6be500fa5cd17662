"""Webhooks by the rules of Standard Webhooks: what they are sent, and how it is signed."""

import hmac
import re
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias

from plaudit.features.notifications.model.kinds import KINDS
from plaudit.kernel.refusal import Refusal, invalid, not_found
from plaudit.vocabulary.facts import FACTS

DisabledCause: TypeAlias = Literal["gone", "failing"]
Standing: TypeAlias = Literal["admitted", "barred", "open"]
"""How a host stands with the operator, as far as it can be told before its name is resolved."""

WEBHOOK: Final = "whk"
"""The prefix of a webhook's id."""
OVERLAP_DEFAULT_S: Final = 86_400
OVERLAP_MAX_S: Final = 7 * 86_400
SECRET_BYTES: Final = 32
KINDS_MAX: Final = 100
"""How many kinds one webhook may name."""
WEBHOOKS_MAX: Final = 50
"""How many a tenant may have: each fact and message looks at all of them."""

_SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - what secrets begin with
_URL_MAX: Final = 2_000
_SHOWN_MAX: Final = 64
_URL: Final = re.compile(
    r"(https?)://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(:[0-9]{1,5})?(?:[/?][!-~]*)?"
)
_PORT_MAX: Final = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A webhook. `secret` and `former` are sealed; the former one signs as well until `former_until`."""

    number: int
    url: str
    kinds: tuple[str, ...]
    enabled: bool
    disabled_cause: DisabledCause | None
    secret: bytes
    former: bytes | None
    former_until: datetime | None
    failing_since: datetime | None
    revision: int
    saved_at: datetime


def secret_text(random: bytes) -> str:
    """Return a secret as its owner is shown it: "whsec_" and base64."""
    return _SECRET_PREFIX + b64encode(random).decode("ascii")


def signatures(*, secrets: Sequence[bytes], id: str, at: datetime, body: bytes) -> str:  # noqa: A002 - the header is named so
    """Return the header `webhook-signature`: one "v1,…" for each secret, over id, Unix seconds and body."""
    signed = f"{id}.{int(at.timestamp())}.".encode() + body
    digests = [b64encode(hmac.digest(secret, signed, "sha256")).decode("ascii") for secret in secrets]
    return " ".join(f"v1,{digest}" for digest in digests)


def check_url(url: str, *, standing_of: Callable[[str], Standing]) -> None:
    """Raise Refusal `webhook.url` (INVALID) unless messages may be sent there.

    https, no user or fragment; plain http only where `standing_of` says that the operator admitted the host.
    What a name leads to is looked at with each connection.
    """
    found = _URL.fullmatch(url) if len(url) <= _URL_MAX else None
    if found is None or "#" in url or int((found[3] or ":1")[1:]) not in range(1, _PORT_MAX + 1):
        raise _bad_url()
    standing = standing_of(found[2].strip("[]"))
    if standing == "barred" or (found[1] != "https" and standing != "admitted"):
        raise _bad_url()


def check_kinds(kinds: Sequence[str]) -> None:
    """Raise Refusal `webhook.kinds` (INVALID) unless these are kinds of facts or messages, each once."""
    unknown = [kind for kind in kinds if kind not in FACTS and kind not in KINDS]
    if unknown or not 1 <= len(kinds) <= KINDS_MAX or len(set(kinds)) != len(kinds):
        raise invalid(
            "webhook.kinds",
            f"Name 1 to {KINDS_MAX} kinds of facts or messages, each once.",
            field="kinds",
            unknown=[kind[:_SHOWN_MAX] for kind in unknown[:20]],
        )


def check_overlap(overlap_s: int) -> None:
    """Raise Refusal `webhook.overlap` (INVALID) outside 0 seconds to a week."""
    if not 0 <= overlap_s <= OVERLAP_MAX_S:
        raise invalid(
            "webhook.overlap", f"Let both secrets sign for 0 to {OVERLAP_MAX_S} seconds.", field="overlap_s"
        )


def unknown_webhook() -> Refusal:
    """Return the refusal of a webhook that there is not."""
    return not_found("webhook.unknown", "There is no webhook of this id; list them to see those there are.")


def _bad_url() -> Refusal:
    return invalid(
        "webhook.url",
        "Give an address that starts with https:// and is reached from the world, or have the operator admit"
        " its host with PLAUDIT_OUTBOUND_INSIDE.",
        field="url",
    )
