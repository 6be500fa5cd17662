"""The tree keeps every rule of the house, and each rule names the fault that is made for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.architecture import rules
from tests.architecture.rules import RULES, Rule
from tests.architecture.trees import ROOT

_LONG_FUNCTION: Final = "def long() -> None:\n" + "    print()\n" * 50
_TABLE: Final = """
CREATE TABLE mall.prize (
    prize     text NOT NULL,
    tenant_id integer NOT NULL,
    PRIMARY KEY (prize, tenant_id)
);
"""
_MODEL: Final = "src/plaudit/features/mall/model.py"
_ACTIONS: Final = "src/plaudit/features/mall/actions/redeem.py"
_STORE: Final = "src/plaudit/features/mall/store.py"
_NO_TENANT: Final = """
_FROM = " FROM mall.prize"
async def prizes(conn):
    await conn.execute("SELECT prize" + _FROM, ())
"""
_FOUR: Final = '"""x"""\ndef give(viewer, asset, amount_minor, reason): ...\n'


@dataclass(frozen=True, slots=True)
class Fault:
    """A file whose text breaks a rule."""

    rule: Rule
    path: str
    text: str


_FAULTS: Final = (
    Fault(rules.file_sizes, "src/plaudit/core/long.py", "x = 1\n" * 401),
    Fault(rules.file_sizes, "tests/core/test_long.py", "x = 1\n" * 401),
    Fault(rules.function_sizes, "src/plaudit/core/long.py", _LONG_FUNCTION),
    Fault(rules.inline_imports, "src/plaudit/core/sly.py", "def f():\n    import plaudit.app\n"),
    Fault(rules.inline_imports, "tests/test_sly.py", "async def f():\n    from plaudit import app\n"),
    Fault(rules.foreign_imports, "src/plaudit/kernel/money.py", "import msgspec\n"),
    Fault(rules.foreign_imports, "src/plaudit/kernel/money.py", "from plaudit.vocabulary import chart\n"),
    Fault(rules.foreign_imports, "src/plaudit/vocabulary/chart.py", "from structlog import get_logger\n"),
    Fault(rules.foreign_imports, "src/plaudit/vocabulary/chart.py", "from . import assets\n"),
    Fault(rules.dumping_grounds, "src/plaudit/features/mall/utils.py", ""),
    Fault(rules.dumping_grounds, "tests/helpers/one.py", ""),
    Fault(rules.impurity, _MODEL, "import time\n"),
    Fault(rules.impurity, _MODEL, "from random import choice\n"),
    Fault(rules.impurity, _MODEL, "def f():\n    return datetime.now(UTC)\n"),
    Fault(rules.impurity, _MODEL, "def f(day=date.today()): ...\n"),
    Fault(rules.impurity, _ACTIONS, "clock = SystemClock()\n"),
    Fault(rules.impurity, _ACTIONS, "import os\n"),
    Fault(rules.impurity, _ACTIONS, "def f():\n    return open('seed')\n"),
    Fault(rules.floats, _MODEL, "SHARE = 0.7\n"),
    Fault(rules.floats, _MODEL, "def f(amount_minor):\n    return amount_minor / 2\n"),
    Fault(rules.floats, _ACTIONS, "def f(amount_minor):\n    amount_minor /= 2\n"),
    Fault(rules.floats, "src/plaudit/core/ledger/posting.py", "def f(x):\n    return round(x)\n"),
    Fault(rules.floats, "src/plaudit/kernel/money.py", "def f(x: float): ...\n"),
    Fault(rules.stray_statements, _ACTIONS, 'PRIZES = "SELECT prize FROM mall.prize"\n'),
    Fault(rules.stray_statements, _ACTIONS, 'def f(x):\n    return f"UPDATE mall.prize SET prize = {x}"\n'),
    Fault(rules.stray_statements, "src/plaudit/core/commands/corridor.py", "conn.execute(text)\n"),
    Fault(rules.stray_statements, "src/plaudit/app/http/edge.py", "self._database.cursor()\n"),
    Fault(rules.database_clock, _STORE, 'X = "SELECT now(), prize FROM mall.prize"\n'),
    Fault(rules.database_clock, "migrations/0020_mall.sql", "x timestamptz DEFAULT CURRENT_TIMESTAMP\n"),
    Fault(rules.nameless_tenants, _STORE, _NO_TENANT),
    Fault(rules.nameless_tenants, "migrations/0020_mall.sql", _TABLE),
    Fault(rules.positional_arguments, "src/plaudit/core/many.py", _FOUR),
    Fault(rules.silence, "src/plaudit/core/mute.py", "x = 1\n"),
    Fault(rules.silence, "src/plaudit/core/mute.py", '"""x"""\nclass Mute: ...\n'),
    Fault(
        rules.silence, "src/plaudit/core/mute.py", '"""x"""\nclass M:\n    """x"""\n    def m(self): ...\n'
    ),
    Fault(rules.opaque_codes, _ACTIONS, "raise refused(code, 'Do something else.')\n"),
    Fault(rules.opaque_codes, _ACTIONS, "raise invalid('oops', 'Do something else.')\n"),
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_tree_keeps_the_rule(rule: Rule) -> None:
    findings = rule(ROOT)
    assert not findings, "\n".join(findings)


@pytest.mark.parametrize("fault", _FAULTS, ids=lambda fault: f"{fault.rule.__name__}: {fault.path}")
def test_a_broken_rule_is_named(fault: Fault, tmp_path: Path) -> None:
    file = tmp_path / fault.path
    file.parent.mkdir(parents=True)
    file.write_text(fault.text)
    findings = fault.rule(tmp_path)
    assert len(findings) == 1, findings
    assert findings[0].startswith(f"{fault.path}:")


def test_every_rule_has_been_broken() -> None:
    assert {fault.rule for fault in _FAULTS} == set(RULES)


@pytest.mark.parametrize(
    "table", [rules.LONGER_FILES, rules.LONGER_FUNCTIONS, rules.ACROSS_TENANTS, rules.BY_PLACE]
)
def test_exceptions_that_are_no_longer_needed_are_removed(table: dict[str, str]) -> None:
    for place, reason in table.items():
        path, _, name = place.partition(":")
        assert reason
        assert name in (ROOT / path).read_text(), place
