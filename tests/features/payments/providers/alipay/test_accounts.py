"""What an account at Alipay must have, and what is not taken."""

from __future__ import annotations

import httpx
import msgspec
import pytest

from plaudit.features.payments.providers.alipay import AlipaySecrets, AlipaySettings, alipay
from plaudit.platform.outbound import Outbound
from tests.features.payments.providers.alipay.stage import (
    APP_ID,
    MERCHANT,
    SELLER_ID,
    StoppedClock,
    certificate,
    certified,
    private_pem,
    public_pem,
)


@pytest.mark.parametrize(
    "changes",
    [
        {"alipay_public_key": None},
        {"alipay_public_key": "no key"},
        {"alipay_public_key": certificate("alipay", serial=1)},
        {"mode": "certificate"},
        {"app_id": "wx"},
        {"seller_id": ""},
        {"gateway_url": "ftp://alipay.test"},
        {"gateway_url": "https://user@alipay.test/"},
        {"password": "x"},
    ],
)
def test_settings_that_cannot_work_are_refused(changes: dict[str, str | None]) -> None:
    good = {"app_id": APP_ID, "seller_id": SELLER_ID, "alipay_public_key": public_pem("alipay")}
    msgspec.convert(good, AlipaySettings)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(good | changes, AlipaySettings)


def test_keys_are_taken_as_pem_and_as_bare_base64() -> None:
    bare = "".join(public_pem("alipay").split("\n")[1:-2])
    own = "\n".join(private_pem("app").split("\n")[1:-2])
    AlipaySettings(app_id=APP_ID, seller_id=SELLER_ID, alipay_public_key=bare)
    assert repr(AlipaySecrets(private_key=own)) == "AlipaySecrets()"
    with pytest.raises(ValueError, match="private_key must be") as refusal:
        AlipaySecrets(private_key="secret words")
    assert "secret words" not in str(refusal.value)


def test_a_certificate_of_another_key_is_refused() -> None:
    with pytest.raises(ValueError, match="not the certificate of private_key"):
        alipay(
            merchant=MERCHANT,
            outbound=Outbound(httpx.AsyncClient()),
            clock=StoppedClock(),
            randomness=bytes,
            settings=certified(),
            secrets=AlipaySecrets(private_key=private_pem("somebody")),
        )
