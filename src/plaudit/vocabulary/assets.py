"""Assets: what an account holds, and how many decimals its minor unit has.

Money is every active code of ISO 4217 list one (as of 2026) that has a minor unit. Left out are
the codes without one, which nothing can be counted in: metals, bond units, SDR, SUCRE, ADB unit, XTS, XXX.
"""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from plaudit.kernel.refusal import not_found

AssetKind: TypeAlias = Literal["coin", "points", "money", "unit"]
"""A unit is a countable thing that is no means of payment: a seat, a right, a gift in hand."""

_SHOWN_MAX: Final = 16


@dataclass(frozen=True, slots=True)
class Asset:
    """Something that accounts hold. One major unit is 10**scale minor units."""

    code: str
    scale: int
    name_en: str
    name_zh: str
    kind: AssetKind


def asset_of(code: str) -> Asset:
    """Return the asset of this exact code. Raises Refusal `asset.unknown` (NOT_FOUND)."""
    asset = ASSETS.get(code)
    if asset is None:
        raise not_found(
            "asset.unknown",
            'Use "coin", "points" or the code of an active ISO 4217 currency in capitals.',
            asset=code[:_SHOWN_MAX],
        )
    return asset


_MONEY: Final = """
AED 2 UAE Dirham
AFN 2 Afghani
ALL 2 Lek
AMD 2 Armenian Dram
AOA 2 Kwanza
ARS 2 Argentine Peso
AUD 2 Australian Dollar
AWG 2 Aruban Florin
AZN 2 Azerbaijan Manat
BAM 2 Convertible Mark
BBD 2 Barbados Dollar
BDT 2 Taka
BHD 3 Bahraini Dinar
BIF 0 Burundi Franc
BMD 2 Bermudian Dollar
BND 2 Brunei Dollar
BOB 2 Boliviano
BOV 2 Mvdol
BRL 2 Brazilian Real
BSD 2 Bahamian Dollar
BTN 2 Ngultrum
BWP 2 Pula
BYN 2 Belarusian Ruble
BZD 2 Belize Dollar
CAD 2 Canadian Dollar
CDF 2 Congolese Franc
CHE 2 WIR Euro
CHF 2 Swiss Franc
CHW 2 WIR Franc
CLF 4 Unidad de Fomento
CLP 0 Chilean Peso
CNY 2 Yuan Renminbi
COP 2 Colombian Peso
COU 2 Unidad de Valor Real
CRC 2 Costa Rican Colon
CUP 2 Cuban Peso
CVE 2 Cabo Verde Escudo
CZK 2 Czech Koruna
DJF 0 Djibouti Franc
DKK 2 Danish Krone
DOP 2 Dominican Peso
DZD 2 Algerian Dinar
EGP 2 Egyptian Pound
ERN 2 Nakfa
ETB 2 Ethiopian Birr
EUR 2 Euro
FJD 2 Fiji Dollar
FKP 2 Falkland Islands Pound
GBP 2 Pound Sterling
GEL 2 Lari
GHS 2 Ghana Cedi
GIP 2 Gibraltar Pound
GMD 2 Dalasi
GNF 0 Guinean Franc
GTQ 2 Quetzal
GYD 2 Guyana Dollar
HKD 2 Hong Kong Dollar
HNL 2 Lempira
HTG 2 Gourde
HUF 2 Forint
IDR 2 Rupiah
ILS 2 New Israeli Sheqel
INR 2 Indian Rupee
IQD 3 Iraqi Dinar
IRR 2 Iranian Rial
ISK 0 Iceland Krona
JMD 2 Jamaican Dollar
JOD 3 Jordanian Dinar
JPY 0 Yen
KES 2 Kenyan Shilling
KGS 2 Som
KHR 2 Riel
KMF 0 Comorian Franc
KPW 2 North Korean Won
KRW 0 Won
KWD 3 Kuwaiti Dinar
KYD 2 Cayman Islands Dollar
KZT 2 Tenge
LAK 2 Lao Kip
LBP 2 Lebanese Pound
LKR 2 Sri Lanka Rupee
LRD 2 Liberian Dollar
LSL 2 Loti
LYD 3 Libyan Dinar
MAD 2 Moroccan Dirham
MDL 2 Moldovan Leu
MGA 2 Malagasy Ariary
MKD 2 Denar
MMK 2 Kyat
MNT 2 Tugrik
MOP 2 Pataca
MRU 2 Ouguiya
MUR 2 Mauritius Rupee
MVR 2 Rufiyaa
MWK 2 Malawi Kwacha
MXN 2 Mexican Peso
MXV 2 Mexican Unidad de Inversion (UDI)
MYR 2 Malaysian Ringgit
MZN 2 Mozambique Metical
NAD 2 Namibia Dollar
NGN 2 Naira
NIO 2 Cordoba Oro
NOK 2 Norwegian Krone
NPR 2 Nepalese Rupee
NZD 2 New Zealand Dollar
OMR 3 Rial Omani
PAB 2 Balboa
PEN 2 Sol
PGK 2 Kina
PHP 2 Philippine Peso
PKR 2 Pakistan Rupee
PLN 2 Zloty
PYG 0 Guarani
QAR 2 Qatari Rial
RON 2 Romanian Leu
RSD 2 Serbian Dinar
RUB 2 Russian Ruble
RWF 0 Rwanda Franc
SAR 2 Saudi Riyal
SBD 2 Solomon Islands Dollar
SCR 2 Seychelles Rupee
SDG 2 Sudanese Pound
SEK 2 Swedish Krona
SGD 2 Singapore Dollar
SHP 2 Saint Helena Pound
SLE 2 Leone
SOS 2 Somali Shilling
SRD 2 Surinam Dollar
SSP 2 South Sudanese Pound
STN 2 Dobra
SVC 2 El Salvador Colon
SYP 2 Syrian Pound
SZL 2 Lilangeni
THB 2 Baht
TJS 2 Somoni
TMT 2 Turkmenistan New Manat
TND 3 Tunisian Dinar
TOP 2 Pa'anga
TRY 2 Turkish Lira
TTD 2 Trinidad and Tobago Dollar
TWD 2 New Taiwan Dollar
TZS 2 Tanzanian Shilling
UAH 2 Hryvnia
UGX 0 Uganda Shilling
USD 2 US Dollar
USN 2 US Dollar (Next day)
UYI 0 Uruguay Peso en Unidades Indexadas (UI)
UYU 2 Peso Uruguayo
UYW 4 Unidad Previsional
UZS 2 Uzbekistan Sum
VED 2 Bolivar Soberano (VED)
VES 2 Bolivar Soberano
VND 0 Dong
VUV 0 Vatu
WST 2 Tala
XAD 2 Arab Accounting Dinar
XAF 0 CFA Franc BEAC
XCD 2 East Caribbean Dollar
XCG 2 Caribbean Guilder
XOF 0 CFA Franc BCEAO
XPF 0 CFP Franc
YER 2 Yemeni Rial
ZAR 2 Rand
ZMW 2 Zambian Kwacha
ZWG 2 Zimbabwe Gold
"""

