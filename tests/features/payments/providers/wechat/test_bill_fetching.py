"""Fetching of bills: the address is signed for, the content is proved by its hash."""

from __future__ import annotations

import gzip
import hashlib
from datetime import date

import pytest
from wechatpayv3.utils import rsa_verify

from plaudit.features.payments.model.channel import BillDamaged, BillKind, BillNotReady
from plaudit.features.payments.providers.wechat import bill as wechat_bill
from plaudit.platform.failures import Final, Retryable, Unknown
from plaudit.platform.outbound import Answer
from tests.features.payments.providers.wechat.bills import fund_bill, movement, payment, trade_bill
from tests.features.payments.providers.wechat.stage import Asked, Side, channel_at, key_of

DAY = date(2026, 11, 21)
BILL = trade_bill([payment()])
ADDRESS = "https://download.test/v3/billdownload/file?token=abc"
side = Side()


class Archive:
    """The channel's side, with one bill."""

    def __init__(self, content: bytes, *, told: bytes = BILL, hash_type: str = "SHA1") -> None:
        self.content = content
        self.address = {
            "hash_type": hash_type,
            "hash_value": hashlib.sha1(told, usedforsecurity=False).hexdigest(),
            "download_url": ADDRESS,
        }

    def __call__(self, asked: Asked) -> Answer:
        if asked.url == ADDRESS:
            return Answer(200, {}, self.content)
        return side.answer(self.address)


@pytest.mark.parametrize(
    ("kind", "bill", "path"),
    [
        ("trade", BILL, "/v3/bill/tradebill?bill_date=2026-11-21&bill_type=ALL&tar_type=GZIP"),
        (
            "funds",
            fund_bill([movement("1.00", "1.00")]),
            "/v3/bill/fundflowbill?bill_date=2026-11-21&account_type=BASIC&tar_type=GZIP",
        ),
    ],
)
async def test_a_bill_is_fetched_zipped_and_can_be_read(kind: BillKind, bill: bytes, path: str) -> None:
    channel, wire = channel_at(Archive(gzip.compress(bill), told=bill))
    content = await channel.fetch_bill(day=DAY, kind=kind)
    assert gzip.decompress(content) == bill
    assert len(list(channel.read_bill(content, kind=kind))) == 1
    first, second = wire.asked
    assert first.path == path
    assert second.url == ADDRESS
    assert set(second.headers) == {"Accept", "Accept-Encoding", "Authorization", "User-Agent"}
    told = second.authorization
    assert rsa_verify(
        f"GET\n/v3/billdownload/file?token=abc\n{told['timestamp']}",
        told["nonce_str"],
        "",
        told["signature"],
        key_of("merchant").public_key(),
    )


async def test_a_bill_that_came_unzipped_is_taken_too() -> None:
    channel, _ = channel_at(Archive(BILL))
    assert await channel.fetch_bill(day=DAY, kind="trade") == BILL


async def test_a_large_bill_is_hashed_whole() -> None:
    bill = trade_bill([payment()] * 20_000)
    assert len(bill) > 3 * 1024 * 1024
    channel, _ = channel_at(Archive(gzip.compress(bill), told=bill))
    assert gzip.decompress(await channel.fetch_bill(day=DAY, kind="trade")) == bill


@pytest.mark.parametrize(
    "archive",
    [
        Archive(gzip.compress(BILL.replace(b"12.34", b"12.35"))),
        Archive(gzip.compress(BILL)[:-8]),
        Archive(gzip.compress(BILL) + b"more"),
        Archive(gzip.compress(BILL)[:50] + b"\0" * 50),
        Archive(BILL[:-1]),
        Archive(b""),
        Archive(BILL, hash_type="MD5"),
    ],
    ids=["altered", "cut off", "more behind", "garbled", "plain cut off", "empty", "another hash"],
)
async def test_a_bill_of_another_hash_is_refused(archive: Archive) -> None:
    channel, _ = channel_at(archive)
    with pytest.raises(BillDamaged):
        await channel.fetch_bill(day=DAY, kind="trade")


async def test_a_bill_that_unzips_to_too_much_is_not_hashed_to_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wechat_bill, "UNPACKED_MAX_BYTES", len(BILL) - 1)
    channel, _ = channel_at(Archive(gzip.compress(BILL)))
    with pytest.raises(BillDamaged, match="too much"):
        await channel.fetch_bill(day=DAY, kind="trade")


@pytest.mark.parametrize("code", ["NO_BILL", "NO_STATEMENT_EXIST", "STATEMENT_CREATING"])
async def test_a_bill_that_is_not_there_is_not_ready(code: str) -> None:
    channel, _ = channel_at(lambda _: side.refusal(code, status=400))
    with pytest.raises(BillNotReady):
        await channel.fetch_bill(day=DAY, kind="trade")


async def test_other_refusals_are_failures() -> None:
    channel, _ = channel_at(lambda _: side.refusal("PARAM_ERROR", status=400))
    with pytest.raises(Final):
        await channel.fetch_bill(day=DAY, kind="trade")


async def test_an_address_that_has_run_out_may_be_asked_for_again() -> None:
    archive = Archive(BILL)
    channel, _ = channel_at(lambda asked: Answer(403, {}, b"") if asked.url == ADDRESS else archive(asked))
    with pytest.raises(Retryable):
        await channel.fetch_bill(day=DAY, kind="trade")


async def test_an_address_that_the_channel_did_not_sign_is_not_gone_to() -> None:
    channel, wire = channel_at(lambda _: Side(signer="forger").answer(Archive(BILL).address))
    with pytest.raises(Unknown):
        await channel.fetch_bill(day=DAY, kind="trade")
    assert len(wire.asked) == 1
