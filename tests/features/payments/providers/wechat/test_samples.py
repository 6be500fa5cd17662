"""The official samples: a callback and a bill that the channel's own makers published."""

from __future__ import annotations

import json
import os
from base64 import b64decode, b64encode
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509 import load_pem_x509_certificate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plaudit.features.payments.model.channel import BillDamaged, BillLine
from plaudit.features.payments.providers.wechat.certificates import KeyRing
from plaudit.features.payments.providers.wechat.proof import Unproved, prove
from plaudit.features.payments.providers.wechat.sending import Sender
from plaudit.features.payments.providers.wechat.signing import Signer, opened
from tests.features.payments.providers.wechat.stage import Clock, Wire, channel_at, key_of, unasked

SAMPLES = (
    Path(os.environ.get("PLAUDIT_SAMPLES", Path(__file__).parents[6] / "shared" / "data")) / "payment-samples"
)
CHANNEL, _ = channel_at()
CALLBACK = SAMPLES / "wechat-v3-notify-payscore.json"
BILL = SAMPLES / "wechat-tradebill-ALL-2019-02-19.csv"

pytestmark = pytest.mark.skipif(
    not (CALLBACK.exists() and BILL.exists()),
    reason=f"the samples of channels are not at {SAMPLES} (PLAUDIT_SAMPLES)",
)


class Sample:
    """The official callback, and a ring with the certificate that came with it."""

    def __init__(self) -> None:
        told: Any = json.loads(CALLBACK.read_text(encoding="utf-8"))
        self.headers: dict[str, str] = {name.lower(): value for name, value in told["headers"].items()}
        self.body: bytes = told["body"].encode()
        self.plain: str = told["plaintext"]
        self.api_key: str = told["apiv3_key"]
        key = load_pem_x509_certificate(told["platform_certificate_pem"].encode()).public_key()
        assert isinstance(key, RSAPublicKey)
        self.at = datetime.fromtimestamp(int(self.headers["wechatpay-timestamp"]), UTC)
        clock = Clock(self.at)
        signer = Signer(mchid="1", serial_no="1", key=key_of("merchant"), clock=clock, randomness=bytes)
        self.ring = KeyRing(
            sender=Sender(
                outbound=Wire(unasked), signer=signer, base_url="https://x.test", public_key_id=None
            ),
            cipher=AESGCM(self.api_key.encode()),
            clock=clock,
            fetches=False,
            given={self.headers["wechatpay-serial"]: key},
        )

    async def prove(self, body: bytes, **changed: str) -> None:
        headers = {**self.headers, **{f"wechatpay-{name}": value for name, value in changed.items()}}
        await prove(self.ring, headers=headers, body=body, now=self.at)


@pytest.fixture(scope="module")
def sample() -> Sample:
    return Sample()


async def test_the_official_callback_is_proved_and_opens(sample: Sample) -> None:
    await sample.prove(sample.body)
    resource = json.loads(sample.body)["resource"]
    assert len(sample.api_key) == 16
    plain = opened(
        AESGCM(sample.api_key.encode()),
        ciphertext=resource["ciphertext"],
        nonce=resource["nonce"],
        associated_data=resource["associated_data"],
    )
    assert plain.decode() == sample.plain


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
async def test_the_official_callback_with_any_byte_altered_is_refused(
    sample: Sample, data: st.DataObject
) -> None:
    signed = ["body", "timestamp", "nonce"]
    part = data.draw(st.sampled_from(signed))
    text = sample.body if part == "body" else sample.headers[f"wechatpay-{part}"].encode()
    place = data.draw(st.integers(0, len(text) - 1))
    altered = text[:place] + bytes([text[place] ^ data.draw(st.integers(1, 127))]) + text[place + 1 :]
    body, changed = (altered, {}) if part == "body" else (sample.body, {part: altered.decode()})
    with pytest.raises(Unproved):
        await sample.prove(body, **changed)


@settings(deadline=None)
@given(data=st.data())
def test_the_official_sealed_part_with_any_byte_altered_does_not_open(
    sample: Sample, data: st.DataObject
) -> None:
    resource = json.loads(sample.body)["resource"]
    name = data.draw(st.sampled_from(["ciphertext", "nonce", "associated_data"]))
    if name == "ciphertext":
        raw = bytearray(b64decode(resource[name]))
        raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
        resource[name] = b64encode(raw).decode()
    else:
        place = data.draw(st.integers(0, len(resource[name]) - 1))
        resource[name] = resource[name][:place] + "~" + resource[name][place + 1 :]
    with pytest.raises(ValueError, match="does not open"):
        opened(
            AESGCM(sample.api_key.encode()),
            ciphertext=resource["ciphertext"],
            nonce=resource["nonce"],
            associated_data=resource["associated_data"],
        )


def read(content: bytes) -> list[BillLine]:
    return list(CHANNEL.read_bill(content, kind="trade"))


def test_the_official_bill_reads_as_its_totals_say() -> None:
    lines = read(BILL.read_bytes())
    assert Counter(line.kind for line in lines) == {"payment": 31, "refund": 14}
    assert sum(line.amount_minor for line in lines if line.kind == "payment") == 47
    assert sum(line.amount_minor for line in lines if line.kind == "refund") == -14
    assert sum(line.fee_minor for line in lines) == 8
    first = lines[0]
    assert (first.transaction, first.channel_refund) == (
        "4200000263201902167700134212",
        "50000709672019011908420787722",
    )
    assert first.happened_at == datetime(2019, 2, 18, 21, 1, 46, tzinfo=UTC)


def damaged(content: bytes) -> int:
    with pytest.raises(BillDamaged) as refused:
        read(content)
    return refused.value.line


@pytest.mark.parametrize("place", range(2, 47))
def test_the_official_bill_with_an_amount_altered_is_refused(place: int) -> None:
    lines = BILL.read_text(encoding="utf-8-sig").splitlines()
    fields = lines[place - 1].split(",")
    column = 24 if fields[9] == "`SUCCESS" else 25
    fields[column] = "`0.09"
    lines[place - 1] = ",".join(fields)
    assert damaged("\r\n".join(lines).encode()) == 48


@pytest.mark.parametrize("place", range(7))
def test_the_official_bill_with_a_total_altered_is_refused(place: int) -> None:
    lines = BILL.read_text(encoding="utf-8-sig").splitlines()
    fields = lines[47].split(",")
    fields[place] = "`44.0"
    lines[47] = ",".join(fields)
    assert damaged("\r\n".join(lines).encode()) == 48


@pytest.mark.parametrize("place", range(26))
def test_the_official_bill_with_a_column_altered_is_refused(place: int) -> None:
    lines = BILL.read_text(encoding="utf-8-sig").splitlines()
    names = lines[0].split(",")
    names[place] += "x"
    assert damaged("\r\n".join([",".join(names), *lines[1:]]).encode()) == 1


def test_the_official_bill_with_a_row_lost_is_refused() -> None:
    lines = BILL.read_text(encoding="utf-8-sig").splitlines()
    assert damaged("\r\n".join([*lines[:5], *lines[6:]]).encode()) == 47
