"""Every import contract holds, and each is broken on purpose in a copy of the tree and named."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.trees import PACKAGE, ROOT, contract_names, copy_of_tree, lint

_DOOR: Final = '"""Another room."""\n'


@dataclass(frozen=True, slots=True)
class Fault:
    """A line added to a file of src/plaudit (made if it is not there), and the contract that must name it."""

    contract: str
    path: str
    line: str = _DOOR
    beside: dict[str, str] = field(default_factory=dict)


_FAULTS: Final = (
    Fault("floors", "kernel/money.py", "import plaudit.platform.settings"),
    Fault("floors", "vocabulary/chart.py", "import plaudit.platform.settings"),
    Fault("floors", "platform/settings.py", "import plaudit.vocabulary.chart"),
    Fault("floors", "core/ledger/book.py", "import plaudit.features.tipping.model"),
    Fault("floors", "features/tipping/actions/tip.py", "import plaudit.app.errors"),
    Fault("floors", "shed/__init__.py"),
    Fault("core", "core/journal/facts.py", "import plaudit.core.ledger.book"),
    Fault("core", "core/ledger/book.py", "import plaudit.core.commands.command"),
    Fault("core", "core/findings.py", "import plaudit.core.journal.facts"),
    Fault("core", "core/feature.py", "import plaudit.core.audit"),
    Fault("core", "core/defences.py", "import plaudit.core.audit"),
    Fault("core", "core/shed.py"),
    Fault("features", "features/tipping/model/terms.py", "import plaudit.features.wallets.model"),
    Fault("features", "features/identity/actions.py", "import plaudit.features.risk.model"),
    Fault("anatomy", "features/wallets/model.py", "import plaudit.features.wallets.actions"),
    Fault("anatomy", "features/wallets/store.py", "import plaudit.features.wallets.queries"),
    Fault("anatomy", "features/risk/actions.py", "import plaudit.features.risk.http"),
    Fault("anatomy", "features/wallets/queries.py", "import plaudit.features.wallets.actions"),
    Fault("anatomy", "features/risk/http.py", "import plaudit.features.risk.feature"),
    Fault("anatomy", "features/wallets/shed.py"),
    Fault("database", "features/wallets/actions.py", "import plaudit.platform.db"),
    Fault("database", "features/tipping/model/terms.py", "import plaudit.platform.packing"),
    Fault("driver", "features/wallets/queries.py", "import psycopg"),
    Fault("web", "features/wallets/actions.py", "import plaudit.platform.web"),
    Fault("web", "core/commands/corridor.py", "import plaudit.platform.web"),
    Fault("framework", "features/risk/http.py", "import litestar"),
    Fault("posting", "features/tipping/actions/tip.py", "import plaudit.core.ledger.posting"),
    Fault("posting", "features/wallets/store.py", "import plaudit.core.ledger.store"),
    Fault("posting", "features/wallets/queries.py", "import plaudit.core.journal.store"),
    Fault("assembly", "app/errors.py", "import plaudit.features.tipping.model"),
    Fault("assembly", "app/auth.py", "import plaudit.features.risk.model"),
    Fault("drive", "app/drive/rows.py", "import plaudit.core.journal.facts"),
    Fault("drive", "app/drive/load.py", "import psycopg"),
    Fault("drive", "app/simulate/till.py", "import plaudit.features.payments.model"),
    Fault("drive", "app/simulate/wechat/server.py", "import plaudit.core.ledger.book"),
    Fault("drive", "app/simulate/keys.py", "import plaudit.platform.crypto"),
    Fault("pure", "kernel/money.py", "import psycopg"),
    Fault("pure", "vocabulary/chart.py", "import os"),
    Fault("pure", "features/wallets/model.py", "import random"),
    Fault("pure", "features/tipping/model/price.py", "import plaudit.core.commands.corridor"),
    Fault("pure", "features/wallets/model.py", "import plaudit.platform.crypto"),
    Fault(
        "acyclic",
        "platform/shed/one.py",
        "import plaudit.platform.shed.two",
        beside={"platform/shed/__init__.py": "", "platform/shed/two.py": "import plaudit.platform.shed.one"},
    ),
)


def test_the_tree_keeps_every_contract() -> None:
    verdict = lint(ROOT)
    assert not verdict.broken, verdict.output


@pytest.mark.parametrize("fault", _FAULTS, ids=lambda fault: f"{fault.contract}: {fault.path}: {fault.line}")
def test_a_broken_contract_is_named(fault: Fault, tmp_path: Path) -> None:
    root = copy_of_tree(tmp_path)
    for path, line in {**fault.beside, fault.path: fault.line}.items():
        file = root / PACKAGE / path
        file.parent.mkdir(parents=True, exist_ok=True)
        text = file.read_text() if file.exists() else ""
        file.write_text(f"{text}\n{line}\n")
    verdict = lint(root)
    assert fault.contract in verdict.broken, verdict.output
    name = fault.path.removesuffix(".py").removesuffix("/__init__").rpartition("/")[2]
    assert f".{name}" in verdict.output


def test_every_contract_has_been_broken() -> None:
    assert {fault.contract for fault in _FAULTS} == set(contract_names())
