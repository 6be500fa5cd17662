"""Platform certificates: fetched, opened, checked, kept; and never fetched in a loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest

from plaudit.features.payments.model.channel import CallbackRejected, Channel, Notice
from plaudit.features.payments.providers.wechat import WechatSecrets, WechatSettings
from plaudit.features.payments.providers.wechat.certificates import REFRESH_PAUSE
from plaudit.platform.failures import Failure, Retryable, Unknown
from plaudit.platform.outbound import Answer
from tests.features.payments.providers.wechat.stage import (
    API_KEY,
    BY_CERTIFICATE,
    KEY_ID,
    NOW,
    ORDER,
    Asked,
    Clock,
    Side,
    Wire,
    certificate,
    channel_at,
    key_of,
    listing,
    private_pem,
    public_pem,
    transaction,
)

SERIAL, PEM = certificate("platform", serial=0x0D7CE59D1F522D701)
NEXT_SERIAL, NEXT_PEM = certificate("next", serial=0x5157F09EFDC096DE)
OLD_SERIAL, OLD_PEM = certificate("old", serial=0x77, valid_from=NOW - timedelta(days=60))


class Platform:
    """The channel's side with certificates."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.side = Side(clock=self.clock, signer="platform", serial=SERIAL)
        self.listed: list[tuple[str, bytes]] = [(SERIAL, PEM)]
        self.answer: Callable[[bytes], Answer] = lambda body: Answer(200, self.side.headers(body), body)
        self.channel, self.wire = self.ours()

    def ours(self) -> tuple[Channel, Wire]:
        return channel_at(self._handle, clock=self.clock, settings=BY_CERTIFICATE, public_key=None)

    @property
    def fetches(self) -> int:
        return sum(asked.path == "/v3/certificates" for asked in self.wire.asked)

    async def call_back(self, *, signer: str = "platform", serial: str = SERIAL) -> Notice:
        side = Side(clock=self.clock, signer=signer, serial=serial)
        headers, body = side.callback("TRANSACTION.SUCCESS", transaction())
        return await self.channel.read_callback(headers=headers, body=body, now=self.clock.now())

    def _handle(self, asked: Asked) -> Answer:
        if asked.path == "/v3/certificates":
            return self.answer(listing(*self.listed))
        return self.side.answer(transaction())


@pytest.fixture
def platform() -> Platform:
    return Platform()


async def test_certificates_are_fetched_once_and_kept(platform: Platform) -> None:
    for _ in range(3):
        assert (await platform.call_back()).told == "paid"
    assert (await platform.channel.query(ORDER)).state == "paid"
    assert platform.fetches == 1
    assert "Wechatpay-Serial" not in platform.wire.asked[0].headers


async def test_many_callbacks_at_once_fetch_once(platform: Platform) -> None:
    notices = await asyncio.gather(*(platform.call_back() for _ in range(20)))
    assert {notice.told for notice in notices} == {"paid"}
    assert platform.fetches == 1


@pytest.mark.parametrize("serial", [SERIAL.lower(), f"0{SERIAL}"])
async def test_serial_numbers_are_numbers_however_they_are_written(platform: Platform, serial: str) -> None:
    assert (await platform.call_back(serial=serial)).told == "paid"


async def test_a_new_certificate_is_fetched_when_it_is_used(platform: Platform) -> None:
    await platform.call_back()
    platform.clock.move(REFRESH_PAUSE.total_seconds())
    platform.listed.append((NEXT_SERIAL, NEXT_PEM))
    assert (await platform.call_back(signer="next", serial=NEXT_SERIAL)).told == "paid"
    assert (await platform.call_back()).told == "paid"
    assert platform.fetches == 2


async def test_made_up_serial_numbers_do_not_make_us_fetch_in_a_loop(platform: Platform) -> None:
    await platform.call_back()
    for number in range(50):
        with pytest.raises(CallbackRejected) as rejected:
            await platform.call_back(signer="forger", serial=f"ABC{number}")
        assert rejected.value.code == "signature"
    assert platform.fetches == 1
    platform.clock.move(REFRESH_PAUSE.total_seconds())
    with pytest.raises(CallbackRejected):
        await platform.call_back(signer="forger", serial="ABC")
    assert platform.fetches == 2


async def test_a_forger_with_a_known_serial_number_is_refused(platform: Platform) -> None:
    with pytest.raises(CallbackRejected):
        await platform.call_back(signer="forger")


