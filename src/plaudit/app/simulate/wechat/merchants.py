"""Merchants of WeChat Pay: their identifiers and keys, and those that WeChat holds for them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from plaudit.app.simulate import keys

_ISSUER: Final = "Simulated Tenpay Root"


def new_facts(given: Mapping[str, str], *, number: int, now: datetime) -> dict[str, str]:
    """Return all facts of a merchant: what is given stays, the rest is made up."""
    facts = dict(given)
    facts.setdefault("mchid", f"{1_900_000_000 + number:010d}")
    facts.setdefault("appid", "wx" + secrets.token_hex(8))
    facts.setdefault("apiv3_key", secrets.token_hex(16))
    if "merchant_public_key" not in facts:
        facts.setdefault("private_key", keys.new_key())
        facts["merchant_public_key"] = keys.public_of(facts["private_key"])
    if "serial_no" not in facts:
        pem = keys.certificate(facts["private_key"], subject=facts["mchid"], issuer=_ISSUER, now=now)
        facts |= {"certificate": pem, "serial_no": keys.serial_of(pem)}
    facts.setdefault("wechat_private_key", keys.new_key())
    facts["public_key"] = keys.public_of(facts["wechat_private_key"])
    facts.setdefault(
        "public_key_id", f"PUB_KEY_ID_0{facts['mchid']}{now:%Y%m%d}00{secrets.randbelow(10**10):010d}"
    )
    return facts | _platform(now=now)


def rotated(facts: Mapping[str, str], *, now: datetime) -> dict[str, str]:
    """Return the facts with a new platform certificate; the former one stays listed beside it."""
    former = {
        "former_certificate": facts["platform_certificate"],
        "former_serial_no": facts["platform_serial_no"],
    }
    return {**facts, **former, **_platform(now=now)}


def _platform(*, now: datetime) -> dict[str, str]:
    key = keys.new_key()
    pem = keys.certificate(key, subject="Tenpay.com sign", issuer=_ISSUER, now=now)
    return {
        "platform_private_key": key,
        "platform_certificate": pem,
        "platform_serial_no": keys.serial_of(pem),
    }
