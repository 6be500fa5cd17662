"""Calls whose answers are believed: signed by us, answered with the channel's signature."""

from __future__ import annotations

import msgspec

from plaudit.features.payments.providers.wechat.answers import failure_of
from plaudit.features.payments.providers.wechat.certificates import KeyRing
from plaudit.features.payments.providers.wechat.proof import Unproved, prove
from plaudit.features.payments.providers.wechat.sending import Sender
from plaudit.kernel.time import Clock
from plaudit.platform.failures import Retryable, Unknown
from plaudit.platform.outbound import Answer

_SUCCESS = range(200, 300)


class Gateway:
    """Asks WeChat Pay."""

    __slots__ = ("_clock", "_ring", "_sender")

    def __init__(self, *, sender: Sender, ring: KeyRing, clock: Clock) -> None:
        """Ask through a sender and prove answers by the keys of a ring."""
        self._sender = sender
        self._ring = ring
        self._clock = clock

    async def get(self, path: str) -> bytes:
        """Return the proved body of an answer. Raises Declined and the other failures."""
        return await self._believed(await self._sender.send(method="GET", path=path))

    async def post(self, path: str, *, payload: msgspec.Struct) -> bytes:
        """Return the proved body of the answer to a JSON document. Raises Declined and the other failures."""
        body = msgspec.json.encode(payload)
        return await self._believed(await self._sender.send(method="POST", path=path, body=body))

    async def download(self, url: str) -> bytes:
        """Return what lies at a download address; downloads are not signed.

        Raises Failure; Retryable when it lies there no longer, since another address is made on request.
        """
        answer = await self._sender.download(url=url)
        if answer.status not in _SUCCESS:
            raise Retryable(f"the download was answered {answer.status}")
        return answer.body

    async def _believed(self, answer: Answer) -> bytes:
        succeeded = answer.status in _SUCCESS
        # The channel leaves some of its refusals unsigned (a wrong signature of ours, for one).
        if succeeded or "wechatpay-signature" in answer.headers:
            try:
                await prove(self._ring, headers=answer.headers, body=answer.body, now=self._clock.now())
            except Unproved as error:
                raise Unknown(
                    f"an answer of {answer.status} that the channel did not sign: {error}"
                ) from error
        if not succeeded:
            raise failure_of(answer)
        return answer.body
