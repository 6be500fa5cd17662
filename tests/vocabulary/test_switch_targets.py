"""What can be switched off, and how it is written."""

import pytest

from plaudit.kernel.refusal import Refusal, RefusalKind
from plaudit.vocabulary import switches
from plaudit.vocabulary.switches import Target, target_of


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("tenant", Target("tenant", None)),
        (switches.feature("tipping"), Target("feature", "tipping")),
        (switches.gift("rose"), Target("gift", "rose")),
        (switches.creator("c1"), Target("creator", "c1")),
        (switches.campaign("k1"), Target("campaign", "k1")),
        (switches.prize("p1"), Target("prize", "p1")),
        (switches.channel("alipay"), Target("channel", "alipay")),
    ],
)
def test_targets_are_read_as_they_are_written(text: str, target: Target) -> None:
    assert target_of(text) == target
    assert target.text == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "tenant/",
        "tenant/x",
        "gift",
        "gift/",
        "gift/a/b",
        "gift/a b",
        "Gift/a",
        "viewer/v1",
        "feature/tiping",
    ],
)
def test_other_targets_are_refused(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        target_of(text)
    assert (caught.value.kind, caught.value.code) == (RefusalKind.INVALID, "switch.target")
