"""Builders of addresses. They check nothing: `account_of` reads an address, and refuses what is none."""

from typing import Final

HELD: Final = "held/"
"""What the address of an escrow begins with."""


def viewer_wallet(*, viewer: str, asset: str) -> str:
    """Return the address of a viewer's wallet in one asset. Checks nothing, as all builders here."""
    return f"viewer/{viewer}/{asset}"


def creator_earnings(*, creator: str, asset: str) -> str:
    """Return the address of what a creator has earned in one asset."""
    return f"creator/{creator}/earnings/{asset}"


def guild_earnings(*, guild: str, asset: str) -> str:
    """Return the address of what a guild has earned in one asset."""
    return f"guild/{guild}/earnings/{asset}"


def platform_revenue(*, asset: str) -> str:
    """Return the address of the platform's own share in one asset."""
    return f"platform/revenue/{asset}"


def issuance(*, asset: str) -> str:
    """Return the address all credits come from: minus its balance is what was issued in this asset."""
    return f"issuance/{asset}"


def adjustment(*, asset: str) -> str:
    """Return the counter-account of corrections by maker and checker in one asset."""
    return f"adjustment/{asset}"


def viewer_debt(*, viewer: str, asset: str) -> str:
    """Return the address of what a viewer owes in one asset: minus its balance."""
    return f"viewer/{viewer}/debt/{asset}"


def channel_account(*, account: str, asset: str) -> str:
    """Return the address of what a payment channel keeps for the platform: minus its balance."""
    return f"channel/{account}/{asset}"


def clearing(*, asset: str) -> str:
    """Return the address of what was paid and not yet turned into what was bought, or not yet given back."""
    return f"clearing/{asset}"


def user_funds(*, asset: str) -> str:
    """Return the address of the users' money: what was paid for balances that viewers hold."""
    return f"users/funds/{asset}"


def bank(*, asset: str) -> str:
    """Return the address of what channels paid out to the platform's bank: minus its balance."""
    return f"bank/{asset}"


def channel_fees(*, asset: str) -> str:
    """Return the address of what channels have charged: minus its balance."""
    return f"fees/{asset}"


def losses(*, asset: str) -> str:
    """Return the address of what could not be taken back: minus its balance."""
    return f"losses/{asset}"


def offer_issued(*, offer: str) -> str:
    """Return the address of where an offer's seats come from: minus its balance is how many there are."""
    return f"offer/{offer}/issued/seat"


def offer_stock(*, offer: str) -> str:
    """Return the address of the seats of an offer that anybody may still reserve."""
    return f"offer/{offer}/stock/seat"


def offer_waiting(*, offer: str) -> str:
    """Return the address of the seats of an offer that came back and are the waiting list's."""
    return f"offer/{offer}/waiting/seat"


def offer_pledged(*, offer: str) -> str:
    """Return the address of an offer's seats that are paid for in part, or by a group that is not full."""
    return f"offer/{offer}/pledged/seat"


def offer_sold(*, offer: str) -> str:
    """Return the address of the seats of an offer that are sold."""
    return f"offer/{offer}/sold/seat"


def offer_code(*, offer: str, code: str) -> str:
    """Return the address of the seats of an offer that are kept for a code."""
    return f"offer/{offer}/code/{code}/seat"


def show_deposits(*, show: str, asset: str) -> str:
    """Return the address of what was paid for a show and may still go back by its terms."""
    return f"show/{show}/deposits/{asset}"


def show_takings(*, show: str, asset: str) -> str:
    """Return the address of what a show has taken, until it is settled."""
    return f"show/{show}/takings/{asset}"


def show_right(*, show: str, right: str) -> str:
    """Return the address of where rights of a show come from: minus its balance is how many are out."""
    return f"show/{show}/right/{right}/right"


def viewer_right(*, viewer: str, show: str, right: str) -> str:
    """Return the address of a viewer's rights of one sort in a show: with one or more the viewer has it."""
    return f"viewer/{viewer}/right/{show}/{right}/right"


def viewer_rights(*, viewer: str, show: str) -> str:
    """Return what the addresses of all rights of a viewer in a show begin with."""
    return f"viewer/{viewer}/right/{show}/"


def gift_issued(*, gift: str) -> str:
    """Return the address of where units of a gift come from: minus its balance is how many are out."""
    return f"gift/{gift}/issued/gift"


def viewer_gift(*, viewer: str, gift: str) -> str:
    """Return the address of the units of a gift that a viewer has in hand."""
    return f"viewer/{viewer}/gift/{gift}/gift"


def viewer_pending(*, viewer: str, asset: str) -> str:
    """Return the address of rewards in one asset that a viewer has earned and that have not matured yet."""
    return f"viewer/{viewer}/pending/{asset}"


def viewer_voucher(*, viewer: str, asset: str) -> str:
    """Return the address of a viewer's cash vouchers in one currency."""
    return f"viewer/{viewer}/voucher/{asset}"


def viewer_chances(*, viewer: str, pool: str) -> str:
    """Return the address of a viewer's chances in one pool of draws."""
    return f"viewer/{viewer}/chance/{pool}/chance"


def campaign_budget(*, campaign: str, asset: str) -> str:
    """Return the address of what a campaign may still grant: a wallet's asset, or units."""
    return f"campaign/{campaign}/budget/{asset}"


def campaign_coupons(*, campaign: str) -> str:
    """Return the address of the coupons that a campaign has granted: others hand them out."""
    return f"campaign/{campaign}/granted/coupon"


def units_issued(*, asset: str) -> str:
    """Return the address of where chances or coupons come from: minus its balance is how many are out."""
    return f"units/issued/{asset}"


def held(address: str) -> str:
    """Return the address of the escrow in which holds on `address` keep their amount."""
    return HELD + address
