"""Calls to Stripe's API through its official library, sent by our own client.

The library encodes parameters, names the version of the API that it was made for and classes errors. What it
would do beside that is kept off: it keeps an identifier of the machine in the home folder, sends metrics, and
reads the environment for its name of the caller.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final, TypeVar

import msgspec
import stripe

from plaudit.platform.failures import Failure, Retryable, Unknown
from plaudit.platform.failures import Final as Refused
from plaudit.platform.outbound import Outbound

stripe.enable_telemetry = False

PAGE: Final = 100
"""How many objects a page of a list has, at most."""

_SENT: Final = frozenset({"authorization", "content-type", "idempotency-key", "stripe-version"})
_NAME: Final = "Plaudit"
_T = TypeVar("_T")
_Struct = TypeVar("_Struct", bound=msgspec.Struct)


class Declined(Refused):
    """Stripe understood and said no: `code` is its own word for why."""

    def __init__(self, code: str, message: str) -> None:
        """Say why."""
        super().__init__(message)
        self.code = code


class _Listed(msgspec.Struct, frozen=True):
    data: list[msgspec.Raw]
    has_more: bool


class _Transport(stripe.HTTPClient):
    """The library's way out: each request once, by our client, whose failures pass through the library."""

    name = "plaudit"

    def __init__(self, outbound: Outbound) -> None:
        super().__init__()
        self._outbound = outbound

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: str | None = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        sent = {name: value for name, value in headers.items() if name.lower() in _SENT}
        answer = await self._outbound.send(
            method=method.upper(),
            url=url,
            headers={**sent, "user-agent": _NAME},
            body=(post_data or "").encode(),
        )
        return answer.body, answer.status, answer.headers


class Api:
    """The API as one account uses it."""

    def __init__(self, *, base_url: str, secret_key: str, outbound: Outbound) -> None:
        """Speak for an account."""
        self._client = stripe.StripeClient(
            secret_key,
            base_addresses={"api": base_url},
            http_client=_Transport(outbound),
            max_network_retries=0,
        )

    async def get(self, path: str, kind: type[_T], **parameters: object) -> _T:
        """Return an object as `kind`. Raises Failure; Declined when Stripe says no."""
        return await self._call("get", path, kind, parameters)

    async def post(self, path: str, kind: type[_T], *, key: str | None = None, **parameters: object) -> _T:
        """Make or change an object; with the same `key`, once (for a day). Raises Failure, Declined."""
        return await self._call("post", path, kind, {**parameters, "idempotency_key": key})

    async def every(
        self, path: str, kind: type[_Struct], *, pages_max: int, **parameters: object
    ) -> AsyncIterator[_Struct]:
        """Yield all objects of a list, newest first. Raises Failure; Unknown after `pages_max` pages."""
        after: dict[str, object] = {}
        for _ in range(pages_max):
            listed = await self._call("get", path, _Listed, {**parameters, **after, "limit": PAGE})
            last = ""
            for raw in listed.data:
                one = _decoded(raw, kind)
                last = one.id  # type: ignore[attr-defined]  # every object has one
                yield one
            if not listed.has_more or not last:
                return
            after = {"starting_after": last}
        raise Unknown(f"{path} has more than {pages_max} pages")

    async def _call(self, method: str, path: str, kind: type[_T], parameters: Mapping[str, Any]) -> _T:
        try:
            answer = await self._client.raw_request_async(method, path, **parameters)
        except stripe.StripeError as error:
            raise _classed(method, path, error) from error
        return _decoded(answer.body.encode(), kind)


def _decoded(body: bytes | msgspec.Raw, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError as error:
        raise Unknown(f"Stripe answered what cannot be read: {error}") from error


def _classed(method: str, path: str, error: stripe.StripeError) -> Failure:
    """Return the failure that an error of the library stands for."""
    message = f"{method.upper()} {path}: {error.http_status} {error.code or ''} {error.user_message or ''}"
    if isinstance(error, stripe.RateLimitError):
        return Retryable(message)
    if isinstance(error, stripe.InvalidRequestError | stripe.CardError):
        return Declined(error.code or "invalid_request", message)
    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError | stripe.IdempotencyError):
        return Refused(message)
    return Unknown(message)
