"""Assets and their scales."""

import pytest

from plaudit.kernel.refusal import Refusal, RefusalKind
from plaudit.vocabulary.assets import ASSETS, asset_of

ZERO_DIGITS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
THREE_DIGITS = "BHD IQD JOD KWD LYD OMR TND"
FOUR_DIGITS = "CLF UYW"
IN_CHINESE_AT_LEAST = 30


def scale_expected(code: str) -> int:
    for digits, codes in ((0, ZERO_DIGITS), (3, THREE_DIGITS), (4, FOUR_DIGITS)):
        if code in codes.split():
            return digits
    return 2


def test_scales_of_money_are_those_of_iso_4217() -> None:
    money = [asset for asset in ASSETS.values() if asset.kind == "money"]
    assert {asset.code: asset.scale for asset in money} == {
        asset.code: scale_expected(asset.code) for asset in money
    }
    listed = set(f"{ZERO_DIGITS} {THREE_DIGITS} {FOUR_DIGITS}".split())
    assert listed <= ASSETS.keys()


def test_codes_are_three_capitals_and_sorted() -> None:
    codes = [asset.code for asset in ASSETS.values() if asset.kind == "money"]
    assert codes == sorted(set(codes))
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in codes)


def test_coins_and_points_have_no_decimals() -> None:
    assert (asset_of("coin").scale, asset_of("coin").kind) == (0, "coin")
    assert (asset_of("points").scale, asset_of("points").kind) == (0, "points")


def test_every_asset_is_named_in_both_languages() -> None:
    assert all(asset.name_en and asset.name_zh for asset in ASSETS.values())
    assert sum(asset.name_zh != asset.code for asset in ASSETS.values()) >= IN_CHINESE_AT_LEAST
    assert asset_of("CNY").name_zh == "人民币"


@pytest.mark.parametrize("code", ["", "usd", "XXX", "XAU", "HRK", "BGN", "Coin", "USD ", "x" * 1000])
def test_unknown_assets_are_refused(code: str) -> None:
    with pytest.raises(Refusal) as caught:
        asset_of(code)
    assert (caught.value.kind, caught.value.code) == (RefusalKind.NOT_FOUND, "asset.unknown")
