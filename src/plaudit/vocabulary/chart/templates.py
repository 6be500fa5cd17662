"""All sorts of accounts."""

from dataclasses import dataclass, replace
from typing import Final

from plaudit.vocabulary.assets import CHANCE, COUPON, GIFT, RIGHT, SEAT
from plaudit.vocabulary.chart.addresses import HELD


@dataclass(frozen=True, slots=True)
class Template:
    """One sort of account.

    `floor` is the lowest balance in minor units, None where the account may go below zero without end. `rank`
    orders locks: the accounts that many commands share come last. `owner` is the feature that answers for it.
    The pattern of one that counts units ends in their code, not in `{asset}`.
    """

    name: str
    pattern: str
    floor: int | None
    rank: int
    owner: str
    sentence_en: str
    sentence_zh: str


TEMPLATES: Final[tuple[Template, ...]] = (
    Template(
        name="viewer.wallet",
        pattern="viewer/{viewer}/{asset}",
        floor=0,
        rank=0,
        owner="wallets",
        sentence_en="What a viewer can spend.",
        sentence_zh="观众可以花费的余额。",
    ),
    Template(
        name="creator.earnings",
        pattern="creator/{creator}/earnings/{asset}",
        floor=0,
        rank=1,
        owner="tipping",
        sentence_en="What a creator has earned and not yet been paid.",
        sentence_zh="主播已获得、尚未支付的收入。",
    ),
    Template(
        name="guild.earnings",
        pattern="guild/{guild}/earnings/{asset}",
        floor=0,
        rank=2,
        owner="tipping",
        sentence_en="What a guild has earned from its creators and not yet been paid.",
        sentence_zh="公会从其主播处获得、尚未支付的收入。",
    ),
    Template(
        name="platform.revenue",
        pattern="platform/revenue/{asset}",
        floor=0,
        rank=3,
        owner="tipping",
        sentence_en="The platform's own share.",
        sentence_zh="平台自身的分成。",
    ),
    Template(
        name="issuance",
        pattern="issuance/{asset}",
        floor=None,
        rank=4,
        owner="wallets",
        sentence_en="Where credits come from: minus its balance is what was issued and not taken back.",
        sentence_zh="入账的来源：其余额的相反数即已发行且未收回的总额。",
    ),
    Template(
        name="adjustment",
        pattern="adjustment/{asset}",
        floor=None,
        rank=5,
        owner="wallets",
        sentence_en="The other side of corrections that one person made and another approved.",
        sentence_zh="由一人提出、另一人批准的更正的对方科目。",
    ),
    Template(
        name="viewer.debt",
        pattern="viewer/{viewer}/debt/{asset}",
        floor=None,
        rank=6,
        owner="wallets",
        sentence_en="What a viewer owes after a refund of what was spent: minus its balance.",
        sentence_zh="退款时已花费部分形成的观众欠款：其余额的相反数，后续充值优先偿还。",
    ),
    Template(
        name="user.funds",
        pattern="users/funds/{asset}",
        floor=0,
        rank=7,
        owner="wallets",
        sentence_en="Users' money: what was paid for the balances that viewers hold.",
        sentence_zh="用户资金：观众为其余额所支付的款项。",
    ),
    Template(
        name="clearing",
        pattern="clearing/{asset}",
        floor=0,
        rank=8,
        owner="payments",
        sentence_en="Paid by viewers and not yet turned into what was bought, or on its way back to them.",
        sentence_zh="已付款但尚未兑现为所购内容、或正在退还的款项。",
    ),
    Template(
        name="channel.account",
        pattern="channel/{account}/{asset}",
        floor=None,
        rank=9,
        owner="payments",
        sentence_en="Cash in transit: minus its balance is what a payment channel keeps for the platform.",
        sentence_zh="在途资金：其余额的相反数即支付渠道代平台保管的款项。",
    ),
    Template(
        name="bank",
        pattern="bank/{asset}",
        floor=None,
        rank=10,
        owner="payments",
        sentence_en="What payment channels have paid out to the platform's bank: minus its balance.",
        sentence_zh="支付渠道已结算到平台银行账户的款项：其余额的相反数。",
    ),
    Template(
        name="channel.fees",
        pattern="fees/{asset}",
        floor=None,
        rank=11,
        owner="payments",
        sentence_en="What payment channels have charged: minus its balance.",
        sentence_zh="支付渠道已收取的手续费：其余额的相反数。",
    ),
    Template(
        name="losses",
        pattern="losses/{asset}",
        floor=None,
        rank=12,
        owner="payments",
        sentence_en="What could not be taken back from those who had it: minus its balance.",
        sentence_zh="无法追回的损失：其余额的相反数。",
    ),
    Template(
        name="viewer.right",
        pattern=f"viewer/{{viewer}}/right/{{show}}/{{right}}/{RIGHT.code}",
        floor=0,
        rank=13,
        owner="presale",
        sentence_en="Rights of a viewer in a show: to watch a zone, to chat, to give, to join on stage.",
        sentence_zh="观众在一场演出中的权益：观看分区、聊天、送礼、连麦。",
    ),
    Template(
        name="viewer.gift",
        pattern=f"viewer/{{viewer}}/gift/{{gift}}/{GIFT.code}",
        floor=0,
        rank=14,
        owner="tipping",
        sentence_en="Units of a gift that a viewer has in hand and may give.",
        sentence_zh="观众持有、可以送出的礼物数量。",
    ),
    Template(
        name="offer.code",
        pattern=f"offer/{{offer}}/code/{{code}}/{SEAT.code}",
        floor=0,
        rank=15,
        owner="presale",
        sentence_en="Seats of an offer that are kept for a code.",
        sentence_zh="为某个兑换码预留的座位。",
    ),
    Template(
        name="offer.waiting",
        pattern=f"offer/{{offer}}/waiting/{SEAT.code}",
        floor=0,
        rank=16,
        owner="presale",
        sentence_en="Seats of an offer that came back and belong to the waiting list.",
        sentence_zh="退回后归候补名单所有的座位。",
    ),
    Template(
        name="offer.stock",
        pattern=f"offer/{{offer}}/stock/{SEAT.code}",
        floor=0,
        rank=17,
        owner="presale",
        sentence_en="Seats of an offer that anybody may still reserve.",
        sentence_zh="仍可预订的座位。",
    ),
    Template(
        name="offer.pledged",
        pattern=f"offer/{{offer}}/pledged/{SEAT.code}",
        floor=0,
        rank=18,
        owner="presale",
        sentence_en="Seats paid for by a deposit, or by a member of a group that is not full yet.",
        sentence_zh="已付定金或所属拼团尚未成团的座位。",
    ),
    Template(
        name="offer.sold",
        pattern=f"offer/{{offer}}/sold/{SEAT.code}",
        floor=0,
        rank=19,
        owner="presale",
        sentence_en="Seats of an offer that are sold.",
        sentence_zh="已售出的座位。",
    ),
    Template(
        name="offer.issued",
        pattern=f"offer/{{offer}}/issued/{SEAT.code}",
        floor=None,
        rank=20,
        owner="presale",
        sentence_en="Where an offer's seats come from: minus its balance is how many there are.",
        sentence_zh="座位的来源：其余额的相反数即该档位的座位总数。",
    ),
    Template(
        name="show.right",
        pattern=f"show/{{show}}/right/{{right}}/{RIGHT.code}",
        floor=None,
        rank=21,
        owner="presale",
        sentence_en="Where the rights of a show come from: minus its balance is how many are out.",
        sentence_zh="演出权益的来源：其余额的相反数即已发放的数量。",
    ),
    Template(
        name="gift.issued",
        pattern=f"gift/{{gift}}/issued/{GIFT.code}",
        floor=None,
        rank=22,
        owner="tipping",
        sentence_en="Where units of a gift come from: minus its balance is how many are out.",
        sentence_zh="礼物单位的来源：其余额的相反数即已发放的数量。",
    ),
    Template(
        name="show.deposits",
        pattern="show/{show}/deposits/{asset}",
        floor=0,
        rank=23,
        owner="presale",
        sentence_en="Paid for a show as deposits or by groups that are not full: it may still go back.",
        sentence_zh="演出的定金与未成团款项：仍可能退还。",
    ),
    Template(
        name="show.takings",
        pattern="show/{show}/takings/{asset}",
        floor=0,
        rank=24,
        owner="presale",
        sentence_en="What a show has taken, until it is settled with its organiser.",
        sentence_zh="演出的票款收入，结算给主办方之前。",
    ),
    Template(
        name="viewer.pending",
        pattern="viewer/{viewer}/pending/{asset}",
        floor=0,
        rank=25,
        owner="campaigns",
        sentence_en="Rewards that a viewer has earned and that have not matured yet.",
        sentence_zh="观众已获得、尚未到账的奖励。",
    ),
    Template(
        name="viewer.voucher",
        pattern="viewer/{viewer}/voucher/{asset}",
        floor=0,
        rank=26,
        owner="campaigns",
        sentence_en="A viewer's cash vouchers.",
        sentence_zh="观众持有的代金券。",
    ),
    Template(
        name="viewer.chance",
        pattern=f"viewer/{{viewer}}/chance/{{pool}}/{CHANCE.code}",
        floor=0,
        rank=27,
        owner="campaigns",
        sentence_en="A viewer's chances in a pool of draws.",
        sentence_zh="观众在某奖池中的抽奖机会。",
    ),
    Template(
        name="campaign.granted",
        pattern=f"campaign/{{campaign}}/granted/{COUPON.code}",
        floor=0,
        rank=28,
        owner="campaigns",
        sentence_en="Coupons that a campaign has granted; others hand them out.",
        sentence_zh="活动已发放、由他方兑付的优惠券。",
    ),
    Template(
        name="campaign.budget.chance",
        pattern=f"campaign/{{campaign}}/budget/{CHANCE.code}",
        floor=0,
        rank=29,
        owner="campaigns",
        sentence_en="Chances that a campaign may still grant.",
        sentence_zh="活动尚可发放的抽奖机会。",
    ),
    Template(
        name="campaign.budget.coupon",
        pattern=f"campaign/{{campaign}}/budget/{COUPON.code}",
        floor=0,
        rank=30,
        owner="campaigns",
        sentence_en="Coupons that a campaign may still grant.",
        sentence_zh="活动尚可发放的优惠券。",
    ),
    Template(
        name="campaign.budget",
        pattern="campaign/{campaign}/budget/{asset}",
        floor=0,
        rank=31,
        owner="campaigns",
        sentence_en="What a campaign may still grant.",
        sentence_zh="活动尚可发放的预算。",
    ),
    Template(
        name="chance.issued",
        pattern=f"units/issued/{CHANCE.code}",
        floor=None,
        rank=32,
        owner="campaigns",
        sentence_en="Where chances come from: minus its balance is how many are out.",
        sentence_zh="抽奖机会的来源：其余额的相反数即已发放的数量。",
    ),
    Template(
        name="coupon.issued",
        pattern=f"units/issued/{COUPON.code}",
        floor=None,
        rank=33,
        owner="campaigns",
        sentence_en="Where coupons come from: minus its balance is how many are out.",
        sentence_zh="优惠券的来源：其余额的相反数即已发放的数量。",
    ),
)
"""All templates but the escrows; every one of them has its escrow, see `escrow_of`."""


def escrow_of(template: Template) -> Template:
    """Return the template of the escrow beside a template: same owner, same rank, never below zero."""
    return replace(
        template,
        name=f"{template.name}.held",
        pattern=f"{HELD}{template.pattern}",
        floor=0,
        sentence_en=f"Set aside by holds from: {template.sentence_en}",
        sentence_zh=f"由预留从此科目划出：{template.sentence_zh}",
    )
