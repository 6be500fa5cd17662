"""Every kind of fact is explained, versioned and survives JSON."""

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec
import pytest

from plaudit.kernel.ids import encode_id
from plaudit.vocabulary.facts import FACTS, identity, ledger, risk, tipping, wallets
from plaudit.vocabulary.facts.base import FactData
from tests.vocabulary.admission_examples import ADMISSION_EXAMPLES
from tests.vocabulary.campaign_examples import CAMPAIGN_EXAMPLES
from tests.vocabulary.insight_examples import INSIGHT_EXAMPLES
from tests.vocabulary.invitation_examples import INVITATION_EXAMPLES
from tests.vocabulary.notification_examples import NOTIFICATION_EXAMPLES
from tests.vocabulary.paid_examples import PAID_EXAMPLES
from tests.vocabulary.presale_examples import PRESALE_EXAMPLES

HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
AT = datetime(2026, 11, 22, 2, 3, 4, 123456, tzinfo=UTC)
TOKEN_KEY = encode_id("tk", 1)
PERSONAL = {
    "name",
    "message",
    "text",
    "reason",
    "email",
    "phone",
    "address_line",
    "ip",
    "device",
    "secret",
    "words",
}


def drawn(kind: type[ledger.HoldDrawn], *, remaining_minor: int) -> FactData:
    """Return an example of one of the three facts about an open hold."""
    return kind(
        hold=7,
        address="viewer/v1/coin",
        asset="coin",
        amount_minor=5,
        remaining_minor=remaining_minor,
        deadline=AT,
    )


EXAMPLES: tuple[FactData, ...] = (
    *PAID_EXAMPLES,
    *PRESALE_EXAMPLES,
    *INSIGHT_EXAMPLES,
    *INVITATION_EXAMPLES,
    *NOTIFICATION_EXAMPLES,
    *ADMISSION_EXAMPLES,
    *CAMPAIGN_EXAMPLES,
    identity.TenantCreated(tenant="demo", time_zone="Asia/Shanghai"),
    identity.KeyCreated(key="key_0000000000001", scopes=("tip.send", "tip.read"), rate_per_second=100),
    identity.KeyRevoked(key="key_0000000000001"),
    identity.StaffCreated(staff="staff_0000000000001", scopes=("adjustment.check",), name_hash=HASH),
    identity.StaffRevoked(staff="staff_0000000000001"),
    identity.TokenKeyCreated(token_key=TOKEN_KEY, algorithm="EdDSA", public_key_hash=HASH),
    identity.TokenKeyRevoked(token_key=TOKEN_KEY),
    identity.ViewerErased(viewer="v1", removed=3, reason_hash=HASH),
    risk.SwitchFlipped(target="gift/rose", off=True, revision=2, reason_hash=HASH),
    risk.AccountFrozen(address="viewer/v1/coin", freeze="debits"),
    wallets.WalletCredited(viewer="v1", asset="coin", amount_minor=100, reference="order-7"),
    wallets.AdjustmentRequested(
        adjustment="adj_0000000000001",
        address="viewer/v1/coin",
        amount_minor=-5,
        maker="staff/s1",
        reason_hash=HASH,
    ),
    wallets.AdjustmentApproved(
        adjustment="adj_0000000000001",
        address="viewer/v1/coin",
        amount_minor=-5,
        maker="staff/s1",
        checker="staff/s2",
        reason_hash=HASH,
    ),
    wallets.AdjustmentRejected(
        adjustment="adj_0000000000001",
        address="viewer/v1/coin",
        amount_minor=-5,
        maker="staff/s1",
        checker="staff/s2",
        reason_hash=HASH,
    ),
    ledger.HoldOpened(address="viewer/v1/coin", asset="coin", amount_minor=5, remaining_minor=5, deadline=AT),
    drawn(ledger.HoldCaptured, remaining_minor=2),
    drawn(ledger.HoldReleased, remaining_minor=0),
    drawn(ledger.HoldExpired, remaining_minor=0),
    tipping.CreatorSaved(creator="c1", revision=1, guild="g1", terms="standard"),
    tipping.GiftSaved(
        gift="rose",
        revision=3,
        asset="coin",
        price_minor=10,
        on_sale=True,
        effect="petals",
        valid_from=AT,
        shows=("s1",),
    ),
    tipping.TermsSaved(
        terms="standard",
        revision=1,
        basis="monthly",
        tiers=(
            tipping.TermsTier(from_minor=0, creator="7/10", guild="1/20"),
            tipping.TermsTier(from_minor=1_000_000, creator="4/5"),
        ),
    ),
    tipping.TippingPolicySaved(
        revision=1, asset="coin", min_minor=1, max_minor=100_000, presets_minor=(10, 100)
    ),
    tipping.WordsSaved(revision=4, count=120, words_hash=HASH),
    tipping.TipSent(
        viewer="v1",
        creator="c1",
        asset="coin",
        amount_minor=100,
        creator_minor=70,
        guild_minor=5,
        platform_minor=25,
        terms="standard",
        terms_revision=1,
        guild="g1",
        gift="rose",
        gift_revision=3,
        count=10,
        show="s1",
        message_state="shown",
        message_hash=HASH,
    ),
    tipping.TipReversed(
        tip=41,
        viewer="v1",
        creator="c1",
        asset="coin",
        amount_minor=50,
        creator_minor=35,
        guild_minor=2,
        platform_minor=13,
        reversed_minor=50,
        reason_hash=HASH,
    ),
)

ALL_KINDS = sorted(FACTS)


def with_kind(parent: type[FactData]) -> Iterator[type[FactData]]:
    """Every type below `parent` that names a kind, but for those that tests make."""
    for child in parent.__subclasses__():
        if "KIND" in child.__dict__ and child.__module__.startswith("plaudit."):
            yield child
        yield from with_kind(child)


def test_each_kind_has_an_example_and_stands_once() -> None:
    assert sorted(example.KIND for example in EXAMPLES) == ALL_KINDS
    assert {type(example) for example in EXAMPLES} == set(FACTS.values())
    assert set(with_kind(FactData)) == set(FACTS.values())


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_each_kind_is_explained_and_versioned(kind: str) -> None:
    fact = FACTS[kind]
    sentence = (fact.__doc__ or "").strip().splitlines()[0]
    assert fact.__dict__["KIND"] == kind
    assert fact.__dict__["VERSION"] >= 1
    assert sentence.endswith(".")
    assert sentence != (FactData.__doc__ or "").strip().splitlines()[0]


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_no_field_invites_personal_text(kind: str) -> None:
    assert PERSONAL.isdisjoint(FACTS[kind].__struct_fields__)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.KIND)
def test_each_survives_json(example: FactData) -> None:
    raw = msgspec.json.encode(example)
    assert msgspec.json.decode(raw, type=type(example)) == example
    assert msgspec.convert(msgspec.json.decode(raw), type=type(example)) == example


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.KIND)
def test_a_newer_field_is_no_obstacle(example: FactData) -> None:
    raw = msgspec.json.encode(msgspec.to_builtins(example) | {"added_later": 1})
    assert msgspec.json.decode(raw, type=type(example)) == example


def test_defaults_are_left_out() -> None:
    assert msgspec.to_builtins(tipping.CreatorSaved(creator="c1", revision=1)) == {
        "creator": "c1",
        "revision": 1,
    }


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.KIND)
def test_facts_cannot_be_changed(example: FactData) -> None:
    field = example.__struct_fields__[0]
    with pytest.raises(AttributeError):
        setattr(example, field, "other")