async def test_a_certificate_that_has_run_out_proves_nothing(platform: Platform) -> None:
    platform.listed.append((OLD_SERIAL, OLD_PEM))
    with pytest.raises(CallbackRejected):
        await platform.call_back(signer="old", serial=OLD_SERIAL)
    assert (await platform.call_back()).told == "paid"
    platform.clock.move(timedelta(days=31).total_seconds())
    with pytest.raises(Unknown):
        await platform.call_back()


def forged(body: bytes) -> Answer:
    return Answer(200, Side(signer="forger", serial=SERIAL).headers(body), body)


def unsigned(body: bytes) -> Answer:
    return Answer(200, {}, body)


def altered(body: bytes) -> Answer:
    body = body.replace(b'"ciphertext": "', b'"ciphertext": "AAAA', 1)
    return Answer(200, Side(signer="platform", serial=SERIAL).headers(body), body)


def renamed(body: bytes) -> Answer:
    body = body.replace(SERIAL.encode(), NEXT_SERIAL.encode())
    return Answer(200, Side(signer="platform", serial=NEXT_SERIAL).headers(body), body)


def failing(_body: bytes) -> Answer:
    return Answer(502, {}, b"")


def refusing(_body: bytes) -> Answer:
    return Answer(401, {}, b'{"code":"SIGN_ERROR","message":"no"}')


@pytest.mark.parametrize("answer", [forged, unsigned, altered, renamed, failing, refusing])
async def test_certificates_that_prove_nothing_are_not_kept_and_asked_for_again(
    platform: Platform, answer: Callable[[bytes], Answer]
) -> None:
    right, platform.answer = platform.answer, answer
    with pytest.raises(Failure):
        await platform.call_back()
    with pytest.raises(Retryable, match="could not be fetched"):
        await platform.call_back()
    assert platform.fetches == 1
    platform.answer = right
    platform.clock.move(5)
    assert (await platform.call_back()).told == "paid"


async def test_while_a_merchant_moves_to_a_public_key_both_are_believed() -> None:
    platform = Platform()
    moving = msgspec.structs.replace(BY_CERTIFICATE, public_key_id=KEY_ID)
    platform.channel, platform.wire = channel_at(platform._handle, clock=platform.clock, settings=moving)
    assert (await platform.call_back(signer="channel", serial=KEY_ID)).told == "paid"
    assert platform.fetches == 0
    assert (await platform.call_back()).told == "paid"


GOOD_SETTINGS = {
    "mchid": "1900000001",
    "appid": "wx1",
    "serial_no": "AB12",
    "public_key_id": KEY_ID,
    "mode": "public_key",
}


def test_settings_are_strict_and_know_the_channels_address() -> None:
    settings = msgspec.convert(GOOD_SETTINGS, WechatSettings)
    assert settings.base_url == "https://api.mch.weixin.qq.com"


@pytest.mark.parametrize(
    "changed",
    [
        {"mchid": "19 00"},
        {"mchid": "1900000001\n"},
        {"serial_no": '", x="'},
        {"mode": "none"},
        {"public_key_id": None},
        {"public_key_id": "5157F09E"},
        {"base_url": "ftp://wechat.test"},
        {"base_url": "https://user@wechat.test"},
        {"private_key_pem": "secret"},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(changed: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(GOOD_SETTINGS | changed, WechatSettings)


def test_secrets_are_checked_when_given_and_never_shown() -> None:
    good = {
        "private_key_pem": private_pem("merchant"),
        "apiv3_key": API_KEY,
        "public_key_pem": public_pem("channel"),
    }
    secrets = msgspec.convert(good, WechatSecrets)
    assert API_KEY not in repr(secrets)
    assert "PRIVATE" not in repr(secrets)
    for changed in (
        {"private_key_pem": "MIIE-secret"},
        {"private_key_pem": public_pem("channel")},
        {"public_key_pem": "MIIB-secret"},
        {"public_key_pem": private_pem("merchant")},
        {"apiv3_key": "secret"},
        {"more": "secret"},
    ):
        with pytest.raises(msgspec.ValidationError) as refused:
            msgspec.convert(good | changed, WechatSecrets)
        assert "secret" not in str(refused.value)
        assert "MII" not in str(refused.value)


def test_a_public_key_mode_without_the_key_is_refused() -> None:
    assert key_of("merchant").key_size == 2048
    with pytest.raises(ValueError, match="public_key_pem"):
        channel_at(public_key=None)
