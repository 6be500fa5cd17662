"""Sending to webhooks: signed, over the house's own way out, which calls nothing inside."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from plaudit.features.notifications.model.deliveries import Failed, Sent, of_answer
from plaudit.features.notifications.model.webhooks import signatures
from plaudit.platform.failures import Failure, Retryable, Unknown
from plaudit.platform.inside import Barred
from plaudit.platform.outbound import Outbound

_TIMEOUT_MS: Final = 15_000
_AT_ONCE: Final = 8
_ANSWER_MAX_BYTES: Final = 64 * 1024


async def send_all(
    outbound: Outbound,
    *,
    url: str,
    secrets: Sequence[bytes],
    parcels: Sequence[tuple[str, bytes]],
    now: datetime,
) -> list[Sent | Failed]:
    """Post messages, each an id and a body, to a webhook, a few at once; return what came of each.

    They are signed by each of the secrets. Raises no Failure.
    """
    lanes = asyncio.Semaphore(_AT_ONCE)

    async def one(id_: str, body: bytes) -> Sent | Failed:
        async with lanes:
            return await _send(outbound, url=url, secrets=secrets, id_=id_, body=body, now=now)

    return await asyncio.gather(*(one(*parcel) for parcel in parcels))


async def _send(
    outbound: Outbound, *, url: str, secrets: Sequence[bytes], id_: str, body: bytes, now: datetime
) -> Sent | Failed:
    headers = {
        "content-type": "application/json",
        "user-agent": "Plaudit",
        "webhook-id": id_,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signatures(secrets=secrets, id=id_, at=now, body=body),
    }
    try:
        answer = await outbound.send(
            method="POST",
            url=url,
            headers=headers,
            body=body,
            timeout_ms=_TIMEOUT_MS,
            answer_max_bytes=_ANSWER_MAX_BYTES,
        )
    except Failure as failure:
        return of_failure(failure)
    return of_answer(status=answer.status, headers=answer.headers, now=now)


def of_failure(failure: Failure) -> Failed:
    """Return the result of a request without an answer."""
    if isinstance(failure, Retryable):
        return Failed(failure="retryable", problem="http.unreachable")
    if isinstance(failure, Unknown):
        return Failed(failure="unknown", problem="http.no_answer")
    return Failed(
        failure="final", problem="http.inside" if isinstance(failure, Barred) else "http.unsendable"
    )
