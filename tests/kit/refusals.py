"""Every refusal that the code can make, read from its source: code, status and what it says."""

from __future__ import annotations

import ast
import importlib
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Final

from plaudit.app.errors import STATUS
from plaudit.kernel.refusal import RefusalKind

__all__ = ["CODE", "Refused", "refusals"]

CODE: Final = re.compile(r"[a-z_]+\.[a-z_]+")
_FACTORIES: Final = {kind.value: STATUS[kind] for kind in RefusalKind}
_STATUS_MIN: Final = 400
_TOOLS: Final = ("app/bench/", "app/drive/")
"""Parts that play the caller; what they refuse is for themselves."""


@dataclass(frozen=True, slots=True)
class Refused:
    """One code, the statuses it is answered with, and its sentences; … stands for what is put in."""

    code: str
    statuses: tuple[int, ...]
    messages: tuple[str, ...]


def refusals(root: Path) -> list[Refused]:
    """Return every refusal of the product, sorted by code."""
    statuses: defaultdict[str, set[int]] = defaultdict(set)
    messages: defaultdict[str, set[str]] = defaultdict(set)
    package = root / "src" / "plaudit"
    for path in sorted(package.rglob("*.py")):
        place = path.relative_to(package).as_posix()
        if place == "kernel/refusal.py" or place.startswith(_TOOLS):
            continue
        name = ".".join(path.relative_to(root / "src").with_suffix("").parts)
        tree = ast.parse(path.read_text())
        for code, status, texts in _of_module(tree, importlib.import_module(name.removesuffix(".__init__"))):
            statuses[code].add(status)
            messages[code].update(texts)
    return [
        Refused(code, tuple(sorted(statuses[code])), tuple(sorted(messages[code])))
        for code in sorted(statuses)
    ]


def _of_module(tree: ast.Module, module: ModuleType) -> Iterator[tuple[str, int, list[str]]]:
    for scope in _scopes(tree):
        for node in _own(scope):
            for code, status, message in _said(node, module):
                yield code, status, _texts(message, scope, tree, module)


def _said(node: ast.AST, module: ModuleType) -> Iterator[tuple[str, int, ast.expr]]:
    """Yield (code, status, message) of a call that refuses, or of a table by status."""
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            status = _number(key, module)
            if status and isinstance(value, ast.Tuple) and (code := _code(value.elts[0])):
                yield code, status, value.elts[1]
    if not isinstance(node, ast.Call):
        return
    for place, argument in enumerate(node.args[:-1]):
        if code := _code(argument):
            if isinstance(node.func, ast.Name) and node.func.id in _FACTORIES and place == 0:
                yield code, _FACTORIES[node.func.id], node.args[1]
            elif place == 1 and (status := _number(node.args[0], module)):
                yield code, status, node.args[2]


def _code(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
        return node.value
    return None


def _number(node: ast.AST | None, module: ModuleType) -> int | None:
    """Return the status an expression names: a number, a constant, or a kind of refusal."""
    value: object = None
    if isinstance(node, ast.Constant):
        value = node.value
    elif isinstance(node, ast.Name):
        value = getattr(module, node.id, None)
    elif (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "RefusalKind"
    ):
        value = STATUS[RefusalKind[node.attr]]
    return value if isinstance(value, int) and value >= _STATUS_MIN else None


def _texts(message: ast.expr, scope: ast.AST, tree: ast.Module, module: ModuleType) -> list[str]:
    """Return the sentences a message can be: its own texts, or those that calls hand in."""
    found = _own_texts(message, module)
    if found or not isinstance(message, ast.Name):
        return found
    if not isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
        return []
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == message.id:
            found += _own_texts(node.value, module)
    names = [argument.arg for argument in (*scope.args.posonlyargs, *scope.args.args)]
    if message.id in names:
        place = names.index(message.id)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == scope.name:
                found += _own_texts(node.args[place], module) if len(node.args) > place else []
    return found


def _own_texts(node: ast.expr, module: ModuleType) -> list[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.Name) and isinstance(getattr(module, node.id, None), str):
        return [str(getattr(module, node.id))]
    if isinstance(node, ast.JoinedStr):
        return ["".join(_part(part, module) for part in node.values)]
    if isinstance(node, ast.IfExp):
        return _own_texts(node.body, module) + _own_texts(node.orelse, module)
    # TABLE[kind] and TABLE.get(kind): any of the module's table.
    looked_up = (
        node.func.value if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else None
    )
    table = node.value if isinstance(node, ast.Subscript) else looked_up
    if isinstance(table, ast.Name) and isinstance(texts := getattr(module, table.id, None), dict):
        return [text for text in texts.values() if isinstance(text, str)]
    return []


def _part(part: ast.expr, module: ModuleType) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    if isinstance(part, ast.FormattedValue) and isinstance(part.value, ast.Name):
        return str(getattr(module, part.value.id, "…"))
    return "…"


def _scopes(tree: ast.Module) -> Iterator[ast.AST]:
    yield tree
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _own(scope: ast.AST) -> Iterator[ast.AST]:
    """Walk what belongs to a scope and not to a function inside it."""
    for child in ast.iter_child_nodes(scope):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield child
            yield from _own(child)
