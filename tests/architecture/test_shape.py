"""The shape of the tree: tests mirror it, every feature has its door and says what it is for."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Final

import pytest

from plaudit.vocabulary import chart
from plaudit.vocabulary.facts import FACTS
from tests.architecture.trees import PACKAGE, ROOT

_BESIDE_THE_MIRROR: Final = frozenset({"architecture", "journeys", "kit", "proof"})
_DIVIDED: Final = frozenset({"core", "features"})
_FACTS_OF: Final = {"presale": ("shows", "offers", "tickets")}
"""The modules of facts of features that have more than the one of their name."""
_FEATURES: Final = sorted(path.parent.name for path in (ROOT / PACKAGE / "features").glob("*/__init__.py"))


def strays(root: Path) -> list[str]:
    """Find folders of tests that mirror no folder of the product."""
    findings = []
    for test in sorted((root / "tests").rglob("test_*.py")):
        folder = test.parent.relative_to(root / "tests")
        if folder.parts and folder.parts[0] not in _BESIDE_THE_MIRROR:
            package = root / PACKAGE / folder
            if not (package.is_dir() or package.with_suffix(".py").is_file()):
                findings.append(test.relative_to(root).as_posix())
    return findings


def untested(root: Path) -> list[str]:
    """Find parts without tests: a floor, or a package of the floors core and features."""
    package = root / PACKAGE
    parts = {
        _part(path.parent.relative_to(package))
        for path in package.rglob("*.py")
        if path.parent != package and re.search(r"^\s*(async )?def \w", path.read_text(), flags=re.MULTILINE)
    }
    return sorted(
        "/".join(part) for part in parts if not any((root / "tests").joinpath(*part).rglob("test_*.py"))
    )


def _part(folder: Path) -> tuple[str, ...]:
    return folder.parts[: 2 if folder.parts[0] in _DIVIDED else 1]


def test_tests_mirror_the_tree() -> None:
    assert strays(ROOT) == []


def test_every_part_has_tests() -> None:
    assert untested(ROOT) == []


def test_a_stray_test_is_named(tmp_path: Path) -> None:
    (tmp_path / PACKAGE / "features/mall").mkdir(parents=True)
    for path in (
        "tests/features/mall/test_model.py",
        "tests/features/shop/test_model.py",
        "tests/kit/test_kit.py",
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    assert strays(tmp_path) == ["tests/features/shop/test_model.py"]


def test_an_untested_part_is_named(tmp_path: Path) -> None:
    for path in ("features/mall/model.py", "features/draws/model.py", "kernel/money.py"):
        (tmp_path / PACKAGE / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / PACKAGE / path).write_text("def f() -> None: ...\n")
    (tmp_path / "tests/features/mall").mkdir(parents=True)
    (tmp_path / "tests/features/mall/test_model.py").touch()
    assert untested(tmp_path) == ["features/draws", "kernel"]


def not_led_by_tenant(schema: str) -> list[str]:
    """Find the keys and indexes of a schema in which another column comes before the tenant."""
    found = re.findall(
        r"(?:CONSTRAINT (\w+) (?:PRIMARY KEY|UNIQUE)|INDEX (\w+) ON .* USING btree) \((\w+)", schema
    )
    return [key or index for key, index, first in found if first != "tenant_id"]


def test_the_tenant_leads_every_key_and_index_but_that_of_tenants_names() -> None:
    assert not_led_by_tenant((ROOT / "schema.sql").read_text()) == ["tenant_slug_key"]


def test_an_index_over_all_tenants_is_named() -> None:
    schema = """
CREATE INDEX hold_due ON ledger.hold USING btree (deadline) WHERE (remaining > 0);
CREATE UNIQUE INDEX refund_once ON payments.refund USING btree (number);
    ADD CONSTRAINT hold_pkey PRIMARY KEY (id, tenant_id);
    ADD CONSTRAINT code_pkey PRIMARY KEY (tenant_id, id);
"""
    assert not_led_by_tenant(schema) == ["hold_due", "refund_once", "hold_pkey"]


@pytest.mark.parametrize("feature", _FEATURES)
def test_a_feature_has_its_door_and_its_name_on_it(feature: str) -> None:
    label = importlib.import_module(f"plaudit.features.{feature}.feature").FEATURE
    assert label.name == feature


@pytest.mark.parametrize("feature", _FEATURES)
def test_a_feature_says_what_it_is_for_what_it_refuses_its_accounts_and_facts(feature: str) -> None:
    said = importlib.import_module(f"plaudit.features.{feature}").__doc__ or ""
    text = " ".join(said.split())
    assert re.match(r"[A-Z]\w+: ", text), text
    for word in ("Refuses: ", "Accounts: ", "Facts: "):
        assert word in text, f"{feature} does not say: {word}"
    own = {f"plaudit.vocabulary.facts.{module}" for module in _FACTS_OF.get(feature, (feature,))}
    kinds = {kind for kind, type_ in FACTS.items() if type_.__module__ in own}
    assert kinds == set(re.findall(r"`([a-z_]+(?:\.[a-z_]+)+)`", text.partition("Facts: ")[2]))


def test_every_account_is_answered_for_by_a_feature() -> None:
    assert {template.owner for template in chart.TEMPLATES} <= set(_FEATURES)
