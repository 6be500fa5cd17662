"""Addresses built by the chart are read by the chart, and no others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.kernel.refusal import Refusal, RefusalKind
from plaudit.vocabulary import chart
from plaudit.vocabulary.assets import ASSETS

NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.:@-]{0,63}", fullmatch=True)
CODES = st.sampled_from(sorted(ASSETS))


@given(name=NAMES, asset=CODES)
def test_every_address_is_read_as_it_was_built(name: str, asset: str) -> None:
    for address, template, variables in (
        (chart.viewer_wallet(viewer=name, asset=asset), "viewer.wallet", {"viewer": name}),
        (chart.creator_earnings(creator=name, asset=asset), "creator.earnings", {"creator": name}),
        (chart.guild_earnings(guild=name, asset=asset), "guild.earnings", {"guild": name}),
        (chart.platform_revenue(asset=asset), "platform.revenue", {}),
        (chart.issuance(asset=asset), "issuance", {}),
        (chart.adjustment(asset=asset), "adjustment", {}),
        (chart.show_takings(show=name, asset=asset), "show.takings", {"show": name}),
        (chart.show_deposits(show=name, asset=asset), "show.deposits", {"show": name}),
    ):
        account = chart.account_of(address)
        assert (account.template.name, account.asset.code, account.variables) == (template, asset, variables)
        escrow = chart.account_of(chart.held(address))
        assert (escrow.template.name, escrow.template.floor) == (f"{template}.held", 0)
        assert (escrow.template.owner, escrow.template.rank) == (
            account.template.owner,
            account.template.rank,
        )
        assert (escrow.asset, escrow.variables) == (account.asset, variables)


@given(name=NAMES)
def test_every_account_of_units_is_read_as_it_was_built(name: str) -> None:
    offer, show, viewer = {"offer": name}, {"show": name}, {"viewer": name}
    for address, template, code, variables in (
        (chart.offer_issued(offer=name), "offer.issued", "seat", offer),
        (chart.offer_stock(offer=name), "offer.stock", "seat", offer),
        (chart.offer_waiting(offer=name), "offer.waiting", "seat", offer),
        (chart.offer_pledged(offer=name), "offer.pledged", "seat", offer),
        (chart.offer_sold(offer=name), "offer.sold", "seat", offer),
        (chart.offer_code(offer=name, code=name), "offer.code", "seat", offer | {"code": name}),
        (chart.show_right(show=name, right=name), "show.right", "right", show | {"right": name}),
        (
            chart.viewer_right(viewer=name, show=name, right=name),
            "viewer.right",
            "right",
            viewer | show | {"right": name},
        ),
        (chart.gift_issued(gift=name), "gift.issued", "gift", {"gift": name}),
        (chart.viewer_gift(viewer=name, gift=name), "viewer.gift", "gift", viewer | {"gift": name}),
    ):
        account = chart.account_of(address)
        assert (account.template.name, account.asset.code, account.variables) == (template, code, variables)
        assert chart.account_of(chart.held(address)).template.name == f"{template}.held"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "offer/vip/stock/coin",
        "offer/vip/spare/seat",
        "viewer/v1/gift/rose/coin",
        "show/s1/takings",
        "/",
        "coin",
        "viewer",
        "viewer/coin",
        "viewer/v1",
        "viewer/v1/coin/",
        "viewer//coin",
        "viewer/v1/x/coin",
        "viewer/a b/coin",
        "viewer/-a/coin",
        "viewer/v1\n/coin",
        "viewer/" + "v" * 65 + "/coin",
        "Viewer/v1/coin",
        "creator/c1/coin",
        "creator/c1/spendings/coin",
        "guild/g1/earnings",
        "platform/coin",
        "platform/losses/coin",
        "issuance",
        "issuance/",
        "held",
        "held/",
        "held/coin",
        "held/held/viewer/v1/coin",
        "held//viewer/v1/coin",
        " viewer/v1/coin",
        "viewer/v1/coin" + "/x" * 100_000,
    ],
)
def test_other_addresses_are_refused(address: str) -> None:
    with pytest.raises(Refusal) as caught:
        chart.account_of(address)
    assert (caught.value.kind, caught.value.code) == (RefusalKind.NOT_FOUND, "account.unknown")


@pytest.mark.parametrize("address", ["viewer/v1/XXX", "viewer/v1/Coin", "held/viewer/v1/usd", "issuance/HRK"])
def test_an_unknown_asset_is_named_as_such(address: str) -> None:
    with pytest.raises(Refusal, match=r"asset\.unknown"):
        chart.account_of(address)


@given(address=st.text(max_size=40))
def test_any_text_is_read_or_refused(address: str) -> None:
    try:
        account = chart.account_of(address)
    except Refusal as refusal:
        assert refusal.code in {"account.unknown", "asset.unknown"}  # noqa: PT017 - either outcome is right
    else:
        assert address.endswith(account.asset.code)


def test_only_what_stands_for_the_outside_or_for_what_is_owed_has_no_floor() -> None:
    assert {template.name for template in chart.TEMPLATES if template.floor is None} == {
        "issuance",
        "adjustment",
        "viewer.debt",
        "channel.account",
        "bank",
        "channel.fees",
        "losses",
        "offer.issued",
        "show.right",
        "gift.issued",
        "chance.issued",
        "coupon.issued",
    }
    assert all(template.floor in {0, None} for template in chart.TEMPLATES)


def test_shared_accounts_are_locked_last() -> None:
    ranks = [template.rank for template in chart.TEMPLATES]
    assert ranks == sorted(set(ranks))
    assert chart.TEMPLATES[0].name == "viewer.wallet"


def test_every_template_says_what_it_is_in_both_languages() -> None:
    for template in chart.TEMPLATES:
        for told in (template, chart.escrow_of(template)):
            assert told.sentence_en.endswith(".")
            assert told.sentence_zh.endswith("。")