_MONEY_ZH: Final = {
    "AED": "阿联酋迪拉姆",
    "ARS": "阿根廷比索",
    "AUD": "澳大利亚元",
    "BHD": "巴林第纳尔",
    "BRL": "巴西雷亚尔",
    "CAD": "加拿大元",
    "CHF": "瑞士法郎",
    "CLP": "智利比索",
    "CNY": "人民币",
    "COP": "哥伦比亚比索",
    "CZK": "捷克克朗",
    "DKK": "丹麦克朗",
    "EGP": "埃及镑",
    "EUR": "欧元",
    "GBP": "英镑",
    "HKD": "港元",
    "HUF": "匈牙利福林",
    "IDR": "印度尼西亚卢比",
    "ILS": "以色列新谢克尔",
    "INR": "印度卢比",
    "JPY": "日元",
    "KRW": "韩元",
    "KWD": "科威特第纳尔",
    "KZT": "哈萨克斯坦坚戈",
    "MOP": "澳门元",
    "MXN": "墨西哥比索",
    "MYR": "马来西亚林吉特",
    "NOK": "挪威克朗",
    "NZD": "新西兰元",
    "PHP": "菲律宾比索",
    "PKR": "巴基斯坦卢比",
    "PLN": "波兰兹罗提",
    "RON": "罗马尼亚列伊",
    "RUB": "俄罗斯卢布",
    "SAR": "沙特里亚尔",
    "SEK": "瑞典克朗",
    "SGD": "新加坡元",
    "THB": "泰铢",
    "TRY": "土耳其里拉",
    "TWD": "新台币",
    "UAH": "乌克兰格里夫纳",
    "USD": "美元",
    "VND": "越南盾",
    "ZAR": "南非兰特",
}


def _money(line: str) -> Asset:
    code, scale, name_en = line.split(" ", 2)
    name_zh = _MONEY_ZH.get(code, code)
    return Asset(code=code, scale=int(scale), name_en=name_en, name_zh=name_zh, kind="money")


COIN: Final = Asset(code="coin", scale=0, name_en="Coin", name_zh="金币", kind="coin")
POINTS: Final = Asset(code="points", scale=0, name_en="Points", name_zh="积分", kind="points")

SEAT: Final = Asset(code="seat", scale=0, name_en="Seat", name_zh="座位", kind="unit")
RIGHT: Final = Asset(code="right", scale=0, name_en="Right", name_zh="权益", kind="unit")
GIFT: Final = Asset(code="gift", scale=0, name_en="Gift", name_zh="礼物", kind="unit")
CHANCE: Final = Asset(code="chance", scale=0, name_en="Chance", name_zh="抽奖机会", kind="unit")
COUPON: Final = Asset(code="coupon", scale=0, name_en="Coupon", name_zh="优惠券", kind="unit")

ASSETS: Final[dict[str, Asset]] = {
    asset.code: asset for asset in (COIN, POINTS, *map(_money, _MONEY.strip().splitlines()))
}
"""All assets that a wallet may hold, by code."""

UNITS: Final[dict[str, Asset]] = {asset.code: asset for asset in (SEAT, RIGHT, GIFT, CHANCE, COUPON)}
"""All assets that are counted and not spent, by code: those of accounts that the chart keeps for them."""
