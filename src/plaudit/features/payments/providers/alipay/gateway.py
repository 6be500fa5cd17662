"""Requests to Alipay's gateway: signed, sent, and their answers proved.

Parameters of the protocol go in the address, `biz_content` in the body, as in Alipay's own kits. What is
signed of an answer is the text of its `<method>_response` exactly as it came.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from plaudit.features.payments.providers.alipay.keys import Keys
from plaudit.features.payments.providers.alipay.words import canonical, written
from plaudit.kernel.time import Clock
from plaudit.platform.failures import Final as Refused
from plaudit.platform.failures import Retryable, Unknown
from plaudit.platform.outbound import Outbound

DONE: Final = "10000"
_SERVICE_UNAVAILABLE: Final = "20000"
_TOO_OFTEN: Final = "40005"
_BUSINESS: Final = "40004"
_HTTP_OK: Final = 200
_SPACE: Final = " \t\r\n"
_DECODER: Final = json.JSONDecoder()
_MALFORMED: Final = "the answer is not one JSON object"


@dataclass(frozen=True, slots=True)
class Said:
    """A proved answer: `fields` on success; on a refusal of the business `code` is its `sub_code` too."""

    fields: Mapping[str, Any]
    code: str | None = None

    def text(self, name: str) -> str:
        """Return a field as text, empty when it is missing."""
        value = self.fields.get(name)
        return value if isinstance(value, str) else ""


class Gateway:
    """The gateway as one application uses it."""

    def __init__(self, *, url: str, app_id: str, keys: Keys, outbound: Outbound, clock: Clock) -> None:
        """Speak for an application."""
        self._url = url
        self._app_id = app_id
        self._keys = keys
        self._outbound = outbound
        self._clock = clock

    def signed(self, method: str, content: Mapping[str, object], **extra: str | None) -> dict[str, str]:
        """Return all parameters of a request, signed. `extra` may be `notify_url` and `return_url`."""
        parameters = {
            "app_id": self._app_id,
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": "RSA2",
            "timestamp": written(self._clock.now()),
            "version": "1.0",
            "biz_content": json.dumps(content, ensure_ascii=False, separators=(",", ":")),
        }
        if self._keys.certified is not None:
            parameters["app_cert_sn"] = self._keys.app_cert_sn
            parameters["alipay_root_cert_sn"] = self._keys.root_cert_sn
        parameters.update({name: value for name, value in extra.items() if value})
        parameters["sign"] = self._keys.sign(canonical(parameters).encode())
        return parameters

    def address(self, parameters: Mapping[str, str]) -> str:
        """Return the address that makes a signed request by being opened in a browser."""
        return f"{self._url}?{urlencode(parameters)}"

    async def call(self, method: str, content: Mapping[str, object]) -> Said:
        """Return what Alipay says to a request: done, or refused by the business (`code` 40004).

        Raises Retryable (too many requests), Unknown (no answer, none that is proved, or its system failed),
        Final (refused for another reason: the account's application, keys or rights).
        """
        parameters = self.signed(method, content)
        body = urlencode({"biz_content": parameters.pop("biz_content")}).encode()
        answer = await self._outbound.send(
            method="POST",
            url=self.address(parameters),
            headers={"content-type": "application/x-www-form-urlencoded;charset=utf-8"},
            body=body,
        )
        if answer.status != _HTTP_OK:
            raise Unknown(f"{method} was answered with HTTP {answer.status}")
        return _classed(method, self._proved(method, answer.body))

    def _proved(self, method: str, body: bytes) -> Mapping[str, Any]:
        try:
            members = spans(body.decode())
        except ValueError as error:
            raise Unknown(f"{method} was not answered in JSON: {error}") from error
        raw = members.get(f"{method.replace('.', '_')}_response") or members.get("error_response") or ""
        sign, cert_sn = _text(members.get("sign")), _text(members.get("alipay_cert_sn"))
        if not raw.startswith("{") or not self._keys.verifies(raw.encode(), signature=sign, cert_sn=cert_sn):
            raise Unknown(f"the answer to {method} is not signed by Alipay")
        fields: Mapping[str, Any] = json.loads(raw)
        return fields


def _classed(method: str, fields: Mapping[str, Any]) -> Said:
    code, sub_code = fields.get("code"), str(fields.get("sub_code") or "")
    if code == DONE:
        return Said(fields)
    message = f"{method} was refused: {code} {sub_code} {fields.get('sub_msg') or fields.get('msg') or ''}"
    if code == _SERVICE_UNAVAILABLE or sub_code.endswith("SYSTEM_ERROR"):
        raise Unknown(message)
    if code == _TOO_OFTEN:
        raise Retryable(message)
    if code == _BUSINESS:
        return Said(fields, sub_code or _BUSINESS)
    raise Refused(message)


def _text(raw: str | None) -> str:
    value = json.loads(raw) if raw else ""
    return value if isinstance(value, str) else ""


def spans(text: str) -> dict[str, str]:
    """Return the members of a JSON object by name, each value as the very text that it is written in.

    A search for a name would find it within a value as well. Raises ValueError, also for a name given twice.
    """
    found: dict[str, str] = {}
    at = _after(text, 0, "{")
    while True:
        if text[at : at + 1] != '"':
            raise ValueError(_MALFORMED)
        name, at = _DECODER.raw_decode(text, at)
        start = _skip(text, _after(text, at, ":"))
        _, end = _DECODER.raw_decode(text, start)
        if name in found:
            raise ValueError(f"{name[:40]!r} is there twice")
        found[name] = text[start:end]
        at = _skip(text, end)
        if text[at : at + 1] == "}":
            break
        at = _after(text, at, ",")
    if _skip(text, at + 1) != len(text):
        raise ValueError(_MALFORMED)
    return found


def _skip(text: str, at: int) -> int:
    while text[at : at + 1] and text[at] in _SPACE:
        at += 1
    return at


def _after(text: str, at: int, sign: str) -> int:
    at = _skip(text, at)
    if text[at : at + 1] != sign:
        raise ValueError(_MALFORMED)
    return _skip(text, at + 1)
