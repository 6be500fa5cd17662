"""Rules of the house that imports cannot tell, each a function from a tree to what breaks it in that tree.

A finding is one line, "path:line: what is wrong". What a rule lets through beside its text stands in a table,
with the reason.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from tests.architecture import syntax
from tests.architecture.syntax import at
from tests.architecture.trees import PACKAGE, sources

Rule: TypeAlias = Callable[[Path], list[str]]

FILE_MAX_LINES: Final = 400
FUNCTION_MAX_LINES: Final = 50
POSITIONAL_MAX: Final = 2

LONGER_FILES: Final[dict[str, str]] = {}
"""Files that may be longer, with the reason. To be emptied, never to be filled for convenience."""

LONGER_FUNCTIONS: Final[dict[str, str]] = {
    f"{PACKAGE}/app/http/edge.py:__call__": "one layer for six; each call within it is paid by every request",
}
"""Functions that may be longer ("path:name"), with the reason."""

ACROSS_TENANTS: Final[dict[str, str]] = {
    f"{PACKAGE}/features/identity/store.py:sweep_leases": "leases of seconds long over are nobody's any more",
}
"""Statements ("path:function") and tables ("path:table") of the whole installation, with the reason."""

BY_PLACE: Final[dict[str, str]] = {
    f"{PACKAGE}/app/meters.py:count_job": "an `on_end` of platform.jobs, which is called by place",
}
"""Functions whose arguments somebody else hands over by place ("path:name"), with the reason."""

_OWN_MEANS: Final = {
    "kernel": ("plaudit.kernel.",),
    "vocabulary": ("plaudit.kernel.", "plaudit.vocabulary.", "msgspec."),
}
_DUMPING_GROUNDS: Final = frozenset(
    {"util", "utils", "helper", "helpers", "common", "misc", "tools", "shared"}
)
_LOADER: Final = ["conn", "tenant_id", "keys"]

_PURE: Final = re.compile(rf"{PACKAGE}/features/\w+/(model|actions)(/|\.py$)")
_INTEGERS: Final = re.compile(
    rf"{PACKAGE}/(kernel/(money|rate)\.py$|core/ledger/|vocabulary/|features/\w+/(model|actions)(/|\.py$))"
)
_STORES: Final = re.compile(
    rf"{PACKAGE}/((core|features|app)/(.+/)?store(/.+)?\.py$|(core|features|app)/(.+/)?store/|platform/|app/bench/)"
)
# The benchmarks play the administrator and the caller that they compare Plaudit with.
_STATEMENT: Final = re.compile(
    r"\s*(SELECT|INSERT INTO|UPDATE [\w.]+ (\w+ )?SET|DELETE FROM|WITH \w+ (\([\w, ]+\) )?AS|TRUNCATE"
    r"|CREATE (TABLE|INDEX|SCHEMA|FUNCTION)|ALTER|DROP|LOCK TABLE|COPY [\w.]+|LISTEN|NOTIFY"
    r"|SET (LOCAL|SESSION|TRANSACTION))\s"
)
_TABLE: Final = re.compile(r"\b(FROM|INTO|UPDATE|JOIN) [a-z_]+\.[a-z_]+")
_DATABASE_CLOCK: Final = re.compile(
    r"\b(now\s*\(\s*\)|current_timestamp|current_date|localtimestamp|clock_timestamp|statement_timestamp"
    r"|transaction_timestamp|random\s*\(\s*\)|gen_random_uuid)",
    re.IGNORECASE,
)
_IMPURE_MODULES: Final = frozenset(
    {
        "asyncio",
        "io",
        "logging",
        "os",
        "pathlib",
        "random",
        "secrets",
        "socket",
        "subprocess",
        "sys",
        "time",
        "uuid",
    }
)


def file_sizes(root: Path) -> list[str]:
    """Find files longer than 400 lines: they become packages of the same name."""
    return [
        f"{source.path}:1: {lines} lines, at most {FILE_MAX_LINES}"
        for source in sources(root, "src", "tests")
        if (lines := len(source.text.splitlines())) > FILE_MAX_LINES and source.path not in LONGER_FILES
    ]


def function_sizes(root: Path) -> list[str]:
    """Find functions longer than 50 lines, docstring and decorators not counted."""
    findings: list[str] = []
    for source in sources(root):
        for function in syntax.functions(source.tree):
            lines = syntax.length(function)
            if lines > FUNCTION_MAX_LINES and f"{source.path}:{function.name}" not in LONGER_FUNCTIONS:
                findings.append(
                    at(source, function, f"{function.name} has {lines} lines, at most {FUNCTION_MAX_LINES}")
                )
    return findings


def inline_imports(root: Path) -> list[str]:
    """Find imports inside functions: they would hide an arrow."""
    return [
        at(source, node, f"import inside {function.name}")
        for source in sources(root, "src", "tests")
        for function in syntax.functions(source.tree)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]


def dumping_grounds(root: Path) -> list[str]:
    """Find modules that are named for having no subject."""
    return [
        f"{source.path}:1: name the module for what it is about"
        for source in sources(root, "src", "tests")
        if _DUMPING_GROUNDS & set(source.path.removesuffix(".py").split("/"))
    ]


def foreign_imports(root: Path) -> list[str]:
    """Find imports of the kernel beyond the standard library; the vocabulary may have msgspec, too."""
    findings: list[str] = []
    for floor, allowed in _OWN_MEANS.items():
        for source in sources(root, f"{PACKAGE}/{floor}"):
            findings.extend(
                at(source, node, f"{floor} must not import {name}")
                for node, name in syntax.imported(source.tree)
                if name.split(".")[0] not in sys.stdlib_module_names and not f"{name}.".startswith(allowed)
            )
    return findings


def impurity(root: Path) -> list[str]:
    """Find clock, randomness, environment and output in models and actions: they are handed in."""
    findings: list[str] = []
    for source in sources(root):
        if not _PURE.match(source.path):
            continue
        for node in ast.walk(source.tree):
            findings.extend(at(source, node, f"{name} must be handed in") for name in syntax.impure(node))
    return findings


def floats(root: Path) -> list[str]:
    """Find floats where money is counted: a literal, `/`, `float` or `round`."""
    findings: list[str] = []
    for source in sources(root):
        if not _INTEGERS.match(source.path):
            continue
        for node in ast.walk(source.tree):
            what = syntax.floating(node)
            if what is not None:
                findings.append(at(source, node, f"{what}; amounts are integers and ratios exact"))
    return findings


def stray_statements(root: Path) -> list[str]:
    """Find SQL, and calls that run it, outside of stores and platform."""
    findings: list[str] = []
    for source in sources(root):
        if _STORES.match(source.path):
            continue
        findings.extend(
            at(source, node, "SQL outside of a store")
            for node, text in syntax.texts(source.tree)
            if _STATEMENT.match(text)
        )
        findings.extend(
            at(source, node, "a statement is run outside of a store")
            for node in ast.walk(source.tree)
            if syntax.runs_statement(node)
        )
    return findings


def database_clock(root: Path) -> list[str]:
    """Find statements and migrations that read the database's clock or draw at random."""
    findings: list[str] = []
    for source in sources(root):
        findings.extend(
            at(source, node, f"{found[0]} in SQL: time and chance are handed in")
            for node, text in syntax.texts(source.tree)
            if _STATEMENT.match(text) and (found := _DATABASE_CLOCK.search(text))
        )
    for path in sorted((root / "migrations").glob("*.sql")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            found = _DATABASE_CLOCK.search(line.split("--")[0])
            if found:
                findings.append(f"migrations/{path.name}:{number}: {found[0]}: time and chance are handed in")
    return findings


def nameless_tenants(root: Path) -> list[str]:
    """Find statements of features, and tables of migrations, that do not name their tenant."""
    findings: list[str] = []
    for source in sources(root):
        if not re.match(rf"{PACKAGE}/features/\w+/store(/|\.py$)", source.path):
            continue
        named = syntax.constants(source.tree)
        for function in syntax.functions(source.tree):
            if f"{source.path}:{function.name}" in ACROSS_TENANTS:
                continue
            findings.extend(
                at(source, node, "a statement that names no tenant")
                for node in ast.walk(function)
                if isinstance(node, ast.Call) and syntax.runs_statement(node) and node.args
                if _TABLE.search(text := syntax.resolved(node.args[0], named)) and "tenant_id" not in text
            )
    for path in sorted((root / "migrations").glob("*.sql")):
        text = path.read_text()
        for table in re.finditer(r"CREATE TABLE ([\w.]+) \((.*?)\n\)", text, flags=re.DOTALL):
            if f"migrations/{path.name}:{table[1]}" in ACROSS_TENANTS:
                continue
            if not re.search(r"PRIMARY KEY \(tenant_id\b|tenant_id\s+\w+\s+NOT NULL PRIMARY KEY", table[2]):
                line = text[: table.start()].count("\n") + 1
                findings.append(
                    f"migrations/{path.name}:{line}: the key of {table[1]} does not lead with tenant_id"
                )
    return findings


def positional_arguments(root: Path) -> list[str]:
    """Find public functions that take more than two arguments by place.

    What a call is about may go by place, one or two arguments; all else is by keyword only. Not counted:
    `self` and `cls`; routes and commands, which their frameworks call by name; loaders of reference rows,
    whose three arguments `core.commands.references.Loader` prescribes.
    """
    findings: list[str] = []
    for source in sources(root):
        for function in syntax.public_functions(source.tree):
            names = [
                argument.arg
                for argument in (*function.args.posonlyargs, *function.args.args)
                if argument.arg not in {"self", "cls"}
            ]
            prescribed = names == _LOADER or f"{source.path}:{function.name}" in BY_PLACE
            if len(names) > POSITIONAL_MAX and not prescribed and not syntax.is_called_by_name(function):
                findings.append(
                    at(
                        source,
                        function,
                        f"{function.name} takes {len(names)} arguments by place; put * before them",
                    )
                )
    return findings


def silence(root: Path) -> list[str]:
    """Find public modules, classes and functions that do not say what they are for."""
    findings: list[str] = []
    for source in sources(root):
        if source.text.strip() and ast.get_docstring(source.tree) is None:
            findings.append(f"{source.path}:1: a module without a docstring")
        findings.extend(
            at(source, thing, f"{thing.name} has no docstring")
            for thing in syntax.public_things(source.tree)
            if ast.get_docstring(thing) is None and not syntax.is_overload(thing)
        )
    return findings


def opaque_codes(root: Path) -> list[str]:
    """Find refusals whose code is not written where they are made, as `thing.problem`."""
    findings: list[str] = []
    for source in sources(root):
        if source.path == f"{PACKAGE}/kernel/refusal.py":
            continue
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or not node.args:
                continue
            if node.func.id in FACTORIES:
                code = node.args[0]
                if not (
                    isinstance(code, ast.Constant) and re.fullmatch(r"[a-z_]+\.[a-z_]+", str(code.value))
                ):
                    findings.append(at(source, node, "a refusal whose code is not a literal thing.problem"))
    return findings


FACTORIES: Final = frozenset(
    {"invalid", "unauthenticated", "forbidden", "not_found", "conflict", "refused", "limited", "busy"}
)
"""The functions of kernel.refusal that make refusals, code first."""

RULES: Final[tuple[Rule, ...]] = (
    file_sizes,
    function_sizes,
    inline_imports,
    foreign_imports,
    dumping_grounds,
    impurity,
    floats,
    stray_statements,
    database_clock,
    nameless_tenants,
    positional_arguments,
    silence,
    opaque_codes,
)
